"""Analyzes photos and videos: their faces, the emotions, and the uses of both."""

from fer_core.analysis.analyzer import EmotionAnalyzer, load_analyzer
from fer_core.analysis.photo_faces import PhotoFaces
from fer_core.analysis.video_faces import VideoFaces

__all__ = ["EmotionAnalyzer", "PhotoFaces", "VideoFaces", "load_analyzer"]
