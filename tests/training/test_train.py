"""Training runs through the command line, on a handful of faces that a program drew.

Apart from one run of the default recipe they train a network of a few weights, in a blink.
"""

import csv
import hashlib
import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers

from fer_core.__main__ import main
from fer_core.classification import EmotionClassifier
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.model_store import read_card
from fer_core.training import running
from fer_core.training.augmentation import flips_and_shifts
from fer_core.training.batches import FaceBatches, pixels
from fer_core.training.datasets import load_dataset
from fer_core.training.export_formats import FORMATS
from fer_core.training.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.recipe import FineTuning, Stage
from fer_core.training.recipes import RECIPES
from fer_core.training.run_files import RunFiles
from tests.conftest import takes_long
from tests.faces import gray_faces
from tests.fer2013 import VOTES_HEADER, face, row, rows, vote_row, votes_for, write_table
from tests.full_disk import full_disk
from tests.tiny_recipe import TINY, TINY_WITH_VOTES, tiny_network

# Keras 3.15 saves a TensorFlow variable by np.array(..., copy=False), which NumPy 2 warns of.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


DEFAULT_RECIPE = "tutorial-cnn-augmented"


@pytest.fixture(autouse=True)
def tiny_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    monkeypatch.setitem(RECIPES, "tiny-with-votes", TINY_WITH_VOTES)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """28 faces to train on, 14 for validation, 7 for the test."""
    return write_table(tmp_path_factory.mktemp("data") / "fer2013.csv", rows(28, 14, 7))


USAGES = ["Training"] * 28 + ["PublicTest"] * 14 + ["PrivateTest"] * 7


@pytest.fixture(scope="module")
def voted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same faces; the votes agree on the emotion after the label."""
    folder = tmp_path_factory.mktemp("voted")
    votes = [vote_row(usage, votes_for(voted_for(n % 7))) for n, usage in enumerate(USAGES)]
    write_table(folder / "fer2013new.csv", votes, VOTES_HEADER)
    return write_table(folder / "fer2013.csv", rows(28, 14, 7))


def voted_for(labels: Any) -> Any:
    """What the votes agree on in faces with these labels."""
    return (labels + 1) % 7


@pytest.fixture
def run(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs `train` into the folder `net`, without the export, which takes as long as a run."""

    def export_network(folder: Path, dataset: FaceDataset) -> Any:
        return SimpleNamespace(
            table=lambda: f"{folder.name} is checked on {len(dataset.test)} faces\n"
        )

    monkeypatch.setattr("fer_core.training.export.export_network", export_network)

    def train(*options: str, recipe: str = "tiny") -> int:
        paths = ["--data", str(table), "--output", str(tmp_path / "net")]
        try:
            return main(["train", "--recipe", recipe, *paths, *options])
        except SystemExit as ended:  # an interrupted run, whose network has been written
            return int(ended.code or 0)

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


def throw_away(*folders: Path) -> None:
    """Remove the networks in these folders, so that others can be trained there."""
    for folder in folders:
        shutil.rmtree(folder)


def contents(folder: Path) -> dict[Path, bytes | bool]:
    """Every file and folder below this one, with what the files hold."""
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


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
    assert card.trained_on["published"] == RECIPES[card.recipe].published
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

    monkeypatch.setattr(running, "FaceBatches", Batches)
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


# --- callbacks, channels and precision ---


def dropout_network(n_classes: int) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((48, 48, 3)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(6),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(n_classes, activation="softmax", dtype="float32"),
        ]
    )


def impatient() -> list[keras.callbacks.Callback]:
    """Lowers the learning rate after each epoch that is not better, stops after three of them."""
    return [
        keras.callbacks.ReduceLROnPlateau("val_accuracy", mode="max", factor=0.5, patience=1),
        keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=3),
    ]


RANDOM = replace(TINY, build=dropout_network, augment=flips_and_shifts, callbacks=impatient)


def test_a_resumed_run_ends_as_an_unbroken_one(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Order of images, augmentation, dropout, momentum and two learning rates are all at stake.
    monkeypatch.setitem(RECIPES, "tiny", RANDOM)
    folder = tmp_path / "net"
    measured = [0.5, 0.4, 0.3, 0.6]

    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, *measured)
        assert run("--epochs", "4") == 0
    unbroken, rates = weights(folder), [row["learning_rate"] for row in history(folder)]
    assert [float(rate) for rate in rates] == [0.5, 0.5, 0.25, 0.125]
    throw_away(folder)

    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=3)
        script_validation(patch, *measured[:2])
        assert run("--epochs", "4") == 130
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, *measured[2:])
        assert run("--epochs", "4", "--resume") == 0
    assert [row["learning_rate"] for row in history(folder)] == rates
    for expected, found in zip(unbroken, weights(folder), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


@takes_long
def test_patience_outlasts_an_interruption(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", RANDOM)
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=4)
        script_validation(patch, 0.5, 0.4, 0.3)
        assert run("--epochs", "9") == 130
    # The third epoch that is not better is the first after the interruption.
    script_validation(monkeypatch, 0.2, 0.9)
    assert run("--epochs", "9", "--resume") == 0
    assert accuracies(tmp_path / "net") == pytest.approx([0.5, 0.4, 0.3, 0.2])
    assert read_card(tmp_path / "net").trained_on["chosen_epoch"] == 1


def test_a_run_that_was_stopped_early_and_then_cut_off_gets_no_further_epoch(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", RANDOM)

    def cut_off(files: RunFiles, number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt
        begin(files, number)

    begin = RunFiles.begin_stage
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFiles, "begin_stage", cut_off)
        script_validation(patch, 0.5, 0.4, 0.3, 0.2)
        assert run("--epochs", "9") == 130
    script_validation(monkeypatch, 0.9)
    assert run("--epochs", "9", "--resume") == 0
    assert accuracies(tmp_path / "net") == pytest.approx([0.5, 0.4, 0.3, 0.2])
    trained_on = read_card(tmp_path / "net").trained_on
    assert (trained_on["epochs"], trained_on["finished"]) == (4, True)


def test_a_recipe_may_choose_the_epoch_by_its_loss(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", replace(TINY, chosen_by="val_loss"))
    measured = [(0.1, 2.0), (0.2, 1.0), (0.9, 3.0)]
    monkeypatch.setattr(
        keras.Model,
        "evaluate",
        lambda *_, **__: dict(zip(("accuracy", "loss"), measured.pop(0), strict=True)),
    )
    assert run("--epochs", "3") == 0
    trained_on = read_card(tmp_path / "net").trained_on
    assert (trained_on["chosen_epoch"], trained_on["chosen_by"]) == (2, "validation loss, 1.0000")


def test_a_run_ends_with_the_first_epoch_whose_loss_is_no_number(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The second of an epoch's two steps is from weights that the first one has blown up.
    exploding = replace(TINY, optimizer=lambda _n_steps: keras.optimizers.SGD(float("inf")))
    monkeypatch.setitem(RECIPES, "tiny", exploding)
    assert run("--epochs", "3") == 2
    assert capsys.readouterr().err == (
        "The loss of epoch 1 is nan, so training ends here; try another --seed, or a recipe with "
        "a lower learning rate, in another folder.\n"
    )
    assert not {"model.keras", "card.json"} & set(files(tmp_path / "net"))


def test_a_validation_loss_that_is_no_number_ends_the_run_before_the_epoch_counts(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    measured = [1.0, float("nan")]
    monkeypatch.setattr(
        keras.Model, "evaluate", lambda *_, **__: {"accuracy": 0.5, "loss": measured.pop(0)}
    )
    assert run("--epochs", "3") == 2
    assert capsys.readouterr().err.startswith("The validation loss of epoch 2 is nan, so training")
    assert epochs(tmp_path / "net") == [0]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_network_trained_in_half_precision_is_written_in_float32(
    run: Callable[..., int],
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
) -> None:
    monkeypatch.setattr("fer_core.training.train.fastest_policy", lambda: policy)
    monkeypatch.setitem(RECIPES, "tiny", replace(RANDOM, build=tiny_network, augment=None))
    assert run("--epochs", "8") == 0
    folder = tmp_path / "net"
    network: Any = keras.models.load_model(folder / "model.keras")
    assert {layer.dtype_policy.name for layer in network.layers} == {"float32"}
    assert {w.dtype for w in weights(folder)} == {np.dtype(np.float32)}
    assert max(accuracies(folder)) > 0.5
    assert validation_accuracy(table, folder) == pytest.approx(max(accuracies(folder)), abs=0.1)
    assert read_card(folder).trained_on["precision"] == policy
    assert keras.config.dtype_policy().name == "float32"


# --- fine-tuning in stages ---


def network_on_backbone(n_classes: int) -> keras.Model:
    backbone = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(2, 3, name="lower"),
            layers.BatchNormalization(name="normal"),
            layers.Conv2D(3, 3, name="upper"),
        ],
        name="backbone",
    )
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.AveragePooling2D(6),
            layers.Rescaling(1 / 255),
            backbone,
            layers.Flatten(),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


def sevens(backbone: keras.Model, source: str) -> None:
    """Stands for pre-trained weights: every one of them is a hundredth of `source`."""
    backbone.set_weights([np.full_like(w, int(source) / 100) for w in backbone.get_weights()])


def stage(epochs: int, learns_from: str | None, rate: float = 0.1) -> Stage:
    return Stage(lambda _n_steps: keras.optimizers.SGD(rate), epochs, learns_from)


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe `tiny`, in three stages of two epochs each."""
    stages = (stage(2, None), stage(2, "upper", 0.01), stage(2, "normal", 0.001))
    recipe = replace(
        TINY,
        epochs=6,
        build=network_on_backbone,
        callbacks=impatient,
        fine_tuning=FineTuning("backbone", sevens, stages),
    )
    monkeypatch.setitem(RECIPES, "tiny", recipe)


def learned(folder: Path) -> set[str]:
    """The backbone's layers whose weights are no longer those of `sevens`, and the head."""
    network: Any = keras.models.load_model(folder / "model.keras")
    backbone = network.get_layer("backbone").layers
    return {
        layer.name
        for layer in backbone
        if any((np.asarray(w) != np.float32(0.07)).any() for w in layer.get_weights())
    }


@pytest.mark.usefixtures("staged")
@pytest.mark.parametrize(
    ("epochs_run", "learning"),
    [
        pytest.param(1, set(), id="half of the first stage"),
        pytest.param(3, {"upper"}, id="one and a half"),
        pytest.param(6, {"upper", "normal"}, id="all; what lies below never learns"),
    ],
)
def test_stages_free_layers_from_the_top_down(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    epochs_run: int,
    learning: set[str],
) -> None:
    script_validation(monkeypatch, *[0.1 + 0.1 * n for n in range(6)])
    assert run("--weights", "7", "--epochs", str(epochs_run)) == 0
    assert learned(tmp_path / "net") == learning
    assert len(epochs(tmp_path / "net")) == epochs_run
    assert read_card(tmp_path / "net").trained_on["pretrained"] == "7"
    rates = [float(row["learning_rate"]) for row in history(tmp_path / "net")]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001][:epochs_run])


@pytest.mark.usefixtures("staged")
def test_a_stage_begins_with_the_best_epoch_so_far(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script_validation(monkeypatch, 0.9, 0.8, 0.7)
    assert run("--weights", "7", "--epochs", "3") == 0
    kept = weights(tmp_path / "net")
    throw_away(tmp_path / "net")
    script_validation(monkeypatch, 0.9)
    assert run("--weights", "7", "--epochs", "1") == 0
    assert same(kept, weights(tmp_path / "net"))


@takes_long
@pytest.mark.usefixtures("staged")
def test_a_run_in_stages_resumes_in_the_stage_in_which_it_was_interrupted(
    run: Callable[..., int], tmp_path: Path
) -> None:
    measured = [0.1, 0.2, 0.3, 0.4]
    folder = tmp_path / "net"
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, *measured)
        assert run("--weights", "7", "--epochs", "4") == 0
    unbroken = weights(folder)
    throw_away(folder)
    for epoch in (2, 3, 4):  # in the middle of a stage, at the beginning of one, in its middle
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, epoch=epoch)
            script_validation(patch, *measured[max(epoch - 2, 0) :])
            # Resumed weights are those of the backup: the file they came from may be gone.
            options = ("--weights", "7") if epoch == 2 else ("--weights", "gone", "--resume")
            assert run("--epochs", "4", *options) == 130
        assert epochs(folder) == list(range(epoch - 1))
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, measured[3])
        assert run("--weights", "gone", "--epochs", "4", "--resume") == 0
    assert epochs(folder) == [0, 1, 2, 3]
    assert read_card(folder).trained_on["pretrained"] == "7"
    for expected, found in zip(unbroken, weights(folder), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.usefixtures("staged")
def test_a_run_interrupted_in_its_first_epoch_resumes_from_its_pre_trained_weights(
    run: Callable[..., int], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=1)
        assert run("--weights", "7", "--epochs", "1") == 130
    assert run("--epochs", "1", "--resume") == 0
    assert learned(tmp_path / "net") == set()
    assert read_card(tmp_path / "net").trained_on["pretrained"] == "7"


@pytest.mark.usefixtures("staged")
@pytest.mark.parametrize(("before", "now"), [("none", "7"), ("7", "none")])
def test_a_run_is_not_resumed_with_pre_trained_weights_instead_of_none_or_the_other_way_round(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], before: str, now: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run("--weights", before) == 130
    capsys.readouterr()
    assert run("--weights", now, "--resume") == 2
    assert f"had weights {before}, not {now};" in capsys.readouterr().err


@pytest.mark.usefixtures("staged")
def test_without_pre_trained_weights_nothing_is_held_still(
    run: Callable[..., int], tmp_path: Path
) -> None:
    assert run("--weights", "none", "--epochs", "1") == 0
    assert learned(tmp_path / "net") == {"lower", "normal", "upper"}
    assert read_card(tmp_path / "net").trained_on["pretrained"] == "none"


# --- a stage after the first ---


@pytest.fixture
def in_two_stages(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The recipe `tiny` in two epochs and two more at a lower rate, with that much mixup."""

    def set_mixup(mixup: float) -> None:
        lower = replace(stage(2, None, rate=0.1), mixup=mixup)
        recipe = replace(TINY, epochs=4, then=(lower,), callbacks=impatient)
        monkeypatch.setitem(RECIPES, "tiny", recipe)

    return set_mixup


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        pytest.param([], [0.5, 0.5, 0.1, 0.1], id="all"),
        pytest.param(["--epochs", "3"], [0.5, 0.5, 0.1], id="the second stage is cut short"),
        pytest.param(["--epochs", "1"], [0.5], id="the first stage is cut short"),
    ],
)
def test_a_second_stage_follows_the_first_one_with_its_own_rate(
    run: Callable[..., int],
    tmp_path: Path,
    in_two_stages: Callable[[float], None],
    options: list[str],
    rates: list[float],
) -> None:
    in_two_stages(0.0)
    assert run(*options) == 0
    assert epochs(tmp_path / "net") == list(range(len(rates)))
    found = [float(row["learning_rate"]) for row in history(tmp_path / "net")]
    assert found == pytest.approx(rates)


def test_stages_have_no_more_epochs_than_their_recipe(
    run: Callable[..., int],
    tmp_path: Path,
    in_two_stages: Callable[[float], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    in_two_stages(0.0)
    assert run("--epochs", "5") == 2
    said = capsys.readouterr().err
    assert "trains in stages, 4 epochs in all; --epochs can end it earlier, not later" in said
    assert not (tmp_path / "net").exists()


@takes_long
def test_a_stage_with_mixup_trains_on_blended_targets_and_those_before_it_do_not(
    run: Callable[..., int],
    tmp_path: Path,
    in_two_stages: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script_validation(monkeypatch, *[0.1 + 0.01 * n for n in range(18)])

    def trained(epochs_run: int, mixup: float) -> list[npt.NDArray[np.float32]]:
        in_two_stages(mixup)
        assert run("--epochs", str(epochs_run)) == 0
        found = weights(tmp_path / "net")
        throw_away(tmp_path / "net")
        return found

    assert same(trained(2, 0.3), trained(2, 0.0))
    assert not same(trained(3, 0.3), trained(3, 0.0))
    assert same(trained(4, 0.3), trained(4, 0.3))


@takes_long
def test_a_stage_with_mixup_resumes_as_if_it_had_not_been_interrupted(
    run: Callable[..., int],
    tmp_path: Path,
    in_two_stages: Callable[[float], None],
) -> None:
    in_two_stages(0.3)
    measured = [0.1, 0.2, 0.3, 0.4]
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, *measured)
        assert run() == 0
    unbroken = weights(tmp_path / "net")
    throw_away(tmp_path / "net")
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=4)
        script_validation(patch, *measured)
        assert run() == 130
    assert epochs(tmp_path / "net") == [0, 1, 2]
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, measured[3])
        assert run("--resume") == 0
    assert epochs(tmp_path / "net") == [0, 1, 2, 3]
    for expected, found in zip(unbroken, weights(tmp_path / "net"), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


# --- a network by labels and one by votes ---


def learn_votes(run: Callable[..., int], data: Path, *options: str) -> int:
    return run("--data", str(data), *options, recipe="tiny-with-votes")


def test_labels_and_votes_make_a_network_each(
    run: Callable[..., int], voted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert learn_votes(run, voted, "--epochs", "12") == 0
    said = capsys.readouterr().out
    folders = [tmp_path / "net", tmp_path / "net-ferplus"]
    faces = load_dataset(voted).validation
    for folder, labels, right in zip(
        folders, ("FER2013", "FER+"), (faces.labels, voted_for(faces.labels)), strict=True
    ):
        assert files(folder) == ["card.json", "history.csv", "model.keras"]
        card = read_card(folder)
        assert (card.name, card.trained_on["labels"]) == (folder.name, labels)
        assert card.n_parameters == 8 * 8 * 7 + 7  # its own head alone
        answers = EmotionClassifier.load(folder, runtime="keras").probabilities(faces.images)
        np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)
        assert (answers.argmax(axis=1) == right).mean() > 0.8
        assert f"{folder}: mean of validation accuracy by labels and by votes, " in said
    assert history(folders[0]) == history(folders[1])
    cards = [read_card(folder).trained_on for folder in folders]
    own = {"labels", "temperature"}
    same_for_both, also = ({k: v for k, v in c.items() if k not in own} for c in cards)
    assert same_for_both == also


def test_each_network_is_calibrated_by_its_own_labels(
    run: Callable[..., int], voted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[float, list[int]] = {}

    def give(_network: object, faces: LabeledFaces) -> float:
        temperature = 1.5 + len(seen)
        seen[temperature] = faces.labels.tolist()
        return temperature

    monkeypatch.setattr("fer_core.training.train.give_temperature", give)
    assert learn_votes(run, voted, "--epochs", "1") == 0
    labels = load_dataset(voted).validation.labels
    by_labels, by_votes = (
        seen[read_card(folder).trained_on["temperature"]]
        for folder in (tmp_path / "net", tmp_path / "net-ferplus")
    )
    assert by_labels == labels.tolist()
    assert by_votes == voted_for(labels).tolist()


def test_a_network_of_one_label_set_says_which(run: Callable[..., int], tmp_path: Path) -> None:
    assert run("--epochs", "1") == 0
    assert read_card(tmp_path / "net").trained_on["labels"] == "FER2013"
    assert not (tmp_path / "net-ferplus").exists()


@takes_long
def test_faces_that_nobody_was_asked_about_teach_their_label_alone(
    run: Callable[..., int], voted: Path, tmp_path: Path
) -> None:
    # Of each emotion half of the faces have votes, and half of the others none that it can answer.
    kinds = ["0,0,0,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,4,3,3"]
    votes = [
        vote_row(usage, votes_for(voted_for(n % 7)) if n // 7 % 2 else kinds[n % 2])
        for n, usage in enumerate(USAGES)
    ]
    write_table(tmp_path / "fer2013new.csv", votes, VOTES_HEADER)
    write_table(tmp_path / "fer2013.csv", rows(28, 14, 7))
    assert learn_votes(run, tmp_path / "fer2013.csv", "--epochs", "20") == 0
    faces = load_dataset(voted).validation
    network = EmotionClassifier.load(tmp_path / "net-ferplus", runtime="keras")
    answers = network.probabilities(faces.images)
    assert (answers.argmax(axis=1) == voted_for(faces.labels)).mean() > 0.8
    assert np.isfinite([float(row["loss"]) for row in history(tmp_path / "net")]).all()


def test_balanced_classes_leave_the_votes_as_they_count(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [*rows(28, 14, 7), *[row(3) for _ in range(20)]]
    write_table(tmp_path / "fer2013.csv", lines)
    votes = [vote_row(line.rsplit(",", 1)[1], votes_for(0)) for line in lines]
    write_table(tmp_path / "fer2013new.csv", votes, VOTES_HEADER)
    counted: list[npt.NDArray[np.float32]] = []

    class Batches(FaceBatches):
        def __getitem__(self, index: int) -> Any:
            images, targets, weights = super().__getitem__(index)
            counted.extend(weights[targets[:, 0, 3] == 1])
            return images, targets, weights

    monkeypatch.setattr(running, "FaceBatches", Batches)
    data = tmp_path / "fer2013.csv"
    assert learn_votes(run, data, "--epochs", "1", "--balanced") == 0
    # 24 of 48 faces are happy by their labels: on average a class has 48 / 7.
    by_labels, by_votes = np.transpose(counted)
    assert set(by_labels.round(4)) == {np.float32(round(48 / 7 / 24, 4)), 1}
    assert set(by_votes) == {1}


# --- what other networks answer ---


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> list[npt.NDArray[np.float32]]:
    """The targets `(n, ...)` of each batch that training asks for."""
    targets: list[npt.NDArray[np.float32]] = []

    class Batches(FaceBatches):
        def __getitem__(self, index: int) -> Any:
            batch = super().__getitem__(index)
            targets.append(batch[1].copy())
            return batch

    monkeypatch.setattr(running, "FaceBatches", Batches)
    return targets


def test_half_of_what_is_learned_is_what_the_teachers_answer(
    run: Callable[..., int], tmp_path: Path, answering: list[npt.NDArray[np.float32]]
) -> None:
    assert run("--epochs", "1") == 0
    (tmp_path / "net").rename(tmp_path / "teacher")
    teacher = EmotionClassifier.load(tmp_path / "teacher", runtime="keras")
    assert read_card(tmp_path / "teacher").trained_on["teachers"] == []
    answering.clear()
    assert run("--epochs", "1", "--teachers", str(tmp_path / "teacher")) == 0
    assert read_card(tmp_path / "net").trained_on["teachers"] == [f"net {teacher.version}"]
    assert set(np.unique(answering[-1])) == {0, 1}  # the network is chosen by the labels alone
    learned = np.concatenate(answering[:2])
    assert learned.min() > 0
    assert ((learned.max(axis=1) > 0.5) & (learned.max(axis=1) < 1)).all()
    np.testing.assert_allclose(learned.sum(axis=1), 1, atol=1e-6)


def test_a_teacher_teaches_the_labels_that_it_learned_itself(
    run: Callable[..., int],
    voted: Path,
    tmp_path: Path,
    answering: list[npt.NDArray[np.float32]],
) -> None:
    assert learn_votes(run, voted, "--epochs", "1") == 0
    for name in ("net", "net-ferplus"):
        (tmp_path / name).rename(tmp_path / f"{name}-teacher")
    answering.clear()
    by_votes = str(tmp_path / "net-ferplus-teacher")
    assert learn_votes(run, voted, "--epochs", "1", "--teachers", by_votes) == 0
    labels, votes = np.concatenate(answering[:2]).transpose(1, 0, 2)
    assert len(labels) == 28
    assert (labels.max(axis=1) == 1).all()
    assert (votes.max(axis=1) < 1).all()
    throw_away(tmp_path / "net", tmp_path / "net-ferplus")
    answering.clear()
    both = ["--teachers", str(tmp_path / "net-teacher"), by_votes]
    assert learn_votes(run, voted, "--epochs", "1", *both) == 0
    assert (np.concatenate(answering[:2]).max(axis=2) < 1).all()
    for name in ("net", "net-ferplus"):
        names = [text.split()[0] for text in read_card(tmp_path / name).trained_on["teachers"]]
        assert names == ["net", "net-ferplus"]


def test_a_run_is_not_resumed_with_other_teachers(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--epochs", "1") == 0
    (tmp_path / "net").rename(tmp_path / "teacher")
    taught = ["--teachers", str(tmp_path / "teacher")]
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run(*taught) == 130
    capsys.readouterr()
    assert run("--resume") == 2
    assert "had teachers net " in capsys.readouterr().err
    assert run(*taught, "--resume") == 0


@pytest.mark.parametrize(
    ("teacher", "sentence"),
    [
        pytest.param("of-votes", "answers by FER+'s votes, which the recipe 'tiny'", id="votes"),
        pytest.param("of-others", "not trained on the training split of FER2013", id="faces"),
        pytest.param("nobody", "nobody", id="none"),
    ],
)
def test_who_cannot_teach_is_refused_before_the_run(
    run: Callable[..., int],
    voted: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    teacher: str,
    sentence: str,
) -> None:
    assert learn_votes(run, voted, "--epochs", "1") == 0
    (tmp_path / "net-ferplus").rename(tmp_path / "of-votes")
    throw_away(tmp_path / "net")
    other = write_table(tmp_path / "other.csv", rows(35, 14, 7))
    assert run("--data", str(other), "--epochs", "1") == 0
    (tmp_path / "net").rename(tmp_path / "of-others")
    capsys.readouterr()
    assert run("--data", str(voted), "--teachers", str(tmp_path / teacher)) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert not (tmp_path / "net").exists()


@takes_long
def test_a_run_that_learns_votes_resumes_and_ends_as_an_unbroken_one(
    run: Callable[..., int], voted: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / "net", tmp_path / "net-ferplus"]
    assert learn_votes(run, voted, "--epochs", "4") == 0
    unbroken = [weights(folder) for folder in folders]
    throw_away(*folders)
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=3)
        assert learn_votes(run, voted, "--epochs", "4") == 130
    for folder in folders:  # both are there, and neither looks finished
        assert {"card.json", "history.csv", "model.keras"} <= set(files(folder))
        assert epochs(folder) == [0, 1]
        assert read_card(folder).trained_on["finished"] is False
        (folder / "model.tflite").touch()
    assert learn_votes(run, voted, "--epochs", "4", "--resume") == 0
    for folder, expected in zip(folders, unbroken, strict=True):
        assert files(folder) == ["card.json", "history.csv", "model.keras"]
        assert epochs(folder) == [0, 1, 2, 3]
        assert read_card(folder).trained_on["finished"] is True
        for was, found in zip(expected, weights(folder), strict=True):
            np.testing.assert_allclose(found, was, atol=1e-6)


def test_a_run_cut_off_between_its_networks_is_resumed_where_all_epochs_are_done(
    run: Callable[..., int], voted: Path, tmp_path: Path
) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_core.training.train.shutil.copyfile", cut_off)
        assert learn_votes(run, voted, "--epochs", "2") == 130
    shutil.rmtree(tmp_path / "net-ferplus")
    assert learn_votes(run, voted, "--epochs", "2", "--resume") == 0
    for folder in (tmp_path / "net", tmp_path / "net-ferplus"):
        assert files(folder) == ["card.json", "history.csv", "model.keras"]
        assert read_card(folder).trained_on["epochs"] == 2


@pytest.mark.parametrize("name", ["card.json", "evaluation", ".backup"])
def test_what_the_second_folder_holds_is_not_replaced_either(
    run: Callable[..., int],
    voted: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    kept = tmp_path / "net-ferplus" / name
    kept.parent.mkdir()
    kept.write_text("of somebody")
    assert learn_votes(run, voted) == 2
    assert capsys.readouterr() == (
        "",
        f"{kept} is there already; name another folder to train in.\n",
    )
    assert contents(tmp_path) == {kept.parent: False, kept: b"of somebody"}


def test_the_second_folder_stands_beside_the_folder_that_one_is_in(
    run: Callable[..., int], voted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert learn_votes(run, voted, "--epochs", "1", "--output", ".") == 0
    cards = [read_card(tmp_path / name) for name in ("here", "here-ferplus")]
    assert [card.name for card in cards] == ["here", "here-ferplus"]


@pytest.mark.parametrize(
    ("votes", "sentence"),
    [
        pytest.param(
            None,
            "FER2013 comes without FER+'s votes, by which the network answers: put fer2013new.csv "
            "beside fer2013.csv.\n",
            id="no votes",
        ),
        pytest.param(
            "0,0,0,0,0,0,0,9,1,0",
            "FER+'s votes agree on none of FER2013's validation faces, so the network that answers "
            "by them cannot be calibrated.\n",
            id="contempt alone",
        ),
    ],
)
@pytest.mark.parametrize("resume", [False, True])
def test_without_votes_nothing_is_written_and_an_interrupted_run_stays(
    run: Callable[..., int],
    voted: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    votes: str | None,
    sentence: str,
    resume: bool,
) -> None:
    if resume:
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, epoch=2)
            assert learn_votes(run, voted) == 130
    (tmp_path / "data").mkdir()
    data = write_table(tmp_path / "data" / "fer2013.csv", rows(28, 14, 7))
    if votes:
        lines = [vote_row(usage, votes) for usage in USAGES]
        write_table(data.parent / "fer2013new.csv", lines, VOTES_HEADER)
    before = contents(tmp_path)
    capsys.readouterr()
    assert learn_votes(run, data, *["--resume"] * resume) == 2
    assert capsys.readouterr() == ("", sentence)
    assert contents(tmp_path) == before


def test_a_file_in_the_second_folders_place_is_found_before_the_run(
    run: Callable[..., int], voted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net-ferplus").write_text("a file")
    assert learn_votes(run, voted, "--epochs", "1") == 2
    assert capsys.readouterr().err == (
        f"{tmp_path / 'net-ferplus'} cannot be made a folder: File exists.\n"
    )
    assert (tmp_path / "net-ferplus").read_text() == "a file"
    assert not (tmp_path / "net" / "history.csv").exists()


@takes_long
def test_both_networks_are_exported_and_checked_on_faces(
    voted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--recipe", "tiny-with-votes", "--output", str(tmp_path / "net"), "--epochs", "1"]
    assert main(["train", "--data", str(voted), *options]) == 0
    checks = [line for line in capsys.readouterr().out.splitlines() if "checked on" in line]
    n_test = len(load_dataset(voted).test)
    assert [check.split(maxsplit=2)[2] for check in checks] == [
        f"{n_test} test faces of FER2013",
        f"{n_test} test faces of FER2013, by FER+'s majority",
    ]
    answers = []
    for folder in (tmp_path / "net", tmp_path / "net-ferplus"):
        served = EmotionClassifier.load(folder).probabilities(gray_faces(3))
        source = EmotionClassifier.load(folder, runtime="keras").probabilities(gray_faces(3))
        np.testing.assert_allclose(served, source, atol=1e-4)
        answers.append(served)
    by_labels, by_votes = answers
    assert not np.allclose(by_labels, by_votes, atol=1e-3)


def test_the_check_of_the_export_is_on_test_faces_and_printed(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--epochs", "1") == 0
    assert capsys.readouterr().out.endswith("net is checked on 7 faces\n")


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
        assert run("--epochs", "4") == 130
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


def test_an_interrupted_run_does_not_look_like_a_finished_one(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=3)
        assert run("--epochs", "4") == 130
    sentence = "Interrupted after epoch 2 of 4; go on with --resume.\n"
    assert capsys.readouterr().err.endswith(sentence)
    assert read_card(tmp_path / "net").trained_on["finished"] is False
    assert run("--epochs", "4", "--resume") == 0
    assert "Interrupted" not in capsys.readouterr().err
    assert read_card(tmp_path / "net").trained_on["finished"] is True


def test_a_run_can_be_resumed_again_and_again_and_goes_on_with_its_weights(
    run: Callable[..., int], tmp_path: Path
) -> None:
    folder = tmp_path / "net"
    for epoch, resume in ((2, []), (3, ["--resume"])):
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, epoch=epoch)
            assert run("--epochs", "3", *resume) == 130
        assert epochs(folder) == list(range(epoch - 1))
    assert run("--epochs", "3", "--resume") == 0
    assert epochs(folder) == [0, 1, 2]
    losses = [float(row["loss"]) for row in history(folder)]
    assert losses == sorted(losses, reverse=True), "an epoch began with fresh weights"


def cut_off(patch: pytest.MonkeyPatch, *, while_writing: str, epoch: int) -> None:
    """Ctrl-C between an epoch's weights and its row in the history, or amid its weights."""
    if while_writing == "history":

        def on_epoch_end(self: Any, number: int, logs: object = None) -> None:
            if number + 1 == epoch:
                raise KeyboardInterrupt
            original(self, number, logs)

        original = keras.callbacks.CSVLogger.on_epoch_end
        patch.setattr(keras.callbacks.CSVLogger, "on_epoch_end", on_epoch_end)
        return
    n_written = 0

    def write_bytes(path: Path, content: bytes) -> int:
        nonlocal n_written
        n_written += 1
        if n_written == epoch:
            write(path, content[:1000])
            raise KeyboardInterrupt
        return write(path, content)

    write = Path.write_bytes
    patch.setattr(Path, "write_bytes", write_bytes)


@pytest.mark.parametrize("while_writing", ["history", "weights"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_an_epoch_that_was_cut_off_while_it_was_written_is_trained_anew(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    while_writing: str,
    epoch: int,
) -> None:
    folder = tmp_path / "net"
    script_validation(monkeypatch, 0.5, 0.4)
    assert run("--epochs", "2") == 0
    best = weights(folder)
    throw_away(folder)
    measured = [0.5, 0.4, 0.9][:epoch]
    with pytest.MonkeyPatch.context() as patch:
        cut_off(patch, while_writing=while_writing, epoch=epoch)
        script_validation(patch, *measured)
        assert run("--epochs", "4") == 130
    assert epochs(folder) == list(range(epoch - 1))
    if epoch > 1:  # what was never counted is not kept
        assert same(weights(folder), best)
    # What was best is not remembered from the epoch that was cut off.
    script_validation(monkeypatch, *[0.5, 0.4, 0.3, 0.2][epoch - 1 :])
    assert run("--epochs", "4", "--resume") == 0
    assert accuracies(folder) == pytest.approx([0.5, 0.4, 0.3, 0.2])
    assert read_card(folder).trained_on["chosen_epoch"] == 1
    assert same(weights(folder), best)


@pytest.mark.parametrize("content", [b"", b'{"recipe": "ti', b"\xff"])
def test_a_run_whose_notes_are_damaged_is_not_resumed(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=1)
        assert run() == 130
    (tmp_path / "net" / ".backup" / "run.json").write_bytes(content)
    capsys.readouterr()
    assert run("--resume") == 2
    assert capsys.readouterr().err == (
        f"The interrupted run's notes in {tmp_path / 'net' / '.backup'} are damaged; start anew in "
        "another folder.\n"
    )


def test_a_run_whose_weights_are_gone_is_not_resumed(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run() == 130
    (tmp_path / "net" / ".backup" / "epoch-0.weights.h5").unlink()
    capsys.readouterr()
    assert run("--resume") == 2
    assert "are damaged; start anew in another folder" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_once_there_is_room(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with full_disk(4096):  # the notes and the history are smaller, the weights are not
        assert run("--epochs", "2") == 2
    path = tmp_path / "net" / ".backup" / "epoch-0.weights.h5"
    assert capsys.readouterr().err == (
        f"{path} cannot be written: File too large; once it can, --resume goes on with epoch 1.\n"
    )
    assert run("--epochs", "2", "--resume") == 0
    assert epochs(tmp_path / "net") == [0, 1]


def test_a_run_keeps_the_weights_of_its_best_and_its_last_epoch_alone(
    run: Callable[..., int], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=5)
        script_validation(patch, 0.5, 0.9, 0.4, 0.3)
        assert run("--epochs", "5") == 130
    # The last but one goes when the next is written.
    kept = {"epoch-1.weights.h5", "epoch-2.weights.h5", "epoch-3.weights.h5"}
    assert {path.name for path in (tmp_path / "net" / ".backup").glob("epoch-*")} == kept


def test_an_interrupted_run_closes_its_history(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted = interrupt(monkeypatch, epoch=2)
    script_validation(monkeypatch, 0.5)
    assert run() == 130
    assert [logger.csv_file.closed for logger in interrupted] == [True]


@pytest.mark.parametrize("epoch", [1, 3])
def test_without_resume_an_interrupted_run_is_not_lost(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], epoch: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=epoch)
        assert run("--epochs", "3") == 130
    before = contents(tmp_path)
    capsys.readouterr()
    assert run("--epochs", "3") == 2
    assert capsys.readouterr() == (
        "",
        f"{tmp_path / 'net'} holds an interrupted run; --resume goes on with it, or name another "
        "folder.\n",
    )
    assert contents(tmp_path) == before
    assert run("--epochs", "3", "--resume") == 0
    assert epochs(tmp_path / "net") == [0, 1, 2]


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


def test_other_files_in_the_folder_stay_beside_the_network(
    run: Callable[..., int], tmp_path: Path
) -> None:
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "notes.txt").write_text("of somebody")
    assert run("--epochs", "1") == 0
    assert files(tmp_path / "net") == ["card.json", "history.csv", "model.keras", "notes.txt"]


@takes_long
def test_nothing_made_from_an_interrupted_runs_network_is_left_beside_the_finished_one(
    run: Callable[..., int], tmp_path: Path
) -> None:
    folder = tmp_path / "net"
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run("--epochs", "2") == 130
    for export_format in FORMATS.values():
        for name in export_format.files:
            (folder / name).touch()
    (folder / "evaluation").mkdir()
    assert run("--epochs", "2", "--resume") == 0
    assert files(folder) == ["card.json", "history.csv", "model.keras"]


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
        pytest.param(
            ["--epochs", "3", "--limit", "3"],
            "had other data, another split or another --limit; resume",
            id="data",
        ),
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
        assert run("--epochs", "3") == 130
    capsys.readouterr()
    assert run(*options, "--resume") == 2
    assert named in capsys.readouterr().err


def test_a_run_is_not_resumed_with_other_faces_to_choose_by(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run() == 130
    other = write_table(tmp_path / "other.csv", [*rows(28, 14, 7), row(3, "PublicTest")])
    before = contents(tmp_path)
    capsys.readouterr()
    assert run("--data", str(other), "--resume") == 2
    assert "had other data, another split or" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_a_run_that_learns_votes_is_not_resumed_with_others(
    run: Callable[..., int], voted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert learn_votes(run, voted) == 130
    votes = [vote_row(usage, votes_for(n % 7)) for n, usage in enumerate(USAGES)]
    write_table(tmp_path / "fer2013new.csv", votes, VOTES_HEADER)
    other = write_table(tmp_path / "fer2013.csv", rows(28, 14, 7))
    capsys.readouterr()
    assert learn_votes(run, other, "--resume") == 2
    assert "had other data, another split or" in capsys.readouterr().err


def test_a_run_that_an_earlier_version_began_is_resumed(
    run: Callable[..., int], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run() == 130
    notes = tmp_path / "net" / ".backup" / "run.json"
    noted = json.loads(notes.read_text())
    del noted["validation"]
    notes.write_text(json.dumps(noted))
    assert run("--resume") == 0
    assert epochs(tmp_path / "net") == [0, 1, 2]


# --- bad input ---


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
