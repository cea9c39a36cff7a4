"""Faces in a photo, for which there is more time than for a frame: fewer missed, fewer false."""

import cv2
import numpy as np

from fer_core.detection.base import usual_face_px
from fer_core.detection.haar import HaarFaceDetector, Hits, faces_of
from fer_core.detection.places import AffineMap, Place, copies_of, find_places, in_parallel
from fer_core.faces import BoundingBox, DetectedFace, box_iou
from fer_core.images import GrayImage, RgbImage, check_rgb, to_gray

# `python -m benchmarks.detection` measures what this finds; benchmarks/README.md has its figures,
# and those of what was tried and is not here.

SMALLEST_FACE_PX = 32
"""Smallest face of a photo, unless another is asked for; in photos whose shorter side is below 640
pixels a twentieth of it, but not below `LEAST_FACE_PX`."""

LEAST_FACE_PX = 24
"""Smaller faces are never found."""

SCALE_FACTOR = 1.1
"""Step between the sizes that are searched in a place."""

CLOSER_FACE_PX = 48
MIN_NEIGHBORS = 4
CERTAIN_HITS = 20
"""Each place where a face may be is searched alone, on a copy where the face is `CLOSER_FACE_PX`
wide. It is one where this many hits overlap there. Where it has fewer, from `MIN_NEIGHBORS` on,
there is a second look."""

LOOK_TILTS = (0, -12, 12, -24, 24)
LOOK_HITS = 16
SMALL_LOOK_HITS = 32
"""The second look searches the place at these tilts, on a copy where the face is `LOOK_FACE_PX`
wide, and finds a face where all hits in its middle add up to this: the second number counts for
faces below `SMALL_FACE_PX` and below `SMALL_FACE_SHARE` of the photo's shorter side, as a photo has
many more small places that look like one."""

SMALL_FACE_PX = 48
SMALL_FACE_SHARE = 1 / 16
LOOK_FACE_PX = 56

CLOSER_CONTEXT = 1.7
LOOK_CONTEXT = 2.2
"""Side of what is searched over that of the face in it."""

MOST_PLACES = 1000
MOST_LOOKS = 60
"""Most places and looks of a photo, so that none takes much longer than others. The places with
the most hits come first."""

SAME_FACE_IOU = 0.3
SAME_FACE_SHARE = 0.6
"""Two boxes are one face where they overlap this much, or where one has this share of itself in
the other."""


class ThoroughFaceDetector:
    """Finds small and tilted faces too, and looks twice where it is in doubt. Safe to share.

    It searches the photo's own pixels, quickly for places where a face may be, and then each place
    alone.
    """

    name = "haar-thorough"

    def __init__(self, haar: HaarFaceDetector) -> None:
        """Search with the cascades of a detector."""
        self._haar = haar

    def warm_up(self) -> None:
        """Load the cascades."""
        self._haar.warm_up()

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        """Find faces.

        Args:
            image: The image to search.
            min_face_px: Smallest side of a face, in pixels of `image`. None for
                `SMALLEST_FACE_PX`. Faces that are tilted by more than some 15° are found from a
                thirtieth of the photo's shorter side on.

        Returns:
            As `HaarFaceDetector.detect`. The box of a tilted face is upright, with the middle and
            the size of the tilted one.

        Raises:
            ValueError: The image is not an `RgbImage`.
        """
        check_rgb(image)
        if min_face_px is None:
            min_face_px = min(SMALLEST_FACE_PX, usual_face_px(image))
        min_face_px = max(min_face_px, LEAST_FACE_PX)
        copies = copies_of(to_gray(image), min_face_px)
        places = sorted(find_places(self._haar, copies, min_face_px), key=lambda place: -place.n)
        seen = in_parallel(lambda place: self._closer(copies, place), places[:MOST_PLACES])
        faces = [hits for hits in seen if hits is not None and hits.box.width >= min_face_px]
        return faces_of(self._without_doubtful(copies, faces), 1.0, image)

    def _closer(self, copies: list[GrayImage], place: Place) -> Hits | None:
        """The face in a place, None where there is none."""
        part, back = _cut_out(copies, place, CLOSER_FACE_PX, CLOSER_CONTEXT)
        seen = self._haar.hits(
            part,
            round(0.75 * CLOSER_FACE_PX),
            round(1.35 * CLOSER_FACE_PX),
            scale_factor=SCALE_FACTOR,
            min_neighbors=MIN_NEIGHBORS,
        )
        if not seen:
            return None
        box, n = max(seen, key=lambda hits: hits.n)
        x, y = back @ (*_middle(box), 1)
        return Hits(BoundingBox.square(x, y, round(box.width * place.side_px / CLOSER_FACE_PX)), n)

    def _without_doubtful(self, copies: list[GrayImage], faces: list[Hits]) -> list[Hits]:
        """Each face once, without what a second look does not find."""
        kept: list[Hits] = []
        looks_left = MOST_LOOKS
        for hits in sorted(faces, key=lambda hits: -hits.n):
            if any(_is_same_face(hits.box, other.box) for other in kept):
                continue
            if hits.n < CERTAIN_HITS:
                if looks_left == 0:
                    break
                looks_left -= 1
                if not self._looks_like_a_face(copies, hits.box):
                    continue
            kept.append(hits)
        return kept

    def _looks_like_a_face(self, copies: list[GrayImage], box: BoundingBox) -> bool:
        """Search a place again; True if a face is there."""
        small_px = max(SMALL_FACE_PX, SMALL_FACE_SHARE * min(copies[0].shape))
        hits_left = LOOK_HITS if box.width >= small_px else SMALL_LOOK_HITS
        for tilt in LOOK_TILTS:
            place = Place(*_middle(box), box.width, tilt, n=0)
            part, _ = _cut_out(copies, place, LOOK_FACE_PX, LOOK_CONTEXT)
            middle_px = part.shape[0] / 2
            in_the_middle = BoundingBox.square(middle_px, middle_px, round(0.7 * LOOK_FACE_PX))
            seen = self._haar.hits(
                part,
                round(0.7 * LOOK_FACE_PX),
                round(1.45 * LOOK_FACE_PX),
                scale_factor=SCALE_FACTOR,
                min_neighbors=1,
            )
            hits_left -= max(
                (n for found, n in seen if _is_in(_middle(found), in_the_middle)), default=0
            )
            if hits_left <= 0:
                return True
        return False


def _cut_out(
    copies: list[GrayImage], place: Place, face_px: int, context: float
) -> tuple[GrayImage, AffineMap]:
    """A place and what is around it, turned by its tilt, so that its face is `face_px` wide.

    It is cut from the smallest copy on which the face is that large, or else from the photo.

    Returns:
        A square, and the way from its pixels to those of the photo.
    """
    width_px = copies[0].shape[1]
    large = (copy for copy in copies if copy.shape[1] * place.side_px >= face_px * width_px)
    *_, copy = (copies[0], *large)
    scale = copy.shape[1] / width_px
    x, y = place.x * scale, place.y * scale
    side_px = round(context * face_px)
    turn = cv2.getRotationMatrix2D((x, y), place.tilt, face_px / (place.side_px * scale))
    turn[:, 2] += np.array([side_px / 2 - x, side_px / 2 - y])
    part = cv2.warpAffine(copy, turn, (side_px, side_px), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(part, np.uint8), np.asarray(cv2.invertAffineTransform(turn)) / scale


def _middle(box: BoundingBox) -> tuple[float, float]:
    return (box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2


def _is_in(xy: tuple[float, float], box: BoundingBox) -> bool:
    return box.x1 < xy[0] < box.x2 and box.y1 < xy[1] < box.y2


def _is_same_face(a: BoundingBox, b: BoundingBox) -> bool:
    if box_iou(a, b) >= SAME_FACE_IOU:
        return True
    width = min(a.x2, b.x2) - max(a.x1, b.x1)
    height = min(a.y2, b.y2) - max(a.y1, b.y1)
    smaller = min(a.width * a.height, b.width * b.height)
    return min(width, height) > 0 and width * height >= SAME_FACE_SHARE * smaller
