"""The callback of a video stream: a frame of PyAV in, an annotated one out."""

import logging
import time
from dataclasses import dataclass

import av
import numpy as np

from fer_core.live import LiveFrame, LiveSession

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamStatus:
    """What a page shows of a running stream; replaced as a whole after each frame.

    Attributes:
        newest: The last frame that was processed, None before the first.
        n_frames: Frames processed without error.
        n_errors: Frames that failed; the last good picture was shown instead.
        process_ms: Milliseconds that the last frame took.
    """

    newest: LiveFrame | None = None
    n_frames: int = 0
    n_errors: int = 0
    process_ms: float = 0.0


class VideoStream:
    """Runs a session over a stream's frames, in the stream's thread.

    `status` and `session.settings` are immutable values that other threads may read and replace.
    """

    def __init__(self, session: LiveSession) -> None:
        """Wrap one viewer's session."""
        self.session = session
        self.status = StreamStatus()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Annotate one frame; never raises, since an error that leaves it freezes the stream.

        The new frame has no time of its own; the stream gives it the source's.
        """
        start_s = time.monotonic()
        status = self.status
        try:
            image = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
            newest = self.session.process(image, start_s)
            process_ms = (time.monotonic() - start_s) * 1000
            self.status = StreamStatus(newest, status.n_frames + 1, status.n_errors, process_ms)
            return av.VideoFrame.from_ndarray(newest.image, format="rgb24")
        except Exception:
            if status.n_errors == 0:  # once a stream, not thirty times a second
                LOGGER.exception("A live frame could not be processed; the last picture is shown.")
            self.status = StreamStatus(
                status.newest, status.n_frames, status.n_errors + 1, status.process_ms
            )
            if status.newest is None:
                return frame
            return av.VideoFrame.from_ndarray(status.newest.image, format="rgb24")
