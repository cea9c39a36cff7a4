"""From an image to its faces and their emotions."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np

from fer_core.classification import EmotionClassifier
from fer_core.detection import FaceDetector, HaarFaceDetector
from fer_core.emotions import Emotion
from fer_core.faces import BoundingBox, DetectedFace, Doubt, FaceEmotion, probable_emotion
from fer_core.images import RgbImage, crop_face, to_gray_face
from fer_core.model_store import DEFAULT_MODEL
from fer_core.quality import face_doubts
from fer_core.thorough_detection import ThoroughFaceDetector

_MAKING_HAAR = Lock()


class EmotionAnalyzer:
    """Finds the faces of an image and classifies them. Safe to share between threads."""

    def __init__(
        self,
        detector: FaceDetector,
        classifier: EmotionClassifier,
        photo_detector: FaceDetector | None = None,
    ) -> None:
        """Join a detector and a classifier.

        Args:
            detector: What finds the faces of a frame.
            classifier: What classifies them.
            photo_detector: What finds the faces of a photo, for which there is more time; None
                for `detector`.
        """
        self.detector = detector
        self.classifier = classifier
        self.photo_detector = photo_detector or detector

    def warm_up(self) -> None:
        """Get ready for a few streams at once, so that their first frames do not wait."""
        self.detector.warm_up()
        self.classifier.warm_up()

    def analyze(self, image: RgbImage, min_face_px: int | None = None) -> list[FaceEmotion]:
        """Find and classify the faces of a photo.

        Args:
            image: Where to look.
            min_face_px: As for `FaceDetector.detect`.

        Returns:
            The faces from left to right, an empty list where there is none.
        """
        return self.classify(image, self.photo_detector.detect(image, min_face_px))

    def classify(self, image: RgbImage, faces: Sequence[DetectedFace]) -> list[FaceEmotion]:
        """Classify faces that were found already, all in one call; the order stays."""
        crops = self._crops(image, [face.box for face in faces])
        answers = self._answers(crops)
        return [_face_emotion(*found) for found in zip(faces, crops, answers, strict=True)]

    def probabilities(
        self, image: RgbImage, boxes: Sequence[BoundingBox]
    ) -> list[dict[Emotion, float]]:
        """The network's answers alone, without a look at how far each face can be judged.

        Args:
            image: Where the faces are.
            boxes: Around each face, inside the image.

        Returns:
            For each box the probability of each emotion, in the order of the network's labels.
        """
        return self._answers(self._crops(image, boxes))

    def _crops(self, image: RgbImage, boxes: Sequence[BoundingBox]) -> list[RgbImage]:
        return [crop_face(image, box, self.classifier.card.crop_margin) for box in boxes]

    def _answers(self, crops: Sequence[RgbImage]) -> list[dict[Emotion, float]]:
        card = self.classifier.card
        width, height = card.input.width, card.input.height
        stacked = np.array([to_gray_face(crop, width, height) for crop in crops], dtype=np.uint8)
        rows = self.classifier.probabilities(stacked.reshape(-1, height, width))
        return [dict(zip(card.labels, row.tolist(), strict=True)) for row in rows]


def _face_emotion(
    face: DetectedFace, crop: RgbImage, probabilities: dict[Emotion, float]
) -> FaceEmotion:
    ambiguous = () if probable_emotion(probabilities) else (Doubt.AMBIGUOUS,)
    doubts = (*face_doubts(crop), *ambiguous)
    return FaceEmotion(face.box, face.confidence, probabilities, doubts=doubts)


def load_analyzer(
    model: str | Path = DEFAULT_MODEL, detector: FaceDetector | None = None
) -> EmotionAnalyzer:
    """A detector and a network that work together.

    Args:
        model: The network's name or folder.
        detector: What finds faces in photos and frames; None for Haar, which searches photos
            thoroughly and frames fast.

    Raises:
        ModelError: There is no such network, or its files are damaged.
    """
    classifier = EmotionClassifier.load(model)
    if detector is not None:
        return EmotionAnalyzer(detector, classifier)
    with _MAKING_HAAR:
        haar = _shared_haar()
    return EmotionAnalyzer(haar, classifier, ThoroughFaceDetector(haar))


@cache
def _shared_haar() -> HaarFaceDetector:
    """One for all networks of a process: each cascade takes 13 MB once it was used."""
    return HaarFaceDetector()
