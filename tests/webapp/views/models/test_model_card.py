from dataclasses import replace
from typing import Any

import pytest

from fer_core.classification.figures import Figures
from fer_core.errors import ModelError
from tests.faces import card
from webapp.views.models.model_card import (
    class_rows,
    confusion_table,
    details,
    elsewhere_lines,
    percent,
)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        pytest.param(None, "not measured yet", id="not measured"),
        pytest.param(0.0, "0.0 %", id="nothing"),
        pytest.param(0.62831, "62.8 %", id="to a tenth"),
        pytest.param(1.0, "100.0 %", id="all"),
    ],
)
def test_a_share_is_written_in_percent(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_what_was_not_measured_is_said_and_not_guessed() -> None:
    rows = details("all", Figures(1_234, 0.5))
    assert rows.pop("images") == "1,234"
    assert set(rows.values()) == {"not measured yet"}
    assert set(rows) == {"95 % interval", "macro F1", "calibration error"}


def test_intervals_stand_with_their_figures() -> None:
    both = {"accuracy": (0.25, 0.75), "macro_f1": (0.3, 0.5)}
    rows = details("all", Figures(9, 0.5, macro_f1=0.4, ece=0.02, ece_before=0.07, intervals=both))
    assert rows["95 % interval"] == "25.0 to 75.0 %"
    assert rows["macro F1"] == "0.400 (0.30 to 0.50)"
    assert (rows["calibration error"], rows["before calibration"]) == ("2.0 %", "7.0 %")


def test_a_class_without_images_has_a_row_of_zeros_in_the_matrix() -> None:
    figures = Figures(4, 0.75, recall={"happy": 0.75, "sad": 0.0}, confusion=((3, 1), (0, 0)))
    table = confusion_table(figures)
    cells = [part.split("</td>")[0].split(">")[1] for part in table.split("<td title")[1:]]
    assert cells == ["75", "25", "0", "0"]


def test_a_class_has_the_columns_that_were_measured() -> None:
    figures = Figures(4, 0.75, recall={"happy": 0.75}, f1={"happy": 0.5}, confusion=((4,),))
    assert class_rows(figures) == [
        {"Expression": "happy", "Images": 4, "Recall": 75.0, "F1": 50.0},
    ]


@pytest.mark.parametrize(
    ("metrics", "line"),
    [
        pytest.param(
            {"cross-dataset": {"dataset": "CK+48", "all": Figures(1_234, 0.5).to_dict()}},
            "On CK+48, another data set: right in 50.0 % of 1,234 faces.",
            id="accuracy alone",
        ),
        pytest.param(
            {
                "cross-dataset": {
                    "dataset": "CK+48",
                    "all": Figures(927, 0.5961, intervals={"accuracy": (0.5642, 0.6278)}).to_dict(),
                    "best_of_shared": Figures(927, 0.6731).to_dict(),
                }
            },
            "On CK+48, another data set: right in 59.6 % of 927 faces (95 % interval 56.4 to "
            "62.8 %); 67.3 % if it must pick one of the expressions shown there.",
            id="all",
        ),
        pytest.param(
            {"other-people": {"dataset": "CK+48", "all": Figures(195, 0.9).to_dict()}},
            "On people of CK+48 of whom it learned nothing: right in 90.0 % of 195 faces.",
            id="other people",
        ),
        pytest.param(
            {"private": {"robustness": {"mean": 0.8, "loss": 0.0321}}},
            "As poor cameras show the test faces: right in 80.0 %, 3.2 points fewer than of clean "
            "ones.",
            id="poor cameras",
        ),
    ],
)
def test_figures_on_other_faces_are_sentences(metrics: dict[str, Any], line: str) -> None:
    assert elsewhere_lines(replace(card(), metrics=metrics)) == [line]


@pytest.mark.parametrize("damaged", [7, [1], {"mean": 2, "loss": 0}, {"mean": 0.5, "loss": "nan"}])
def test_a_damaged_robustness_is_no_figure(damaged: object) -> None:
    with pytest.raises(ModelError, match="damaged"):
        elsewhere_lines(replace(card(), metrics={"private": {"robustness": damaged}}))
