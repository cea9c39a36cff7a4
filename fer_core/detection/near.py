"""A search for faces around where they were, in a fraction of a full search's time."""

from collections.abc import Sequence

from fer_core.detection.base import FaceDetector
from fer_core.faces import BoundingBox, DetectedFace, box_iou
from fer_core.images import RgbImage

SMALLEST = 0.75
"""Smallest height of a face that is found again, as a share of what it was. The time depends on it
alone: Haar itself looks for a large face on a small copy."""

TRUSTED_IOU = 0.5
"""A box that overlaps the face's last one less is not trusted: of a face that moved fast only half
is in sight, and Haar takes parts of a face for one."""

MARGIN = 0.4
"""Share of a face's box that is searched around it on each side, where all faces are searched."""

DOUBLE_IOU = 0.5
"""Two boxes found around different faces that overlap this much are one face."""


def detect_near(
    detector: FaceDetector, image: RgbImage, last: BoundingBox, margin: float, min_face_px: int
) -> DetectedFace | None:
    """Find a face again.

    Args:
        detector: The detector.
        image: The frame.
        last: The box in which the face was.
        margin: Share of the box that is searched around it on each side.
        min_face_px: Smallest side of a face, in pixels of the frame.

    Returns:
        The face, in pixels of the frame; None if it is not found.
    """
    region = last.expanded(margin).clipped(image.shape[1], image.shape[0])
    if region is None:
        return None
    part = image[region.y1 : region.y2, region.x1 : region.x2]
    smallest = max(min_face_px, round(SMALLEST * last.height))
    found = [
        DetectedFace(face.box.shifted(region.x1, region.y1), face.confidence)
        for face in detector.detect(part, smallest)
    ]
    best = max(found, key=lambda face: box_iou(face.box, last), default=None)
    return best if best and box_iou(best.box, last) >= TRUSTED_IOU else None


def detect_all_near(
    detector: FaceDetector, image: RgbImage, known: Sequence[BoundingBox]
) -> list[DetectedFace]:
    """Find several faces again.

    Args:
        detector: The detector.
        image: The frame.
        known: The boxes in which the faces were.

    Returns:
        Those found, from left to right, without doubles.
    """
    kept: list[DetectedFace] = []
    for last in known:
        face = detect_near(detector, image, last, MARGIN, 0)
        if face is not None and all(box_iou(face.box, other.box) < DOUBLE_IOU for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: face.box.xyxy)
