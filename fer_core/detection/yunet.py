"""Faces in an image, found by OpenCV's YuNet from a file that the user supplies."""

import hashlib
import math
import os
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from fer_core.detection.base import usual_face_px
from fer_core.errors import DetectorError
from fer_core.faces import BoundingBox, DetectedFace
from fer_core.images import RgbImage, check_rgb, scale_to_area
from fer_core.pool import Pool, once_a_process

LEAST_SCORE = 0.7
"""Boxes less likely to be faces are left out."""

Bytes: TypeAlias = npt.NDArray[np.uint8]
"""A file's bytes, shape `(N,)`, as OpenCV takes them."""

_STRIDES_PX = 8, 16, 32
_HEADS = {
    f"{head}_{stride_px}": (stride_px, n)
    for head, n in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10))
    for stride_px in _STRIDES_PX
}
"""YuNet's outputs: for each cell of a grid of that stride they hold so many numbers."""


class YuNetFaceDetector:
    """Finds faces, turned and small ones too, by YuNet (Wu, Peng & Yu 2023), a small network.

    Safe to share between threads. OpenCV runs the model; its file is not part of this project.
    """

    def __init__(self, file: str | Path, *, max_area_px: int = 960 * 720) -> None:
        """Load the model's file.

        Args:
            file: `face_detection_yunet_2023mar.onnx` from OpenCV's model zoo, or one like it.
            max_area_px: Larger images are searched on a copy with about this many pixels.

        Raises:
            DetectorError: The file is missing or no YuNet.
        """
        self._file = str(Path(file).absolute())
        model = _read_model(Path(file))
        self.name = f"yunet {hashlib.sha256(model.tobytes()).hexdigest()[:12]}"
        self._max_area_px = max_area_px
        # OpenCV's object holds the image it works on: one for each thread.
        self._models = Pool(lambda: _load(model), size=(os.cpu_count() or 1) + 1)

    def __reduce__(self) -> tuple[Any, ...]:
        return once_a_process, (_make_yunet, self._file, self._max_area_px)

    def warm_up(self) -> None:
        """Load and use once the models of a few streams and of the searches beside them."""
        self._models.warm_up(lambda model: _run(model, np.zeros((480, 640, 3), np.uint8)))

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        """Find faces as `FaceDetector.detect` says.

        Boxes are squares that frame a face as Haar's do, cut off at the image's edge. The
        confidence is the model's score.
        """
        check_rgb(image)
        height, width = image.shape[:2]
        if min_face_px is None:
            min_face_px = usual_face_px(image)
        searched, scale = scale_to_area(image, self._max_area_px)
        with self._models.borrow() as model:
            rows = _run(model, searched)
        faces = []
        for x, y, w, h, *_, score in rows:
            box = _square(x / scale, y / scale, w / scale, h / scale)
            inside = box.clipped(width, height)
            if inside is not None and box.width >= min_face_px:
                faces.append(DetectedFace(inside, confidence=min(1.0, score)))
        return sorted(faces, key=lambda face: face.box.xyxy)


def _run(model: cv2.FaceDetectorYN, image: RgbImage) -> list[list[float]]:
    """A row a face: x, y, width, height, the places of five points, score."""
    model.setInputSize((image.shape[1], image.shape[0]))
    _, rows = model.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    found: list[list[float]] = [] if rows is None else rows.tolist()
    return found


def _square(x: float, y: float, width: float, height: float) -> BoundingBox:
    """The square of a box from hairline to chin: its size and place are those of Haar's box.

    On 13 faces that CenterFace, which gives such boxes too, found as well, Haar's box was 1.00
    times as large (median) and a hundredth of its side higher.
    """
    side = max(1, round(math.sqrt(width * height)))
    return BoundingBox.square(x + width / 2, y + height / 2, side)


def _load(model: Bytes) -> cv2.FaceDetectorYN:
    return cv2.FaceDetectorYN.create(
        "onnx", model, np.empty(0, np.uint8), (32, 32), score_threshold=LEAST_SCORE
    )


def _read_model(path: Path) -> Bytes:
    """A file that `FaceDetectorYN` can be trusted with: it does not look at outputs' shapes.

    Raises:
        DetectorError: It is missing or no YuNet.
    """
    try:
        data = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise DetectorError(
            f"The face detector {path} cannot be read: {error.strerror}."
        ) from error
    side_px = max(_STRIDES_PX)
    try:
        model = cv2.dnn.readNetFromONNX(data)
        model.setInput(np.zeros((1, 3, side_px, side_px), np.float32))
        sizes = [output.size for output in model.forward(list(_HEADS))]
        _load(data)
    except cv2.error as error:
        raise DetectorError(_unfit(path)) from error
    if sizes != [n * (side_px // stride) ** 2 for stride, n in _HEADS.values()]:
        raise DetectorError(_unfit(path))
    return data


def _unfit(path: Path) -> str:
    return (
        f"The face detector {path} is no YuNet that OpenCV {cv2.__version__} can run; "
        "face_detection_yunet_2023mar.onnx is one."
    )


def _make_yunet(file: str, max_area_px: int) -> YuNetFaceDetector:
    return YuNetFaceDetector(file, max_area_px=max_area_px)
