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
        started_s: When that began, on the clock of `time.monotonic`.
        lost_s: When it was lost, until pictures come again or the viewer presses STOP.
        problem: Why it ended by itself, until it is on again.
    """

    is_on: bool = False
    started_s: float = 0.0
    lost_s: float | None = None
    problem: Problem | None = None

    def after(
        self, status: StreamStatus | None, *, is_on: bool, shows_pictures: bool, now_s: float
    ) -> "Connection":
        """What is known now.

        A press of STOP looks like a loss. But it comes while frames do, whereas a connection is
        given up only some seconds after the last of them; and a start that cannot succeed takes its
        time too.

        Args:
            status: That of the stream, None where there is none.
            is_on: Whether the browser says that it plays, or is on the way to it.
            shows_pictures: Whether it plays and frames of this very connection have come.
            now_s: The time, on the clock of `time.monotonic`.
        """
        if is_on:
            started_s = self.started_s if self.is_on else now_s
            return Connection(True, started_s, None if shows_pictures else self.lost_s)
        if not self.is_on or status is None:
            return replace(self, is_on=False)
        if status.n_frames == 0:
            if self.lost_s is not None:
                return Connection(lost_s=self.lost_s, problem=Problem.LOST)
            waited = now_s - self.started_s > GIVEN_UP_S
            return Connection(problem=Problem.NEVER_CAME if waited else None)
        return Connection(lost_s=now_s, problem=Problem.LOST) if was_lost(status) else Connection()

    def is_tried_again(self, now_s: float) -> bool:
        """Whether it is made anew by itself."""
        return self.lost_s is not None and now_s - self.lost_s < TRIED_AGAIN_S
