"""The inside of a worker: limits on a task, and its results sent one by one."""

import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeVar

from webapp.monitoring.memory import use_few_heaps

if sys.platform != "win32":
    import resource

T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """Limits on a worker and on each of its tasks.

    Attributes:
        niceness: Priority behind the live streams, from 1 to 19.
        cpu_s: Most processor time of a task.
        time_s: Most time of a task once it has begun, on a machine however busy.
        memory_bytes: Most memory of a task, beside that of a worker at the start.
    """

    niceness: int
    cpu_s: int
    time_s: float
    memory_bytes: int


def begin(limits: Limits, get_ready: Callable[[], object]) -> None:
    """Set up a worker, deaf to what a terminal tells the server and gone at once when told so.

    Args:
        limits: Limits on the worker and its tasks.
        get_ready: Loads what the first task would wait for.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.platform != "win32":
        os.nice(limits.niceness)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        use_few_heaps()
        statm = Path("/proc/self/statm")
        if statm.is_file():
            most = int(statm.read_text().split()[0]) * resource.getpagesize() + limits.memory_bytes
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
    with suppress(Exception):  # the first task will say what is wrong
        get_ready()


def limited(function: Callable[..., T], args: tuple[object, ...], cpu_s: int) -> T:
    """Call a function, for so long of the processors."""
    if sys.platform != "win32":
        used = resource.getrusage(resource.RUSAGE_SELF)
        until_s = int(used.ru_utime + used.ru_stime) + 1 + cpu_s
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (until_s, hard))
    return function(*args)


def streamed(
    results: Connection, function: Callable[..., Generator[object, None, T]], *args: object
) -> T:
    """Send what a function yields, one by one, and return what it returns."""
    steps = function(*args)
    with results:
        while True:
            try:
                results.send(next(steps))
            except StopIteration as done:
                value: T = done.value
                return value
