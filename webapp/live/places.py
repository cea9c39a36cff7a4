"""The places for live viewers, of which there are only so many."""

from threading import Lock
from typing import Protocol
from weakref import WeakSet


class Closable(Protocol):
    """A stream that holds a place until it is closed or nobody refers to it any more."""

    @property
    def closed(self) -> bool:
        """True once it has ended."""


class LivePlaces:
    """A bounded number of places for streams. Safe to share between threads."""

    def __init__(self, n_places: int) -> None:
        """Start with every place free."""
        self.n_places = n_places
        self._holders: WeakSet[Closable] = WeakSet()
        self._lock = Lock()

    @property
    def n_free(self) -> int:
        """Places that nobody holds."""
        with self._lock:
            return self.n_places - len(self._open())

    def take(self, stream: Closable) -> bool:
        """Give the stream a place unless it has one; False if none is free."""
        with self._lock:
            holders = self._open()
            if stream in holders:
                return True
            if len(holders) >= self.n_places:
                return False
            self._holders.add(stream)
            return True

    def _open(self) -> list[Closable]:
        return [stream for stream in self._holders if not stream.closed]
