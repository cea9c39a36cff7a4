"""Facial emotion recognition for photos, video files and live video.

    import fer_core

    analyzer = fer_core.load_analyzer()
    faces = analyzer.analyze("photo.jpg")  # or bytes, a PIL image, an array, a list of them
    print(faces[0].label, faces[0].box.xyxy, faces.to_pandas())
    annotated = faces.draw()

    timeline = analyzer.analyze_video("clip.mp4", rate=5)
    print(timeline.summary(), timeline.tracks())

    rows = fer_core.analyze_files(analyzer, ["photos"])  # a whole folder, row by row

Images are uint8 arrays of shape `(H, W, 3)` in red-green-blue order; those of OpenCV are
blue-green-red, which `color="bgr"` says. TensorFlow is not imported unless a model is trained,
evaluated or exported, PyAV not before a video is read.
"""

import importlib
import typing

from fer_core.analysis import EmotionAnalyzer, PhotoFaces, VideoFaces, load_analyzer
from fer_core.decoding import decode_image
from fer_core.detection import (
    FaceDetector,
    HaarFaceDetector,
    ThoroughFaceDetector,
    YuNetFaceDetector,
)
from fer_core.drawing import draw_faces
from fer_core.emotions import Emotion
from fer_core.errors import (
    DetectorError,
    FerError,
    ImageDecodeError,
    InputError,
    ModelError,
    VideoDecodeError,
)
from fer_core.faces import BoundingBox, DetectedFace, FaceEmotion, TrackedFace
from fer_core.live import LiveFrame, LiveSession, LiveSettings
from fer_core.timeline import Timeline, VideoSample

if typing.TYPE_CHECKING:
    from fer_core.commands.files import analyze_files
    from fer_core.video import VideoFile, analyze_video, open_video

__version__ = "0.1.0"

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
    "InputError",
    "LiveFrame",
    "LiveSession",
    "LiveSettings",
    "ModelError",
    "PhotoFaces",
    "ThoroughFaceDetector",
    "Timeline",
    "TrackedFace",
    "VideoDecodeError",
    "VideoFaces",
    "VideoFile",
    "VideoSample",
    "YuNetFaceDetector",
    "analyze_files",
    "analyze_video",
    "decode_image",
    "draw_faces",
    "load_analyzer",
    "open_video",
]

_LAZY = {
    "VideoFile": "fer_core.video",
    "analyze_files": "fer_core.commands.files",
    "analyze_video": "fer_core.video",
    "open_video": "fer_core.video",
}
"""Public names whose modules import PyAV, by module."""


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
