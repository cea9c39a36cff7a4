"""Evaluation on another data set than a model was trained on.

All faces whose emotion the model knows are used, since it was trained on none of them. The model
may know an emotion that the data set does not show, as FER2013's neutral is not in CK+48. Such a
prediction counts as wrong, since the app would show it. Beside it stands the accuracy of the best
of the shared emotions.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fer_core.classification.figures import Figures
from fer_core.classification.model_store import ModelCard
from fer_core.emotions import Emotion
from fer_core.errors import DatasetError
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces, source_of
from fer_core.training.evaluation.metrics import LEAST_PROBABILITY, measure

OTHER_PEOPLE = "other-people"
"""The split of a data set beside the main one: people of whom a model has learned nothing."""

MIN_SHARED = 2
"""With a single emotion in common there is nothing to tell apart."""


def is_other(card: ModelCard, dataset: FaceDataset) -> bool:
    """True if a model was trained on another data set, with other emotions but some in common.

    With the same emotions it may be its own data set under another name, faces that it has learned
    among them.
    """
    trained_on = source_of(str(card.trained_on.get("dataset", "")))
    return (
        trained_on not in ("", dataset.source)
        and card.labels != dataset.emotions
        and len(shared_emotions(card, dataset.emotions)) >= MIN_SHARED
    )


def shared_emotions(card: ModelCard, emotions: tuple[Emotion, ...]) -> tuple[Emotion, ...]:
    """Return the emotions that both a model and a data set know, in the model's order."""
    return tuple(emotion for emotion in card.labels if emotion in emotions)


def is_beside(card: ModelCard, dataset: FaceDataset) -> bool:
    """True if a model has learned faces of a data set beside its main one."""
    beside = card.trained_on.get("beside", [])
    return any(source_of(other["dataset"]) == dataset.source for other in beside)


def check_split_beside(card: ModelCard, dataset: FaceDataset) -> None:
    """Raise `DatasetError` unless a model has seen none of the test people of a data set.

    Args:
        card: The model's, which has learned faces of the data set.
        dataset: As `load_beside` splits it.
    """
    known = replace(dataset, train=_in_labels_of(card, dataset, [dataset.train]))
    fingerprints = [other["fingerprint"] for other in card.trained_on.get("beside", [])]
    if known.fingerprint() not in fingerprints:
        raise DatasetError(
            f"The model {card.name} has learned other images of {dataset.source} than these are, "
            "so nobody knows which of these people it has seen."
        )


def shared_faces(card: ModelCard, dataset: FaceDataset) -> LabeledFaces:
    """The faces of all splits whose emotion the model knows, labeled as in the model's card."""
    splits = [dataset.train, dataset.validation]
    if dataset.test is not dataset.validation:
        splits.append(dataset.test)
    return _in_labels_of(card, dataset, splits)


def other_people(card: ModelCard, dataset: FaceDataset) -> LabeledFaces:
    """The test split's faces whose emotion the model knows, labeled as in the model's card."""
    return _in_labels_of(card, dataset, [dataset.test])


def _in_labels_of(
    card: ModelCard, dataset: FaceDataset, splits: list[LabeledFaces]
) -> LabeledFaces:
    index = np.array(
        [
            card.labels.index(emotion) if emotion in card.labels else -1
            for emotion in dataset.emotions
        ]
    )
    known = [split[index[split.labels] >= 0] for split in splits]
    return LabeledFaces(
        np.concatenate([faces.images for faces in known]),
        np.concatenate([index[faces.labels] for faces in known]),
    )


def measure_best_of(
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    card: ModelCard,
    shared: tuple[Emotion, ...],
) -> Figures:
    """Measure the likeliest of the shared emotions as the prediction, whatever else is likelier.

    Args:
        probabilities: Float32 of shape `(N, K)`, in the order of the card's labels.
        labels: Index of each face's emotion in the card's labels, shape `(N,)`; all are shared.
        card: The model's.
        shared: Some of its emotions.

    Returns:
        See `metrics.measure`; the probabilities of the shared emotions are scaled to sum to 1.
    """
    columns = np.array([card.labels.index(emotion) for emotion in shared])
    kept = probabilities[:, columns]
    kept = kept / np.maximum(kept.sum(axis=1, keepdims=True), LEAST_PROBABILITY)
    return measure(kept, np.searchsorted(columns, labels), shared)
