import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_core.classification import model_store
from fer_core.classification.model_store import (
    DEFAULT_LIMITS,
    DEFAULT_MODEL,
    InputShape,
    find_model,
    list_models,
    read_card,
    read_history,
    write_card,
)
from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.errors import ModelError, OutputError
from tests.faces import card
from tests.full_disk import full_disk

KEYS = (
    *("name", "labels", "input", "recipe", "n_parameters"),
    *("trained_on", "metrics", "crop", "limits"),
)
"""The parts that every card has."""


def written(folder: Path, **changes: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    write_card(replace(card(), **changes), folder)
    return folder


# --- the models that come with this repository ---


def test_the_default_model_is_here() -> None:
    assert DEFAULT_MODEL in list_models()


@pytest.mark.parametrize("name", list_models())
def test_each_model_here_has_a_card_and_both_files_or_figures_alone(name: str) -> None:
    folder = find_model(name)
    content = read_card(folder)
    assert content.name == name == folder.name
    assert (content.input.height, content.input.width) == (48, 48)
    assert content.limits
    assert content.metrics["private"]["all"]["n_images"] > 0
    assert (folder / "model.keras").is_file() == (folder / "model.tflite").is_file()


def test_the_default_model_answers_with_the_seven_emotions_of_fer2013() -> None:
    folder = find_model(DEFAULT_MODEL)
    content = read_card(folder)
    assert content.labels == FER2013_EMOTIONS
    assert content.input == InputShape(48, 48, 1)
    assert (folder / "model.keras").is_file()
    assert (folder / "model.tflite").is_file()


# --- cards ---


def test_a_card_that_cannot_be_written_leaves_the_older_one_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path) / "card.json"
    before = path.read_bytes()
    with full_disk(100), pytest.raises(OutputError) as caught:
        written(tmp_path, n_parameters=5)
    assert str(caught.value) == f"{path} cannot be written: File too large."
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    original = replace(
        card((Emotion.SAD, Emotion.CONTEMPT), InputShape(24, 32, 3), crop_margin=-0.1),
        n_parameters=123,
        trained_on={"dataset": "FER2013", "versions": {"keras": "3"}},
        metrics={"private": {"accuracy": 0.5}},
        files={"model.keras": "ab" * 32},
        limits=("Größe: not for judging people.",),
    )
    write_card(original, tmp_path)
    assert read_card(tmp_path) == original


def test_a_card_has_the_keys_that_other_programs_read(tmp_path: Path) -> None:
    content = json.loads((written(tmp_path, crop_margin=0.25) / "card.json").read_bytes())
    assert content["labels"] == [
        "angry",
        "disgust",
        "fear",
        "happy",
        "sad",
        "surprise",
        "neutral",
    ]
    assert content["input"] == {"height": 48, "width": 48, "channels": 1}
    assert content["crop"] == {"margin": 0.25}
    assert content["limits"] == list(DEFAULT_LIMITS)
    assert set(content) == {*KEYS, "files", "checksum"}


def test_writing_replaces_an_older_card(tmp_path: Path) -> None:
    written(tmp_path, metrics={"a long note": {"x": "x" * 5000}})
    written(tmp_path, n_parameters=7)
    assert read_card(tmp_path).n_parameters == 7
    assert read_card(tmp_path).metrics == {}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"no JSON", id="text"),
        pytest.param(b'{"name": "\xff"}', id="not UTF-8"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b'"a string"', id="a string"),
        pytest.param(b"{}", id="nothing in it"),
        pytest.param(b"[" * 100_000, id="lists in lists without end"),
        pytest.param(b'{"a":' * 100_000, id="objects in objects without end"),
        pytest.param(b" " * 2**20 + b"{}", id="larger than any card"),
    ],
)
def test_a_file_that_is_no_card_is_a_model_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"card\.json is not a card"):
        read_card(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("labels", ["happy", "bored"], id="an unknown emotion"),
        pytest.param("labels", "happy", id="labels in one string"),
        pytest.param("labels", [None], id="a label that is no text"),
        pytest.param("labels", 7, id="only the number of labels"),
        pytest.param("input", {"height": 48, "depth": 1}, id="an input of unknown shape"),
        pytest.param("input", [48, 48, 1], id="an input as a list"),
        pytest.param("n_parameters", "many", id="parameters that are no number"),
        pytest.param("trained_on", "FER2013", id="provenance as a string"),
        pytest.param("metrics", None, id="metrics null"),
        pytest.param("crop", {}, id="a crop without margin"),
        pytest.param("crop", {"margin": "wide"}, id="a margin that is no number"),
        pytest.param("crop", 0.1, id="a crop that is a number"),
        pytest.param("crop", {"margin": -0.46}, id="a margin that leaves nothing"),
        pytest.param("crop", {"margin": 2.1}, id="a margin of more than two faces"),
        pytest.param("crop", {"margin": True}, id="a margin that is true"),
        pytest.param("crop", {"margin": float("nan")}, id="a margin that is NaN"),
        pytest.param("crop", {"margin": float("inf")}, id="a margin without end"),
        pytest.param("metrics", {"private": {"a": float("-inf")}}, id="a figure without end"),
        pytest.param("metrics", {"private": [1]}, id="a split's figures as a list"),
        pytest.param("metrics", {"private": 5}, id="a split's figures as a number"),
        pytest.param("labels", list(reversed(FER2013_EMOTIONS)), id="labels reversed"),
        pytest.param("labels", [], id="no labels"),
        pytest.param("input", {"height": 0}, id="an input of no height"),
        pytest.param("input", {"width": 10**6}, id="an input of a million pixels' width"),
        pytest.param("input", {"width": "48"}, id="an input as text"),
        pytest.param("input", {"channels": 4}, id="four channels"),
        pytest.param("n_parameters", -1, id="less than no parameters"),
        pytest.param("n_parameters", 10**12, id="parameters without end"),
        pytest.param("n_parameters", 1.5, id="one parameter and a half"),
        pytest.param("name", "", id="no name"),
        pytest.param("name", 5, id="a name that is a number"),
        pytest.param("recipe", "x" * 1001, id="a recipe of a thousand letters"),
        pytest.param("limits", None, id="limits null"),
        pytest.param("limits", "none", id="limits in one string"),
        pytest.param("limits", [5], id="a limit that is a number"),
        pytest.param("files", ["model.keras"], id="files as a list"),
        pytest.param("files", {"model.keras": 5}, id="a digest that is a number"),
    ],
)
def test_a_card_with_an_unfit_value_is_a_model_error(
    tmp_path: Path, key: str, value: object
) -> None:
    path = written(tmp_path) / "card.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {key: value}))
    with pytest.raises(ModelError, match=r"card\.json is not a card"):
        read_card(tmp_path)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity"])
@pytest.mark.parametrize("key", ["n_parameters", "margin"])
def test_a_number_that_no_file_should_hold_is_a_model_error(
    tmp_path: Path, key: str, number: str
) -> None:
    path = written(tmp_path, n_parameters=77, crop_margin=0.75) / "card.json"
    before = {"n_parameters": "77", "margin": "0.75"}[key]
    path.write_text(path.read_text().replace(f'"{key}": {before}', f'"{key}": {number}'))
    with pytest.raises(ModelError, match="expected a finite number"):
        read_card(tmp_path)


def test_a_card_from_before_there_were_digests_is_read(tmp_path: Path) -> None:
    path = written(tmp_path) / "card.json"
    content = json.loads(path.read_bytes())
    del content["files"], content["checksum"]
    path.write_text(json.dumps(content))
    assert read_card(tmp_path) == card()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        pytest.param("crop", {"margin": 0.125}, id="crop"),
        pytest.param("input", {"height": 32, "width": 48, "channels": 1}, id="input"),
    ],
)
def test_what_changes_predictions_does_not_change_unnoticed(
    tmp_path: Path, key: str, value: object
) -> None:
    path = written(tmp_path) / "card.json"
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {key: value}))
    with pytest.raises(ModelError, match="not those that were written"):
        read_card(tmp_path)


def test_a_card_with_a_figure_that_is_no_number_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        written(tmp_path, metrics={"private": {"ece": float("nan")}})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", KEYS)
def test_a_card_that_lacks_something_is_a_model_error_that_names_it(
    tmp_path: Path, key: str
) -> None:
    path = written(tmp_path) / "card.json"
    content = json.loads(path.read_bytes())
    del content[key]
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=f"'{key}'"):
        read_card(tmp_path)


def test_a_folder_without_a_card_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"holds no card\.json"):
        read_card(tmp_path)


# --- the emotions it overlooks most ---


@pytest.mark.parametrize(
    "metrics",
    [
        pytest.param({}, id="never evaluated"),
        pytest.param({"public": {"all": {"recall": {}}}}, id="evaluated on validation alone"),
        pytest.param({"private": {}}, id="no figures"),
        pytest.param({"private": {"all": {"recall": {"happy": 0.5}}}}, id="an emotion is missing"),
        pytest.param({"private": {"all": {"recall": None}}}, id="no recall"),
        pytest.param({"private": [1]}, id="something else"),
    ],
)
def test_what_is_not_measured_has_no_weakest_emotions(metrics: dict[str, Any]) -> None:
    assert replace(card(), metrics=metrics).weakest(3) == ()


def test_the_weakest_emotions_come_first() -> None:
    recall = {"happy": 0.9, "sad": 0.2, "fear": 0.4}
    labels = (Emotion.HAPPY, Emotion.SAD, Emotion.FEAR)
    evaluated = replace(card(labels), metrics={"private": {"all": {"recall": recall}}})
    assert evaluated.weakest(2) == (Emotion.SAD, Emotion.FEAR)
    by_votes = {
        "private": {"all": {"recall": recall}, "ferplus_7": {"recall": {**recall, "sad": 1}}}
    }
    learned_votes = replace(evaluated, metrics=by_votes, trained_on={"labels": "FER+"})
    assert learned_votes.weakest(2) == (Emotion.FEAR, Emotion.HAPPY)


# --- histories ---


def test_a_model_without_history_has_no_epochs(tmp_path: Path) -> None:
    assert read_history(tmp_path) == []


def test_a_history_has_a_row_an_epoch(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("epoch,loss\n0,1.5\n1,0.5\n")
    assert read_history(tmp_path) == [{"epoch": 0, "loss": 1.5}, {"epoch": 1, "loss": 0.5}]


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"epoch,loss\n0,much\n", id="no number"),
        pytest.param(b"epoch,loss\n0\n", id="cut off"),
        pytest.param(b"epoch,loss\n0,1,2\n", id="a value too many"),
        pytest.param(b"\xff\xfe", id="not UTF-8"),
    ],
)
def test_a_damaged_history_is_a_model_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "history.csv").write_bytes(content)
    with pytest.raises(ModelError, match=r"history\.csv is not a history"):
        read_history(tmp_path)


# --- finding models ---


@pytest.fixture
def models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty place for models, with an empty working directory beside it."""
    models, elsewhere = tmp_path / "models", tmp_path / "elsewhere"
    models.mkdir()
    elsewhere.mkdir()
    monkeypatch.setattr(model_store, "MODELS_DIR", models)
    monkeypatch.chdir(elsewhere)
    return models


def test_without_models_the_list_is_empty(models_dir: Path) -> None:
    (models_dir / "no-card").mkdir()
    (models_dir / "notes.txt").write_text("no folder")
    assert list_models() == []


def test_models_are_listed_in_alphabetical_order(models_dir: Path) -> None:
    for name in ("b", "c", "a"):
        written(models_dir / name)
    assert list_models() == ["a", "b", "c"]


def test_a_model_is_found_by_its_name(models_dir: Path) -> None:
    written(models_dir / "mine")
    assert find_model("mine") == models_dir / "mine"


@pytest.mark.parametrize("as_text", [False, True])
def test_a_model_is_found_by_its_folder(models_dir: Path, as_text: bool) -> None:
    folder = written(models_dir.parent / "elsewhere" / "runs" / "mine")
    assert find_model(str(folder) if as_text else folder) == folder
    assert find_model("runs/mine").resolve() == folder.resolve()


def test_a_name_goes_before_a_folder_of_the_working_directory(models_dir: Path) -> None:
    written(models_dir / "mine")
    written(Path("mine"))
    assert find_model("mine") == models_dir / "mine"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("theirs", id="unknown"),
        pytest.param("", id="empty"),
        pytest.param(".", id="the working directory"),
        pytest.param("mine/card.json", id="the card instead of its folder"),
        pytest.param("no\0name", id="a character no file name has"),
    ],
)
def test_an_unknown_model_is_a_model_error_that_lists_those_there_are(
    models_dir: Path, name: str
) -> None:
    written(models_dir / "mine")
    written(models_dir / "other")
    with pytest.raises(ModelError, match=r"There is no model .*\(mine, other\)\.$"):
        find_model(name)


def test_without_any_model_the_sentence_says_so(models_dir: Path) -> None:
    with pytest.raises(ModelError, match=r"\(none\)\.$"):
        find_model("mine")
