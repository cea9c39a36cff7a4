"""Runs that join labels and votes, on several data sets, through the command line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_core.__main__ import main
from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import read_card
from fer_core.training.augmentation.camera import as_by_cameras
from fer_core.training.data.datasets import load_joined
from fer_core.training.recipes.named import RECIPES
from fer_core.training.run.joining import panel
from tests.face_folders import write_classes
from tests.fer2013 import VOTES_HEADER, rows, vote_row, votes_for, write_table
from tests.tiny_recipe import TINY_WITH_VOTES

# Keras 3.15 saves a TensorFlow variable by np.array(..., copy=False), which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

JOINED = replace(TINY_WITH_VOTES, name="tiny-joined", joins=True, change=as_by_cameras)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    usages = ["Training"] * 28 + ["PublicTest"] * 14 + ["PrivateTest"] * 7
    votes = [vote_row(usage, votes_for(index % 7)) for index, usage in enumerate(usages)]
    write_table(folder / "fer2013new.csv", votes, VOTES_HEADER)
    return write_table(folder / "fer2013.csv", rows(28, 14, 7))


@pytest.fixture(scope="module")
def posed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classes(tmp_path_factory.mktemp("posed") / "CK+48", n_subjects=5, n_frames=2)


@pytest.fixture(scope="module")
def trained(table: Path, posed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a joined model; that by labels lies beside it."""
    output = tmp_path_factory.mktemp("models") / "mine"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(RECIPES, "tiny-joined", JOINED)
        words = ["train", "--recipe", "tiny-joined", "--data", str(table), str(posed)]
        patch.setattr("sys.argv", ["fer_core", *words, "--output", str(output), "--resume"])
        assert main([*words, "--output", str(output)]) == 0
    return output


def test_one_run_makes_the_joined_model_and_the_one_by_labels(trained: Path) -> None:
    both = [read_card(trained), read_card(trained.parent / "mine-labels")]
    assert [card.trained_on["labels"] for card in both] == ["FER+", "FER2013"]
    for card in both:
        assert card.trained_on["dataset"].startswith("FER2013")
        (beside,) = card.trained_on["beside"]
        assert beside["dataset"] == "CK+48 (60:20:20 by subject)"
        assert beside["n_images"] == 3 * 6 * 2
        assert 0.4 <= card.trained_on["joined"]["votes"] <= 1
        classifier = EmotionClassifier.load(trained.parent / card.name)
        probabilities = classifier.probabilities(np.zeros((3, 48, 48), dtype=np.uint8))
        assert probabilities.shape == (3, 7)


def test_the_card_holds_the_command_without_what_an_interruption_added(trained: Path) -> None:
    command = read_card(trained).trained_on["command"]
    assert command.startswith("python -m fer_core train --recipe tiny-joined --data ")
    assert command.endswith(f"--output {trained}")


def test_joining_is_what_is_best_on_the_panel_and_the_model_answers_so(
    trained: Path, table: Path, posed: Path
) -> None:
    dataset = load_joined([table, posed])
    classifier = EmotionClassifier.load(trained)
    reached = panel(classifier.probabilities(dataset.validation.images), dataset)
    assert reached == pytest.approx(read_card(trained).trained_on["joined"]["panel"], abs=1e-6)
    by_labels = EmotionClassifier.load(trained.parent / "mine-labels")
    assert reached >= panel(by_labels.probabilities(dataset.validation.images), dataset) - 0.2


def test_the_panel_is_the_mean_of_a_figure_for_each_set_of_labels(table: Path, posed: Path) -> None:
    dataset = load_joined([table, posed])
    right = np.eye(7, dtype=np.float32)[dataset.validation.labels]
    assert panel(right, dataset) == 1
    # Wrong on the people beside it alone: votes, which count twice, and labels stay.
    wrong = right.copy()
    wrong[14:] = np.roll(right[14:], 1, axis=1)
    assert panel(wrong, dataset) == pytest.approx(3 / 4)
    alone = load_joined([table])
    assert panel(right[:14], alone) == 1


def test_on_the_panel_votes_count_twice(tmp_path: Path) -> None:
    usages = ["Training"] * 7 + ["PublicTest"] * 7 + ["PrivateTest"] * 7
    votes = [vote_row(usage, votes_for((n + 1) % 7)) for n, usage in enumerate(usages)]
    write_table(tmp_path / "fer2013new.csv", votes, VOTES_HEADER)
    dataset = load_joined([write_table(tmp_path / "fer2013.csv", rows(7, 7, 7))])
    by_labels = np.eye(7, dtype=np.float32)[dataset.validation.labels]
    assert panel(by_labels, dataset) == pytest.approx(1 / 3)
    assert panel(np.roll(by_labels, 1, axis=1), dataset) == pytest.approx(2 / 3)


def test_a_model_is_asked_about_people_of_whom_it_learned_nothing(
    trained: Path, posed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--model", str(trained), "--data", str(posed), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    # One person of five, six emotions, two frames.
    assert figures["all"]["n_images"] == 12
    assert read_card(trained).metrics["other-people"] == figures
    report = (trained / "evaluation" / "report-other-people.txt").read_text(encoding="utf-8")
    assert "people of whom it has learned nothing" in report


def test_other_images_of_that_data_set_are_refused(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_classes(tmp_path / "CK+48", n_subjects=5, n_frames=2, first_seed=7)
    assert main(["evaluate", "--model", str(trained), "--data", str(other)]) == 2
    assert "has learned other images of CK+48" in capsys.readouterr().err


def test_its_own_splits_are_those_of_the_main_data_set_with_its_robustness(
    trained: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--model", str(trained), "--data", str(table), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["ferplus_7"]["n_images"] == 7
    assert "leak_free" in figures
    robustness = figures["robustness"]
    clean = figures["ferplus_7"]["accuracy"]
    mean = np.mean(list(robustness["accuracies"].values()))
    assert robustness["mean"] == pytest.approx(mean)
    assert robustness["loss"] == pytest.approx(clean - mean)
