"""The analyzer that videos and tables need, whichever it is."""

from collections.abc import Sequence
from typing import Protocol

from fer_core.classification.classifier import EmotionClassifier
from fer_core.detection.base import FaceDetector
from fer_core.faces import DetectedFace, FaceEmotion
from fer_core.images import RgbImage


class FaceAnalyzer(Protocol):
    """Finds faces and classifies them, as `fer_core.EmotionAnalyzer` does.

    Attributes:
        detector: Finds the faces of a frame.
        photo_detector: Finds the faces of a photo.
        classifier: Classifies them.
    """

    detector: FaceDetector
    photo_detector: FaceDetector
    classifier: EmotionClassifier

    def analyze(
        self, image: RgbImage, min_face_px: int | None = None, *, whole_image: bool = False
    ) -> Sequence[FaceEmotion]:
        """Find and classify the faces of a photo, row by row."""

    def classify(self, image: RgbImage, faces: Sequence[DetectedFace]) -> Sequence[FaceEmotion]:
        """Classify faces that were found already; the order stays."""
