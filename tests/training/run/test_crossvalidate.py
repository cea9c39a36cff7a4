import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_core.__main__ import main
from fer_core.classification.figures import read_figures
from fer_core.classification.model_store import read_card, write_card
from fer_core.emotions import Emotion
from fer_core.errors import DatasetError
from fer_core.training.data.datasets import FaceDataset, load_folds, rows_not_in
from fer_core.training.evaluation.metrics import measure
from fer_core.training.recipes.named import RECIPES
from fer_core.training.run import crossvalidate
from fer_core.training.run.train import train
from tests.conftest import takes_long
from tests.face_folders import write_classes, write_zip
from tests.faces import card
from tests.fer2013 import rows, write_table
from tests.tiny_recipe import TINY


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Five people with three frames of each of seven classes."""
    return write_classes(tmp_path / "CK+48")


@pytest.fixture
def run(faces: Path, tmp_path: Path) -> Callable[..., int]:
    paths = ["--data", str(faces), "--output", str(tmp_path / "out")]
    return lambda *options: main(
        ["crossvalidate", "--recipe", "tiny", *paths, "--folds", "3", *options]
    )


# --- folds ---


def images(*splits: Any) -> list[bytes]:
    return sorted(image.tobytes() for split in splits for image in split.images)


def test_each_face_is_in_the_test_of_one_fold_and_nobody_is_in_two_splits(faces: Path) -> None:
    folds = load_folds(faces, 5)
    everything = images(*(fold.test for fold in folds))
    assert len(everything) == len(set(everything)) == 5 * 3 * 7
    for fold in folds:
        assert images(fold.train, fold.validation, fold.test) == everything
        # Five people in five folds: one to test on, one to choose by, three to learn from.
        assert (len(fold.train), len(fold.validation), len(fold.test)) == (63, 21, 21)
        assert rows_not_in(fold.test, fold.train).all()
    assert folds[0].name == "CK+48 (fold 1 of 5 by subject)"


def test_folds_are_the_same_every_time_and_from_a_zip(faces: Path, tmp_path: Path) -> None:
    zipped = load_folds(write_zip(tmp_path / "CK+48.zip", faces), 4)
    for fold, other in zip(load_folds(faces, 4), zipped, strict=True):
        np.testing.assert_array_equal(fold.train.images, other.train.images)
        np.testing.assert_array_equal(fold.test.labels, other.test.labels)


@pytest.mark.parametrize("n_folds", [1, 2, 6])
def test_too_few_or_too_many_folds_are_refused(faces: Path, n_folds: int) -> None:
    sentence = rf"shows 5 people; they make 3 to 5 folds, not {n_folds}\.$"
    with pytest.raises(DatasetError, match=sentence):
        load_folds(faces, n_folds)


def test_a_class_that_one_person_alone_shows_is_refused(faces: Path) -> None:
    for file in (faces / "contempt").glob("*"):
        if not file.name.startswith("S001"):
            file.unlink()
    with pytest.raises(DatasetError, match="too few people with contempt for 5 folds"):
        load_folds(faces, 5)


def test_a_data_set_with_splits_of_its_own_is_not_dealt_again(tmp_path: Path) -> None:
    table = write_table(tmp_path / "fer2013.csv", rows(7, 7, 7))
    with pytest.raises(DatasetError, match="has splits of its own"):
        load_folds(table, 3)


# --- the command ---


def test_all_folds_are_judged_together(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--epochs", "8", "--json") == 0
    out, err = capsys.readouterr()
    shown = json.loads(out)
    assert "Epoch 8/8" in err
    output = tmp_path / "out"
    assert json.loads((output / "evaluation" / "crossvalidation.json").read_text()) == shown
    assert shown["all"]["n_images"] == 5 * 3 * 7
    assert np.sum(shown["all"]["confusion"]) == 5 * 3 * 7
    assert len(shown["fold_accuracies"]) == 3
    # The tests of three folds have two, two and one of the five people.
    sizes = [len(fold.test) for fold in load_folds(tmp_path / "CK+48", 3)]
    mean = np.average(shown["fold_accuracies"], weights=sizes)
    assert shown["all"]["accuracy"] == pytest.approx(mean)
    assert shown["all"]["accuracy"] > 0.5  # one in seven by chance
    assert [path.name for path in output.rglob("*")] == ["evaluation", "crossvalidation.json"]


@takes_long
@pytest.mark.parametrize(("recipe", "taken_over"), [("tiny", True), ("another", False)])
def test_the_card_of_a_network_of_that_recipe_takes_the_figures_over(
    run: Callable[..., int], tmp_path: Path, recipe: str, taken_over: bool
) -> None:
    certain = np.eye(2, dtype=np.float32)
    part = measure(certain, np.zeros(2, np.int64), (Emotion.HAPPY, Emotion.SAD)).to_dict()
    measured = {"private": {"dataset": "CK+48 (80:20 by image)", "all": part}}
    (tmp_path / "out").mkdir()
    write_card(replace(card(), recipe=recipe, metrics=measured), tmp_path / "out")
    assert run("--epochs", "1") == 0
    result = json.loads((tmp_path / "out" / "evaluation" / "crossvalidation.json").read_text())
    expected = {**measured, "crossvalidation": result} if taken_over else measured
    model_card = read_card(tmp_path / "out")
    assert model_card.metrics == expected
    assert ("by_subject" in read_figures(model_card)) is taken_over
    assert read_figures(model_card)["all"].accuracy == 0.5
    evaluation = tmp_path / "out" / "evaluation"
    assert (evaluation / "metrics.json").exists() is taken_over
    if taken_over:
        assert json.loads((evaluation / "metrics.json").read_text()) == expected
        report = (evaluation / "report-private.txt").read_text()
        assert "accuracy 50.00%" in report
        assert f"{result['all']['accuracy']:.2%} (" in report
        assert "A split by image puts the same people" in report
        assert not (evaluation / "report-public.txt").exists()


@takes_long
def test_an_interrupted_one_goes_on_with_its_folds_and_ends_as_an_unbroken_one(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run() == 0
    result = tmp_path / "out" / "evaluation" / "crossvalidation.json"
    unbroken = json.loads(result.read_text())
    result.unlink()

    trained: list[str] = []

    def interrupted(
        recipe: Any, fold: FaceDataset, folder: Path, *options: Any, resume: bool
    ) -> Any:
        if len(trained) == 1:
            raise KeyboardInterrupt
        trained.append(fold.name)
        return train(recipe, fold, folder, *options, resume=resume)

    monkeypatch.setattr(crossvalidate, "train", interrupted)
    assert run() == 130
    assert not result.exists()
    assert trained == ["CK+48 (fold 1 of 3 by subject)"]
    monkeypatch.undo()
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    again: list[str] = []

    def counted(recipe: Any, fold: FaceDataset, folder: Path, *options: Any, resume: bool) -> Any:
        again.append(fold.name)
        return train(recipe, fold, folder, *options, resume=resume)

    monkeypatch.setattr(crossvalidate, "train", counted)
    assert run("--resume") == 0
    assert again == ["CK+48 (fold 2 of 3 by subject)", "CK+48 (fold 3 of 3 by subject)"]
    assert json.loads(result.read_text()) == unbroken


@pytest.mark.parametrize("options", [["--seed", "7"], ["--epochs", "2"], ["--folds", "4"]])
def test_one_is_not_resumed_with_other_settings(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
) -> None:
    def interrupted(*_args: Any, **_options: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(crossvalidate, "train", interrupted)
    assert run() == 130
    capsys.readouterr()
    assert run("--resume", *options) == 2
    assert "had other data or settings" in capsys.readouterr().err
    assert run("--resume") == 130, "what was interrupted can still go on"


def test_without_resume_an_interrupted_one_is_not_lost(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(
        _recipe: Any, _fold: FaceDataset, folder: Path, *_options: Any, **_named: Any
    ) -> Any:
        folder.mkdir(exist_ok=True)
        (folder / "history.csv").touch()
        raise KeyboardInterrupt

    monkeypatch.setattr(crossvalidate, "train", interrupted)
    assert run() == 130
    capsys.readouterr()
    assert run() == 2
    assert capsys.readouterr() == (
        "",
        f"{tmp_path / 'out'} holds an interrupted cross-validation; --resume goes on with it, or "
        "name another folder.\n",
    )
    assert (tmp_path / "out" / ".folds" / "1" / "history.csv").exists()
    assert run("--resume") == 130


@pytest.mark.parametrize("content", [b"", b'{"recipe": "ti', b"\xff"])
def test_one_whose_notes_are_damaged_is_not_resumed(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    work = tmp_path / "out" / ".folds"
    work.mkdir(parents=True)
    (work / "settings.json").write_bytes(content)
    assert run("--resume") == 2
    assert capsys.readouterr() == (
        "",
        f"The interrupted cross-validation's notes in {work} are damaged; start a new one in "
        "another folder.\n",
    )


def test_one_that_was_killed_before_its_first_fold_leaves_nothing_in_the_way(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_core.training.run.crossvalidate.json.dumps", killed)
        assert run() == 130
    assert run("--resume") == 2
    monkeypatch.setattr(crossvalidate, "train", killed)
    assert run() == 130
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".folds"]


def test_what_is_left_out_is_counted_once(
    run: Callable[..., int],
    faces: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupted(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(crossvalidate, "train", interrupted)
    for name in ("happy/S001_005_00000001.png", "sadness/S002_006_00000002.png"):
        (faces / name).write_bytes(b"broken")
    assert run("--skip-broken") == 130
    assert capsys.readouterr().err.startswith("Broken rows or images left out: 2.\n")


def test_there_is_nothing_to_resume(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--resume") == 2
    assert "holds no interrupted cross-validation" in capsys.readouterr().err


def test_bad_data_leave_an_interrupted_one_as_it_is(
    run: Callable[..., int], tmp_path: Path
) -> None:
    kept = tmp_path / "out" / ".folds" / "1" / "history.csv"
    kept.parent.mkdir(parents=True)
    kept.write_text("epoch\n")
    assert run("--folds", "2") == 2
    assert run("--data", str(tmp_path / "nothing")) == 2
    assert kept.exists()


def test_a_recipe_that_learns_votes_leaves_an_interrupted_one_as_it_is(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "out" / ".folds" / "1" / "history.csv"
    kept.parent.mkdir(parents=True)
    kept.write_text("epoch\n")
    assert run("--recipe", "fer-resnet") == 2
    assert capsys.readouterr().err.startswith("CK+48 comes without FER+'s votes")
    assert kept.exists()


def test_an_output_that_is_a_file_is_one_sentence(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("")
    assert run() == 2
    assert capsys.readouterr().err.count("\n") == 1
