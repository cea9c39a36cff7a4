"""A search for one face around where it was."""

from fer_core.detection import FaceDetector
from fer_core.faces import BoundingBox, DetectedFace, box_iou
from fer_core.images import RgbImage

SMALLEST = 0.75
"""How much smaller than it was the face may be. It is what the time depends on: Haar itself looks
for a large face on a small copy, and a copy made for it gains little and makes its boxes worse."""

TRUSTED_IOU = 0.5
"""A box that overlaps the face's last one less is not trusted: where a face moved fast, half of it
is in sight, and Haar takes parts of a face for one."""


def detect_near(
    detector: FaceDetector, image: RgbImage, last: BoundingBox, margin: float, min_face_px: int
) -> DetectedFace | None:
    """Find a face again.

    Args:
        detector: What to find it with.
        image: The frame.
        last: Where the face was.
        margin: How far around that is searched, as a share of the box on each side.
        min_face_px: Smallest side of a face, in pixels of the frame.
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
