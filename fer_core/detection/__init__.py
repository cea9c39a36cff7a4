"""Detectors, which find the faces in an image."""

from fer_core.detection.base import FaceDetector
from fer_core.detection.from_file import load_detector
from fer_core.detection.haar import HaarFaceDetector
from fer_core.detection.near import detect_all_near, detect_near
from fer_core.detection.thorough import ThoroughFaceDetector
from fer_core.detection.yunet import YuNetFaceDetector

__all__ = [
    "FaceDetector",
    "HaarFaceDetector",
    "ThoroughFaceDetector",
    "YuNetFaceDetector",
    "detect_all_near",
    "detect_near",
    "load_detector",
]
