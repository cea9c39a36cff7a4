"""Whether an exported network still answers as the one it came from, and how fast."""

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_core.classification import EmotionClassifier
from fer_core.training.labeled_faces import LabeledFaces

MAX_TIMED = 50
MAX_TIMED_S = 1.0


@dataclass(frozen=True)
class ExportCheck:
    """What a comparison of an exported network with its source found.

    Attributes:
        n_faces: How many faces both classified.
        max_difference: Largest difference between two probabilities of the same thing, 0 to 1.
        ms_per_face: Median milliseconds of a call with one face.
        agreement: Share of faces to which both give the same emotion; None for random pixels, as
            are the next two.
        accuracy: Share of faces that the exported network answers right.
        network_accuracy: The same of the network it came from.
    """

    n_faces: int
    max_difference: float
    ms_per_face: float
    agreement: float | None = None
    accuracy: float | None = None
    network_accuracy: float | None = None


def check_on_faces(
    exported: EmotionClassifier, network: EmotionClassifier, faces: LabeledFaces
) -> ExportCheck:
    """Compare the two on at least one labeled face."""
    answers, expected = (each.probabilities(faces.images) for each in (exported, network))
    emotions, expected_emotions = answers.argmax(axis=1), expected.argmax(axis=1)
    return ExportCheck(
        n_faces=len(faces),
        max_difference=_max_difference(answers, expected),
        ms_per_face=_ms_per_face(exported, faces.images),
        agreement=float((emotions == expected_emotions).mean()),
        accuracy=float((emotions == faces.labels).mean()),
        network_accuracy=float((expected_emotions == faces.labels).mean()),
    )


def check_on_random_pixels(exported: EmotionClassifier, network: EmotionClassifier) -> ExportCheck:
    """Compare the two on pictures that show nothing, where no faces are at hand."""
    shape = 100, network.card.input.height, network.card.input.width
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return ExportCheck(
        n_faces=len(images),
        max_difference=_max_difference(
            exported.probabilities(images), network.probabilities(images)
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
