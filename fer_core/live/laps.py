"""A stopwatch for the stages of a piece of work."""

import time


class Laps:
    """Times stages that come one after another, from its creation on.

    Attributes:
        ms: Milliseconds of each stage that has ended, by name.
    """

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self._last_s = time.perf_counter()

    def end(self, stage: str) -> None:
        """Note that a stage has just ended; the next one begins."""
        now_s = time.perf_counter()
        self.ms[stage] = (now_s - self._last_s) * 1000
        self._last_s = now_s
