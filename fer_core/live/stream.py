"""The callback of a video stream: a frame of PyAV in, an annotated one out."""

import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Protocol

import av
import cv2
import numpy as np

from fer_core.drawing.challenge import draw_challenge
from fer_core.images import RgbImage
from fer_core.live.challenge import LASTS_S, Challenge
from fer_core.live.frames import LiveFrame
from fer_core.live.laps import Laps
from fer_core.live.recording import Recording
from fer_core.live.session import LiveSession

LOGGER = logging.getLogger(__name__)

N_TIMED = 30
"""Over how many frames the rate is averaged: about the last second."""

BUSY_SHARE = 1 / 3
"""Share of dropped frames from which on a viewer is told that the machine is busy."""

STILL_S = 3.0
"""Time without a frame after which a viewer is told that the video stands still."""


@dataclass(frozen=True)
class StreamStatus:
    """The state of a running stream as a page shows it; replaced as a whole after each frame.

    Attributes:
        newest: The last frame that was processed, None before the first.
        n_frames: Frames processed.
        n_dropped: Frames left out, since a newer one was there already.
        n_errors: Frames that failed; the last good one was shown instead.
        failed: True if the last frame was one of them.
        process_ms: Milliseconds that the last frame took.
        stage_ms: Those of its stages: `read`, to get at its pixels, and those of `LiveFrame`; empty
            where it failed.
        frame_rate: Frames a second, averaged over the last of them; 0 before the second one.
        dropped_share: Share of the camera's frames, of the last of them, that were left out.
        longest_gap_s: The longest time without a frame between the last of them.
        time_s: Time at which the last frame was done, on the clock of `time.monotonic`.
        closed_s: Time at which the stream was closed, on that clock; None before.
    """

    newest: LiveFrame | None = None
    n_frames: int = 0
    n_dropped: int = 0
    n_errors: int = 0
    failed: bool = False
    process_ms: float = 0.0
    stage_ms: Mapping[str, float] = field(default_factory=dict)
    frame_rate: float = 0.0
    dropped_share: float = 0.0
    longest_gap_s: float = 0.0
    time_s: float = 0.0
    closed_s: float | None = None

    @property
    def is_busy(self) -> bool:
        """True where the machine keeps up with less than two thirds of the camera's frames."""
        return self.dropped_share > BUSY_SHARE

    @property
    def stands_still(self) -> bool:
        """True once frames have stopped coming for a while; the network may be gone."""
        return self.time_s > 0 and time.monotonic() - self.time_s > STILL_S


class StreamObserver(Protocol):
    """Is told what becomes of a stream, in the thread in which it happens; must not raise."""

    def frame(self, status: StreamStatus) -> None:
        """A frame is done or has failed."""

    def ended(self, status: StreamStatus) -> None:
        """The stream was closed; may be told more than once."""


class VideoStream:
    """Runs a session over a stream's frames, in the stream's thread.

    `status` and `session.settings` are immutable values that other threads may read and replace.

    Attributes:
        recording: The recording that the frames' faces are added to, if any. Other threads may
            replace it.
        challenge: The challenge that the frames' faces are held against, if any. Other threads may
            replace it.
        closed: True once the stream has ended.
    """

    def __init__(self, session: LiveSession, observer: StreamObserver | None = None) -> None:
        """Wrap one viewer's session."""
        self.session = session
        self._observer = observer
        self.status = StreamStatus()
        self.recording: Recording | None = None
        self.challenge: Challenge | None = None
        self._seen: deque[tuple[float, int]] = deque(maxlen=N_TIMED + 1)
        self.closed = False

    async def newest_of(self, frames: Sequence[av.VideoFrame]) -> list[av.VideoFrame]:
        """Annotate the newest of the frames that wait, and drop the others."""
        self.status = replace(self.status, n_dropped=self.status.n_dropped + len(frames) - 1)
        return [self(frames[-1])]

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """Annotate one frame; never raises, since an error that leaves it freezes the stream.

        The new frame has no time of its own; the stream gives it the source's.
        """
        start_s = time.monotonic()
        status = self.status
        newest = status.newest
        stage_ms: Mapping[str, float] = {}
        try:
            laps = Laps()
            image = _read(frame)
            laps.end("read")
            newest = self.session.process(image, start_s)
            recording = self.recording
            if recording is not None:
                recording.add(newest.faces, start_s)
            self._challenge(newest, start_s)
            stage_ms = laps.ms | dict(newest.stage_ms)
            failed = False
        except Exception:
            if status.n_errors == 0:  # once a stream, not thirty times a second
                LOGGER.exception("A live frame could not be processed; the last one is shown.")
            failed = True
        end_s = time.monotonic()
        n_done = status.n_frames + status.n_errors + 1
        self._seen.append((start_s, n_done + status.n_dropped))
        self.status = StreamStatus(
            newest=newest,
            n_frames=status.n_frames + (not failed),
            n_dropped=status.n_dropped,
            n_errors=status.n_errors + failed,
            failed=failed,
            process_ms=(end_s - start_s) * 1000,
            stage_ms=stage_ms,
            frame_rate=self._frame_rate(),
            dropped_share=self._dropped_share(),
            longest_gap_s=max((b - a for (a, _), (b, _) in pairwise(self._seen)), default=0.0),
            time_s=end_s,
        )
        if self._observer is not None:
            self._observer.frame(self.status)
        if self.closed:  # while this frame was processed
            self.close()
        return _written(newest.image, like=frame) if newest else frame

    def _challenge(self, newest: LiveFrame, time_s: float) -> None:
        """Let a challenge see the frame, and draw into it how far it is."""
        challenge = self.challenge
        if challenge is None or challenge.is_over:
            return
        challenge.see(newest, time_s)
        width_px = self.session.settings.shown_width_px
        draw_challenge(newest.image, challenge.target, challenge.left_s, LASTS_S, width_px)

    def _frame_rate(self) -> float:
        elapsed_s = self._seen[-1][0] - self._seen[0][0]
        return (len(self._seen) - 1) / elapsed_s if elapsed_s > 0 else 0.0

    def _dropped_share(self) -> float:
        """0 until enough frames were seen: some always wait while a stream starts."""
        if len(self._seen) <= N_TIMED:
            return 0.0
        return 1 - N_TIMED / (self._seen[-1][1] - self._seen[0][1])

    def close(self) -> None:
        """Forget the viewer's faces and frames, whoever may still hold this stream."""
        self.closed = True
        self.recording = self.challenge = None
        closed_s = self.status.closed_s or time.monotonic()
        self.status = replace(self.status, newest=None, closed_s=closed_s)
        self.session.forget()
        if self._observer is not None:
            self._observer.ended(self.status)


def _read(frame: av.VideoFrame) -> RgbImage:
    if _is_planar(frame) and _can_convert(frame.width, frame.height):
        return np.asarray(cv2.cvtColor(frame.to_ndarray(), cv2.COLOR_YUV2RGB_I420), np.uint8)
    return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


def _written(image: RgbImage, like: av.VideoFrame) -> av.VideoFrame:
    if _is_planar(like) and _can_convert(image.shape[1], image.shape[0]):
        planes = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8)
        return av.VideoFrame.from_ndarray(planes, format="yuv420p")
    return av.VideoFrame.from_ndarray(image, format="rgb24")


def _is_planar(frame: av.VideoFrame) -> bool:
    """True if its numbers are as OpenCV expects of I420: BT.601, from 16 to 235."""
    usual_colors = frame.color_range in (0, 1) and frame.colorspace in (2, 5, 6)
    return frame.format.name == "yuv420p" and usual_colors


def _can_convert(width: int, height: int) -> bool:
    """True if OpenCV can convert the frame's format, in a fifth of the time PyAV takes."""
    return width % 2 == 0 and height % 2 == 0
