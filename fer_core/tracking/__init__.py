"""Faces followed from one frame to the next, with probabilities smoothed over time."""

from fer_core.tracking.live_tracker import Track, Tracks
from fer_core.tracking.optical_flow import MotionFrame, SubpixelBox, follow_boxes, scene_changed
from fer_core.tracking.smoothing import SteadyLabel, blended
from fer_core.tracking.video_tracker import FaceTracker

__all__ = [
    "FaceTracker",
    "MotionFrame",
    "SteadyLabel",
    "SubpixelBox",
    "Track",
    "Tracks",
    "blended",
    "follow_boxes",
    "scene_changed",
]
