"""A temperature into the network's own file, so that whoever loads it gets calibrated answers."""

import tempfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from fer_core.errors import DatasetError, ModelError, OutputError
from fer_core.model_store import ModelCard, find_model, read_card, write_card
from fer_core.training.answers import check_emotions, is_own
from fer_core.training.batches import FaceBatches, label_targets
from fer_core.training.calibration import at_temperature, fit_temperature
from fer_core.training.devices import n_devices
from fer_core.training.export import export_network
from fer_core.training.export_formats import remove_derived
from fer_core.training.ferplus import FERPLUS, majority_faces
from fer_core.training.labeled_faces import FaceDataset, LabeledFaces

N_CHECKED = 256
"""On how many faces a network that was given a temperature is compared with what it should say."""

BATCH_SIZE = 64


def calibrate(model: str | Path, dataset: FaceDataset) -> ModelCard:
    """Fit a network's temperature on the validation split and rewrite its folder with it.

    `model.keras`, `model.tflite` and `card.json` are replaced once all three are made. What
    `evaluate` had measured holds no more, so the card's metrics and the folder `evaluation` are
    removed, as are the other formats, which have the old temperature.

    Args:
        model: The network's name or folder. It may have a temperature already: the card notes the
            product, by which the logits that training gave are divided.
        dataset: What it was trained on.

    Returns:
        The new card; `trained_on["temperature"]` is the temperature.

    Raises:
        ModelError: There is no such network, its files are damaged, or it does not end in
            softmax after a layer that can be scaled.
        DatasetError: The network's emotions are not those of the data set, it was trained on
            something else than the data set's training split, so that the validation split may
            hold faces that it has seen, or it answers by votes that the data set lacks.
        ExportError: The network cannot be written as `model.tflite`.
        OutputError: The folder cannot be written to.
    """
    folder = find_model(model)
    card = read_card(folder)
    check_emotions(card, dataset)
    if not is_own(card, dataset):
        raise DatasetError(
            f"The network {card.name} was not trained on the training split of {dataset.name}, so "
            "the validation split may hold faces that it has seen; calibrate it on the data set "
            "that it was trained on, split as it was then."
        )
    try:
        network = keras.models.load_model(folder / "model.keras")
    except Exception as error:  # what a damaged file raises differs with the damage
        raise ModelError(f"{folder / 'model.keras'} cannot be read: {error}") from error
    earlier = float(card.trained_on.get("temperature", 1))
    faces = calibration_faces(card.trained_on.get("labels"), dataset)
    temperature = earlier * give_temperature(network, faces)
    card = replace(card, trained_on={**card.trained_on, "temperature": temperature}, metrics={})
    _replace(network, card, folder)
    return card


def calibration_faces(labels: object, dataset: FaceDataset) -> LabeledFaces:
    """The validation split with the labels that a network has learned, at least one face.

    Args:
        labels: What its card says of them; of `FERPLUS` only faces with a majority are left.
        dataset: What it was trained on.

    Raises:
        DatasetError: It has learned votes, and the data set has none, or none that agree.
    """
    if labels != FERPLUS:
        return dataset.validation
    if dataset.validation.votes is None:
        raise DatasetError(
            f"{dataset.source} comes without FER+'s votes, by which the network answers: put "
            "fer2013new.csv beside fer2013.csv."
        )
    faces = majority_faces(dataset.validation, dataset.emotions)
    if not len(faces):
        raise DatasetError(
            f"FER+'s votes agree on none of {dataset.source}'s validation faces, so the network "
            "that answers by them cannot be calibrated."
        )
    return faces


def _replace(network: keras.Model, card: ModelCard, folder: Path) -> None:
    """Put a network in the place of another; where it cannot be exported, nothing changes."""
    try:
        # Inside the target, so that moving the files out of it copies nothing.
        with tempfile.TemporaryDirectory(prefix=".calibrate-", dir=folder) as made:
            scratch = Path(made)
            network.save(scratch / "model.keras")
            write_card(card, scratch)
            export_network(scratch)
            remove_derived(folder)
            for file in scratch.iterdir():
                file.replace(folder / file.name)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written to: {error.strerror or error}.") from error


def give_temperature(network: keras.Model, faces: LabeledFaces) -> float:
    """Divide a network's logits, in place, by the temperature that fits these faces best.

    Between its last layer with weights and the softmax a network is linear, be it a dense layer
    or a convolution under a global average. So kernel and bias of that layer are divided, and the
    answers are then held against what they should be.

    Args:
        network: Takes pixels and returns probabilities, as every network file does.
        faces: Labeled faces that it was not trained on, at least one.

    Returns:
        The temperature, from 0.1 to 10; see `calibration.fit_temperature`.

    Raises:
        ModelError: The network does not answer as it should; its weights are as they were.
    """
    before = _probabilities(network, faces)
    temperature = fit_temperature(before, faces.labels)
    layer = [layer for layer in network.layers if layer.weights][-1]
    weights = layer.get_weights()
    layer.set_weights([weight / temperature for weight in weights])
    found = _probabilities(network, faces[:N_CHECKED])
    expected = at_temperature(before[:N_CHECKED], temperature)
    # Answers differ by rounding alone, unless the network is not as described above.
    if not np.allclose(found, expected, atol=1e-3):
        layer.set_weights(weights)
        raise ModelError(
            f"The network {network.name} does not end in a softmax over what its layer "
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
