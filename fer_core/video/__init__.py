"""Video files: read, analyzed, and written with their faces drawn in."""

from fer_core.timeline import USUAL_RATE
from fer_core.video.analysis import analyze_video
from fer_core.video.containers import VIDEO_SUFFIXES
from fer_core.video.reader import VideoFile, VideoFrame, VideoInfo, open_video
from fer_core.video.writer import write_annotated

__all__ = [
    "USUAL_RATE",
    "VIDEO_SUFFIXES",
    "VideoFile",
    "VideoFrame",
    "VideoInfo",
    "analyze_video",
    "open_video",
    "write_annotated",
]
