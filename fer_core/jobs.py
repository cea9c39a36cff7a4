"""Long work in a thread of its own, with progress, that can be cancelled."""

import logging
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Thread

from fer_core.errors import FerError

LOGGER = logging.getLogger(__name__)

LEFT_FOR_S = 4.0
"""Time for which a job goes on after its viewer's connection was lost."""


@dataclass(frozen=True)
class Ahead:
    """Number of others' tasks before one's own; 0 once it is being done."""

    n_tasks: int


@dataclass(frozen=True)
class JobStatus:
    """The state of a job as a page shows it; replaced as a whole after each step.

    Attributes:
        progress: Share of the work that is done, from 0 to 1.
        elapsed_s: Seconds since the work began, or last waited for others.
        ended: True once the work is done, cancelled or failed.
        cancelled: True if it was ended on request, or as its viewer was gone.
        left: True if its viewer was gone.
        problem: The sentence that says why it failed, empty where it did not.
        n_ahead: Number of others' tasks that come before; 0 while the work goes on.
    """

    progress: float = 0.0
    elapsed_s: float = 0.0
    ended: bool = False
    cancelled: bool = False
    left: bool = False
    problem: str = ""
    n_ahead: int = 0

    @property
    def left_s(self) -> float | None:
        """About how many seconds are left, None where too little is done to tell."""
        if self.progress < 0.01 or self.elapsed_s < 1:
            return None
        return self.elapsed_s * (1 - self.progress) / self.progress


class Job:
    """Runs steps one after another in a thread. `status` may be read from any thread."""

    def __init__(self, steps: Callable[[], Generator[float | Ahead]]) -> None:
        """Start at once.

        Args:
            steps: Gives the work as a generator that yields the share that is done, from 0 to 1,
                or while it waits the tasks ahead, often enough to be cancelled in between.
        """
        self.status = JobStatus()
        self._cancelled = False
        self._left_s: float | None = None
        self._thread = Thread(target=self._run, args=(steps,), name="job", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """End the work after the step that runs."""
        self._cancelled = True

    def wait(self) -> JobStatus:
        """Wait until the work has ended."""
        self._thread.join()
        return self.status

    def leave(self) -> None:
        """Note that the viewer is gone: without `stay`, the work ends after `LEFT_FOR_S`."""
        self._left_s = time.monotonic()

    def stay(self) -> None:
        """Note that the viewer is there."""
        self._left_s = None

    def _run(self, steps: Callable[[], Generator[float | Ahead]]) -> None:
        start_s = time.monotonic()
        problem = ""
        try:
            with closing(steps()) as running:
                for step in running:
                    n_ahead = step.n_tasks if isinstance(step, Ahead) else 0
                    progress = self.status.progress if isinstance(step, Ahead) else step
                    start_s = time.monotonic() if n_ahead else start_s
                    elapsed_s = time.monotonic() - start_s
                    self.status = JobStatus(progress, elapsed_s, n_ahead=n_ahead)
                    if self._cancelled or self._is_left():
                        break
        except FerError as error:
            problem = str(error)
        except Exception:
            LOGGER.exception("A job failed.")
            problem = "Something went wrong that should not have. Please try again."
        left = self._is_left()
        cancelled = self._cancelled or left
        self.status = replace(
            self.status, ended=True, cancelled=cancelled, left=left, problem=problem, n_ahead=0
        )

    def _is_left(self) -> bool:
        left_s = self._left_s
        return left_s is not None and time.monotonic() - left_s > LEFT_FOR_S
