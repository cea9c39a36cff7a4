"""The places of a photo where a face may be: a quick search of its own pixels at every size."""

import math
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import NamedTuple, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from fer_core.detection.haar import HaarFaceDetector
from fer_core.images import GrayImage

T = TypeVar("T")
R = TypeVar("R")

AffineMap: TypeAlias = npt.NDArray[np.float64]
"""Shape `(2, 3)`: what it is multiplied with is `(x, y, 1)`."""

WINDOW_PX = 20
"""The side of what the cascade looks at. On a copy where a face is less than twice as large OpenCV
moves the window by two pixels instead of one, which takes a quarter of the time. So each copy is
searched for faces from one to just below two windows, and the next one has half its sides."""

TILT = 25
"""Degrees by which copies are turned to the left and to the right: the cascade finds faces that
are tilted by up to some 15°, on the turned copies those from 10° to 30° and a little more."""

SCALE_FACTOR = 1.15
TURNED_SCALE_FACTOR = 1.2
"""Steps between the sizes that are searched. On upright copies 1.2 misses two faces of a hundred
that 1.15 finds, and 1.1 finds no more."""

TURNED_SHARE = 30
"""Turned copies are searched only for faces of at least this part of the photo's shorter side.
Smaller ones would take most of the time, and in photos of more than a megapixel or two they are
bystanders."""

TILE_PX = 640
"""Copies are searched in tiles of this side, by as many threads as there are processors; flat ones
not at all. It bounds the memory, too."""

FLAT_BELOW = 8
"""Gray values between the lightest and the darkest pixel of a tile in which there is no face."""


class Place(NamedTuple):
    """A place where a face may be, in pixels of the photo.

    Attributes:
        x: Its middle.
        y: Its middle.
        side_px: The side of its box.
        tilt: By how many degrees the copy was turned on which it was seen.
        n: Number of windows that overlap there.
    """

    x: float
    y: float
    side_px: float
    tilt: int
    n: int


@dataclass(frozen=True)
class _Tile:
    """A part of a copy.

    Attributes:
        gray: Its pixels.
        smallest_px: Smallest side of a face, in its pixels.
        largest_px: Largest side of a face; 0 for any.
        tilt: By how many degrees the copy was turned.
        to_photo: From its pixels to those of the photo.
        scale: Size of a photo's pixel on the copy.
    """

    gray: GrayImage
    smallest_px: int
    largest_px: int
    tilt: int
    to_photo: AffineMap
    scale: float


def copies_of(gray: GrayImage, min_face_px: int) -> list[GrayImage]:
    """The photo itself, and what is searched in its place.

    Args:
        gray: The photo.
        min_face_px: Smallest side of a face.

    Returns:
        The photo, then a copy where the smallest face is `WINDOW_PX` large, then others of half,
        a quarter, … of its sides.
    """
    scale = min(1.0, WINDOW_PX / min_face_px)
    copies = [gray, _scaled(gray, scale) if scale < 1 else gray]
    while min(copies[-1].shape) >= 4 * WINDOW_PX:
        copies.append(_scaled(copies[-1], 0.5))
    return copies


def find_places(
    haar: HaarFaceDetector, copies: list[GrayImage], min_face_px: int
) -> Iterator[Place]:
    """Search a photo.

    Args:
        haar: Lends its cascades.
        copies: As `copies_of` gives them.
        min_face_px: Smallest side of a face, in pixels of the photo.
    """
    shorter_px = min(copies[0].shape)
    turned_min_px = max(min_face_px, shorter_px // TURNED_SHARE)
    tiles = chain(
        _tiles(copies, 0, min_face_px),
        _tiles(copies, TILT, turned_min_px),
        _tiles(copies, -TILT, turned_min_px),
    )
    return chain.from_iterable(in_parallel(lambda tile: _places(haar, tile), tiles))


def in_parallel(work: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The work done on each item, in their order, by as many threads as there are processors.

    OpenCV lets other threads run while it works. Its own threads share a search less well.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1, "photo search") as threads:
        return list(threads.map(work, items))


def _places(haar: HaarFaceDetector, tile: _Tile) -> list[Place]:
    low, high, *_ = cv2.minMaxLoc(tile.gray)
    if high - low < FLAT_BELOW:
        return []
    seen = haar.hits(
        tile.gray,
        tile.smallest_px,
        tile.largest_px,
        scale_factor=TURNED_SCALE_FACTOR if tile.tilt else SCALE_FACTOR,
        min_neighbors=0,
    )
    windows = [(box.x1, box.y1, box.width, box.height) for box, _ in seen]
    # It drops what is there once: so each window is given twice.
    boxes, counts = cv2.groupRectangles(windows * 2, 1, 0.2)
    places = []
    for (left, top, side, _), n in zip(boxes, counts, strict=True):
        x, y = tile.to_photo @ (left + side / 2, top + side / 2, 1)
        places.append(Place(x, y, side / tile.scale, tile.tilt, int(n) // 2))
    return places


def _tiles(copies: list[GrayImage], tilt: int, min_face_px: int) -> Iterator[_Tile]:
    """The tiles of each copy that is to be searched, turned by `tilt` degrees."""
    for copy in copies[1:]:
        scale = copy.shape[1] / copies[0].shape[1]
        smallest_px = max(WINDOW_PX, round(min_face_px * scale))
        largest_px = 0 if copy is copies[-1] else 2 * WINDOW_PX - 1
        if smallest_px > min(copy.shape) or (largest_px and smallest_px >= largest_px):
            continue
        turned, back = _turned(copy, tilt) if tilt else (copy, np.eye(2, 3))
        for left, top, right, bottom in _grid(turned.shape[1], turned.shape[0]):
            to_photo = back.copy()
            to_photo[:, 2] += back[:, :2] @ (left, top)
            gray = turned[top:bottom, left:right]
            yield _Tile(gray, smallest_px, largest_px, tilt, to_photo / scale, scale)


def _grid(width: int, height: int) -> Iterator[tuple[int, int, int, int]]:
    """Edges of tiles, each of which shares a strip with the next as wide as the largest face."""
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            yield left, top, right, bottom


def _spans(length: int) -> list[tuple[int, int]]:
    shared = 2 * WINDOW_PX + 2
    n = max(1, math.ceil((length - shared) / (TILE_PX - shared)))
    starts = [round(i * (length - shared) / n) for i in range(n + 1)]
    return [(max(0, start), min(length, end + shared)) for start, end in pairwise(starts)]


def _turned(gray: GrayImage, degrees: float) -> tuple[GrayImage, AffineMap]:
    """A copy that is large enough for all of the turned image, and the way back."""
    height, width = gray.shape
    turn = np.array(cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1), np.float64)
    cos, sin = abs(turn[0, 0]), abs(turn[0, 1])
    size = math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos)
    turn[:, 2] += (np.array(size) - (width, height)) / 2
    turned = np.asarray(cv2.warpAffine(gray, turn, size), np.uint8)
    return turned, np.asarray(cv2.invertAffineTransform(turn), np.float64)


def _scaled(gray: GrayImage, factor: float) -> GrayImage:
    size = tuple(max(1, round(side * factor)) for side in gray.shape[::-1])
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)
