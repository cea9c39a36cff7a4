"""The tables for researchers, on a page of their own: no other part of the app runs."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from fer_core.classification.model_store import write_card
from fer_core.emotions import Emotion
from tests.faces import card
from webapp import models
from webapp.views.models import model_table

BAD = "<img src=x onerror=alert(1)> **x**"


def tables() -> None:
    """The page; Streamlit runs its source alone."""
    from webapp import models
    from webapp.views.models import model_table

    model_table.show(model_table.read_entries(), models.in_use())


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for models, all of which the page may show; the first one by name is in use."""
    monkeypatch.setattr(models, "folders", lambda: sorted(tmp_path.iterdir()))
    monkeypatch.setattr(models, "in_use", lambda: min(tmp_path.iterdir()))
    monkeypatch.setattr(model_table, "MODELS_DIR", tmp_path)
    return tmp_path


def add(folders: Path, name: str, **changes: Any) -> None:
    """A card without weights, for FER2013 unless it is said otherwise."""
    (folders / name).mkdir()
    about = {"name": name, "trained_on": {"dataset": "FER2013"}, "metrics": {}}
    write_card(replace(card(), **about | changes), folders / name)


def part(accuracy: float, **more: Any) -> dict[str, Any]:
    return {"n_images": 10, "accuracy": accuracy} | more


def opened(pick: str = "") -> AppTest:
    """The page, on which a model may be picked to be shown in full."""
    page = AppTest.from_function(tables, default_timeout=60).run()
    if pick:
        index = next(i for i, name in enumerate(page.selectbox[0].options) if name == pick)
        page.selectbox[0].select_index(index).run()
    assert not page.exception
    return page


def html(page: AppTest) -> str:
    return "\n".join(element.proto.body for element in page.get("html"))


def said(page: AppTest) -> str:
    return "\n".join(e.value for e in [*page.markdown, *page.caption, *page.text])


def test_models_are_sorted_by_what_one_chooses_by_and_never_by_the_test_split(
    folders: Path,
) -> None:
    def measured(**accuracies: float) -> dict[str, Any]:
        return {
            split: {"dataset": "FER2013", "all": part(share), "leak_free": part(share)}
            for split, share in accuracies.items()
        }

    better = measured(public=0.7, private=0.5)
    better["private"]["ferplus_7"] = part(0.8)
    add(folders, "z-better", metrics=better)
    add(folders, "a-worse", metrics=measured(public=0.6, private=0.9))
    add(folders, "z-tested-alone", metrics=measured(private=0.9))
    add(folders, "b-fresh")
    page = opened()
    overview = page.dataframe[0].value
    assert list(overview.Model) == ["z-better", "a-worse ✓", "b-fresh", "z-tested-alone"]
    assert list(overview)[1] == "PublicTest", "in sight on a phone too"
    assert overview["PublicTest"].round(1).tolist()[:2] == [70.0, 60.0]
    assert overview["PublicTest"][2:].isna().all()
    assert overview["Leak-free"].round(1).tolist()[:2] == [50.0, 90.0]
    assert overview["FER+ 7"].round(1).tolist()[0] == 80.0
    assert "Accuracy on FER2013, sorted by accuracy on PublicTest" in said(page)


def test_a_model_that_learned_votes_is_ranked_and_calibrated_by_votes(folders: Path) -> None:
    parts = {"all": part(0.5, ece=0.3), "ferplus_7": part(0.9, ece=0.01)}
    metrics = {split: {"dataset": "FER2013"} | parts for split in ("public", "private")}
    add(folders, "labels", metrics=metrics)
    votes = {"dataset": "FER2013", "labels": "FER+"}
    add(folders, "votes", metrics=metrics, trained_on=votes)
    rows = opened().dataframe[0].value.set_index("Model")
    assert list(rows.index) == ["votes", "labels ✓"]
    assert rows.PublicTest.tolist() == [90.0, 50.0]
    assert rows["Calibration error"].tolist() == [1.0, 30.0]
    assert rows.Labels.tolist() == ["FER+", ""]


def test_models_of_different_data_are_not_ranked_against_each_other(folders: Path) -> None:
    figures = part(0.75, recall={"angry": 1.0, "contempt": 0.5}, confusion=[[2, 0], [1, 1]])
    metrics = {"private": {"all": figures, "not_leak_free": "Not measured: <b>the same</b>."}}
    labels = (Emotion.ANGRY, Emotion.CONTEMPT)
    add(folders, "ck", labels=labels, metrics=metrics, trained_on={"dataset": "CK+48"})
    add(folders, "fresh")
    page = opened("ck ✓" if "ck ✓" in opened().selectbox[0].options else "ck")
    tables = {tuple(table.value.columns): table.value for table in page.dataframe}
    of_ck = tables["Model", "Validation", "Accuracy", "Parameters"]
    assert list(of_ck.Model) == ["ck ✓"]
    assert [metric.label for metric in page.metric] == ["Published protocol", "Leak-free"]
    assert "Not measured: &lt;b&gt;the same&lt;/b&gt;." in html(page)
    classes = page.dataframe[-1].value
    assert list(classes.Expression) == ["angry", "contempt"]
    assert list(classes.Recall) == [100.0, 50.0]


def test_one_model_alone_needs_no_comparison(folders: Path) -> None:
    add(folders, "only")
    page = opened()
    assert not page.dataframe
    assert "Figures of each class: not measured yet." in said(page)


@pytest.mark.parametrize(
    ("learned", "shown"), [("FER2013", 20.0), ("FER+", 30.0)], ids=["labels", "votes"]
)
def test_the_classes_are_first_shown_by_the_labels_that_the_model_learned(
    folders: Path, learned: str, shown: float
) -> None:
    shares = {"all": 0.1, "leak_free": 0.2, "ferplus_7": 0.3}
    parts = {
        name: part(share, recall=dict.fromkeys(Emotion, share)) for name, share in shares.items()
    }
    trained_on = {"dataset": "FER2013", "labels": learned}
    add(folders, "learned", metrics={"private": parts}, trained_on=trained_on)
    assert set(opened().dataframe[-1].value.Recall.round()) == {shown}


def test_another_data_set_has_a_line_of_its_own(folders: Path) -> None:
    add(folders, "far", metrics={"cross-dataset": {"all": part(0.4321), "dataset": BAD}})
    assert "another data set: right in 43.2 % of 10 faces." in html(opened())


@pytest.mark.parametrize(
    "metrics",
    [
        pytest.param({"cross-dataset": {"all": part(97)}}, id="another data set"),
        pytest.param({"public": {"all": part(97)}}, id="validation"),
        pytest.param({"private": {"all": part(-1)}}, id="test"),
        pytest.param({"private": 7}, id="a number"),
    ],
)
def test_damaged_figures_leave_a_model_out_by_name(folders: Path, metrics: dict[str, Any]) -> None:
    add(folders, "good")
    add(folders, "worse", metrics=metrics)
    page = opened()
    assert "`worse` is left out: its card is damaged." in said(page)
    assert page.selectbox[0].options == ["good"]


def test_what_a_card_says_is_shown_as_text_and_never_as_code(folders: Path) -> None:
    add(folders, "sly", recipe=BAD, limits=(BAD,), trained_on={"dataset": BAD, "seed": BAD})
    page = opened()
    assert "<img" not in html(page)
    assert "&lt;img" in html(page)
    assert BAD not in said(page).replace(f"`python -m fer_core train --recipe {BAD}", "")


def test_a_model_without_weights_says_how_to_make_them(folders: Path) -> None:
    add(folders, "figures-alone", recipe="everyday")
    assert "python -m fer_core train --recipe everyday" in said(opened())
