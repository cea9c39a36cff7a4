"""The interface of every face detector."""

from typing import Protocol

from fer_core.faces import DetectedFace
from fer_core.images import RgbImage


def usual_face_px(image: RgbImage) -> int:
    """Default for the smallest side of a face: a twentieth of the image's shorter side."""
    shorter_side_px: int = min(image.shape[:2])
    return shorter_side_px // 20


class FaceDetector(Protocol):
    """Finds faces. Safe to share between threads."""

    @property
    def name(self) -> str:
        """Its name in tables, which differs from that of any detector that may find other faces."""

    def warm_up(self) -> None:
        """Load and use once what a few streams need, so that their first frames do not wait."""

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        """Find faces.

        Args:
            image: The image to search.
            min_face_px: Smallest side of a face, in pixels of `image`. None for a twentieth of
                the image's shorter side.

        Returns:
            The faces from left to right, an empty list where there is none. Boxes lie inside the
            image and frame a face as Haar's do: about as wide as the head, from the middle of the
            forehead to the chin. The models were trained on such crops.

        Raises:
            ValueError: The image is not an `RgbImage`.
        """
