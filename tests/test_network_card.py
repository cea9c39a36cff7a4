import pytest

from fer_core.figures import Figures
from parts.network_card import class_rows, confusion_table, details, elsewhere_line, percent


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
    rows = details("all", Figures(9, 0.5, 0.4, 0.02, 0.07, (0.25, 0.75), (0.3, 0.5)))
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
    ("figures", "line"),
    [
        pytest.param(
            {"all": Figures(1_234, 0.5)},
            "On CK+48, another data set: right in 50.0 % of 1,234 faces.",
            id="accuracy alone",
        ),
        pytest.param(
            {
                "all": Figures(927, 0.5961, accuracy_interval=(0.5642, 0.6278)),
                "best_of_shared": Figures(927, 0.6731),
            },
            "On CK+48, another data set: right in 59.6 % of 927 faces (95 % interval 56.4 to "
            "62.8 %); 67.3 % if it must pick one of the expressions shown there.",
            id="all",
        ),
    ],
)
def test_another_data_set_is_a_sentence(figures: dict[str, Figures], line: str) -> None:
    assert elsewhere_line("CK+48", figures) == line
