"""The models that a run ends in: the best epoch's, calibrated, with their cards."""

import datetime
import importlib.metadata
import platform
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras

from fer_core.classification.model_files import record_files
from fer_core.classification.model_store import InputShape, ModelCard, write_card
from fer_core.emotions import Emotion
from fer_core.training.data.ferplus import FERPLUS
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.export.formats import remove_derived
from fer_core.training.export.lasting import save_model
from fer_core.training.recipes.recipe import Recipe
from fer_core.training.run.calibrate import calibration_faces, give_temperature
from fer_core.training.run.files import RunFiles
from fer_core.training.run.joining import join
from fer_core.training.run.stages import behind_augmentation


def model_folders(recipe: Recipe, output: Path) -> tuple[Path, ...]:
    """The folders that `train` writes: its output, and where votes are learned one beside it.

    Beside a model that joins its predictions lies the one by the data set's labels alone.
    """
    if not recipe.learns_votes:
        return (output,)
    folder = output.resolve()
    return (output, folder.parent / f"{folder.name}-{'labels' if recipe.joins else 'ferplus'}")


def calibration_sets(recipe: Recipe, dataset: FaceDataset) -> dict[str, LabeledFaces]:
    """The labels that each model of `train` predicts, and the faces to calibrate it on.

    Raises:
        DatasetError: The recipe learns votes, and the data set has none, or none that agree.
    """
    names = (dataset.source, FERPLUS) if recipe.learns_votes else (dataset.source,)
    if recipe.joins:
        names = names[::-1]
    return {labels: calibration_faces(labels, dataset) for labels in names}


def write_models(
    recipe: Recipe,
    dataset: FaceDataset,
    files: RunFiles,
    folders: tuple[Path, ...],
    label_sets: dict[str, LabeledFaces],
    trained_on: dict[str, Any],
) -> list[ModelCard]:
    """Write the best epoch's model, or its models, each to its folder.

    Args:
        recipe: The recipe that trained it.
        dataset: The data set that it was trained on.
        files: The run's files.
        folders: See `model_folders`.
        label_sets: See `calibration_sets`.
        trained_on: The entries for the cards that come from the options.

    Returns:
        The models' cards.
    """
    trained_on = {**_provenance(recipe, dataset, files), **trained_on}
    best = _best_network(recipe, dataset, files)
    networks = _by_label_set(recipe, best)
    if recipe.joins:
        joined, joining = join(best, dataset)
        networks = [joined, networks[0]]
        trained_on = {**trained_on, "joined": asdict(joining)}
    for folder in folders[1:]:
        shutil.copyfile(files.history, RunFiles(folder).history)
    return [
        _write(recipe, part, dataset.emotions, faces, folder, {**trained_on, "labels": labels})
        for part, folder, (labels, faces) in zip(networks, folders, label_sets.items(), strict=True)
    ]


def _by_label_set(recipe: Recipe, network: keras.Model) -> list[keras.Model]:
    """The network, or if it has two outputs, a network for each of them."""
    if not recipe.learns_votes:
        return [network]
    outputs = [network.get_layer(name).output for name in ("labels", "votes")]
    return [keras.Model(network.input, output, name=network.name) for output in outputs]


def _write(
    recipe: Recipe,
    network: keras.Model,
    emotions: tuple[Emotion, ...],
    faces: LabeledFaces,
    folder: Path,
    trained_on: dict[str, Any],
) -> ModelCard:
    """Calibrate a network on these faces and write it as a model with its card."""
    temperature = give_temperature(network, faces)
    remove_derived(folder)  # of the model that an interrupted run left
    save_model(network, folder / "model.keras")
    card = ModelCard(
        name=folder.resolve().name,
        labels=emotions,
        input=InputShape(*network.input_shape[1:]),
        recipe=recipe.name,
        n_parameters=network.count_params(),
        trained_on={**trained_on, "temperature": temperature},
    )
    write_card(card, folder)
    return record_files(folder)


def _best_network(recipe: Recipe, dataset: FaceDataset, files: RunFiles) -> keras.Model:
    """The best epoch's network, in float32 whatever precision it was trained in."""
    network = recipe.build(len(dataset.emotions))
    behind_augmentation(recipe, network).load_weights(files.best(recipe))
    return network


def _provenance(recipe: Recipe, dataset: FaceDataset, files: RunFiles) -> dict[str, Any]:
    epochs = files.epochs()
    best = recipe.best(epochs)
    what = recipe.chosen_by.replace("val_", "validation ")
    if recipe.learns_votes:
        what = f"mean of {what} by labels and by votes"
    return {
        "summary": recipe.summary,
        "source": recipe.source,
        "published": recipe.published,
        "dataset": dataset.name,
        "split": "train",
        "n_images": len((dataset.main or dataset).train),
        "fingerprint": (dataset.main or dataset).fingerprint(),
        "beside": [
            {
                "dataset": other.name,
                "fingerprint": other.fingerprint(),
                "n_images": len(other.train),
            }
            for other in dataset.beside
        ],
        "epochs": len(epochs),
        "chosen_epoch": epochs.index(best) + 1,
        "chosen_by": f"{what}, {best[recipe.chosen_by]:.4f}",
        "date": datetime.date.today().isoformat(),
        "versions": {
            "python": platform.python_version(),
            "keras": keras.__version__,
            keras.backend.backend(): importlib.metadata.version(keras.backend.backend()),
        },
    }
