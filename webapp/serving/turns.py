"""One fair queue for the tasks of all visitors."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from threading import Condition
from time import monotonic
from typing import NamedTuple

from fer_core.errors import FerError

LONG_S = 1.0
"""Time from which on a task counts as long."""

MOST_REMEMBERED = 10_000
"""Visits and addresses whose last turn is remembered."""

_CROWDED = "Too many others are waiting. Please try again in a minute."


class WorkError(FerError):
    """The work ended without a result; the sentence says what a visitor may do."""


class Visitor(NamedTuple):
    """One visit, and the address that it comes from; "" if that is not known."""

    name: str
    address: str = ""


class Turn:
    """One task's place in the queue."""

    def __init__(self, visitor: Visitor, *, is_large: bool) -> None:
        """Stand at the end."""
        self.visitor, self.is_large = visitor, is_large
        self.start_s: float | None = None


@dataclass(frozen=True)
class _Served:
    """The last turn of a visit or of an address, counted, and True if it took long."""

    number: int = 0
    took_long: bool = False


class Turns:
    """Gives tasks their turns, so many at a time. Safe to share between threads.

    Next is the address that was served longest ago, and there the visit that was: many visits from
    one place get no more turns than one. A visitor has one task done at a time.
    """

    def __init__(self, n_at_once: int, n_long: int, most_waiting: int) -> None:
        """Start with an empty queue.

        Args:
            n_at_once: Number of tasks at a time.
            n_long: Most of them that are large, or of addresses whose tasks take longer than
                `LONG_S`.
            most_waiting: Most tasks that wait, half of them of one address.
        """
        self._n_at_once, self._n_long, self._most_waiting = n_at_once, n_long, most_waiting
        self._changed = Condition()
        self._waiting: list[Turn] = []
        self._running: list[Turn] = []
        self._served: dict[Visitor | str, _Served] = {}  # longest ago first
        self._numbers = count(1)

    @contextmanager
    def turn(self, visitor: Visitor, *, is_large: bool = False) -> Iterator[Turn]:
        """Stand in the queue, and hold the turn once it came, until the block ends.

        Args:
            visitor: The person.
            is_large: True if the task will probably take longer than `LONG_S`.

        Raises:
            WorkError: Too many wait.
        """
        turn = Turn(visitor, is_large=is_large)
        with self._changed:
            self._refuse_crowds(visitor)
            self._waiting.append(turn)
            self._go_on()
        try:
            yield turn
        finally:
            with self._changed:
                self._leave(turn)
                self._go_on()

    def wait(self, turn: Turn, seconds: float) -> bool:
        """Wait so long for the turn; True if it came."""
        with self._changed:
            return self._changed.wait_for(lambda: turn.start_s is not None, seconds)

    def n_ahead(self, turn: Turn) -> int:
        """The number of tasks that must end before this one begins, as of now."""
        with self._changed:
            return 0 if turn.start_s is not None else 1 + self._in_order().index(turn)

    @property
    def is_idle(self) -> bool:
        """True if nobody has a task."""
        with self._changed:
            return not self._running and not self._waiting

    def _of(self, key: Visitor | str) -> _Served:
        return self._served.get(key, _Served())

    def _rank(self, turn: Turn) -> tuple[int, int]:
        return self._of(turn.visitor.address).number, self._of(turn.visitor).number

    def _in_order(self) -> list[Turn]:
        return sorted(self._waiting, key=self._rank)

    def _refuse_crowds(self, visitor: Visitor) -> None:
        n_of_address = sum(turn.visitor.address == visitor.address for turn in self._waiting)
        is_full = 2 * n_of_address >= self._most_waiting or len(self._waiting) >= self._most_waiting
        if is_full and len(self._waiting) + len(self._running) >= self._n_at_once:
            raise WorkError(_CROWDED)

    def _go_on(self) -> None:
        while turn := next(filter(self._may_begin, self._in_order()), None):
            self._waiting.remove(turn)
            self._running.append(turn)
            turn.start_s = monotonic()
            self._remember(turn, took_long=self._took_long(turn))
        self._changed.notify_all()

    def _may_begin(self, turn: Turn) -> bool:
        running = self._running
        if len(running) >= self._n_at_once or any(r.visitor == turn.visitor for r in running):
            return False
        return not self._is_of_long(turn) or sum(map(self._is_long, running)) < self._n_long

    def _is_of_long(self, turn: Turn) -> bool:
        return turn.is_large or self._took_long(turn)

    def _took_long(self, turn: Turn) -> bool:
        return self._of(turn.visitor.address).took_long

    def _is_long(self, turn: Turn) -> bool:
        began_s = turn.start_s or monotonic()
        return self._is_of_long(turn) or monotonic() - began_s > LONG_S

    def _leave(self, turn: Turn) -> None:
        if turn.start_s is None:
            self._waiting.remove(turn)
            return
        self._running.remove(turn)
        self._remember(turn, took_long=monotonic() - turn.start_s > LONG_S)

    def _remember(self, turn: Turn, *, took_long: bool) -> None:
        served = _Served(next(self._numbers), took_long)
        for key in (turn.visitor, turn.visitor.address):
            self._served.pop(key, None)
            self._served[key] = served
        while len(self._served) > MOST_REMEMBERED:
            del self._served[next(iter(self._served))]
