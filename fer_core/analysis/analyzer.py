"""Finds the faces of an image and their emotions."""

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from threading import Lock
from typing import cast, overload

import numpy as np

from fer_core.analysis.photo_faces import PhotoFaces
from fer_core.analysis.video_faces import VideoFaces
from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import DEFAULT_MODEL
from fer_core.detection.base import FaceDetector
from fer_core.detection.haar import HaarFaceDetector
from fer_core.detection.photo import find_faces, whole_face
from fer_core.detection.thorough import ThoroughFaceDetector
from fer_core.emotions import Emotion
from fer_core.errors import VideoDecodeError
from fer_core.faces import (
    BoundingBox,
    DetectedFace,
    Doubt,
    FaceEmotion,
    FaceSource,
    probable_emotion,
    reading_order,
)
from fer_core.image_input import (
    Color,
    ImageInput,
    ReadImage,
    is_batch,
    read_batch,
    read_image,
    to_rgb,
)
from fer_core.images import RgbImage, crop_face, to_gray_face
from fer_core.pool import once_a_process
from fer_core.quality import face_doubts
from fer_core.reports.rows import PredictionSource, video_report
from fer_core.timeline import USUAL_RATE

_MAKING_HAAR = Lock()


class EmotionAnalyzer:
    """Finds the faces of an image and classifies them. Safe to share between threads.

    It can be pickled, for processes to share the work, where its classifier was loaded from a
    model's folder: by the model's name.
    """

    def __init__(
        self,
        detector: FaceDetector,
        classifier: EmotionClassifier,
        photo_detector: FaceDetector | None = None,
    ) -> None:
        """Join a detector and a classifier.

        Args:
            detector: Finds the faces of a frame.
            classifier: Classifies them.
            photo_detector: Finds the faces of a photo, for which there is more time; None
                for `detector`.
        """
        self.detector = detector
        self.classifier = classifier
        self.photo_detector = photo_detector or detector

    def warm_up(self) -> None:
        """Get ready for a few streams at once, so that their first frames do not wait."""
        self.detector.warm_up()
        self.classifier.warm_up()

    @overload
    def analyze(  # type: ignore[overload-overlap]
        self,
        image: ImageInput,
        min_face_px: int | None = None,
        *,
        color: Color = "rgb",
        whole_image: bool = False,
    ) -> PhotoFaces: ...

    @overload
    def analyze(
        self,
        image: Iterable[ImageInput],
        min_face_px: int | None = None,
        *,
        color: Color = "rgb",
        whole_image: bool = False,
    ) -> list[PhotoFaces]: ...

    def analyze(
        self,
        image: ImageInput | Iterable[ImageInput],
        min_face_px: int | None = None,
        *,
        color: Color = "rgb",
        whole_image: bool = False,
    ) -> PhotoFaces | list[PhotoFaces]:
        """Find and classify the faces of a photo, or of each photo of a batch.

        Where nothing is found, the photo is searched for a face that fills it, on its sides and
        upside down; a small, nearly square photo is taken for a face as a whole. The faces say so
        by their `source` and `turned_deg`.

        **Images that OpenCV read are blue-green-red: say so by `color="bgr"`.** Nothing notices
        if that is left out, and the emotions are wrong more often.

        Args:
            image: A path, the bytes of a file, a file object, a PIL image or a uint8 array; see
                `ImageInput`. Or a batch: a list or another iterable of these, or an array of
                shape `(N, H, W, 3)`.
            min_face_px: Smallest side of a face, in pixels of the photo; None for 32, and less in
                photos whose shorter side is below 640.
            color: The order of an array's colors: "rgb", "bgr" or "gray".
            whole_image: True if each photo is a face that was cut out already.

        Returns:
            The faces row by row, in each row from left to right, none where there is none; for a
            batch a list of them, in its order.

        Raises:
            TypeError: The image is of none of these kinds.
            ValueError: It is an array of another shape or type.
            ImageDecodeError: The file is not a photo that can be read.
            OSError: The file is missing.
        """
        if is_batch(image):
            batch = read_batch(image, color)
            return [self._analyze(read, min_face_px, whole_image) for read in batch]
        read = read_image(cast("ImageInput", image), color)
        return self._analyze(read, min_face_px, whole_image)

    def _analyze(self, photo: ReadImage, min_face_px: int | None, is_face: bool) -> PhotoFaces:
        image = photo.image
        if is_face:
            found = [whole_face(image)]
        else:
            found = find_faces(self.photo_detector, image, min_face_px)
        order = reading_order([face.box for face in found])
        faces = self._classify(image, [found[index] for index in order])
        size_wh = image.shape[1], image.shape[0]
        return PhotoFaces(faces, size_wh, PredictionSource.of(self), photo.kept, photo.problem)

    def analyze_video(
        self, video: str | PathLike[str] | bytes, rate: float = USUAL_RATE
    ) -> VideoFaces:
        """Find, follow and classify the faces of a video.

        `fer_core.analyze_video` does the same frame by frame, to show progress or to end early.

        Args:
            video: The path of a file, or its content.
            rate: Number of moments a second to analyze, above 0, up to 1000. A frame that is
                seen for longer counts at each.

        Returns:
            The timeline of its faces: `tracks()`, `summary()`, `to_pandas()`.

        Raises:
            TypeError: The video is neither a path nor bytes.
            ValueError: The rate is out of its range.
            VideoDecodeError: It is missing, or not a video that can be read.
        """
        from fer_core import video as files  # it brings PyAV

        if not isinstance(video, str | PathLike | bytes):
            raise TypeError(f"Expected a path or bytes. Received: {type(video).__name__}")
        path = None if isinstance(video, bytes) else Path(video)
        try:
            opened = files.open_video(video if isinstance(video, bytes) else Path(video))
            size_wh = opened.info.width, opened.info.height
            faces = VideoFaces(PredictionSource.of(self), rate, path, size_wh)
            for sample in files.analyze_video(self, opened, rate):
                faces.add(sample)
        except VideoDecodeError as error:
            raise VideoDecodeError(f"{path}: {error}" if path else str(error)) from error
        faces.problem = video_report("", opened.info, faces).problem
        return faces

    def classify(
        self, image: ImageInput, faces: Sequence[DetectedFace], *, color: Color = "rgb"
    ) -> list[FaceEmotion]:
        """Classify faces that were found already, all in one call; the order stays.

        Args:
            image: As for `analyze`, where the faces are.
            faces: With boxes inside the image.
            color: As for `analyze`.
        """
        return self._classify(to_rgb(image, color), faces)

    def _classify(self, image: RgbImage, faces: Sequence[DetectedFace]) -> list[FaceEmotion]:
        crops = [self._crop(image, face) for face in faces]
        probabilities = self._probabilities(crops)
        return [_face_emotion(*found) for found in zip(faces, crops, probabilities, strict=True)]

    def probabilities(
        self, image: ImageInput, boxes: Sequence[BoundingBox], *, color: Color = "rgb"
    ) -> list[dict[Emotion, float]]:
        """The model's probabilities alone, without doubts.

        Args:
            image: As for `analyze`, where the faces are.
            boxes: Around each face, inside the image.
            color: As for `analyze`.

        Returns:
            For each box the probability of each emotion, in the order of the model's labels.
        """
        rgb = to_rgb(image, color)
        return self._probabilities([self._crop(rgb, DetectedFace(box, 0.0)) for box in boxes])

    def _crop(self, image: RgbImage, face: DetectedFace) -> RgbImage:
        # What was cut out already has the margin that it has.
        is_crop = face.source == FaceSource.WHOLE_IMAGE
        margin = 0.0 if is_crop else self.classifier.card.crop_margin
        return crop_face(image, face.box, margin, face.turned_deg)

    def _probabilities(self, crops: Sequence[RgbImage]) -> list[dict[Emotion, float]]:
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
    return FaceEmotion(
        face.box,
        face.confidence,
        probabilities,
        doubts=doubts,
        source=face.source,
        turned_deg=face.turned_deg,
    )


def load_analyzer(
    model: str | Path = DEFAULT_MODEL, detector: FaceDetector | None = None
) -> EmotionAnalyzer:
    """Load a model and join it with a detector.

    Args:
        model: The model's name or folder.
        detector: Finds faces in photos and frames; None for Haar, which searches photos
            thoroughly and frames fast.

    Raises:
        ModelError: There is no such model, or its files are damaged.
    """
    classifier = EmotionClassifier.load(model)
    if detector is not None:
        return EmotionAnalyzer(detector, classifier)
    with _MAKING_HAAR:
        haar = once_a_process(HaarFaceDetector)
    return EmotionAnalyzer(haar, classifier, ThoroughFaceDetector(haar))
