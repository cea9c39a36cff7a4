"""Faces in an image, found by OpenCV's Haar cascade."""

import math
import os
from pathlib import Path

import cv2

from fer_core.faces import BoundingBox, DetectedFace
from fer_core.images import RgbImage, check_rgb, scale_to_fit, to_gray
from fer_core.pool import Pool

CASCADE = "haarcascade_frontalface_alt2.xml"
"""Lienhart's frontal cascade that comes with OpenCV. Measured on 86 photos with 176 faces it finds
as many as the tutorials' `default` cascade or more, with a tenth of its false boxes."""


class HaarFaceDetector:
    """Finds upright, frontal faces (Viola & Jones 2001). Safe to share between threads."""

    def __init__(
        self, *, scale_factor: float = 1.1, min_neighbors: int = 5, max_area_px: int = 960 * 720
    ) -> None:
        """Prepare a detector; cascades are loaded when first needed.

        Args:
            scale_factor: Step between the sizes that are searched, above 1.
            min_neighbors: How many overlapping hits make a face.
            max_area_px: Larger images are searched on a copy with about this many pixels, so
                that the longest search takes the same time whatever the photo's shape.
        """
        self._scale_factor = scale_factor
        self._min_neighbors = min_neighbors
        self._max_area_px = max_area_px
        # One more than processors, so that no frame waits for a long search beside its stream.
        self._cascades = Pool(_load_cascade, size=(os.cpu_count() or 1) + 1)

    def warm_up(self) -> None:
        """Load the cascades that one stream needs, its own and that of the search beside it."""
        self._cascades.fill(2)

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        """Find faces.

        Args:
            image: Where to look.
            min_face_px: Smallest side of a face, in pixels of `image`. None for a twentieth of
                the image's shorter side. Faces below 24 pixels of the searched copy are never
                found.

        Returns:
            The faces from left to right, an empty list where there is none. Boxes lie inside the
            image. The confidence grows with the number of overlapping hits n as n / (n + 5).

        Raises:
            ValueError: The image is not an `RgbImage`.
        """
        check_rgb(image)
        height, width = image.shape[:2]
        if min_face_px is None:
            min_face_px = min(height, width) // 20
        scale = min(1.0, math.sqrt(self._max_area_px / (height * width)))
        searched = scale_to_fit(image, math.ceil(max(height, width) * scale))
        scale = max(searched.shape[:2]) / max(height, width)
        min_side = max(24, round(min_face_px * scale))
        with self._cascades.borrow() as cascade:
            boxes, n_hits = cascade.detectMultiScale2(
                to_gray(searched),
                scaleFactor=self._scale_factor,
                minNeighbors=self._min_neighbors,
                minSize=(min_side, min_side),
            )
        faces = []
        for (x, y, w, h), n in zip(boxes, n_hits, strict=True):
            edges = (round(edge / scale) for edge in (x, y, x + w, y + h))
            box = BoundingBox(*edges).clipped(width, height)
            if box is not None:
                faces.append(DetectedFace(box, confidence=float(n / (n + 5))))
        return sorted(faces, key=lambda face: face.box.xyxy)


def _load_cascade() -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / CASCADE))
