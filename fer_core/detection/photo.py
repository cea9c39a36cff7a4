"""The faces of a photo as people bring it: cut out already, on its side, or upside down."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from fer_core.detection.base import FaceDetector
from fer_core.faces import BoundingBox, DetectedFace, FaceSource
from fer_core.images import GrayImage, RgbImage, to_gray

BORDER_SHARE = 0.25
FILLING_SHARE = 0.4
"""A photo without a face is searched again with a border of this share of its shorter side, for
faces from this share on: a detector needs to see more than a face to find one."""

CONFIDENT = 0.8
TURNED_SHARE = 1 / 12
"""If no face has this confidence, the photo is searched on each side and upside down, for faces
from that share of its shorter side on. The faces found there count if one has this confidence.
Less confident ones are mistakes, be they of a photo that lies turned or of three more searches."""

MAX_CROP_SIDE_PX = 128
MAX_CROP_RATIO = 1.25
"""A photo without a face that is no larger, and no longer, is taken for a face that was cut out
already, as the images of FER2013 (48x48) and RAF-DB (100x100) are."""

LEAST_DEVIATION = 3.0
LEAST_CORRELATION = 0.3
"""A photo that deviates less is of one gray; one whose neighboring pixels correlate less is noise.
Neither is a face. Of FER2013's 35,887 images 13 are of one gray or two. All others deviate by 3.8
and more, and correlate by .53 and more."""


def find_faces(
    detector: FaceDetector, image: RgbImage, min_face_px: int | None = None
) -> list[DetectedFace]:
    """Find the faces of a photo.

    If the detector finds no face, the photo is searched for a face that fills it. If it is
    confident of none, the photo is searched turned by 90°, 180° and 270°. A small, nearly square
    photo is taken for a face as a whole instead.

    Args:
        detector: Finds the faces.
        image: The photo.
        min_face_px: As for `FaceDetector.detect`.

    Returns:
        The faces from left to right, an empty list where there is none. Boxes refer to the photo
        as it is.
    """
    found = detector.detect(image, min_face_px)
    if _is_confident(found):
        return found
    found = found or _filling(detector, image, min_face_px)
    if max(image.shape[:2]) <= MAX_CROP_SIDE_PX:
        return found or ([whole_face(image)] if _may_be_a_crop(image) else [])
    return found if _is_confident(found) else _turned(detector, image, min_face_px) or found


def whole_face(image: RgbImage) -> DetectedFace:
    """The photo as a face that was cut out already."""
    box = BoundingBox(0, 0, image.shape[1], image.shape[0])
    return DetectedFace(box, confidence=0.0, source=FaceSource.WHOLE_IMAGE)


def _filling(
    detector: FaceDetector, image: RgbImage, min_face_px: int | None
) -> list[DetectedFace]:
    height, width = image.shape[:2]
    border = round(BORDER_SHARE * min(height, width))
    if border == 0:
        return []
    framed = cv2.copyMakeBorder(image, border, border, border, border, cv2.BORDER_REPLICATE)
    smallest_px = max(min_face_px or 1, round(FILLING_SHARE * min(height, width)))
    found = detector.detect(np.asarray(framed, np.uint8), smallest_px)
    return list(_inside(found, border, image))


def _inside(found: list[DetectedFace], border: int, image: RgbImage) -> Iterator[DetectedFace]:
    """The faces that lie not in the border alone, in pixels of the photo."""
    height, width = image.shape[:2]
    for face in found:
        box = face.box.shifted(-border, -border)
        inside = box.clipped(width, height)
        if inside and inside.width * inside.height > 0.5 * box.width * box.height:
            yield replace(face, box=inside)


def _turned(detector: FaceDetector, image: RgbImage, min_face_px: int | None) -> list[DetectedFace]:
    """The faces of the turned photo that the detector is most confident of."""
    smallest_px = max(min_face_px or 1, round(TURNED_SHARE * min(image.shape[:2])))
    best: list[DetectedFace] = []
    most = 0.0
    for n_quarters in (1, 3, 2):
        upright = np.rot90(image, n_quarters).copy()
        found = detector.detect(upright, smallest_px)
        total = sum(face.confidence for face in found)
        if _is_confident(found) and total > most:
            most = total
            best = [_turned_back(face, upright, n_quarters) for face in found]
    return sorted(best, key=lambda face: face.box.xyxy)


def _is_confident(found: list[DetectedFace]) -> bool:
    return any(face.confidence >= CONFIDENT for face in found)


def _turned_back(face: DetectedFace, upright: RgbImage, n_quarters: int) -> DetectedFace:
    """A face in the photo that was turned anticlockwise by so many quarters to be upright."""
    box = face.box
    for n in range(n_quarters):
        box = box.turned(upright.shape[n % 2])
    return replace(face, box=box, turned_deg=90 * n_quarters)


def _may_be_a_crop(image: RgbImage) -> bool:
    height, width = image.shape[:2]
    if max(height, width) > MAX_CROP_RATIO * min(height, width) or min(height, width) < 2:
        return False
    gray = to_gray(image)
    if gray.std() < LEAST_DEVIATION:
        return False
    return min(_correlation(gray), _correlation(gray.T)) >= LEAST_CORRELATION


def _correlation(gray: GrayImage) -> float:
    """Correlation of pixels with their right neighbors, from -1 to 1."""
    deviations = gray - gray.mean()
    products = deviations[:, 1:] * deviations[:, :-1]
    return float(products.mean() / max(1.0, gray.var()))
