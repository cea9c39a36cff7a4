"""Puts a temperature into the model's own file, so that all who load it get calibrated output."""

import tempfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from fer_core.classification.model_files import record_files
from fer_core.classification.model_store import ModelCard, find_model, read_card, write_card
from fer_core.errors import DatasetError, ModelError, OutputError
from fer_core.training.backend.devices import n_devices
from fer_core.training.data.batches import FaceBatches, label_targets
from fer_core.training.data.ferplus import FERPLUS, majority_faces
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.evaluation.predictions import check_emotions, is_own
from fer_core.training.evaluation.temperature import at_temperature, fit_temperature
from fer_core.training.export.export import export_model, load_source
from fer_core.training.export.formats import remove_derived
from fer_core.training.export.lasting import save_model

N_CHECKED = 256
"""Number of faces on which a model with a new temperature is checked."""

BATCH_SIZE = 64


def calibrate(model: str | Path, dataset: FaceDataset) -> ModelCard:
    """Fit a model's temperature on the validation split and rewrite its folder with it.

    `model.keras`, `model.tflite` and `card.json` are replaced once all three are made. What
    `evaluate` had measured no longer holds, so the card's metrics and the folder `evaluation` are
    removed. So are the other formats, which have the old temperature.

    Args:
        model: The model's name or folder. It may have a temperature already: the card notes the
            product, by which the logits that training gave are divided.
        dataset: The data set that it was trained on.

    Returns:
        The new card; `trained_on["temperature"]` is the temperature.

    Raises:
        ModelError: There is no such model, its files are damaged, or it does not end in
            softmax after a layer that can be scaled.
        DatasetError: The model's emotions are not those of the data set, it was trained on
            something else than the data set's training split, so that the validation split may
            hold faces that it has seen, or it predicts votes that the data set lacks.
        ExportError: The model cannot be written as `model.tflite`.
        OutputError: The folder cannot be written to.
    """
    folder = find_model(model)
    card = read_card(folder)
    check_emotions(card, dataset)
    if not is_own(card, dataset):
        raise DatasetError(
            f"The model {card.name} was not trained on the training split of {dataset.name}, so "
            "the validation split may hold faces that it has seen; calibrate it on the data set "
            "that it was trained on, split as it was then."
        )
    network = load_source(folder / "model.keras", card)
    earlier = float(card.trained_on.get("temperature", 1))
    faces = calibration_faces(card.trained_on.get("labels"), dataset)
    temperature = earlier * give_temperature(network, faces)
    card = replace(card, trained_on={**card.trained_on, "temperature": temperature}, metrics={})
    _replace(network, card, folder)
    return card


def calibration_faces(labels: object, dataset: FaceDataset) -> LabeledFaces:
    """The validation split with the labels that a model has learned, at least one face.

    Args:
        labels: Their name in its card; of `FERPLUS` only faces with a majority are left.
        dataset: The data set that it was trained on.

    Raises:
        DatasetError: It has learned votes, and the data set has none, or none that agree.
    """
    dataset = dataset.main or dataset
    if labels != FERPLUS:
        return dataset.validation
    if dataset.validation.votes is None:
        raise DatasetError(
            f"{dataset.source} comes without FER+'s votes, which the model predicts: put "
            "fer2013new.csv beside fer2013.csv."
        )
    faces = majority_faces(dataset.validation, dataset.emotions)
    if not len(faces):
        raise DatasetError(
            f"FER+'s votes agree on none of {dataset.source}'s validation faces, so the model "
            "that predicts them cannot be calibrated."
        )
    return faces


def _replace(network: keras.Model, card: ModelCard, folder: Path) -> None:
    """Replace a model's files; if it cannot be exported, nothing changes."""
    try:
        # Inside the target, so that moving the files out of it copies nothing.
        with tempfile.TemporaryDirectory(prefix=".calibrate-", dir=folder) as made:
            scratch = Path(made)
            save_model(network, scratch / "model.keras")
            write_card(card, scratch)
            record_files(scratch)
            export_model(scratch)
            remove_derived(folder)
            for file in scratch.iterdir():
                file.replace(folder / file.name)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written to: {error.strerror or error}.") from error


def give_temperature(network: keras.Model, faces: LabeledFaces) -> float:
    """Divide a network's logits, in place, by the temperature that fits these faces best.

    Nothing between a network's last layer with weights and the softmax is other than linear. So
    the kernel and the bias of that layer are divided, whether it is a dense layer or a convolution
    under a global average. The probabilities are then compared with those expected.

    Args:
        network: Takes pixels and returns probabilities, as every model file does.
        faces: Labeled faces that it was not trained on, at least one.

    Returns:
        The temperature, from 0.1 to 10; see `calibration.fit_temperature`.

    Raises:
        ModelError: The probabilities are not as expected; the weights are as they were.
    """
    before = _probabilities(network, faces)
    temperature = fit_temperature(before, faces.labels)
    layer = [layer for layer in network.layers if layer.weights][-1]
    weights = layer.get_weights()
    layer.set_weights([weight / temperature for weight in weights])
    found = _probabilities(network, faces[:N_CHECKED])
    expected = at_temperature(before[:N_CHECKED], temperature)
    # They differ by rounding alone, unless the network is not as described above.
    if not np.allclose(found, expected, atol=1e-3):
        layer.set_weights(weights)
        raise ModelError(
            f"The model {network.name} does not end in a softmax over what its layer "
            f"{layer.name} gives, so it cannot take a temperature."
        )
    return temperature


def _probabilities(network: keras.Model, faces: LabeledFaces) -> npt.NDArray[np.float32]:
    targets = label_targets(faces, network.output_shape[-1])
    batches = FaceBatches(
        faces, targets, BATCH_SIZE, network.input_shape[-1], multiple_of=n_devices()
    )
    found: npt.NDArray[np.float32] = network.predict(batches, verbose=0)
    return found[: len(faces)]
