"""The accuracy that a model loses to poor cameras, light and framing.

The kinds of change are those of `augmentation.camera`, from which training draws, each at one fixed
strength. The random numbers are those of a fixed seed, so that every model meets the same images.
"""

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer_core.training.augmentation.camera import (
    GrayFace,
    GrayFaces,
    blur,
    gamma,
    jpeg,
    low_resolution,
    noise,
    occlusion,
    side_light,
)

SEED = 0

KINDS: dict[str, Callable[[GrayFace, np.random.Generator], GrayFace]] = {
    "light from one side": lambda face, rng: side_light(face, rng.choice((0.0, math.pi)), 0.2),
    "too dark": lambda face, _rng: gamma(face, 2.0),
    "too bright": lambda face, _rng: gamma(face, 0.5),
    "low resolution": lambda face, _rng: low_resolution(face, 20),
    "out of focus": lambda face, _rng: blur(face, 1.2),
    "compressed": lambda face, _rng: jpeg(face, 15),
    "noise": lambda face, rng: noise(face, 15, rng),
    "partly hidden": lambda face, rng: _hidden(face, rng),
    "framed loosely": lambda face, rng: _framed(face, rng),
}
"""The changes: 20 % of the light on one side, gamma 2 and 0.5, 20 pixels, a blur of 1.2 pixels,
JPEG quality 15, noise of 15 grays, a square over 12 % of the face, and a turn by 12 degrees with a
shift of 8 % and a scale of 1.12."""

Predict = Callable[[GrayFaces], npt.NDArray[np.float32]]
"""Gray faces `(N, 48, 48)` -> probabilities `(N, K)`."""


def measure_robustness(
    predict: Predict, faces: GrayFaces, labels: npt.NDArray[np.int64], clean: float
) -> dict[str, Any]:
    """Accuracy under each kind of change.

    Args:
        predict: The model.
        faces: N faces, as they are.
        labels: Index of each one's emotion, shape `(N,)`.
        clean: The accuracy on the faces as they are, 0 to 1.

    Returns:
        `accuracies` by kind, their `mean`, and `loss`, by how much that is below `clean`.
    """
    accuracies = {
        kind: float((predict(changed(faces, kind)).argmax(axis=1) == labels).mean())
        for kind in KINDS
    }
    mean = float(np.mean(list(accuracies.values())))
    return {"accuracies": accuracies, "mean": mean, "loss": clean - mean}


def changed(faces: GrayFaces, kind: str) -> GrayFaces:
    """All faces with one kind of change, the same at every call."""
    rng = np.random.default_rng(SEED)
    return np.stack([KINDS[kind](face, rng) for face in faces])


def _hidden(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    side = math.sqrt(0.12 * face.size)
    middle = rng.uniform(0.2, 0.8, size=2) * face.shape
    return occlusion(face, middle, (side, side), 128)


def _framed(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    size = face.shape[0]
    angle, zoom = rng.choice((-12.0, 12.0)), rng.choice((1 / 1.12, 1.12))
    matrix = cv2.getRotationMatrix2D(((size - 1) / 2, (size - 1) / 2), angle, zoom)
    matrix[:, 2] += rng.choice((-0.08, 0.08), size=2) * size
    return cv2.warpAffine(face, matrix, face.shape[::-1], borderMode=cv2.BORDER_REPLICATE).astype(
        np.uint8, copy=False
    )
