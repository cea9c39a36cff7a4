"""Facial emotion recognition for photos and live video.

    import fer_core

    analyzer = fer_core.load_analyzer()
    image = fer_core.decode_image(data)
    faces = analyzer.analyze(image)
    annotated = fer_core.draw_faces(image, faces)

Images are uint8 arrays of shape `(H, W, 3)` in red-green-blue order. TensorFlow is not imported
unless a network is trained, evaluated or exported.
"""

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.drawing import draw_faces
from fer_core.emotions import Emotion
from fer_core.errors import FerError, ImageDecodeError, ModelError
from fer_core.faces import BoundingBox, DetectedFace, FaceEmotion, TrackedFace
from fer_core.images import decode_image
from fer_core.live import LiveFrame, LiveSession, LiveSettings

__all__ = [
    "BoundingBox",
    "DetectedFace",
    "Emotion",
    "EmotionAnalyzer",
    "FaceEmotion",
    "FerError",
    "ImageDecodeError",
    "LiveFrame",
    "LiveSession",
    "LiveSettings",
    "ModelError",
    "TrackedFace",
    "decode_image",
    "draw_faces",
    "load_analyzer",
]
