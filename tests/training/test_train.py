"""Training runs through the command line, on a handful of faces that a program drew.

Apart from one run of the default recipe they train a network of a few weights, in a blink.
"""

import csv
import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers

from fer_core.__main__ import main
from fer_core.classification import EmotionClassifier
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.model_store import DEFAULT_MODEL, read_card
from fer_core.training.datasets import load_dataset
from fer_core.training.recipes import RECIPES, Recipe
from fer_core.training.train import pixels
from tests.faces import gray_faces
from tests.fer2013 import face, rows, write_table

# Keras 3.15 saves a TensorFlow variable by np.array(..., copy=False), which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def tiny_network(n_classes: int) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(6),
            layers.Flatten(),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


TINY = Recipe(
    name="tiny",
    summary="a network for tests",
    build=tiny_network,
    optimizer=lambda _n_steps: keras.optimizers.SGD(0.5, momentum=0.5),
    augment=None,
    batch_size=14,
    epochs=3,
)


@pytest.fixture(autouse=True)
def tiny_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "tiny", TINY)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """28 faces to train on, 14 for validation, 7 for the test."""
    return write_table(tmp_path_factory.mktemp("data") / "fer2013.csv", rows(28, 14, 7))


@pytest.fixture
def run(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs `train` into the folder `net`, without the export, which takes as long as a run."""
    monkeypatch.setattr("fer_core.training.export.export_tflite", lambda folder: folder)

    def train(*options: str, recipe: str = "tiny") -> int:
        paths = ["--data", str(table), "--output", str(tmp_path / "net")]
        return main(["train", "--recipe", recipe, *paths, *options])

    return train


def interrupt(monkeypatch: pytest.MonkeyPatch, *, epoch: int) -> list[Any]:
    """Ctrl-C after the first step of that epoch, counted from 1; returns the interrupted logger."""
    now = 0
    interrupted: list[Any] = []

    def on_epoch_begin(_self: object, number: int, logs: object = None) -> None:
        nonlocal now
        now = number + 1

    def on_train_batch_end(self: object, _number: int, logs: object = None) -> None:
        if now == epoch:
            interrupted.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(keras.callbacks.CSVLogger, "on_epoch_begin", on_epoch_begin)
    monkeypatch.setattr(keras.callbacks.CSVLogger, "on_train_batch_end", on_train_batch_end)
    return interrupted


def script_validation(monkeypatch: pytest.MonkeyPatch, *accuracies: float) -> None:
    """Let each epoch's validation end with the next of these accuracies."""
    rest = list(accuracies)

    def evaluate(*_args: object, **_options: object) -> dict[str, float]:
        return {"accuracy": rest.pop(0), "loss": 1.0}

    monkeypatch.setattr(keras.Model, "evaluate", evaluate)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def history(folder: Path) -> list[dict[str, str]]:
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def epochs(folder: Path) -> list[int]:
    """Numbers of the epochs in the history; Keras counts from 0."""
    return [int(row["epoch"]) for row in history(folder)]


def accuracies(folder: Path) -> list[float]:
    return [float(row["val_accuracy"]) for row in history(folder)]


def weights(folder: Path) -> list[npt.NDArray[np.float32]]:
    network: Any = keras.models.load_model(folder / "model.keras")
    return [np.asarray(w) for w in network.get_weights()]


def same(a: list[npt.NDArray[np.float32]], b: list[npt.NDArray[np.float32]]) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def validation_accuracy(table: Path, folder: Path) -> float:
    """Share of the table's validation faces that the saved network gets right."""
    faces = load_dataset(table).validation
    network: Any = keras.models.load_model(folder / "model.keras")
    answers = keras.ops.convert_to_numpy(network(pixels(faces), training=False)).argmax(axis=1)
    return float((answers == faces.labels).mean())


# --- whole runs ---


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
    assert card.trained_on["split"] == "train"
    assert card.trained_on["n_images"] == 28
    assert card.trained_on["versions"]["keras"] == keras.__version__
    images = np.stack([face(index % 7, index) for index in range(28)])
    labels = np.arange(28, dtype=np.int64) % 7
    digest = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    assert card.trained_on["fingerprint"] == digest
    # The file holds the network alone, not the augmentation that it was trained behind.
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
    script_validation(monkeypatch, 0.2, 0.8)
    assert run("--epochs", "2", "--seed", "1") == 0
    assert same(kept, weights(tmp_path / "net"))
    script_validation(monkeypatch, 0.2, 0.8)
    assert run("--epochs", "2", "--seed", "2") == 0
    assert not same(kept, weights(tmp_path / "net"))


def test_one_step_is_enough_for_the_default_recipe(run: Callable[..., int], tmp_path: Path) -> None:
    # 5 faces are one batch, so the whole run is one step, too short for a warm-up.
    RECIPES["tiny"] = replace(RECIPES[DEFAULT_MODEL], build=tiny_network)
    assert run("--limit", "5", "--epochs", "1") == 0
    assert epochs(tmp_path / "net") == [0]
    assert read_card(tmp_path / "net").trained_on["n_images"] == 5


# --- interrupted runs ---


def test_ctrl_c_before_the_first_epoch_is_over_exits_with_130(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    interrupt(monkeypatch, epoch=1)
    assert run() == 130
    assert capsys.readouterr().err.endswith("Interrupted.\n")
    assert not {"model.keras", "model.tflite", "card.json"} & set(files(tmp_path / "net"))


def test_an_interrupted_run_keeps_its_best_epoch_and_resumes_after_its_last(
    run: Callable[..., int], tmp_path: Path
) -> None:
    folder = tmp_path / "net"
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=3)
        script_validation(patch, 0.5, 0.9)
        assert run("--epochs", "4") == 0
    assert epochs(folder) == [0, 1]
    assert read_card(folder).trained_on["epochs"] == 2
    before = weights(folder)
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, 0.7, 0.8)
        assert run("--epochs", "4", "--resume") == 0
    assert epochs(folder) == [0, 1, 2, 3]
    assert accuracies(folder) == pytest.approx([0.5, 0.9, 0.7, 0.8])
    assert read_card(folder).trained_on["epochs"] == 4
    # Neither epoch after the interruption is better than the second one before it.
    assert read_card(folder).trained_on["chosen_epoch"] == 2
    assert same(weights(folder), before)
    assert files(folder) == ["card.json", "history.csv", "model.keras"]


def test_a_run_can_be_resumed_again_and_again_and_goes_on_with_its_weights(
    run: Callable[..., int], tmp_path: Path
) -> None:
    folder = tmp_path / "net"
    for epoch, resume in ((2, []), (3, ["--resume"])):
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, epoch=epoch)
            assert run("--epochs", "3", *resume) == 0
        assert epochs(folder) == list(range(epoch - 1))
    assert run("--epochs", "3", "--resume") == 0
    assert epochs(folder) == [0, 1, 2]
    losses = [float(row["loss"]) for row in history(folder)]
    assert losses == sorted(losses, reverse=True), "an epoch began with fresh weights"


def test_an_interrupted_run_closes_its_history(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted = interrupt(monkeypatch, epoch=2)
    script_validation(monkeypatch, 0.5)
    assert run() == 0
    assert [logger.csv_file.closed for logger in interrupted] == [True]


def test_without_resume_a_run_starts_anew_and_nothing_of_the_old_one_is_left(
    run: Callable[..., int], tmp_path: Path
) -> None:
    folder = tmp_path / "net"
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=3)
        script_validation(patch, 0.5, 0.9)
        assert run("--epochs", "4") == 0
    (folder / "evaluation").mkdir()
    (folder / "evaluation" / "metrics.json").write_text("{}")
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, 0.1)
        assert run("--epochs", "1") == 0
    assert accuracies(folder) == pytest.approx([0.1])
    assert read_card(folder).trained_on["epochs"] == 1
    left = {path.name for path in folder.iterdir()} - {"model.tflite"}
    assert left == {"card.json", "history.csv", "model.keras"}


def test_a_finished_run_is_not_resumed_and_stays_as_it_is(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("--epochs", "1") == 0
    before = (tmp_path / "net" / "history.csv").read_text()
    capsys.readouterr()
    assert run("--epochs", "1", "--resume") == 2
    assert "holds no interrupted run" in capsys.readouterr().err
    assert (tmp_path / "net" / "history.csv").read_text() == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        pytest.param(["--epochs", "4"], "epochs 3, not 4", id="epochs"),
        pytest.param(["--epochs", "3", "--seed", "9"], "seed 0, not 9", id="seed"),
        pytest.param(["--epochs", "3", "--limit", "3"], "had data", id="data"),
    ],
)
def test_a_run_is_not_resumed_with_other_settings(
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    named: str,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run("--epochs", "3") == 0
    capsys.readouterr()
    assert run(*options, "--resume") == 2
    assert named in capsys.readouterr().err


# --- bad input ---


def test_an_unknown_recipe_exits_with_2_and_one_sentence(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(recipe="cake") == 2
    err = capsys.readouterr().err
    assert err.startswith("There is no recipe 'cake'; there are ")
    assert err.count("\n") == 1
    assert not (tmp_path / "net").exists()


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
