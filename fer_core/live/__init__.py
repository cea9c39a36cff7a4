"""Live video: each frame in, the same frame with its faces out, in time.

`live.stream` is left out of this list: it imports PyAV, which photos do not need.
"""

from fer_core.live.frames import LiveFrame, LiveSettings
from fer_core.live.recording import Recording
from fer_core.live.session import LiveSession

__all__ = [
    "LiveFrame",
    "LiveSession",
    "LiveSettings",
    "Recording",
]
