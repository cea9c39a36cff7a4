"""The faces for which a model's predictions are worth little, and those that `face_doubts` marks.

    python -m benchmarks.face_quality --data fer2013.csv

Faces of FER2013's PublicTest are made smaller, blurred, darkened and turned, by ever more. For each
degree: accuracy, mean probability of the prediction (a calibrated model's accuracy), and the
share of faces that are marked. The last lines split the faces as they are by what is measured, by
how light the middle of the face is (by the lamp as much as by the skin), and by the probability.
They are evaluated by the labels that the model learned: FER2013's, or FER+'s majority.
"""

import argparse
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import DEFAULT_MODEL
from fer_core.images import to_gray_face
from fer_core.quality import face_doubts, sharpness, symmetry
from fer_core.training.data.datasets import load_dataset
from fer_core.training.run.calibrate import calibration_faces

Face = npt.NDArray[np.uint8]

SIDE_PX = 48


def smaller(face: Face, side_px: float) -> Face:
    """The face with fewer pixels."""
    size = round(side_px), round(side_px)
    return np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), np.uint8)


def blurred(face: Face, sigma_px: float) -> Face:
    """The face out of focus; sigma is in pixels of 48."""
    return np.asarray(cv2.GaussianBlur(face, (0, 0), sigma_px), np.uint8)


def darker(face: Face, gain: float) -> Face:
    """The face with a part of its light."""
    return (face * gain).round().astype(np.uint8)


def darker_and_noisy(face: Face, gain: float) -> Face:
    """The same with a camera's noise of 2 grays, the same in each face."""
    noise = np.random.default_rng(0).normal(0, 2, face.shape)
    return np.clip(face * gain + noise, 0, 255).round().astype(np.uint8)


def turned(face: Face, degrees: float) -> Face:
    """The face on a cylinder that is turned about its axis; what was hidden repeats the edge."""
    radius = SIDE_PX / 2 / np.sin(np.radians(75))
    middle = (SIDE_PX - 1) / 2
    angles = np.arcsin((np.arange(SIDE_PX) - middle) / radius) - np.radians(degrees)
    columns = radius * np.sin(np.clip(angles, -np.pi / 2, np.pi / 2)) + middle
    x = np.repeat(columns[np.newaxis].astype(np.float32), SIDE_PX, axis=0)
    y = np.repeat(np.arange(SIDE_PX, dtype=np.float32)[:, np.newaxis], SIDE_PX, axis=1)
    mapped = cv2.remap(face, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(mapped, np.uint8)


DAMAGES: dict[str, tuple[Callable[[Face, float], Face], tuple[float, ...]]] = {
    "as it is, px": (smaller, (48,)),
    "side, px": (smaller, (40, 32, 28, 26, 24, 20, 16)),
    "blur, px": (blurred, (0.5, 0.75, 1, 1.25, 1.5, 2)),
    "light": (darker, (0.7, 0.5, 0.35, 0.25, 0.18, 0.12)),
    "light, with noise": (darker_and_noisy, (1, 0.7, 0.5, 0.35, 0.25, 0.18)),
    "turn, degrees": (turned, (10, 20, 30, 40)),
}

FINE, FIFTHS = (0, 0.0125, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1), (0, 0.2, 0.4, 0.6, 0.8, 1)
MEASURES: dict[str, tuple[Callable[[Face], float], tuple[float, ...]]] = {
    "sharpness": (sharpness, FINE),
    "symmetry": (symmetry, FINE),
    "light of the face": (lambda face: float(face[12:36, 12:36].mean()), FIFTHS),
}


LEAST_PROBABILITIES = (0.35, 0.4, 0.45, 0.5, 0.6)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--n", type=int, default=3589, help="how many faces")
    args = parser.parse_args()
    classifier = EmotionClassifier.load(args.model)
    dataset = load_dataset(args.data)
    faces = calibration_faces(classifier.card.trained_on.get("labels"), dataset)[: args.n]

    def predictions(images: list[Face]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
        rows = classifier.probabilities(np.stack(images))
        return rows.argmax(axis=1) == faces.labels, rows.max(axis=1)

    print(f"{len(faces)} faces\n| | right | probability | marked |\n|---|---|---|---|")
    for name, (damage, degrees) in DAMAGES.items():
        for degree in degrees:
            crops = [np.repeat(damage(f, degree)[..., None], 3, axis=2) for f in faces.images]
            right, probability = predictions([to_gray_face(c, SIDE_PX, SIDE_PX) for c in crops])
            marked = np.mean([bool(face_doubts(crop)) for crop in crops])
            row = f"{right.mean():.1%} | {probability.mean():.1%} | {marked:.1%}"
            print(f"| {name} {degree:g} | {row} |", flush=True)
    right, probability = predictions(list(faces.images))
    for name, (measure, quantiles) in MEASURES.items():
        values = np.array([measure(face) for face in faces.images])
        edges = np.quantile(values, quantiles)
        for low, high in pairwise(edges):
            some = (values >= low) & (values <= high)
            row = f"{right[some].mean():.1%} | {probability[some].mean():.1%} | n {some.sum()}"
            print(f"| {name} {low:.2f} to {high:.2f} | {row} |")
    for least in LEAST_PROBABILITIES:
        below = probability < least
        row = f"{below.mean():.1%} | {right[below].mean():.1%} | others {right[~below].mean():.1%}"
        print(f"| probability below {least:g} | {row} |")


if __name__ == "__main__":
    main()
