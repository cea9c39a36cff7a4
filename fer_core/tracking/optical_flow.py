"""Boxes carried from one frame to another by optical flow."""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from fer_core.faces import BoundingBox
from fer_core.images import GrayImage, RgbImage, scale_to_fit, to_gray

WIDE_PX = 320
"""Longest side of the copy that motion is estimated on; finding a face again to a tenth of a pixel
needs no more."""

_STEPS = np.linspace(-0.35, 0.35, 5, dtype=np.float32)
_GRID = np.stack(np.meshgrid(_STEPS, _STEPS), axis=2).reshape(-1, 2)
"""The points whose motion a box follows, shape `(25, 2)`, as shares of its sides from its center:
the middle of it, where the face is and not what is behind it."""

LEAST_POINTS = 0.4
"""Share of a box's points that must be found again for its motion to be trusted."""

MOST_ERROR_PX = 1.0
"""Largest distance of a point from its start once it was followed there and back, in pixels of the
copy (Kalal et al. 2010, "Forward-backward error")."""

CELL_PX = 16
"""Side of the cells that a change of the scene is measured in, in pixels of the copy."""

CHANGED_BY = 12.0
"""Difference of a cell's mean, 0 to 255, from which on it has changed; noise stays below 2."""


@dataclass(frozen=True)
class SubpixelBox:
    """A box that moves by parts of a pixel: its center, its width and its height, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def of(cls, box: BoundingBox) -> "SubpixelBox":
        """The same box."""
        return cls((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, box.width, box.height)

    def scaled(self, factor: float) -> "SubpixelBox":
        """The same box in a frame `factor` times as large."""
        return SubpixelBox(
            self.x * factor, self.y * factor, self.width * factor, self.height * factor
        )

    def moved(self, dx: float, dy: float, growth: float) -> "SubpixelBox":
        """The box with its center shifted by `dx` and `dy` pixels and its sides `growth` times."""
        return SubpixelBox(self.x + dx, self.y + dy, self.width * growth, self.height * growth)

    def pulled(self, to: "SubpixelBox", share: float) -> "SubpixelBox":
        """The box moved and resized a share of the way to another, 0 not at all to 1 wholly."""
        return SubpixelBox(
            self.x + share * (to.x - self.x),
            self.y + share * (to.y - self.y),
            self.width + share * (to.width - self.width),
            self.height + share * (to.height - self.height),
        )

    def rounded(self) -> BoundingBox:
        """The nearest box of whole pixels, at least one wide and high."""
        width, height = max(1, round(self.width)), max(1, round(self.height))
        x1, y1 = round(self.x - width / 2), round(self.y - height / 2)
        return BoundingBox(x1, y1, x1 + width, y1 + height)


class MotionFrame:
    """The small gray copy of a frame that motion is estimated on; it holds nothing else of it."""

    def __init__(self, image: RgbImage) -> None:
        """Copy a frame."""
        height, width = image.shape[:2]
        self.gray: GrayImage = np.ascontiguousarray(scale_to_fit(to_gray(image), WIDE_PX))
        self.scale = max(self.gray.shape) / max(height, width)

    def as_large_as(self, other: "MotionFrame") -> "MotionFrame":
        """Return this frame at another one's resolution."""
        resized = copy(self)
        vars(resized).pop("cells", None)
        resized.scale = other.scale
        size = other.gray.shape[::-1]
        resized.gray = np.asarray(cv2.resize(self.gray, size), dtype=np.uint8)
        return resized

    @cached_property
    def cells(self) -> npt.NDArray[np.float32]:
        """Mean brightness of each cell, 0 to 255, shape `(rows, columns)`."""
        height, width = self.gray.shape
        size = max(1, width // CELL_PX), max(1, height // CELL_PX)
        return cv2.resize(self.gray, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def follow_boxes(
    before: MotionFrame, after: MotionFrame, boxes: Sequence[SubpixelBox]
) -> list[SubpixelBox | None]:
    """Find boxes of one frame in a later one of the same size.

    Lucas & Kanade's flow in pyramids (Bouguet 2000) of a grid of points in each box; the box moves
    by the median of what its points moved by (Kalal et al. 2010, "Median flow"), and grows as they
    move apart.

    Returns:
        A box for each; None for one whose points were mostly not found again, as on a surface
        without texture, after a fast movement or where something came in front.
    """
    if not boxes or before.gray.shape != after.gray.shape:
        return [None] * len(boxes)
    centers = np.array([(box.x, box.y) for box in boxes])[:, np.newaxis]
    sizes = np.array([(box.width, box.height) for box in boxes])[:, np.newaxis]
    start = ((centers + _GRID * sizes) * before.scale).astype(np.float32)
    points = start.reshape(-1, 2)
    there, found = _flow(before.gray, after.gray, points)
    back, found_back = _flow(after.gray, before.gray, there)
    good = found & found_back & (np.abs(back - points).max(axis=1) < MOST_ERROR_PX)
    good &= ((there >= 0) & (there < after.gray.shape[::-1])).all(axis=1)
    end, good = there.reshape(start.shape), good.reshape(start.shape[:2])
    return [
        _moved(box, start[i][good[i]], end[i][good[i]], before.scale) for i, box in enumerate(boxes)
    ]


def scene_changed(before: MotionFrame, after: MotionFrame, faces: Sequence[SubpixelBox]) -> bool:
    """True if something changed between two frames other than around and below known faces."""
    if before.gray.shape != after.gray.shape:
        return True
    changed = np.abs(after.cells - before.cells) > CHANGED_BY
    per_px = after.scale * changed.shape[1] / after.gray.shape[1]
    for face in faces:  # and the shoulders, which move along
        left, right = (face.x - 1.5 * face.width) * per_px, (face.x + 1.5 * face.width) * per_px
        top = (face.y - face.height) * per_px
        changed[max(0, int(top)) :, max(0, int(left)) : max(0, math.ceil(right))] = False
    return bool(changed.any())


def _flow(
    before: GrayImage, after: GrayImage, points: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """The points' new places, `(N, 2)`, and True for each that was found, `(N,)`."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before, after, points, np.empty_like(points), winSize=(9, 9), maxLevel=3
    )
    return np.asarray(there, dtype=np.float32), found[:, 0].astype(bool)


def _moved(
    box: SubpixelBox, start: npt.NDArray[np.float32], end: npt.NDArray[np.float32], scale: float
) -> SubpixelBox | None:
    """A box whose points went from `start` to `end`, each of shape `(N, 2)`."""
    if len(start) < LEAST_POINTS * len(_GRID):
        return None
    dx, dy = (_median(end[:, axis] - start[:, axis]) / scale for axis in (0, 1))
    around = start - start.mean(axis=0)
    # Least squares, as the ratio of mean distances would grow with noise.
    growth = float((around * end).sum() / (around * around).sum())
    return box.moved(dx, dy, growth)


def _median(values: npt.NDArray[np.float32]) -> float:
    """NumPy's own takes ten times as long for a few values."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])
