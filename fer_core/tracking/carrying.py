"""Faces carried from one frame to the next by what moves in between."""

from collections.abc import Sequence
from dataclasses import replace

import cv2

from fer_core.faces import BoundingBox, DetectedFace
from fer_core.images import GrayImage
from fer_core.tracking.optical_flow import CHANGED_BY, MotionFrame, SubpixelBox, follow_boxes


def carry_faces(
    before: MotionFrame,
    after: MotionFrame,
    faces: Sequence[DetectedFace],
    size_wh: tuple[int, int],
) -> list[DetectedFace]:
    """Find the faces of a frame in the next one.

    Args:
        before: The frame.
        after: The next one; where it has another size, no face is found.
        faces: The faces of the first one.
        size_wh: Width and height of the frames, in pixels.

    Returns:
        Those whose movement is plain, that look as they did and are wholly inside the frame.
    """
    boxes = [SubpixelBox.of(face.box) for face in faces]
    carried = []
    for face, moved in zip(faces, follow_boxes(before, after, boxes), strict=True):
        if moved is None or (box := moved.rounded()).clipped(*size_wh) != box:
            continue
        if _difference(_part(before, face.box), _part(after, box)) < CHANGED_BY:
            carried.append(replace(face, box=box))
    return carried


def _part(frame: MotionFrame, box: BoundingBox) -> GrayImage:
    small = box.scaled(frame.scale)
    return frame.gray[small.y1 : small.y2, small.x1 : small.x2]


def _difference(before: GrayImage, after: GrayImage) -> float:
    """Mean difference of two images, 0 to 255. Flow itself overlooks that a face is gone."""
    if before.size == 0 or after.size == 0:
        return 255.0
    return float(cv2.absdiff(before, cv2.resize(after, before.shape[::-1])).mean())
