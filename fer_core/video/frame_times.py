"""The times of a video's frames."""

from dataclasses import dataclass

import av

MAX_DURATION_S = 24 * 3600.0
"""A time beyond this comes from damage to the file."""

MAX_GAP_S = 10.0
"""A frame beyond the file's end, and this much later than the one before, has a damaged time."""


@dataclass(frozen=True)
class Claims:
    """The times that a file states for its video.

    Attributes:
        start_s: Time of the first frame that is shown.
        step_s: Time from one frame to the next, for frames that have none; above 0.
        end_s: End of all that is in the file; infinite if the file does not say.
        is_whole: The result of `wholeness.is_whole`.
        spliced: True if a leap of the times comes from a cut, after which the video goes on.
        holds_to_end: True if the last frame stays until `end_s`.
        video_end_s: End of the video, in seconds after its start; infinite if the file does not
            say. MP4 gives a frame that is not coded in its turn, with B-frames, another's length.
    """

    start_s: float
    step_s: float
    end_s: float
    is_whole: bool | None
    spliced: bool
    holds_to_end: bool
    video_end_s: float = float("inf")


class FrameClock:
    """Gives each frame the time at which it appears, even if the file has lost its times."""

    def __init__(self, claims: Claims) -> None:
        """Start before the first frame."""
        self._claims = claims
        self._start_s = claims.start_s
        self.last_s = -claims.step_s

    def time_of(self, frame: av.VideoFrame) -> float | None:
        """Seconds after the video's start; None for a time that only damage explains."""
        if frame.time is None:
            time_s = self.last_s + self._claims.step_s
        else:
            time_s = frame.time - self._start_s
        leaps = time_s > self.last_s + MAX_GAP_S
        if leaps and self._claims.spliced:
            return self.joined(time_s, self.last_s)
        if time_s > MAX_DURATION_S or (leaps and time_s > self._claims.end_s + 1):
            return None
        self.last_s = time_s
        return time_s

    def joined(self, time_s: float, before_s: float) -> float:
        """Let a frame whose time leaps follow the one before it, and return its new time."""
        self.last_s = before_s + self._claims.step_s
        self._start_s += time_s - self.last_s
        return self.last_s
