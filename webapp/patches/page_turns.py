"""Pages of one address run one at a time.

All pages run in one interpreter, which the live streams need, too: eight visits that ask for pages
as fast as they can leave a stream a third of its frames. Made for Streamlit 1.67. Once Streamlit
bounds the pages that run at a time, delete this.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

LOGGER = logging.getLogger(__name__)

MOST_WAIT_S = 1.0
"""Time after which a page runs all the same: those before it may be waiting for a worker."""


class PageTurns:
    """The pages that run, by address. Safe to share between threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._changed = Condition()
        self._running: Counter[str] = Counter()

    @contextmanager
    def turn(self, address: str) -> Iterator[None]:
        """Wait until an address may run a page, but not for long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running[address], MOST_WAIT_S)
            self._running[address] += 1
        try:
            yield
        finally:
            with self._changed:
                self._running[address] -= 1
                self._running = +self._running  # forget addresses without pages
                self._changed.notify_all()


def run_in_turn() -> None:
    """Have pages wait for their turns from now on; those of this machine itself need none."""
    if not hasattr(ScriptRunner, "_run_script"):
        LOGGER.warning("Many visits of one address may slow down those of others.")
        return
    run, turns = ScriptRunner._run_script, PageTurns()

    def in_turn(self: ScriptRunner, rerun_data: Any) -> None:
        address = st.context.ip_address
        if address is None:
            run(self, rerun_data)
            return
        with turns.turn(address):
            run(self, rerun_data)

    ScriptRunner._run_script = in_turn  # type: ignore[method-assign]
