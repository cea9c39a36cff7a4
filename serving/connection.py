"""What becomes of a viewer's connection: whether it ended by itself, why, and what to do then."""

from dataclasses import dataclass, replace
from enum import Enum

from fer_core.stream import StreamStatus
from serving.activity import GIVEN_UP_S, was_lost

TRIED_AGAIN_S = 15.0
"""How long after its loss a connection is made anew by itself."""


class Problem(Enum):
    """Why a stream ended by itself."""

    NEVER_CAME = "no picture ever came"
    LOST = "pictures came no more"


@dataclass(frozen=True)
class Connection:
    """What a run of the page knows of the connection; the next run follows on from it.

    One value, so that a run that Streamlit breaks off leaves nothing half done.

    Attributes:
        is_on: Whether it was playing, or on the way to it.
        started_s: When it was first seen on the way to it, on the clock of `time.monotonic`.
        lost_s: When it was lost, while it may be made anew.
        given_up: Whether the viewer wants it to be made anew no more, while it is still on.
        problem: Why it ended by itself, until it is on again.
    """

    is_on: bool = False
    started_s: float | None = None
    lost_s: float | None = None
    given_up: bool = False
    problem: Problem | None = None

    def after(
        self,
        status: StreamStatus | None,
        *,
        playing: bool,
        signalling: bool,
        comes: bool,
        now_s: float,
    ) -> "Connection":
        """What is known now.

        A press of STOP looks like a loss. But it comes while frames do, whereas a connection is
        given up only some seconds after the last of them; and a start that cannot succeed takes its
        time too.

        Args:
            status: That of the stream, None where there is none.
            playing: Whether the browser says that it plays.
            signalling: Whether it says that it is on the way to it.
            comes: Whether frames of this very connection have come.
            now_s: The time, on the clock of `time.monotonic`.
        """
        if playing or signalling:
            goes_on = self.is_on or self.is_tried_again(now_s)
            return Connection(
                is_on=True,
                # What plays from the first run on is what the browser has not yet ended.
                started_s=self.started_s if self.is_on else now_s if signalling else None,
                lost_s=self.lost_s if goes_on and not (playing and comes) else None,
                given_up=self.given_up,
            )
        if not self.is_on or status is None:
            return replace(self, is_on=False, given_up=False)
        if self.given_up:
            return Connection()
        if status.n_frames == 0:
            return self._after_no_frame(now_s)
        return Connection(lost_s=now_s, problem=Problem.LOST) if was_lost(status) else Connection()

    def _after_no_frame(self, now_s: float) -> "Connection":
        if self.lost_s is not None:
            return Connection(lost_s=self.lost_s, problem=Problem.LOST)
        waited = self.started_s is not None and now_s - self.started_s > GIVEN_UP_S
        return Connection(problem=Problem.NEVER_CAME if waited else None)

    def is_tried_again(self, now_s: float) -> bool:
        """Whether it is made anew by itself."""
        return self.lost_s is not None and now_s - self.lost_s < TRIED_AGAIN_S

    def give_up(self) -> "Connection":
        """What is known once the viewer wants it to be made anew no more."""
        return replace(self, lost_s=None, given_up=self.is_on)

    def wanted(self, now_s: float) -> bool | None:
        """Whether the browser is told to start or to end it; None leaves it to the viewer."""
        if self.given_up:
            return False
        return True if self.is_tried_again(now_s) else None
