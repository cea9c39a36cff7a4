"""Searches of whole frames beside a stream."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from fer_core.detection.base import FaceDetector
from fer_core.faces import DetectedFace
from fer_core.images import RgbImage
from fer_core.live.laps import Laps
from fer_core.pool import once_a_process
from fer_core.tracking.optical_flow import MotionFrame

P = ParamSpec("P")
T = TypeVar("T")


def shared_threads() -> Executor:
    """The threads that search for all streams of this process, half as many as processors.

    First come, first served, and each stream waits in line once at most, so that all get the same
    number of searches. OpenCV spreads a search over the processors by itself. With more threads
    each search took longer, and as many were done.
    """
    return once_a_process(ThreadPoolExecutor, max(1, (os.cpu_count() or 1) // 2), "face search")


class InlineExecutor(Executor):
    """Searches at once, in the caller's thread: for frames that come as fast as they are done."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call the function and return its result as a future that is done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


@dataclass(frozen=True)
class Frame:
    """A frame of a stream, and what each step asks of it.

    Attributes:
        image: The frame.
        motion: Its copy for following boxes.
        time_s: The frame's time.
        min_face_px: Smallest side of a face.
    """

    image: RgbImage
    motion: MotionFrame
    time_s: float
    min_face_px: int

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.image.shape[1], self.image.shape[0]


class FullSearch:
    """Searches the newest frame of one stream, one at a time, in an executor's thread.

    `cancel` may be called from any thread, the rest from the stream's own.

    Attributes:
        last_ms: Milliseconds that the last search took, without the wait for its turn.
    """

    def __init__(self, detector: FaceDetector, executor: Executor) -> None:
        """Start without a search."""
        self._detector = detector
        self._executor = executor
        self.last_ms = 0.0
        self._waiting: Frame | None = None
        self._future: Future[tuple[MotionFrame, Sequence[DetectedFace]] | None] | None = None

    @property
    def is_waiting(self) -> bool:
        """True while a frame waits for its turn; it can be replaced by a newer one until then."""
        return self._waiting is not None

    @property
    def is_running(self) -> bool:
        """True while there is a search whose result was not taken yet."""
        return self._future is not None

    def submit(self, frame: Frame) -> None:
        """Search this frame once it is this stream's turn. It replaces one that still waits.

        Nobody may write into its image from now on.
        """
        self._waiting = frame
        if self._future is None:
            self._future = self._executor.submit(self._run)

    def take(self) -> tuple[MotionFrame, Sequence[DetectedFace]] | None:
        """The faces of the last frame searched and that frame's copy; None if nothing is new.

        Raises:
            Exception: The detector's error.
        """
        future = self._future
        if future is None or not future.done() or future.cancelled():
            return None
        self._future = None
        return future.result()

    def cancel(self) -> None:
        """Forget the frame that waits and the result of one that is being searched."""
        self._waiting = None
        future, self._future = self._future, None
        if future is not None:
            future.cancel()

    def _run(self) -> tuple[MotionFrame, Sequence[DetectedFace]] | None:
        frame, self._waiting = self._waiting, None
        if frame is None:
            return None
        laps = Laps()
        faces = self._detector.detect(frame.image, frame.min_face_px)
        laps.end("search")
        self.last_ms = laps.ms["search"]
        return frame.motion, faces
