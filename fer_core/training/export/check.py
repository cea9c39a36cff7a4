"""Compares an exported model with its source, and times it."""

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_core.classification.classifier import EmotionClassifier
from fer_core.training.data.labeled_faces import LabeledFaces

MAX_TIMED = 50
MAX_TIMED_S = 1.0


@dataclass(frozen=True)
class ExportCheck:
    """The comparison of an exported model with its source.

    Attributes:
        n_faces: Number of faces that both classified.
        max_difference: Largest difference between two probabilities of the same thing, 0 to 1.
        ms_per_face: Median milliseconds of a call with one face.
        agreement: Share of faces to which both give the same emotion; None for random pixels, as
            are the next two.
        accuracy: Share of faces that the exported model predicts right.
        model_accuracy: The same of its source.
    """

    n_faces: int
    max_difference: float
    ms_per_face: float
    agreement: float | None = None
    accuracy: float | None = None
    model_accuracy: float | None = None


def check_on_faces(
    exported: EmotionClassifier, source: EmotionClassifier, faces: LabeledFaces
) -> ExportCheck:
    """Compare the two on at least one labeled face."""
    predicted, expected = (each.probabilities(faces.images) for each in (exported, source))
    emotions, expected_emotions = predicted.argmax(axis=1), expected.argmax(axis=1)
    return ExportCheck(
        n_faces=len(faces),
        max_difference=_max_difference(predicted, expected),
        ms_per_face=_ms_per_face(exported, faces.images),
        agreement=float((emotions == expected_emotions).mean()),
        accuracy=float((emotions == faces.labels).mean()),
        model_accuracy=float((expected_emotions == faces.labels).mean()),
    )


def check_on_random_pixels(exported: EmotionClassifier, source: EmotionClassifier) -> ExportCheck:
    """Compare the two on random pixels, for want of faces."""
    shape = 100, source.card.input.height, source.card.input.width
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return ExportCheck(
        n_faces=len(images),
        max_difference=_max_difference(
            exported.probabilities(images), source.probabilities(images)
        ),
        ms_per_face=_ms_per_face(exported, images),
    )


def _max_difference(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    return float(np.abs(a - b).max())


def _ms_per_face(classifier: EmotionClassifier, images: npt.NDArray[np.uint8]) -> float:
    times_s: list[float] = []
    while len(times_s) < MAX_TIMED and sum(times_s) < MAX_TIMED_S:
        image = images[len(times_s) % len(images)][np.newaxis]
        start = time.perf_counter()
        classifier.probabilities(image)
        times_s.append(time.perf_counter() - start)
    return 1000 * float(np.median(times_s))
