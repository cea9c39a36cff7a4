"""The faces that each detector finds, its mistakes, and the time it takes.

    python -m benchmarks.detection
    python -m benchmarks.detection --photos FOLDER --boxes benchmarks/group_photos.csv

Without a folder it searches collages of two portraits in the public domain, one for each tilt. With
one, a table with the columns `file`, `x1`, `y1`, `x2`, `y2` says where the faces are: a row a face
in pixels of the upright photo, framed as `FaceDetector` does, or one row without numbers where
there is none. Faces below 40 pixels are neither asked for nor counted as false.
"""

import argparse
import csv
import importlib.util
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from fer_core.decoding import decode_image
from fer_core.detection.base import FaceDetector
from fer_core.detection.haar import HaarFaceDetector
from fer_core.detection.thorough import ThoroughFaceDetector
from fer_core.detection.yunet import YuNetFaceDetector
from fer_core.faces import BoundingBox, box_iou
from fer_core.images import RgbImage

LEAST_FACE_PX = 40
SAME_FACE_IOU = 0.4
"""A box that overlaps a face's this much has found it; people draw boxes differently."""

PORTRAITS = {
    "matplotlib/mpl-data/sample_data/grace_hopper.jpg": BoundingBox(144, 98, 384, 338),
    "skimage/data/astronaut.png": BoundingBox(177, 66, 274, 163),
}
"""The faces in portraits that installed packages carry."""

TILTS = (0, 10, 15, 20, 30, 45)
FACE_SIDES_PX = (48, 64, 96, 128)


@dataclass(frozen=True)
class Annotated:
    """A photo with the boxes of its faces."""

    image: RgbImage
    boxes: list[BoundingBox]


@dataclass
class Tally:
    """The results of one detector on some photos."""

    n_photos: int = 0
    n_faces: int = 0
    n_found: int = 0
    n_false: int = 0
    cpu_s: float = 0.0

    def add(self, photo: Annotated, detector: FaceDetector) -> None:
        """Search one more photo."""
        start_s = time.process_time()
        found = [face.box for face in detector.detect(photo.image)]
        self.cpu_s += time.process_time() - start_s
        asked = [box for box in photo.boxes if box.height >= LEAST_FACE_PX]
        self.n_photos += 1
        self.n_faces += len(asked)
        self.n_found += sum(_overlaps(box, found) for box in asked)
        self.n_false += sum(
            box.height >= LEAST_FACE_PX and not _overlaps(box, photo.boxes) for box in found
        )

    def __str__(self) -> str:
        share = f"{self.n_found / self.n_faces:.0%}" if self.n_faces else "none to find"
        return (
            f"{self.n_found} of {self.n_faces} faces ({share}), {self.n_false} false in "
            f"{self.n_photos} photos, {1000 * self.cpu_s / self.n_photos:.0f} ms a photo"
        )


def _overlaps(box: BoundingBox, others: list[BoundingBox]) -> bool:
    return any(box_iou(box, other) >= SAME_FACE_IOU for other in others)


def read_annotated(folder: Path, table: Path) -> Iterator[Annotated]:
    """The photos that a table of boxes names."""
    boxes: dict[str, list[BoundingBox]] = {}
    with table.open(newline="", encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            of_file = boxes.setdefault(row["file"], [])
            if row["x1"]:
                of_file.append(BoundingBox(*(int(row[edge]) for edge in ("x1", "y1", "x2", "y2"))))
    for file, known in boxes.items():
        yield Annotated(decode_image((folder / file).read_bytes()), known)


def collage(tilt: float) -> Annotated:
    """Both portraits in four sizes, tilted to the left and to the right, on gray."""
    canvas = np.full((960, 1280, 3), 110, np.uint8)
    boxes = []
    for row, (file, face) in enumerate(PORTRAITS.items()):
        package, _, path = file.partition("/")
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        portrait = decode_image((Path(spec.origin).parent / path).read_bytes())
        for column, side_px in enumerate(FACE_SIDES_PX):
            for sign in (-1, 1):
                x, y = 160 + 320 * column, 120 + 480 * row + 120 * (sign + 1)
                part = _tilted(portrait, face, sign * tilt, side_px / face.width)
                canvas[y - 120 : y + 120, x - 160 : x + 160] = part
                half = side_px // 2
                boxes.append(BoundingBox(x - half, y - half, x + half, y + half))
    return Annotated(canvas, boxes)


def _tilted(image: RgbImage, face: BoundingBox, degrees: float, scale: float) -> RgbImage:
    """320x240 pixels around a face, turned about its middle."""
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    middle = (face.x1 + face.x2) / 2 * scale, (face.y1 + face.y2) / 2 * scale
    turn = np.array(cv2.getRotationMatrix2D(middle, degrees, 1), np.float64)
    turn[:, 2] += np.array([160, 120]) - middle
    gray = (110.0, 110.0, 110.0)
    return np.asarray(cv2.warpAffine(small, turn, (320, 240), borderValue=gray), np.uint8)


def detectors(yunet: Path | None) -> dict[str, FaceDetector]:
    """The ways to search, by name."""
    haar = HaarFaceDetector()
    named: dict[str, FaceDetector] = {"fast": haar, "thorough": ThoroughFaceDetector(haar)}
    return named if yunet is None else named | {"yunet": YuNetFaceDetector(yunet)}


def main() -> None:
    """Print a line for each way to search."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--photos", type=Path, metavar="FOLDER")
    parser.add_argument("--boxes", type=Path, metavar="FILE.csv")
    parser.add_argument("--detector", type=Path, metavar="FILE.onnx", help="YuNet, to compare")
    args = parser.parse_args()
    if (args.photos is None) != (args.boxes is None):
        parser.error("--photos and --boxes go together")
    cv2.setNumThreads(1)
    for name, detector in detectors(args.detector).items():
        detector.warm_up()
        if args.photos is None:
            for tilt in TILTS:
                tally = Tally()
                tally.add(collage(tilt), detector)
                print(f"{name}, tilted {tilt}°: {tally}", flush=True)
            continue
        tally = Tally()
        for photo in read_annotated(args.photos, args.boxes):
            tally.add(photo, detector)
        print(f"{name}: {tally}", flush=True)


if __name__ == "__main__":
    main()
