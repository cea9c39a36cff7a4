"""Processes that do visitors' work: a file that crashes or never ends stops one task alone.

A worker that dies or is over its time is replaced. The server itself only waits, so that its
interpreter belongs to the live streams.
"""

import logging
import multiprocessing
import multiprocessing.spawn
import os
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, wait
from concurrent.futures import TimeoutError as OverTimeError
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, suppress
from threading import Lock, Timer
from time import monotonic
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from fer_core.jobs import Ahead
from webapp.serving.turns import Turn, Turns, Visitor, WorkError
from webapp.serving.worker import Limits, begin, limited, streamed

LOGGER = logging.getLogger(__name__)

S = TypeVar("S")
T = TypeVar("T")

MOST_WAITING = 50
"""Tasks that may wait; whoever comes then is asked to come again."""

LOOK_S = 0.1
"""Time after which a visitor's thread looks again whether it is to stop."""

BEGIN_S = 120.0
"""By when a free worker begins with a task, on a machine however busy."""

FORGET_S = 30.0
"""Time from the last task until the workers are replaced, so that they keep nothing of a photo."""

PHOTO = Limits(niceness=5, cpu_s=20, time_s=60, memory_bytes=1536 * 2**20)
"""80 megapixels take three seconds."""

VIDEO = Limits(niceness=15, cpu_s=3600, time_s=1800, memory_bytes=1024 * 2**20)
"""A video that takes longer keeps the results found until then."""

_TOO_LONG = "The file takes too long to be read here. Save a smaller copy and try again."
_TOO_LARGE = "There is not enough memory for this file. Save a smaller copy and try again."
_ENDED = "The file could not be read: it is damaged, or needs more than a file may."


class Workers:
    """Processes shared by all visitors. Safe to share between threads.

    `Turns` says whose task is next; each begins when a worker is free for it.
    """

    def __init__(self, limits: Limits, n_workers: int, n_long: int | None = None) -> None:
        """Get ready.

        Args:
            limits: Limits on each task.
            n_workers: Number of processes.
            n_long: Most long tasks at a time; None for any number.
        """
        self._limits, self._n_workers = limits, n_workers
        self._turns = Turns(n_workers, n_long or n_workers, MOST_WAITING)
        self._lock = Lock()
        self._get_ready: Callable[[], object] | None = None
        self._pool = self._start()
        self._rest = Timer(FORGET_S, self.forget)

    def run(
        self, visitor: Visitor, function: Callable[..., T], *args: object, is_large: bool = False
    ) -> Generator[Ahead, None, T]:
        """Have a worker call a function of a module with arguments that can be pickled.

        Yields the number of tasks ahead, ten times a second until it is done. Closing the
        generator ends the task.

        Args:
            visitor: The person; each has one task done at a time.
            function: One of a module.
            args: Its arguments.
            is_large: True if it will probably take longer than others.

        Raises:
            WorkError: Too many wait, or it took too much, or crashed.
            Exception: Any error of the function.
        """
        turn = self._turns.turn(visitor, is_large=is_large)
        result: T = yield from self._done(turn, self._once, function, args)
        return result

    def stream(
        self, visitor: Visitor, function: Callable[..., Generator[S, None, T]], *args: object
    ) -> Generator[Ahead | S, None, T]:
        """As `run`, for a function that yields results, each of which comes as soon as it is there.

        Raises:
            WorkError: Too many wait, or it took too much, or crashed.
            Exception: Any error of the function.
        """
        result: T = yield from self._done(
            self._turns.turn(visitor), self._one_by_one, function, args
        )
        return result

    def _done(
        self,
        held: AbstractContextManager[Turn],
        way: Callable[..., Generator[S, None, T]],
        function: Callable[..., object],
        args: tuple[object, ...],
    ) -> Generator[Ahead | S, None, T]:
        """Wait for a turn, have the work done, and say in a sentence what goes wrong."""
        try:
            with held as turn:
                while not self._turns.wait(turn, LOOK_S):
                    yield Ahead(self._turns.n_ahead(turn))
                try:
                    return (yield from way(function, args))
                except BrokenProcessPool:  # an idle worker was killed: the task is not to blame
                    return (yield from way(function, args))
        except OverTimeError as error:
            raise WorkError(_TOO_LONG) from error
        except (ProcessExpired, CancelledError, BrokenProcessPool) as error:
            LOGGER.warning("A worker ended in the middle of its work: %s", error)
            raise WorkError(_ENDED) from error
        except MemoryError as error:
            raise WorkError(_TOO_LARGE) from error
        finally:
            self._forget_later()

    def _once(
        self, function: Callable[..., T], args: tuple[object, ...]
    ) -> Generator[Ahead, None, T]:
        future = self._schedule(function, args)
        try:
            yield from _begun(future)
            while not wait([future], LOOK_S).done:
                yield Ahead(0)
            return future.result()
        finally:
            future.cancel()

    def _one_by_one(
        self, function: Callable[..., Generator[S, None, T]], args: tuple[object, ...]
    ) -> Generator[Ahead | S, None, T]:
        here, there = multiprocessing.Pipe(duplex=False)
        with here, there:
            future = self._schedule(streamed, (there, function, *args))
            try:
                yield from _begun(future)
                there.close()  # the worker has its own by now, whose end is seen
                with suppress(EOFError, OSError):  # the future says why no more comes
                    while True:
                        yield here.recv() if here.poll(LOOK_S) else Ahead(0)
                while not wait([future], LOOK_S).done:
                    yield Ahead(0)
                result: T = future.result()
                return result
            finally:
                future.cancel()

    def _schedule(self, function: Callable[..., T], args: tuple[object, ...]) -> "ProcessFuture[T]":
        with self._lock:
            if not self._pool.active:
                self._end(self._pool)
                self._pool = self._start()
            limits = self._limits
            work = function, args, limits.cpu_s
            return self._pool.schedule(limited, work, timeout=limits.time_s)

    def _start(self) -> ProcessPool:
        _leave_pages_alone()
        methods = multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context(
            "forkserver" if "forkserver" in methods else "spawn"
        )
        context.set_forkserver_preload(["fer_core", "webapp.visits.photo_results"])
        given = self._limits, self._get_ready or int
        return ProcessPool(self._n_workers, initializer=begin, initargs=given, context=context)

    def prepare(self, get_ready: Callable[[], object]) -> None:
        """Start the workers now, each of which calls this before its first task.

        Args:
            get_ready: A function of a module, or `functools.partial` of it.
        """
        self._get_ready = get_ready
        self.forget()

    def _forget_later(self) -> None:
        """Have the workers replaced once nobody has had a task for a while."""
        with self._lock:
            self._rest.cancel()
            self._rest = Timer(FORGET_S, self.forget)
            self._rest.daemon = True
            self._rest.start()

    def forget(self) -> None:
        """Replace the workers, and with them what they have read, unless one is at work."""
        with self._lock:
            if not self._turns.is_idle:
                return
            used, self._pool = self._pool, self._start()
        self._end(used)
        if self._get_ready:
            with suppress(RuntimeError):  # it is being closed just now
                self._schedule(int, ())

    def close(self) -> None:
        """End all of them at once."""
        self._rest.cancel()
        self._end(self._pool)

    @staticmethod
    def _end(pool: ProcessPool) -> None:
        pool.stop()
        pool.join()


def _begun(future: "ProcessFuture[T]") -> Generator[Ahead]:
    """Wait until a worker has begun with a task; one that dies as it takes it, takes it along."""
    until_s = monotonic() + BEGIN_S
    while not future.running() and not wait([future], LOOK_S).done:
        if monotonic() > until_s:
            raise BrokenProcessPool("No worker has begun.")
        yield Ahead(0)


class SharedWorkers:
    """The workers of this server, from its start to its end.

    Attributes:
        photos: For what takes seconds, ahead of the videos.
        videos: For what takes minutes.
    """

    def __init__(self) -> None:
        """Start without any, as where a page runs in a test."""
        self.photos: Workers | None = None
        self.videos: Workers | None = None

    def start(self) -> None:
        """Have workers from now on."""
        n_processors = os.cpu_count() or 1
        n_photos = max(2, n_processors - 1)
        self.photos = Workers(PHOTO, n_photos, n_photos - 1)
        self.videos = Workers(VIDEO, max(2, n_processors // 2))

    def stop(self) -> None:
        """End the workers and what they do."""
        for workers in (self.photos, self.videos):
            if workers is not None:
                workers.close()
        self.photos = self.videos = None


SHARED = SharedWorkers()
"""The workers of this process, none until the server starts them."""


def _leave_pages_alone() -> None:
    """Keep workers from running, as their main module, the page that Streamlit runs just then."""
    prepare = multiprocessing.spawn.get_preparation_data
    if prepare.__module__ == __name__:
        return

    def without_main(name: str) -> dict[str, Any]:
        given = prepare(name).items()
        return {key: value for key, value in given if not key.startswith("init_main_from_")}

    multiprocessing.spawn.get_preparation_data = without_main
