"""How much is lost on the way from a data set's crop to the detector's, and at which margin least.

    python -m benchmarks.crop_margin --data fer2013.csv

Faces of FER2013's PublicTest are enlarged into the middle of a frame with a gray rim, found by the
app's detector, cut out with each margin and classified; the same faces are classified directly.
They are judged by the labels that the network learned: FER2013's, or the majority of FER+'s votes.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from fer_core.classification import EmotionClassifier
from fer_core.detection import HaarFaceDetector
from fer_core.images import crop_face, to_gray_face
from fer_core.model_store import DEFAULT_MODEL
from fer_core.training.calibrate import calibration_faces
from fer_core.training.datasets import load_dataset

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
    crops: dict[float, list[np.ndarray]] = {margin: [] for margin in MARGINS}
    for index, face in enumerate(faces.images):
        large = cv2.resize(face, (FACE_PX, FACE_PX), interpolation=cv2.INTER_CUBIC)
        frame = np.pad(large, RIM_PX, constant_values=128)
        image = np.repeat(frame[..., np.newaxis], 3, axis=2)
        boxes = [f.box for f in detector.detect(image, FACE_PX // 2)]
        if boxes:
            found.append(index)
            box = max(boxes, key=lambda box: box.width)
            for margin in MARGINS:
                crops[margin].append(to_gray_face(crop_face(image, box, margin), 48, 48))
    labels = faces.labels[found]

    def accuracy(images: np.ndarray) -> float:
        return float((classifier.probabilities(images).argmax(axis=1) == labels).mean())

    print(f"faces {len(faces)}, found {len(found)} ({len(found) / len(faces):.1%})")
    print(f"classified directly, those found: {accuracy(faces.images[found]):.2%}")
    for margin in MARGINS:
        print(f"cut with margin {margin:+.2f}: {accuracy(np.stack(crops[margin])):.2%}")


if __name__ == "__main__":
    main()
