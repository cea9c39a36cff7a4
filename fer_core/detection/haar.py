"""Faces in an image, found by OpenCV's Haar cascade."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from fer_core.detection.base import usual_face_px
from fer_core.faces import BoundingBox, DetectedFace
from fer_core.images import GrayImage, RgbImage, check_rgb, scale_to_area, to_gray
from fer_core.pool import Pool, once_a_process

CASCADE = "haarcascade_frontalface_alt2.xml"
"""Lienhart's frontal cascade that comes with OpenCV. Measured on 86 photos with 176 faces it finds
as many as the tutorials' `default` cascade or more, with a tenth of its false boxes."""


class Hits(NamedTuple):
    """Overlapping hits of a cascade: their box in pixels of the searched copy, and how many."""

    box: BoundingBox
    n: int


class HaarFaceDetector:
    """Finds upright, frontal faces (Viola & Jones 2001). Safe to share between threads."""

    name = "haar"

    def __init__(
        self, *, scale_factor: float = 1.1, min_neighbors: int = 5, max_area_px: int = 960 * 720
    ) -> None:
        """Prepare a detector; cascades are loaded when first needed.

        Args:
            scale_factor: Step between the sizes that are searched, above 1.
            min_neighbors: Number of overlapping hits that make a face.
            max_area_px: Larger images are searched on a copy with about this many pixels, so
                that the longest search takes the same time whatever the photo's shape.
        """
        self._scale_factor = scale_factor
        self._min_neighbors = min_neighbors
        self._max_area_px = max_area_px
        # One more than processors, so that no frame waits for a long search beside its stream.
        self._cascades = Pool(_load_cascade, size=(os.cpu_count() or 1) + 1)

    def __reduce__(self) -> tuple[Any, ...]:
        settings = self._scale_factor, self._min_neighbors, self._max_area_px
        return once_a_process, (_make_haar, *settings)

    def warm_up(self) -> None:
        """Load and use once the cascades of a few streams and of the searches beside them."""
        frame = np.zeros((480, 640), np.uint8)
        self._cascades.warm_up(lambda cascade: cascade.detectMultiScale(frame))

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        """Find faces.

        Args:
            image: The image to search.
            min_face_px: Smallest side of a face, in pixels of `image`. None for a twentieth of
                the image's shorter side. Faces below 24 pixels of the searched copy are never
                found.

        Returns:
            The faces from left to right, an empty list where there is none. Boxes lie inside the
            image. The confidence grows with the number of overlapping hits n as n / (n + 5).

        Raises:
            ValueError: The image is not an `RgbImage`.
        """
        copy, scale, min_side_px = self.searched_copy(image, min_face_px)
        hits = self.hits(
            copy,
            min_side_px,
            scale_factor=self._scale_factor,
            min_neighbors=self._min_neighbors,
        )
        return faces_of(hits, scale, image)

    def searched_copy(
        self, image: RgbImage, min_face_px: int | None
    ) -> tuple[GrayImage, float, int]:
        """Return the copy of an image to search, its scale, and the smallest face in its pixels.

        Raises:
            ValueError: The image is not an `RgbImage`.
        """
        check_rgb(image)
        if min_face_px is None:
            min_face_px = usual_face_px(image)
        copy, scale = scale_to_area(image, self._max_area_px)
        return to_gray(copy), scale, max(24, round(min_face_px * scale))

    def hits(
        self,
        gray: GrayImage,
        min_side_px: int,
        max_side_px: int = 0,
        *,
        scale_factor: float,
        min_neighbors: int,
    ) -> list[Hits]:
        """Search an image of any size as it is.

        Args:
            gray: The image to search.
            min_side_px: Smallest side of a face.
            max_side_px: Largest side of a face; 0 for any.
            scale_factor: As for the detector.
            min_neighbors: As for the detector.
        """
        with self._cascades.borrow() as cascade:
            boxes, counts = cascade.detectMultiScale2(
                gray,
                scaleFactor=scale_factor,
                minNeighbors=min_neighbors,
                minSize=(min_side_px, min_side_px),
                maxSize=(max_side_px, max_side_px),
            )
        return [
            Hits(BoundingBox(int(x), int(y), int(x + w), int(y + h)), int(n))
            for (x, y, w, h), n in zip(boxes, counts, strict=True)
        ]


def faces_of(hits: Iterable[Hits], scale: float, image: RgbImage) -> list[DetectedFace]:
    """Faces of an image, from left to right, whose hits are in a copy of it of that scale."""
    faces = []
    for found, n in hits:
        edges = (round(edge / scale) for edge in found.xyxy)
        box = BoundingBox(*edges).clipped(image.shape[1], image.shape[0])
        if box is not None:
            faces.append(DetectedFace(box, confidence=n / (n + 5)))
    return sorted(faces, key=lambda face: face.box.xyxy)


def _load_cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))


def _make_haar(scale_factor: float, min_neighbors: int, max_area_px: int) -> HaarFaceDetector:
    return HaarFaceDetector(
        scale_factor=scale_factor, min_neighbors=min_neighbors, max_area_px=max_area_px
    )
