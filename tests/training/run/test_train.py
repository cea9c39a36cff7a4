"""Whole training runs, and what is refused before one."""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from fer_core.__main__ import main
from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import read_card
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.training.data.batches import FaceBatches
from fer_core.training.export.formats import FORMATS
from fer_core.training.recipes.named import RECIPES
from fer_core.training.run import stages
from tests.conftest import takes_long
from tests.faces import gray_faces
from tests.fer2013 import face, row, rows, write_table
from tests.tiny_recipe import tiny_network
from tests.training.run.runs import (
    accuracies,
    contents,
    epochs,
    files,
    history,
    same,
    script_validation,
    throw_away,
    validation_accuracy,
    weights,
)

DEFAULT_RECIPE = "tutorial-cnn-augmented"


def test_the_default_recipe_trains_a_network_under_the_contract(
    table: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "new" / "mine"
    options = ["--output", str(folder), "--epochs", "2", "--seed", "3"]
    assert main(["train", "--data", str(table), *options]) == 0
    card = read_card(folder)
    assert card.name == "mine"
    assert card.recipe == "tutorial-cnn-augmented"
    assert card.labels == FER2013_EMOTIONS
    assert card.n_parameters == 2_345_607
    assert card.crop_margin == 0
    assert card.limits
    assert card.metrics == {}
    assert (card.trained_on["seed"], card.trained_on["epochs"]) == (3, 2)
    assert epochs(folder) == [0, 1]
    source = EmotionClassifier.load(folder, runtime="keras").probabilities(gray_faces(3))
    np.testing.assert_allclose(source.sum(axis=1), 1, atol=1e-5)
    served = EmotionClassifier.load(folder).probabilities(gray_faces(3))
    np.testing.assert_allclose(served, source, atol=1e-4)
    assert card.trained_on["dataset"] == "FER2013"
    assert card.trained_on["published"] == RECIPES[card.recipe].published
    assert card.trained_on["split"] == "train"
    assert card.trained_on["n_images"] == 28
    assert card.trained_on["versions"]["keras"] == keras.__version__
    images = np.stack([face(index % 7, index) for index in range(28)])
    labels = np.arange(28, dtype=np.int64) % 7
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert card.trained_on["fingerprint"] == digest
    # The file holds the model alone, not the augmentation that it was trained behind.
    network = keras.models.load_model(folder / "model.keras")
    assert {type(layer).__name__ for layer in network.layers}.isdisjoint(
        {"RandomFlip", "RandomTranslation", "Sequential"}
    )
    assert files(folder) == ["card.json", "history.csv", "model.keras", "model.tflite"]


def test_a_network_learns_what_the_faces_have_in_common(
    run: Callable[..., int], table: Path, tmp_path: Path
) -> None:
    assert run("--epochs", "10") == 0
    folder = tmp_path / "net"
    assert max(accuracies(folder)) > 0.8  # one in seven by chance
    assert validation_accuracy(table, folder) == pytest.approx(max(accuracies(folder)), abs=1e-6)


def test_the_epoch_that_is_best_on_validation_is_kept_and_the_seed_decides_its_weights(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script_validation(monkeypatch, 0.2, 0.8, 0.5, 0.8)
    assert run("--epochs", "4", "--seed", "1") == 0
    trained_on = read_card(tmp_path / "net").trained_on
    assert (trained_on["chosen_epoch"], trained_on["epochs"]) == (2, 4)
    assert "0.8000" in trained_on["chosen_by"]
    kept = weights(tmp_path / "net")
    # The same seed gives the same first two epochs, and here the second is the last.
    throw_away(tmp_path / "net")
    script_validation(monkeypatch, 0.2, 0.8)
    assert run("--epochs", "2", "--seed", "1") == 0
    assert same(kept, weights(tmp_path / "net"))
    throw_away(tmp_path / "net")
    script_validation(monkeypatch, 0.2, 0.8)
    assert run("--epochs", "2", "--seed", "2") == 0
    assert not same(kept, weights(tmp_path / "net"))


def test_balanced_lets_rare_emotions_count_more(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_table(tmp_path / "fer2013.csv", [*rows(28, 14, 7), *[row(3) for _ in range(20)]])
    counted: list[float] = []

    class Batches(FaceBatches):
        def __getitem__(self, index: int) -> Any:
            images, targets, weights = super().__getitem__(index)
            counted.extend(weights[targets[:, 3] == 1].tolist())
            return images, targets, weights

    monkeypatch.setattr(stages, "FaceBatches", Batches)
    data = ["--data", str(tmp_path / "fer2013.csv"), "--epochs", "1"]
    assert run(*data, "--balanced") == 0
    # 24 of 48 faces are happy: on average a class has 48 / 7. Validation counts every face alike.
    assert set(np.round(counted, 4)) == {round(48 / 7 / 24, 4), 1.0}
    assert read_card(tmp_path / "net").trained_on["balanced"] is True
    counted.clear()
    throw_away(tmp_path / "net")
    assert run(*data) == 0
    assert set(counted) == {1.0}
    assert read_card(tmp_path / "net").trained_on["balanced"] is False


def test_tensorboard_gets_the_curves_of_training_and_validation(
    run: Callable[..., int], tmp_path: Path
) -> None:
    assert run("--epochs", "1", "--tensorboard", str(tmp_path / "logs")) == 0
    assert files(tmp_path / "logs") == ["train", "validation"]
    for split in ("train", "validation"):
        assert list((tmp_path / "logs" / split).glob("events.out.tfevents.*"))


def test_logs_in_the_place_of_a_file_are_refused_before_the_run(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file")
    assert run("--tensorboard", str(tmp_path / "logs")) == 2
    assert capsys.readouterr() == (
        "",
        f"{tmp_path / 'logs'} cannot be made a folder: File exists.\n",
    )
    assert files(tmp_path / "net") == []


def test_logs_without_tensorboard_are_refused_before_the_run(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)  # as if it were not installed
    assert run("--tensorboard", str(tmp_path / "logs")) == 2
    assert capsys.readouterr() == (
        "",
        "TensorBoard is not installed: pip install tensorboard, or leave out --tensorboard.\n",
    )
    assert files(tmp_path) == []


def test_one_step_is_enough_for_the_default_recipe(run: Callable[..., int], tmp_path: Path) -> None:
    # 5 faces are one batch, so the whole run is one step, too short for a warm-up.
    RECIPES["tiny"] = replace(RECIPES[DEFAULT_RECIPE], build=tiny_network)
    assert run("--limit", "5", "--epochs", "1") == 0
    assert epochs(tmp_path / "net") == [0]
    assert read_card(tmp_path / "net").trained_on["n_images"] == 5


OPTIONS: dict[str, tuple[str, ...]] = {
    # A face is enlarged to 224x224: two are as many as a test can wait for.
    "deepfer-resnet50v2": ("--weights", "none", "--limit", "2"),
}


@takes_long  # the default recipe alone is trained everywhere, above
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", sorted(RECIPES.keys() - {DEFAULT_RECIPE}))
def test_every_recipe_trains_for_an_epoch(
    run: Callable[..., int], voted: Path, tmp_path: Path, name: str
) -> None:
    options = ("--data", str(voted), "--epochs", "1", *OPTIONS.get(name, ()))
    assert run(*options, recipe=name) == 0
    card = read_card(tmp_path / "net")
    assert card.recipe == name
    network: Any = keras.models.load_model(tmp_path / "net" / "model.keras")
    assert network.count_params() == card.n_parameters
    assert network.input_shape == (None, 48, 48, card.input.channels)
    assert (card.trained_on["epochs"], card.trained_on["pretrained"]) == (1, "none")
    figures = history(tmp_path / "net")[0]
    assert np.isfinite([float(figures["loss"]), float(figures["val_loss"])]).all()


@pytest.mark.parametrize(
    "name",
    [
        "card.json",
        "history.csv",
        "model.keras",
        "evaluation/thesis.txt",
        *(name for export_format in FORMATS.values() for name in export_format.files),
    ],
)
def test_what_a_folder_holds_is_not_replaced(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    kept = tmp_path / "net" / name
    kept.parent.mkdir(parents=True)
    kept.write_text("of somebody")
    before = contents(tmp_path)
    assert run() == 2
    there = tmp_path / "net" / name.partition("/")[0]
    assert capsys.readouterr() == (
        "",
        f"{there} is there already; name another folder to train in.\n",
    )
    assert contents(tmp_path) == before


def test_other_files_in_the_folder_stay_beside_the_model(
    run: Callable[..., int], tmp_path: Path
) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "notes.txt").write_text("of somebody")
    assert run("--epochs", "1") == 0
    assert files(tmp_path / "net") == ["card.json", "history.csv", "model.keras", "notes.txt"]


def test_sharing_batches_on_a_backend_that_cannot_exits_with_2_and_one_sentence(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--data-parallel") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Keras shares batches among devices on its JAX backend alone")
    assert err.count("\n") == 1
    assert not (tmp_path / "net").exists()


def test_an_unknown_recipe_exits_with_2_and_one_sentence(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(recipe="cake") == 2
    err = capsys.readouterr().err
    assert err.startswith("There is no recipe 'cake'; there are ")
    assert err.count("\n") == 1
    assert not (tmp_path / "net").exists()


def test_weights_for_a_recipe_that_takes_none_exit_with_2_and_one_sentence(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("--weights", "imagenet") == 2
    assert capsys.readouterr().err == (
        "The recipe 'tiny' starts from no weights; leave out --weights.\n"
    )
    assert not (tmp_path / "net").exists()


def test_weights_that_cannot_be_read_exit_with_2_and_one_sentence(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("--weights", str(tmp_path / "missing.h5"), recipe="deepfer-resnet50v2") == 2
    err = capsys.readouterr().err
    assert "missing.h5 cannot be loaded into ResNet50V2" in err
    assert err.count("\n") == 1
    assert files(tmp_path / "net") == [], "it can be tried again"


@pytest.mark.parametrize("below", ["", "deeper"])
def test_an_output_that_is_a_file_exits_with_2_and_one_sentence(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], below: str
) -> None:
    file = tmp_path / "net"
    file.write_text("a file")
    output = str(file / below) if below else str(file)
    assert main(["train", "--recipe", "tiny", "--data", str(table), "--output", output]) == 2
    err = capsys.readouterr().err
    assert output in err
    assert err.count("\n") == 1
    assert file.read_text() == "a file"
