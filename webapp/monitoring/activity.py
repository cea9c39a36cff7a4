"""A line in the log and a count for each event on the server.

Nothing here says who a viewer is or holds a file's name, an image or a prediction.
"""

import logging
import time
from dataclasses import replace
from itertools import count
from threading import Lock

from fer_core.live.stream import StreamStatus
from webapp.monitoring.metrics import Metrics

LOGGER = logging.getLogger(__name__)

GIVEN_UP_S = 3.0
"""A stream that ends this long after its last frame was not stopped by its viewer, but lost: a
connection is given up only some seconds after the last of them."""


def was_lost(status: StreamStatus) -> bool:
    """True if a stream that has been closed, or ends now, was not stopped by its viewer.

    Its last frames may have come after the browser had given up, once the network was back.
    """
    end_s = time.monotonic() if status.closed_s is None else status.closed_s
    return max(end_s - status.time_s, status.longest_gap_s) > GIVEN_UP_S


class Activity:
    """Notes what happens. Safe to share between threads."""

    def __init__(self) -> None:
        """Start with nothing noted."""
        self.metrics = Metrics()
        self._numbers = count(1)

    def stream(self) -> "StreamActivity":
        """Return the notes of a viewer's stream, once it has frames."""
        return StreamActivity(self.metrics, self._numbers)

    def refused_viewer(self) -> None:
        """A viewer found all live places taken."""
        self.metrics.live_refused.inc()
        LOGGER.info("viewer waits: all live places taken")

    def photo(self, n_faces: int, seconds: float) -> None:
        """A photo was analyzed."""
        self.metrics.photos.inc()
        self.metrics.faces.labels("photo").inc(n_faces)
        LOGGER.info("photo analyzed: faces=%d ms=%.0f", n_faces, seconds * 1000)

    def video(self, n_frames: int, n_faces: int, seconds: float) -> None:
        """A video was analyzed to its end."""
        self.metrics.videos.inc()
        self.metrics.faces.labels("video").inc(n_faces)
        LOGGER.info("video analyzed: frames=%d faces=%d seconds=%.1f", n_frames, n_faces, seconds)

    def failed(self, error: type[Exception]) -> None:
        """A file could not be read, or what should not fail did: its traceback is logged elsewhere.

        The message stays out: it may quote what the viewer gave.
        """
        self.metrics.errors.labels(error.__name__).inc()
        LOGGER.info("failed: error=%s", error.__name__)


class StreamActivity:
    """Notes one live stream: its first frame, its frames, its end."""

    def __init__(self, metrics: Metrics, numbers: "count[int]") -> None:
        self._metrics = metrics
        self._numbers = numbers
        self._lock = Lock()
        self._number = 0  # none before the first frame
        self._start_s = 0.0
        self._ended = False
        self._seen = StreamStatus()

    def frame(self, status: StreamStatus) -> None:
        """A frame is done or has failed."""
        with self._lock:
            if not self._number and not self._ended:
                self._start(status)
        seen, metrics = self._seen, self._metrics
        self._seen = replace(status, newest=None)
        metrics.frames.inc(max(0, status.n_frames - seen.n_frames))
        metrics.dropped.inc(max(0, status.n_dropped - seen.n_dropped))
        metrics.errors.labels("LiveFrame").inc(max(0, status.n_errors - seen.n_errors))
        metrics.stages(status.stage_ms)

    def _start(self, status: StreamStatus) -> None:
        self._number, self._start_s = next(self._numbers), status.time_s
        self._metrics.live_started.inc()
        self._metrics.live_sessions.inc()
        LOGGER.info("live session started: number=%d", self._number)

    def ended(self, status: StreamStatus) -> None:
        """The stream was closed; only the first time counts."""
        with self._lock:
            was_open, self._ended = bool(self._number) and not self._ended, True
        if not was_open:
            return
        reason = "lost" if was_lost(status) else "stopped"
        self._metrics.live_sessions.dec()
        self._metrics.live_ended.labels(reason).inc()
        LOGGER.info(
            "live session ended: number=%d reason=%s seconds=%.0f frames=%d dropped=%d failed=%d",
            self._number,
            reason,
            status.time_s - self._start_s,
            status.n_frames,
            status.n_dropped,
            status.n_errors,
        )
