"""The state of a viewer's connection, from which the page tells a loss from a press of STOP."""

from dataclasses import dataclass, replace
from enum import Enum

from fer_core.live.stream import StreamStatus
from webapp.monitoring.activity import GIVEN_UP_S, was_lost

TRIED_AGAIN_S = 15.0
"""Time after its loss for which a connection is made again by itself."""


class Problem(Enum):
    """The ways in which a stream ends by itself."""

    NEVER_CAME = "no frame ever came"
    LOST = "frames came no more"


@dataclass(frozen=True)
class Connection:
    """The state of the connection after a run of the page; the next run follows on from it.

    One value, so that a run that Streamlit breaks off leaves nothing half done.

    Attributes:
        is_on: True while it plays, or is on the way to it.
        started_s: Time at which it was first on the way, on the clock of `time.monotonic`.
        lost_s: Time at which it was lost, while it may be made again.
        given_up: True if the viewer wants no new connection, while this one is still on.
        problem: The way in which it ended by itself, until it is on again.
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
        """Return the state after this run.

        A press of STOP looks like a loss. But it comes while frames do, whereas a connection is
        given up only some seconds after the last of them; and a start that cannot succeed takes its
        time too.

        Args:
            status: That of the stream, None if there is none.
            playing: True if the browser says that it plays.
            signalling: True if it says that it is on the way to it.
            comes: True if frames of this very connection have come.
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
        """True while it is made again by itself."""
        return self.lost_s is not None and now_s - self.lost_s < TRIED_AGAIN_S

    def give_up(self) -> "Connection":
        """Return the state once the viewer wants no new connection."""
        return replace(self, lost_s=None, given_up=self.is_on)
