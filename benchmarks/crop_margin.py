"""The accuracy lost on the way from a data set's crop to the detector's, by margin.

    python -m benchmarks.crop_margin --data fer2013.csv

Faces of FER2013's PublicTest are enlarged into the middle of a frame with a gray rim, found by the
app's detector, cut out with each margin and classified; the same faces are classified directly.
How the boxes lie around the faces is printed too, for `augmentation.camera.framed`.
They are evaluated by the labels that the model learned: FER2013's, or FER+'s majority.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import DEFAULT_MODEL
from fer_core.detection.haar import HaarFaceDetector
from fer_core.faces import BoundingBox
from fer_core.images import crop_face, to_gray_face
from fer_core.training.data.datasets import load_dataset
from fer_core.training.run.calibrate import calibration_faces

FACE_PX, RIM_PX = 240, 120
MARGINS = (-0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15, 0.2, 0.25)


def main() -> None:
    """Print accuracy by margin."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--n", type=int, default=1500, help="how many faces")
    args = parser.parse_args()
    classifier, detector = EmotionClassifier.load(args.model), HaarFaceDetector()
    dataset = load_dataset(args.data)
    faces = calibration_faces(classifier.card.trained_on.get("labels"), dataset)[: args.n]
    found: list[int] = []
    placed: list[tuple[float, float, float]] = []
    crops: dict[float, list[np.ndarray]] = {margin: [] for margin in MARGINS}
    for index, face in enumerate(faces.images):
        large = cv2.resize(face, (FACE_PX, FACE_PX), interpolation=cv2.INTER_CUBIC)
        frame = np.pad(large, RIM_PX, constant_values=128)
        image = np.repeat(frame[..., np.newaxis], 3, axis=2)
        boxes = [f.box for f in detector.detect(image, FACE_PX // 2)]
        if boxes:
            found.append(index)
            box = max(boxes, key=lambda box: box.width)
            placed.append(_placed(box))
            for margin in MARGINS:
                crops[margin].append(to_gray_face(crop_face(image, box, margin), 48, 48))
    labels = faces.labels[found]

    def accuracy(images: np.ndarray) -> float:
        return float((classifier.probabilities(images).argmax(axis=1) == labels).mean())

    print(f"faces {len(faces)}, found {len(found)} ({len(found) / len(faces):.1%})")
    for what, values in zip(("right", "down", "larger"), np.array(placed).T, strict=True):
        print(f"boxes lie {what} by {values.mean():+.1%} of the face, deviation {values.std():.1%}")
    print(f"classified directly, those found: {accuracy(faces.images[found]):.2%}")
    for margin in MARGINS:
        print(f"cut with margin {margin:+.2f}: {accuracy(np.stack(crops[margin])):.2%}")


def _placed(box: BoundingBox) -> tuple[float, float, float]:
    """The box's offset right and down of the face's middle, and its surplus width."""
    x = (box.x1 + box.x2) / 2 - RIM_PX - FACE_PX / 2
    y = (box.y1 + box.y2) / 2 - RIM_PX - FACE_PX / 2
    return x / FACE_PX, y / FACE_PX, box.width / FACE_PX - 1


if __name__ == "__main__":
    main()
