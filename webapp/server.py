"""The state that all visits share: the settings, the log and the counters, the live places."""

import os
from collections.abc import Callable
from functools import cache
from threading import RLock
from typing import Generic, ParamSpec, TypeVar

import streamlit as st

from webapp.live.places import LivePlaces
from webapp.monitoring import logs
from webapp.monitoring.activity import Activity
from webapp.monitoring.metrics import Endpoint
from webapp.settings import Settings, read_settings

P = ParamSpec("P")
T = TypeVar("T")


class Shared(Generic[P, T]):
    """A function whose value is made once for all visits, though two may ask at the same moment.

    Unlike with `st.cache_resource`, no browser can have it forgotten.
    """

    def __init__(self, make: Callable[P, T]) -> None:
        """Wrap a function of hashable arguments."""
        self._lock, self._made = RLock(), cache(make)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """The value for these arguments."""
        with self._lock:
            return self._made(*args, **kwargs)  # type: ignore[arg-type]

    def clear(self) -> None:
        """Forget what was made; for tests."""
        self._made.cache_clear()


def settings() -> Settings:
    """The settings; where one is malformed, the page says so and ends."""
    try:
        return read_settings(os.environ)
    except ValueError as error:
        st.error(f"The app is not set up correctly: {error}")
        st.stop()


@Shared
def activity() -> Activity:
    """The notes of this server's events, with the log that they are written to."""
    logs.set_up(st.get_option("logger.messageFormat"))
    return Activity()


@Shared
def _metrics_endpoint(port: int) -> Endpoint:
    """Listen where the app does: in the container on all of its addresses."""
    return activity().metrics.serve(st.get_option("server.address") or "0.0.0.0", port)


def open_metrics_port() -> None:
    """Let the counters be read, where a port is set; one that cannot be had is said and ends it."""
    port = settings().metrics_port
    if port:
        try:
            _metrics_endpoint(port)
        except OSError as error:
            st.error(
                f"The app is not set up correctly: FER_METRICS_PORT is {port}, but this port "
                f"cannot be opened: {error.strerror}."
            )
            st.stop()


@Shared
def _live_places(n_places: int) -> LivePlaces:
    return LivePlaces(n_places)


def live_places() -> LivePlaces:
    """The places for live viewers, shared by all of them."""
    return _live_places(settings().max_live_sessions)
