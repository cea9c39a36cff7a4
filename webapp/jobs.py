"""Long work beside a page."""

from collections.abc import Callable, Generator
from contextlib import closing
from typing import TypeVar

import streamlit as st

from fer_core.jobs import Ahead, Job, JobStatus
from webapp.serving.turns import Visitor
from webapp.serving.workers import SHARED
from webapp.views.words import others_before

S = TypeVar("S")
T = TypeVar("T")


@st.cache_resource(
    scope="session", show_spinner=False, max_entries=4, on_release=lambda job: job.leave()
)
def _watched(_job: Job, number: int) -> Job:
    """Streamlit empties this when the viewer's connection is lost; the number tells jobs apart."""
    return _job


def keep_going(job: Job) -> JobStatus:
    """Return a job's status; the job ends a while after nobody has asked from an open page."""
    _watched(job, id(job))
    job.stay()
    return job.status


def elsewhere(
    visitor: Visitor, function: Callable[..., T], *args: object, is_large: bool = False
) -> Generator[Ahead, None, T]:
    """A part of a job that a worker does; here, where the server was started without workers.

    Args:
        visitor: The person, for the queue.
        function: One of a module, or `functools.partial` of it.
        args: Arguments that can be pickled.
        is_large: True if it will probably take longer than others.

    Yields:
        The number of others' tasks that come before, until this part is done.

    Raises:
        FerError: There is no result; the sentence says why.
        Exception: Any error of the function.
    """
    workers = SHARED.photos
    if workers is None:
        return function(*args)
    return (yield from workers.run(visitor, function, *args, is_large=is_large))


def video_elsewhere(
    visitor: Visitor, function: Callable[..., Generator[S, None, T]], *args: object
) -> Generator[Ahead | S, None, T]:
    """As `elsewhere`, for work that takes minutes and yields results on the way."""
    workers = SHARED.videos
    if workers is None:
        return (yield from function(*args))
    return (yield from workers.stream(visitor, function, *args))


def finished(steps: Generator[object, None, T]) -> T:
    """The result of a part of a job that nobody watches."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            result: T = done.value
            return result


def at_once(visitor: Visitor, function: Callable[..., T], *args: object) -> T:
    """As `elsewhere`, while the page waits; it shows the number of others that come before.

    Raises:
        FerError: There is no result; the sentence says why.
        Exception: Any error of the function.
    """
    place = None
    with closing(elsewhere(visitor, function, *args)) as steps:
        while True:
            try:
                ahead = next(steps)
            except StopIteration as done:
                if place is not None:
                    place.empty()
                result: T = done.value
                return result
            place = place or st.empty()
            text = others_before(ahead.n_tasks)
            place.caption(text) if text else place.empty()  # it ends here once the page is left
