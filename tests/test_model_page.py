"""The page of networks, and what choosing one does to the other pages."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import ui
from fer_core import model_store
from fer_core.emotions import Emotion
from fer_core.figures import read_figures
from fer_core.model_store import ModelCard, read_card, write_card
from tests.conftest import takes_long
from tests.test_pages import (
    ROOT_APP,
    StubStreamer,
    after_the_search,
    portrait_frame,
    streamer,
    texts,
)

__all__ = ["streamer"]  # a fixture, used by its name

SHOWN = "tutorial-cnn-augmented"
"""A network that comes with the repository and answers by FER2013's own labels."""

SHIPPED = model_store.MODELS_DIR / SHOWN


@pytest.fixture
def models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for networks that holds one, which is in use."""
    (tmp_path / SHOWN).symlink_to(SHIPPED)
    monkeypatch.setattr(model_store, "MODELS_DIR", tmp_path)
    monkeypatch.setenv("FER_MODEL", SHOWN)
    return tmp_path


def add(models_dir: Path, name: str, *, weights: bytes | None = None, **changes: Any) -> Path:
    """A network like the default one; without weights unless some are given."""
    folder = models_dir / name
    folder.mkdir()
    write_card(replace(read_card(SHIPPED), name=name, **changes), folder)
    if weights is not None:
        (folder / model_store.SERVED_FILE).write_bytes(weights)
    return folder


def working() -> bytes:
    return (SHIPPED / model_store.SERVED_FILE).read_bytes()


def open_page(page: AppTest | None = None) -> AppTest:
    page = page or AppTest.from_file(ROOT_APP, default_timeout=30).run()
    page.switch_page("pages/model.py").run()
    assert not page.exception
    return page


def pick(page: AppTest, name: str) -> AppTest:
    page.selectbox[0].select(name).run()
    assert not page.exception
    return page


def use(page: AppTest, name: str) -> AppTest:
    pick(page, name).button[0].click().run()
    assert not page.exception
    return page


def html(page: AppTest) -> str:
    return "\n".join(element.proto.body for element in page.get("html"))


def shown_folder(page: AppTest) -> Path:
    shown = page.selectbox[0].value
    assert shown is not None
    folder: Path = shown.folder
    return folder


def everything(page: AppTest) -> str:
    captions = "\n".join(element.value for element in page.caption)
    return "\n".join([texts(page), captions, html(page)])


# --- networks that are not as they should be ---


def test_an_unknown_network_in_the_environment_is_one_sentence_here_too(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_MODEL", "nobody's")
    page = open_page()
    assert [error.value for error in page.error] == [
        'The app is not set up correctly: There is no network "nobody\'s": neither a folder with '
        f"a card.json, nor one of the networks here ({SHOWN})."
    ]
    assert len(page.button) == len(page.selectbox) == 0


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("{}", id="nothing in it"),
        pytest.param('{"name": "bad', id="cut off"),
    ],
)
def test_a_network_whose_card_is_damaged_is_left_out_by_name(
    models_dir: Path, content: str
) -> None:
    (models_dir / "bad").mkdir()
    (models_dir / "bad" / "card.json").write_text(content)
    page = open_page()
    assert [warning.value for warning in page.warning] == [
        "`bad` is left out: its card is damaged."
    ]
    assert page.selectbox[0].options == [SHOWN]


def test_a_network_whose_figures_are_damaged_is_left_out_by_name(models_dir: Path) -> None:
    add(models_dir, "bad", metrics={"private": {"all": {"n_images": 1, "accuracy": 97}}})
    assert open_page().warning[0].value == "`bad` is left out: its card is damaged."


def test_the_network_in_use_may_have_damaged_figures(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(models_dir, "odd", weights=working(), metrics={"private": {"all": {"accuracy": "?"}}})
    monkeypatch.setenv("FER_MODEL", "odd")
    page = open_page()
    assert page.warning[0].value == "`odd` is left out: its card is damaged."
    assert page.button[0].label == "Use this network"


def test_a_network_without_figures_says_so_and_guesses_none(models_dir: Path) -> None:
    add(models_dir, "fresh", weights=working(), metrics={})
    page = pick(open_page(), "fresh")
    assert [metric.value for metric in page.metric] == ["—", "—", "—"]
    assert everything(page).count("not measured yet") >= 4
    overview = page.dataframe[0].value
    assert overview[overview.Network == "fresh"]["Accuracy"].isna().all()


def test_a_network_without_history_and_provenance_is_shown(models_dir: Path) -> None:
    add(models_dir, "bare", trained_on={}, limits=())
    page = pick(open_page(), "bare")
    assert "The course of the loss was not recorded." in everything(page)


@pytest.mark.parametrize("history", ["epoch,loss\n0,much\n", "epoch\n0\n", ""])
def test_a_damaged_history_leaves_out_the_curves_alone(models_dir: Path, history: str) -> None:
    (add(models_dir, "bad-history") / "history.csv").write_text(history)
    page = pick(open_page(), "bad-history")
    assert "The course of the accuracy was not recorded." in everything(page)
    assert len(page.metric) == len(read_figures(read_card(SHIPPED)))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        pytest.param(None, "its weights are not", id="figures alone"),
        pytest.param("model.keras", "not exported for the app", id="not exported"),
    ],
)
def test_a_network_without_its_file_is_shown_but_cannot_be_chosen(
    models_dir: Path, file: str | None, why: str
) -> None:
    folder = add(models_dir, "figures-alone")
    if file:
        (folder / file).touch()
    page = pick(open_page(), "figures-alone")
    assert page.button[0].disabled
    assert why in page.info[0].value
    assert page.metric[0].value == "62.8 %"


def test_a_network_that_cannot_be_loaded_gets_a_sentence_and_the_one_before_stays(
    models_dir: Path,
) -> None:
    add(models_dir, "torn", weights=working()[:1000])
    page = use(open_page(), "torn")
    assert [error.value for error in page.error] == [
        f"The network `torn` is damaged and cannot be used; `{SHOWN}` stays in use."
    ]
    assert ui.NETWORK_KEY not in page.session_state
    page.switch_page("pages/photo.py").run()
    page.button[0].click().run()
    assert "Face 1:" in texts(page)
    assert len(open_page(page).error) == 0, "the sentence is gone with the page"


def test_a_chosen_network_that_is_gone_gives_way_to_the_default(models_dir: Path) -> None:
    folder = add(models_dir, "passing", weights=working())
    page = use(open_page(), "passing")
    shutil.rmtree(folder)
    page.run()
    assert not page.exception
    assert [error.value for error in page.error] == [
        f"The network `passing` is gone and cannot be used any more; `{SHOWN}` is in use."
    ]
    assert "In use in this session" in texts(page)
    assert page.selectbox[0].options == [SHOWN]
    page.switch_page("pages/photo.py").run()
    assert not page.exception
    assert len(open_page(page).error) == 0, "said once"


def test_a_listed_network_that_is_gone_at_the_click_gets_a_sentence(models_dir: Path) -> None:
    folder = add(models_dir, "passing", weights=working())
    page = pick(open_page(), "passing")
    shutil.rmtree(folder)
    page.button[0].click().run()
    assert not page.exception
    assert [error.value for error in page.error] == [
        f"The network `passing` is gone and cannot be used; `{SHOWN}` stays in use."
    ]
    assert page.selectbox[0].options == [SHOWN]


@pytest.mark.parametrize("still_read", [False, True])
def test_a_network_that_goes_while_the_page_is_made_is_no_traceback(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, still_read: bool
) -> None:
    folder = add(models_dir, "passing")

    def read_while_it_goes(of: Path) -> ModelCard:
        if of == folder and not still_read:
            shutil.rmtree(folder)
        card = read_card(of)
        if of == folder:
            shutil.rmtree(folder)
        return card

    page = open_page()
    monkeypatch.setattr(model_store, "read_card", read_while_it_goes)
    pick(page, "passing")
    assert len(page.warning) == 0
    assert page.selectbox[0].options == ["passing"] * still_read + [SHOWN]


def test_the_configured_network_may_go_while_another_one_is_in_use(
    models_dir: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = add(tmp_path_factory.mktemp("elsewhere"), "own", weights=working())
    monkeypatch.setenv("FER_MODEL", str(folder))
    page = use(open_page(), SHOWN)
    shutil.rmtree(folder)
    page.run()
    assert not page.exception
    assert page.selectbox[0].options == [SHOWN]


# --- what is shown ---


def test_one_network_alone_needs_no_comparison(models_dir: Path) -> None:
    page = open_page()
    assert len(page.dataframe) == 1, "its classes"
    assert "In use in this session" in texts(page)
    assert len(page.button) == 0


def test_both_protocols_stand_beside_each_other_with_their_details(models_dir: Path) -> None:
    page = open_page()
    shown = {metric.label: metric.value for metric in page.metric}
    assert shown["Published protocol"] == "62.8 %"
    assert shown["Leak-free"] == "61.6 %"
    for text in ("3,589", "3,300", "0.565", "0.539", "FER2013; 28,709 images", "epoch 19 was kept"):
        assert text in html(page)


def test_a_network_without_a_temperature_has_no_error_before_calibration(models_dir: Path) -> None:
    page = html(open_page())
    assert "calibration error" in page
    assert "before calibration" not in page


def test_every_limit_and_the_law_are_there(models_dir: Path) -> None:
    page = open_page()
    for limit in read_card(SHIPPED).limits:
        assert limit in html(page).replace("&#x27;", "'")
    assert "article 5(1)(f)" in page.caption[-1].value


def test_networks_are_sorted_by_what_one_chooses_by_and_never_by_the_test_split(
    models_dir: Path,
) -> None:
    def judged(**accuracies: float) -> dict[str, Any]:
        return {
            split: {"dataset": "FER2013"}
            | {part: {"n_images": 10, "accuracy": share} for part in ("all", "leak_free")}
            for split, share in accuracies.items()
        }

    better = judged(public=0.7, private=0.5)
    better["private"]["ferplus_7"] = {"n_images": 10, "accuracy": 0.8}
    add(models_dir, "z-better", metrics=better)
    add(models_dir, "a-worse", metrics=judged(public=0.6, private=0.9))
    add(models_dir, "z-tested-alone", metrics=judged(private=0.9))
    add(models_dir, "a-fresh", metrics={})
    page = open_page()
    overview = page.dataframe[0].value
    measured = ["z-better", f"{SHOWN} ✓", "a-worse"]
    assert list(overview.Network) == [*measured, "a-fresh", "z-tested-alone"]
    assert list(overview)[1] == "PublicTest", "in sight on a phone too"
    assert overview["PublicTest"].round(1).tolist()[:3] == [70.0, 61.2, 60.0]
    assert overview["PublicTest"][3:].isna().all()
    assert overview["Leak-free"].round(1).tolist()[:3] == [50.0, 61.6, 90.0]
    assert overview["FER+ 7"].round(1).tolist()[0] == 80.0
    assert page.text[0].value == "Judged on FER2013, sorted by accuracy on PublicTest"


def test_a_network_that_learned_votes_is_ranked_and_calibrated_by_votes(models_dir: Path) -> None:
    def figures(accuracy: float, ece: float) -> dict[str, Any]:
        return {"n_images": 10, "accuracy": accuracy, "ece": ece}

    parts = {"all": figures(0.5, 0.3), "ferplus_7": figures(0.9, 0.01)}
    metrics = {split: {"dataset": "FER2013"} | parts for split in ("public", "private")}
    by_labels = {"dataset": "FER2013"}
    add(models_dir, "labels", metrics=metrics, trained_on=by_labels)
    add(models_dir, "votes", metrics=metrics, trained_on=by_labels | {"labels": "FER+"})
    rows = open_page().dataframe[0].value.set_index("Network")
    assert rows.index[0] == "votes"
    assert rows.PublicTest[["labels", "votes"]].tolist() == [50.0, 90.0]
    assert rows["Calibration error"][["labels", "votes"]].tolist() == [30.0, 1.0]
    assert rows.Labels[["labels", "votes"]].tolist() == ["", "FER+"]


@pytest.mark.parametrize(
    ("learned", "shown"), [("FER2013", "leak_free"), ("FER+", "ferplus_7")], ids=["labels", "votes"]
)
def test_the_classes_are_first_shown_by_the_labels_that_the_network_learned(
    models_dir: Path, learned: str, shown: str
) -> None:
    def figures(recall: float) -> dict[str, Any]:
        return {"n_images": 10, "accuracy": recall, "recall": dict.fromkeys(Emotion, recall)}

    parts = {"all": figures(0.1), "leak_free": figures(0.2), "ferplus_7": figures(0.3)}
    trained_on = {"dataset": "FER2013", "labels": learned}
    add(models_dir, "learned", metrics={"private": parts}, trained_on=trained_on)
    page = pick(open_page(), "learned")
    classes = page.dataframe[-1].value
    assert set(classes.Recall.round()) == {100 * parts[shown]["accuracy"]}


def test_another_data_set_has_a_line_of_its_own_and_no_tile(models_dir: Path) -> None:
    bad = "<img src=x>"
    parts = {"all": {"n_images": 9, "accuracy": 0.4321}, "dataset": bad}
    add(models_dir, "far", metrics={"cross-dataset": parts})
    add(models_dir, "near", metrics={})
    page = pick(open_page(), "far")
    assert "On &lt;img src=x&gt;, another data set: right in 43.2 % of 9 faces." in html(page)
    assert [metric.value for metric in page.metric] == ["—", "—", "—"]
    assert "another data set" not in html(pick(page, "near"))


@pytest.mark.parametrize("parts", [{"all": {"n_images": 1, "accuracy": 97}}, 7, "CK+48"])
def test_damaged_figures_of_another_data_set_leave_a_network_out_by_name(
    models_dir: Path, parts: object
) -> None:
    add(models_dir, "bad", metrics={"cross-dataset": parts})
    assert open_page().warning[0].value == "`bad` is left out: its card is damaged."


def test_damaged_validation_figures_leave_a_network_out_by_name(models_dir: Path) -> None:
    add(models_dir, "bad", metrics={"public": {"all": {"n_images": 1, "accuracy": 97}}})
    assert open_page().warning[0].value == "`bad` is left out: its card is damaged."


def test_networks_judged_on_different_data_are_not_ranked_against_each_other(
    models_dir: Path,
) -> None:
    others = [Emotion.ANGRY, Emotion.CONTEMPT]
    metrics = {
        "private": {
            "all": {
                "n_images": 4,
                "accuracy": 0.75,
                "recall": {"angry": 1.0, "contempt": 0.5},
                "confusion": [[2, 0], [1, 1]],
            },
            "not_leak_free": "Not measured: <b>the same images</b>.",
        }
    }
    trained_on = {"dataset": "CK+48", "versions": {"keras": "3"}}
    add(models_dir, "ck", labels=tuple(others), metrics=metrics, trained_on=trained_on)
    add(models_dir, "fresh", metrics={})
    page = pick(open_page(), "ck")
    assert list(page.dataframe[0].value.Network) == [f"{SHOWN} ✓", "fresh"]
    assert list(page.dataframe[1].value) == ["Network", "Validation", "Accuracy", "Parameters"]
    assert list(page.dataframe[1].value.Network) == ["ck"]
    assert "Not measured: &lt;b&gt;the same images&lt;/b&gt;." in html(page)
    assert [metric.label for metric in page.metric] == ["Published protocol", "Leak-free"]
    classes = page.dataframe[2].value
    assert list(classes.Expression) == ["angry", "contempt"]
    assert list(classes.Recall) == [100.0, 50.0]
    assert "contempt" in html(page)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        pytest.param({}, None, id="an older card"),
        pytest.param({"labels": ["FER+"]}, None, id="nonsense"),
        pytest.param({"labels": "CK+48"}, None, id="nothing to tell apart"),
        pytest.param({"labels": "FER2013"}, "by FER2013's labels.", id="labels"),
        pytest.param({"labels": "FER+"}, "by what ten people saw in each face (FER+).", id="votes"),
    ],
)
def test_the_page_says_by_what_labels_a_network_answers(
    models_dir: Path, labels: dict[str, object], said: str | None
) -> None:
    add(models_dir, "learned", trained_on={"dataset": "FER2013"} | labels)
    captions = [caption.value for caption in pick(open_page(), "learned").caption]
    found = [caption for caption in captions if caption.startswith("It answers ")]
    assert found == ([f"It answers {said}"] if said else [])


def test_seven_classes_of_the_votes_may_have_a_calibration_error_and_eight_have_none(
    models_dir: Path,
) -> None:
    by_class = dict.fromkeys(Emotion, 0.5)
    ferplus = {"n_images": 8, "accuracy": 0.5, "recall": by_class}
    calibrated = {"n_images": 9, "accuracy": 0.6, "ece": 0.01, "ece_before": 0.05}
    notes = {"dataset": "FER2013", "temperature": 1.2}
    parts = {"all": calibrated, "ferplus_7": ferplus, "ferplus_8": ferplus}
    add(models_dir, "newer", metrics={"private": parts | {"ferplus_7": ferplus | {"ece": 0.123}}})
    add(models_dir, "voted", metrics={"private": parts | notes})
    page = pick(open_page(), "newer")
    assert html(page).count("calibration error") == 2
    assert "12.3 %" in html(page)
    page = pick(page, "voted")
    labels = ["Published protocol", "Leak-free", "FER+, 7 classes", "FER+, 8 classes"]
    assert [metric.label for metric in page.metric] == labels
    assert [metric.value for metric in page.metric] == ["60.0 %", "—", "50.0 %", "50.0 %"]
    assert html(page).count("calibration error") == 1
    assert "5.0 %" in html(page)
    assert "Confusion matrix: not measured yet." in everything(page)


def test_what_a_card_says_is_shown_as_text_and_never_as_code(models_dir: Path) -> None:
    bad = "<img src=x onerror=alert(1)> **x**"
    add(models_dir, "sly", recipe=bad, limits=(bad,), trained_on={"dataset": bad, "seed": bad})
    page = pick(open_page(), "sly")
    assert "<img" not in html(page)
    assert "&lt;img" in html(page)
    assert bad not in texts(page)


# --- choosing ---


def opposite(models_dir: Path) -> ModelCard:
    """A network that is the default one with its answers renamed, to tell the two apart."""
    labels = read_card(SHIPPED).labels
    add(models_dir, "opposite", weights=working(), labels=labels[::-1], metrics={})
    return read_card(models_dir / "opposite")


def test_the_network_of_the_environment_is_in_use_at_first(
    models_dir: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = add(tmp_path_factory.mktemp("elsewhere"), SHOWN, weights=working())
    monkeypatch.setenv("FER_MODEL", str(folder))
    page = open_page()
    assert sorted(page.selectbox[0].options) == [
        SHOWN,
        f"{SHOWN} (set by FER_MODEL)",
    ]
    assert shown_folder(page) == folder
    assert "In use in this session" in texts(page)
    assert str(folder) not in everything(page), "where it lies is nobody's business"


@pytest.fixture
def answer_of_the_photo_page() -> Callable[[AppTest], str]:
    def answer(page: AppTest) -> str:
        page.switch_page("pages/photo.py").run()
        page.button[0].click().run()
        assert not page.exception
        return next(text.value for text in page.markdown if "Face 1:" in text.value)

    return answer


@takes_long
def test_the_photo_page_uses_the_chosen_network_in_this_session_alone(
    models_dir: Path, answer_of_the_photo_page: Callable[[AppTest], str]
) -> None:
    opposite(models_dir)
    page, other_viewer = open_page(), open_page()
    before = answer_of_the_photo_page(page)
    use(open_page(page), "opposite")
    assert "In use in this session" in texts(page)
    assert shown_folder(page).name == "opposite"
    assert answer_of_the_photo_page(page) != before
    assert answer_of_the_photo_page(other_viewer) == before
    use(open_page(page), SHOWN)
    assert answer_of_the_photo_page(page) == before


@takes_long
def test_a_network_that_was_written_anew_answers_from_then_on(
    models_dir: Path, answer_of_the_photo_page: Callable[[AppTest], str]
) -> None:
    card = opposite(models_dir)
    folder = models_dir / "opposite"
    page = use(open_page(), "opposite")
    before = answer_of_the_photo_page(page)
    write_card(replace(card, labels=card.labels[::-1]), folder)
    written_ns = (folder / model_store.SERVED_FILE).stat().st_mtime_ns + 1_000_000_000
    os.utime(folder / model_store.SERVED_FILE, ns=(written_ns, written_ns))
    open_page(page)
    after = answer_of_the_photo_page(page)
    assert after != before
    assert answer_of_the_photo_page(open_page()) == after


def test_no_more_than_some_networks_stay_loaded(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []

    def load(folder: str, _detector: None) -> SimpleNamespace:
        loaded.append(folder)
        return SimpleNamespace(warm_up=lambda: None)

    monkeypatch.setattr("fer_core.load_analyzer", load)
    ui._load_analyzer.clear()
    for mtime_ns in [*range(ui.MOST_NETWORKS + 1), 0]:
        ui._load_analyzer("network", mtime_ns)
    ui._load_analyzer.clear()
    assert len(loaded) == ui.MOST_NETWORKS + 2, "the first was forgotten"


def test_a_stream_ends_when_its_viewer_goes_to_choose_and_the_next_uses_the_choice(
    models_dir: Path, streamer: StubStreamer
) -> None:
    names = opposite(models_dir).labels
    page = open_page()
    page.switch_page("pages/live.py").run()
    stream, callback = page.session_state[ui.STREAM_KEY], streamer.callback
    after_the_search(callback)
    before = stream.status.newest.faces[0]
    use(open_page(page), "opposite")
    assert ui.STREAM_KEY not in page.session_state
    callback(portrait_frame())
    assert stream.status.newest is None, "a frame that was on its way leaves nothing behind"
    page.switch_page("pages/live.py").run()
    after_the_search(streamer.callback)
    after = page.session_state[ui.STREAM_KEY].status.newest.faces[0]
    assert tuple(after.probabilities) == names
    np.testing.assert_allclose(
        list(after.probabilities.values()), list(before.probabilities.values())
    )


def test_photos_analyzed_by_another_network_are_forgotten(models_dir: Path) -> None:
    page = AppTest.from_file(ROOT_APP, default_timeout=30).run()
    page.button[0].click().run()
    assert page.session_state[ui.RESULTS_KEY]
    assert ui.RESULTS_KEY not in open_page(page).session_state
