"""Objects that must not be shared by threads, lent to one thread at a time."""

import os
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from threading import BoundedSemaphore, Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")

MOST_WARM = 4
"""No pool is warmed up beyond this: a machine with many processors has hardly as many viewers."""


class Pool(Generic[T]):
    """Lends objects to threads, each to one at a time.

    OpenCV's cascades and LiteRT's interpreters give wrong results or raise when two threads use
    one at once. The pool makes them on demand, keeps those handed back, and lets further threads
    wait once `size` are lent, so that many viewers share the processors fairly.
    """

    def __init__(self, make: Callable[[], T], size: int) -> None:
        """Make an empty pool of at most `size` objects, each made by `make` when first needed."""
        self._make = make
        self._size = size
        self._slots = BoundedSemaphore(size)
        self._idle: deque[T] = deque()  # append and pop are atomic
        self._n_made = 0
        self._lock = Lock()

    def warm_up(self, use: Callable[[T], object]) -> None:
        """Make objects and use each once, before they are needed.

        An object takes most of its time and memory when it is first used. After this, a few threads
        that need one at the same moment neither wait for it nor make the process grow.

        Args:
            use: Does with an object what it is for.
        """
        most = min(MOST_WARM, self._size)
        while self._n_made < most:
            with self._slots:  # counts as lent while it is made
                if not self._may_make(most):
                    return
                item = self._new()
                try:
                    use(item)
                finally:
                    self._idle.append(item)

    @contextmanager
    def borrow(self) -> Iterator[T]:
        """Lend one object for the length of a `with` block."""
        with self._slots:
            try:
                item = self._idle.pop()
            except IndexError:
                item = self._new() if self._may_make(self._size) else self._idle.pop()
            try:
                yield item
            finally:
                self._idle.append(item)

    def _may_make(self, most: int) -> bool:
        """Count one more as made if there are fewer than `most`; False if there are not."""
        with self._lock:
            if self._n_made >= most:
                return False
            self._n_made += 1
            return True

    def _new(self) -> T:
        try:
            return self._make()
        except BaseException:
            with self._lock:
                self._n_made -= 1
            raise


def once_a_process(make: Callable[..., T], *args: Hashable) -> T:
    """Give what `make` makes of these arguments, the same object to all callers in a process.

    Unpickling calls it, so that a pool of processes loads a model once in each and not with each
    task. A forked process makes its own: locks and threads do not outlive the fork.
    """
    made: T = _made(os.getpid(), make, args)
    return made


@lru_cache(maxsize=8)
def _made(process_id: int, make: Callable[..., Any], args: tuple[Hashable, ...]) -> Any:
    return make(*args)
