"""The detectors that come in a file, as the command line and the app take them."""

from pathlib import Path

from fer_core.detection.base import FaceDetector
from fer_core.detection.yunet import YuNetFaceDetector


def load_detector(file: str | Path) -> FaceDetector:
    """Load the detector of a file. A new kind of file gets its branch here and nowhere else.

    Raises:
        DetectorError: The file is missing or holds no detector that is known here.
    """
    return YuNetFaceDetector(file)
