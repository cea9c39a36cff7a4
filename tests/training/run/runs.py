"""Interrupts training runs and looks at what they left."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from fer_core.training.data.batches import pixels
from fer_core.training.data.datasets import load_dataset

USAGES = ["Training"] * 28 + ["PublicTest"] * 14 + ["PrivateTest"] * 7


def voted_for(labels: Any) -> Any:
    """The labels on which the votes agree in faces with these labels."""
    return (labels + 1) % 7


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
    """Remove the models in these folders, so that others can be trained there."""
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
    """Share of the table's validation faces that the saved model gets right."""
    faces = load_dataset(table).validation
    network: Any = keras.models.load_model(folder / "model.keras")
    predictions = keras.ops.convert_to_numpy(network(pixels(faces), training=False)).argmax(axis=1)
    return float((predictions == faces.labels).mean())


def learn_votes(run: Callable[..., int], data: Path, *options: str) -> int:
    return run("--data", str(data), *options, recipe="tiny-with-votes")
