"""Pages of one address share half a processor.

All pages run in one interpreter, which the live streams need, too: eight visits that ask for pages
as fast as they can leave a stream a third of its frames. Made for Streamlit 1.67. Once Streamlit
bounds the pages that run at a time, delete this.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition
from time import monotonic, thread_time
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

LOGGER = logging.getLogger(__name__)

MOST_AT_ONCE = 2
"""Pages of one address that run at a time."""

SHARE = 0.5
"""Part of a processor that they have in the long run."""

AHEAD_S = 1.0
"""Time of theirs that they may use ahead; one run of a page takes a tenth of it."""

MOST_WAIT_S = 1.0
"""Time after which a page runs all the same: those before it may be waiting for a worker."""

MOST_REMEMBERED = 10_000
"""Addresses whose use of the processor is remembered."""


class PageTurns:
    """The pages that run and the time that they took, by address. Safe to share between threads."""

    def __init__(self) -> None:
        """Start with none."""
        self._changed = Condition()
        self._running: Counter[str] = Counter()
        self._paid_s: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def turn(self, address: str) -> Iterator[None]:
        """Wait until an address may run a page, but not for long, and count what that takes."""
        with self._changed:
            deadline_s = monotonic() + MOST_WAIT_S
            while (wait_s := min(self._wait_s(address), deadline_s - monotonic())) > 0:
                self._changed.wait(wait_s)
            self._running[address] += 1
        start_s = thread_time()
        try:
            yield
        finally:
            with self._changed:
                self._running[address] -= 1
                self._pay(address, thread_time() - start_s)
                self._changed.notify_all()

    def _wait_s(self, address: str) -> float:
        if self._running[address] >= MOST_AT_ONCE:
            return MOST_WAIT_S
        return self._paid_s[address] - AHEAD_S - monotonic()

    def _pay(self, address: str, processor_s: float) -> None:
        now_s = monotonic()
        self._paid_s[address] = max(self._paid_s[address], now_s) + processor_s / SHARE
        if len(self._paid_s) > MOST_REMEMBERED:
            for other in [other for other, until_s in self._paid_s.items() if until_s < now_s]:
                del self._paid_s[other]
        self._running = +self._running


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
