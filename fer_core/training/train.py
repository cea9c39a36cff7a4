"""One training run: a recipe and a data set in, a network's folder out."""

import csv
import datetime
import importlib.metadata
import json
import platform
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_core.errors import OutputError
from fer_core.model_store import InputShape, ModelCard, write_card
from fer_core.training.datasets import FaceDataset, LabeledFaces
from fer_core.training.recipes import Recipe

BACKUP, BEST, HISTORY = ".backup", ".best.weights.h5", "history.csv"
"""In a network's folder: where an interrupted run goes on, its best weights, its epochs."""


def train(
    recipe: Recipe,
    dataset: FaceDataset,
    output: Path,
    *,
    epochs: int | None = None,
    seed: int = 0,
    resume: bool = False,
) -> ModelCard:
    """Train a network and write `model.keras`, `card.json` and `history.csv` to its folder.

    The weights kept are those of the epoch with the best accuracy on `dataset.validation`.

    Args:
        recipe: What to train and how.
        dataset: Faces and labels.
        output: Folder of the new network, whose name becomes the network's. Made if need be;
            what an earlier run left there is replaced.
        epochs: Instead of the recipe's own number.
        seed: For the first weights, the order of images and their augmentation.
        resume: Go on after the last full epoch of an interrupted run in the same folder.

    Raises:
        OutputError: The folder cannot be made; or there is nothing to resume in it, or only a run
            of other settings.
        KeyboardInterrupt: Ctrl-C before the first epoch was over. Later, Ctrl-C ends the run
            with the best epoch so far, and `resume` can still take it up.
    """
    epochs = epochs or recipe.epochs
    _prepare(output, _settings(recipe, dataset, seed, epochs), resume)
    keras.utils.set_random_seed(seed)
    network = recipe.build(len(dataset.emotions))
    n_steps = epochs * -(-len(dataset.train) // recipe.batch_size)
    trainer = _trainer(recipe, network, n_steps)
    finished = _fit(trainer, dataset, output, recipe.batch_size, epochs)
    trainer.load_weights(output / BEST)
    network.save(output / "model.keras")
    if finished:
        (output / BEST).unlink()
        shutil.rmtree(output / BACKUP, ignore_errors=True)  # Keras removes it too, or its content
    card = ModelCard(
        name=output.resolve().name,
        labels=dataset.emotions,
        input=InputShape(*network.input_shape[1:]),
        recipe=recipe.name,
        n_parameters=network.count_params(),
        trained_on=_provenance(dataset, output / HISTORY, seed),
    )
    write_card(card, output)
    return card


def pixels(faces: LabeledFaces) -> npt.NDArray[np.float32]:
    """What a network with one channel takes: float32 of shape `(N, 48, 48, 1)`, 0..255."""
    return faces.images[..., np.newaxis].astype(np.float32)


def _settings(recipe: Recipe, dataset: FaceDataset, seed: int, epochs: int) -> dict[str, str]:
    """What a run must have in common with the one that it resumes."""
    data = dataset.fingerprint()
    return {"recipe": recipe.name, "data": data, "seed": str(seed), "epochs": str(epochs)}


def _prepare(output: Path, settings: dict[str, str], resume: bool) -> None:
    """Make the folder ready for a new run, or make sure that its interrupted one can go on."""
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output} cannot be made a folder: {error.strerror}.") from error
    noted = output / BACKUP / "run.json"
    if resume:
        _check_same_run(noted, settings)
        return
    _clear(output)
    noted.parent.mkdir()
    noted.write_text(json.dumps(settings), encoding="utf-8")


def _clear(output: Path) -> None:
    """Remove what an earlier run left, so that nothing of it is taken for the new network's."""
    for folder in (BACKUP, "evaluation"):
        shutil.rmtree(output / folder, ignore_errors=True)
    for file in (BEST, HISTORY, "model.keras", "model.tflite", "card.json"):
        (output / file).unlink(missing_ok=True)


def _check_same_run(noted: Path, run: dict[str, str]) -> None:
    """Raise `OutputError` unless the interrupted run had the same settings."""
    if not noted.exists():
        raise OutputError(
            f"{noted.parent.parent} holds no interrupted run; leave out --resume to start anew."
        )
    before = json.loads(noted.read_text(encoding="utf-8"))
    for name, value in run.items():
        if before.get(name) != value:
            raise OutputError(
                f"The interrupted run had {name} {before.get(name)}, not {value}; resume it with "
                "the same settings, or leave out --resume to start anew."
            )


def _trainer(recipe: Recipe, network: keras.Model, n_steps: int) -> keras.Model:
    """The network behind its augmentation, which Keras leaves out of evaluation by itself."""
    augmentation = [recipe.augment()] if recipe.augment else []
    trainer = keras.Sequential(
        [keras.layers.Input(network.input_shape[1:]), *augmentation, network]
    )
    trainer.compile(
        recipe.optimizer(n_steps), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return trainer


def _fit(
    trainer: keras.Model, dataset: FaceDataset, output: Path, batch_size: int, epochs: int
) -> bool:
    """Run the epochs; False where Ctrl-C ended them early, with at least one to keep."""
    callbacks = _callbacks(output / BEST, output / HISTORY, output / BACKUP)
    try:
        trainer.fit(
            pixels(dataset.train),
            dataset.train.labels,
            validation_data=(pixels(dataset.validation), dataset.validation.labels),
            batch_size=batch_size,
            epochs=epochs,
            callbacks=callbacks,
        )
    except KeyboardInterrupt:
        if not (output / BEST).exists():
            raise
        return False
    finally:
        callbacks[-1].on_train_end()  # closes history.csv, which Keras leaves open on Ctrl-C
    return True


def _callbacks(best: Path, history: Path, backup: Path) -> list[keras.callbacks.Callback]:
    so_far = [float(row["val_accuracy"]) for row in _read_history(history)]
    return [
        keras.callbacks.ModelCheckpoint(
            best,
            monitor="val_accuracy",
            save_best_only=True,
            save_weights_only=True,
            initial_value_threshold=max(so_far, default=None),
        ),
        keras.callbacks.BackupAndRestore(backup),
        keras.callbacks.CSVLogger(history, append=True),
    ]


def _read_history(history: Path) -> list[dict[str, str]]:
    if not history.exists():
        return []
    with history.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _provenance(dataset: FaceDataset, history: Path, seed: int) -> dict[str, Any]:
    accuracies = [float(row["val_accuracy"]) for row in _read_history(history)]
    best = int(np.argmax(accuracies))
    return {
        "dataset": dataset.name,
        "split": "train",
        "n_images": len(dataset.train),
        "fingerprint": dataset.fingerprint(),
        "seed": seed,
        "epochs": len(accuracies),
        "chosen_epoch": best + 1,
        "chosen_by": f"validation accuracy, {accuracies[best]:.4f}",
        "date": datetime.date.today().isoformat(),
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            keras.backend.backend(): importlib.metadata.version(keras.backend.backend()),
        },
    }
