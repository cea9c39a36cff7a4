"""Another data set than a network was trained on: how far does what it has learned carry?

All faces are asked about whose emotion the network knows, since none of them was trained on. The
network may know an emotion that the data set does not show, as FER2013's neutral is not in CK+48.
That answer counts as wrong, for the app would give it. How often the best of the shared emotions is
right stands beside it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fer_core.emotions import Emotion
from fer_core.model_store import ModelCard
from fer_core.training.labeled_faces import FaceDataset, LabeledFaces, source_of
from fer_core.training.metrics import LEAST_PROBABILITY, measure

MIN_SHARED = 2
"""With a single emotion in common there is nothing to tell apart."""


def is_other(card: ModelCard, dataset: FaceDataset) -> bool:
    """Whether a network was trained on another data set, with other emotions but some in common.

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
    """What both a network and a data set know, in the network's order."""
    return tuple(emotion for emotion in card.labels if emotion in emotions)


def shared_faces(card: ModelCard, dataset: FaceDataset) -> LabeledFaces:
    """The faces of all splits whose emotion the network knows, labeled as in the network's card."""
    splits = [dataset.train, dataset.validation]
    if dataset.test is not dataset.validation:
        splits.append(dataset.test)
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
) -> dict[str, Any]:
    """Figures where the answer is the likeliest of the shared emotions, whatever is likelier.

    Args:
        probabilities: Float32 of shape `(N, K)`, in the order of the card's labels.
        labels: Index of each face's emotion in the card's labels, shape `(N,)`; all are shared.
        card: The network's.
        shared: Some of its emotions.

    Returns:
        See `metrics.measure`; the probabilities of the shared emotions are scaled to sum to 1.
    """
    columns = np.array([card.labels.index(emotion) for emotion in shared])
    kept = probabilities[:, columns]
    kept = kept / np.maximum(kept.sum(axis=1, keepdims=True), LEAST_PROBABILITY)
    return measure(kept, np.searchsorted(columns, labels), shared)
