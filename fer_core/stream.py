"""The callback of a video stream: a frame of PyAV in, an annotated one out."""

import logging
import time
from dataclasses import dataclass, replace

import av
import numpy as np

from fer_core.live import LiveFrame, LiveSession

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class StreamStatus:
    """What a page shows of a running stream; replaced as a whole after each frame.

    Attributes:
        newest: The last frame that was processed, None before the first.
        n_frames: Frames processed.
        n_errors: Frames that failed; the last good picture was shown instead.
        failed: Whether the last frame was one of them.
        process_ms: Milliseconds that the last frame took.
        time_s: When the last frame was done, on the clock of `time.monotonic`.
    """

    newest: LiveFrame | None = None
    n_frames: int = 0
    n_errors: int = 0
    failed: bool = False
    process_ms: float = 0.0
    time_s: float = 0.0


class VideoStream:
    """Runs a session over a stream's frames, in the stream's thread.

    `status` and `session.settings` are immutable values that other threads may read and replace.
    `closed` says whether the stream has ended.
    """

    def __init__(self, session: LiveSession) -> None:
        """Wrap one viewer's session."""
        self.session = session
        self.status = StreamStatus()
        self.closed = False

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Annotate one frame; never raises, since an error that leaves it freezes the stream.

        The new frame has no time of its own; the stream gives it the source's.
        """
        start_s = time.monotonic()
        status = self.status
        newest = status.newest
        try:
            image = np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
            newest = self.session.process(image, start_s)
            failed = False
        except Exception:
            if status.n_errors == 0:  # once a stream, not thirty times a second
                LOGGER.exception("A live frame could not be processed; the last picture is shown.")
            failed = True
        end_s = time.monotonic()
        self.status = StreamStatus(
            newest=newest,
            n_frames=status.n_frames + (not failed),
            n_errors=status.n_errors + failed,
            failed=failed,
            process_ms=(end_s - start_s) * 1000,
            time_s=end_s,
        )
        if self.closed:  # while this frame was processed
            self.close()
        return av.VideoFrame.from_ndarray(newest.image, format="rgb24") if newest else frame

    def close(self) -> None:
        """Forget the viewer's faces and pictures, whoever may still hold this stream."""
        self.closed = True
        self.status = replace(self.status, newest=None)
        self.session.forget()
