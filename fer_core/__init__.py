"""Facial emotion recognition for photos, video files and live video.

    import fer_core

    analyzer = fer_core.load_analyzer()
    image = fer_core.decode_image(data)
    faces = analyzer.analyze(image)
    annotated = fer_core.draw_faces(image, faces)

    video = fer_core.open_video("clip.mp4")
    for sample in fer_core.analyze_video(analyzer, video, rate=5):
        print(sample.time_s, sample.faces)

Images are uint8 arrays of shape `(H, W, 3)` in red-green-blue order. TensorFlow is not imported
unless a network is trained, evaluated or exported, PyAV not before a video's names are used.
"""

import importlib
import typing

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.detection import FaceDetector, HaarFaceDetector
from fer_core.drawing import draw_faces
from fer_core.emotions import Emotion
from fer_core.errors import (
    DetectorError,
    FerError,
    ImageDecodeError,
    ModelError,
    VideoDecodeError,
)
from fer_core.faces import BoundingBox, DetectedFace, FaceEmotion, TrackedFace
from fer_core.images import decode_image
from fer_core.live import LiveFrame, LiveSession, LiveSettings
from fer_core.thorough_detection import ThoroughFaceDetector
from fer_core.yunet import YuNetFaceDetector

if typing.TYPE_CHECKING:
    from fer_core.timeline import Timeline
    from fer_core.video import VideoSample, analyze_video
    from fer_core.video_file import VideoFile, open_video

__all__ = [
    "BoundingBox",
    "DetectedFace",
    "DetectorError",
    "Emotion",
    "EmotionAnalyzer",
    "FaceDetector",
    "FaceEmotion",
    "FerError",
    "HaarFaceDetector",
    "ImageDecodeError",
    "LiveFrame",
    "LiveSession",
    "LiveSettings",
    "ModelError",
    "ThoroughFaceDetector",
    "Timeline",
    "TrackedFace",
    "VideoDecodeError",
    "VideoFile",
    "VideoSample",
    "YuNetFaceDetector",
    "analyze_video",
    "decode_image",
    "draw_faces",
    "load_analyzer",
    "open_video",
]

_OF_VIDEOS = {
    "Timeline": "timeline",
    "VideoFile": "video_file",
    "VideoSample": "video",
    "analyze_video": "video",
    "open_video": "video_file",
}
"""Public names whose modules import PyAV, by module."""


def __getattr__(name: str) -> object:
    if name not in _OF_VIDEOS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"fer_core.{_OF_VIDEOS[name]}"), name)
