"""Faces in a photo, for which there is more time than for a frame: fewer missed, fewer false."""

import math

import cv2
import numpy as np

from fer_core.detection import HaarFaceDetector, Hits, faces_of
from fer_core.faces import BoundingBox, DetectedFace, box_iou
from fer_core.images import GrayImage, RgbImage

# `python -m benchmarks.detection` measures what this finds; benchmarks/README.md has its figures,
# and those of what was tried and is not here.

TILT = 25
"""Degrees by which the photo is turned to the left and to the right: the cascade finds faces that
are tilted by up to some 15°, on the turned copies those from 10° to 30° and a little more."""

SCALE_FACTOR = 1.1
TURNED_SCALE_FACTOR = 1.2
"""Steps between the sizes that are searched. On turned copies they are twice as long, which takes
half the time, finds the same faces, and makes each hit count for two."""

MIN_NEIGHBORS = 4
CERTAIN_HITS = 20
"""A face is where one search has this many overlapping hits. Where it has fewer, from
`MIN_NEIGHBORS` on, there is a second look."""

LOOK_TILTS = (-24, -12, 0, 12, 24)
LOOK_HITS = 16
"""The second look searches the place alone, at these tilts, on a copy where the face is
`LOOK_FACE_PX` wide, and finds a face where all hits in its middle add up to this."""

LOOK_FACE_PX = 56

MOST_LOOKS = 40
"""No photo gets more second looks, so that none takes much longer than others; the places with most
hits come first."""

SAME_FACE_IOU = 0.3
SAME_FACE_SHARE = 0.6
"""Two boxes are one face where they overlap this much, or where one has this share of itself in
the other."""


class ThoroughFaceDetector:
    """Finds tilted faces too, and looks twice where it is in doubt. Safe to share.

    It takes about three times as long as the `HaarFaceDetector` that it searches with.
    """

    name = HaarFaceDetector.name

    def __init__(self, haar: HaarFaceDetector) -> None:
        """Search with the cascades and on the copies of a detector."""
        self._haar = haar

    def warm_up(self) -> None:
        """Load the cascades."""
        self._haar.warm_up()

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        """Find faces, as `HaarFaceDetector.detect` does.

        The box of a tilted face is upright, with the middle and the size of the tilted one.
        """
        gray, scale, min_side_px = self._haar.searched_copy(image, min_face_px)
        found = self._haar.hits(
            gray, min_side_px, scale_factor=SCALE_FACTOR, min_neighbors=MIN_NEIGHBORS
        )
        for tilt in (TILT, -TILT):
            found += self._turned_hits(gray, tilt, min_side_px)
        kept: list[Hits] = []
        looks_left = MOST_LOOKS
        for hits in sorted(found, key=lambda hits: -hits.n):
            if any(_is_same_face(hits.box, other.box) for other in kept):
                continue
            if hits.n < CERTAIN_HITS:
                if looks_left == 0:
                    break
                looks_left -= 1
                if not self._looks_like_a_face(gray, hits.box):
                    continue
            kept.append(hits)
        return faces_of(kept, scale, image)

    def _turned_hits(self, gray: GrayImage, degrees: float, min_side_px: int) -> list[Hits]:
        """What is found on a turned copy, in pixels of the upright one."""
        height, width = gray.shape
        turn = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1), np.float64)
        cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
        size = math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos)
        turn[:, 2] += (np.array(size) - (width, height)) / 2
        turned = np.asarray(cv2.warpAffine(gray, turn, size), np.uint8)
        found = self._haar.hits(
            turned,
            min_side_px,
            scale_factor=TURNED_SCALE_FACTOR,
            min_neighbors=MIN_NEIGHBORS // 2,
        )
        back = cv2.invertAffineTransform(turn)
        middles = [back @ (*_middle(box), 1) for box, _ in found]
        return [
            Hits(_square(x, y, box.width), 2 * n)
            for (x, y), (box, n) in zip(middles, found, strict=True)
        ]

    def _looks_like_a_face(self, gray: GrayImage, box: BoundingBox) -> bool:
        """Whether a second look at the place finds a face there."""
        side_px = round(2.2 * LOOK_FACE_PX)
        middle_px = side_px / 2
        in_the_middle = _square(middle_px, middle_px, round(0.7 * LOOK_FACE_PX))
        x, y = _middle(box)
        n_hits = 0
        for tilt in LOOK_TILTS:
            turn = cv2.getRotationMatrix2D((x, y), tilt, LOOK_FACE_PX / box.width)
            turn[:, 2] += np.array([middle_px - x, middle_px - y])
            place = cv2.warpAffine(gray, turn, (side_px, side_px), borderMode=cv2.BORDER_REPLICATE)
            seen = self._haar.hits(
                np.asarray(place, np.uint8),
                round(0.7 * LOOK_FACE_PX),
                round(1.45 * LOOK_FACE_PX),
                scale_factor=SCALE_FACTOR,
                min_neighbors=1,
            )
            n_hits += max(
                (n for found, n in seen if _is_in(_middle(found), in_the_middle)), default=0
            )
        return n_hits >= LOOK_HITS


def _middle(box: BoundingBox) -> tuple[float, float]:
    return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2


def _square(x: float, y: float, side_px: int) -> BoundingBox:
    left, top = round(x - side_px / 2), round(y - side_px / 2)
    return BoundingBox(left, top, left + side_px, top + side_px)


def _is_in(xy: tuple[float, float], box: BoundingBox) -> bool:
    return box.x1 < xy[0] < box.x2 and box.y1 < xy[1] < box.y2


def _is_same_face(a: BoundingBox, b: BoundingBox) -> bool:
    if box_iou(a, b) >= SAME_FACE_IOU:
        return True
    width = min(a.x2, b.x2) - max(a.x1, b.x1)
    height = min(a.y2, b.y2) - max(a.y1, b.y1)
    smaller = min(a.width * a.height, b.width * b.height)
    return min(width, height) > 0 and width * height >= SAME_FACE_SHARE * smaller
