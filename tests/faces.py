"""Builders of images and faces whose content the tests know."""

import importlib.util
import io
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import InputShape, ModelCard
from fer_core.detection.haar import HaarFaceDetector
from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.faces import BoundingBox, DetectedFace, FaceEmotion
from fer_core.images import RgbImage

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)

ASTRONAUT_NOSE_XY = 224, 124
"""Tip of Eileen Collins's nose in `astronaut()`, read off the image by eye."""


def astronaut() -> RgbImage:
    """Portrait of Eileen Collins, 512x512, one face; a NASA photo, public domain."""
    return _read(_package_file("skimage", "data/astronaut.png"))


def grace_hopper_jpeg() -> bytes:
    """Portrait of Grace Hopper, 512x600, one face; a US Navy photo, public domain."""
    return _package_file("matplotlib", "mpl-data/sample_data/grace_hopper.jpg").read_bytes()


def two_astronauts() -> RgbImage:
    """The same face twice, 400x200, the right one mirrored."""
    face = astronaut()[20:220, 130:330]
    return np.hstack([face, face[:, ::-1]])


def plain(width: int, height: int, color: tuple[int, int, int] = (90, 90, 90)) -> RgbImage:
    """An image of one color."""
    return np.full((height, width, 3), color, dtype=np.uint8)


def noise(width: int, height: int, seed: int = 0) -> RgbImage:
    """An image in which every pixel differs, so that any change of it shows."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def gray_faces(n: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Input for a classifier: `n` different smooth gray images of 48x48."""
    coarse = np.random.default_rng(seed).integers(0, 256, (n, 6, 6), dtype=np.uint8)
    large = [cv2.resize(face, (48, 48), interpolation=cv2.INTER_CUBIC) for face in coarse]
    return np.array(large, dtype=np.uint8).reshape(n, 48, 48)


def file_bytes(image: Image.Image, file_format: str, **options: object) -> bytes:
    """The image as a file."""
    buffer = io.BytesIO()
    image.save(buffer, format=file_format, **options)
    return buffer.getvalue()


def face_emotion(
    box: tuple[int, int, int, int], emotion: Emotion = Emotion.HAPPY, probability: float = 0.7
) -> FaceEmotion:
    """A face of that emotion; the rest of the probability is shared by the other six."""
    rest = (1 - probability) / 6
    shares = {e: probability if e == emotion else rest for e in FER2013_EMOTIONS}
    return FaceEmotion(BoundingBox(*box), 0.8, shares)


def card(
    labels: tuple[Emotion, ...] = FER2013_EMOTIONS,
    shape: InputShape | None = None,
    crop_margin: float = 0.0,
) -> ModelCard:
    """The card of a model that was trained on nothing."""
    return ModelCard(
        name="made-up",
        labels=labels,
        input=shape or InputShape(),
        recipe="none",
        n_parameters=0,
        trained_on={},
        crop_margin=crop_margin,
    )


class SquareDetector(HaarFaceDetector):
    """Takes each patch of pixels that are not black for a face, its box exactly around it.

    It stands in for the cascade where a test needs boxes that it can work out by hand. `searched`
    holds width, height and smallest face of every call.
    """

    def __init__(self) -> None:
        super().__init__()
        self.searched: list[tuple[int, int, int | None]] = []

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        self.searched.append((image.shape[1], image.shape[0], min_face_px))
        bright = image.max(axis=2).astype(np.uint8)
        _, _, stats, _ = cv2.connectedComponentsWithStats(bright, connectivity=8)
        boxes = [BoundingBox(x, y, x + w, y + h) for x, y, w, h, _ in stats[1:].tolist()]
        large = [box for box in boxes if min(box.width, box.height) >= (min_face_px or 1)]
        return [DetectedFace(box, 0.5) for box in sorted(large, key=lambda box: box.xyxy)]


def happy_if_white() -> EmotionClassifier:
    """Certain that a white face is happy and that any other is sad."""

    def model(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        white = pixels.mean(axis=(1, 2, 3)) > 250
        return np.stack([white, ~white], axis=1).astype(np.float32)

    return EmotionClassifier(model, card((Emotion.HAPPY, Emotion.SAD)))


def squares(
    width: int, height: int, *boxes: tuple[int, int, int, int], value: int = 255
) -> RgbImage:
    """A black image with filled boxes, which `SquareDetector` finds."""
    image = np.zeros((height, width, 3), dtype=np.uint8)
    for x1, y1, x2, y2 in boxes:
        image[y1:y2, x1:x2] = value
    return image


def _package_file(package: str, path: str) -> Path:
    # Neither package is imported: both take long, and one of them brings plotting backends.
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / path


def _read(path: Path) -> RgbImage:
    with Image.open(path) as image:
        return np.array(image.convert("RGB"))
