"""Objects that must not be shared by threads, lent to one thread at a time."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Generic, TypeVar

T = TypeVar("T")


class Pool(Generic[T]):
    """Lends objects to threads, each to one at a time.

    OpenCV's cascades and LiteRT's interpreters give wrong answers or raise when two threads use
    one at once. The pool makes them on demand, keeps those handed back, and lets further threads
    wait once `size` are lent, so that many viewers share the processors fairly.
    """

    def __init__(self, make: Callable[[], T], size: int) -> None:
        """Make an empty pool of at most `size` objects, each made by `make` when first needed."""
        self._make = make
        self._size = size
        self._slots = BoundedSemaphore(size)
        self._idle: deque[T] = deque()  # append and pop are atomic

    def fill(self, n: int) -> None:
        """Make `n` objects ready, or as many as the pool holds, before they are needed."""
        for _ in range(min(n, self._size) - len(self._idle)):
            self._idle.append(self._make())

    @contextmanager
    def borrow(self) -> Iterator[T]:
        """Lend one object for the length of a `with` block."""
        with self._slots:
            try:
                item = self._idle.pop()
            except IndexError:
                item = self._make()
            try:
                yield item
            finally:
                self._idle.append(item)
