"""Pages of one address that run one after the other."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from webapp.patches import page_turns
from webapp.patches.page_turns import PageTurns

SOON_S = 5.0


def test_a_second_page_of_an_address_waits_for_the_first() -> None:
    turns, over = PageTurns(), Event()
    first, second = Event(), Event()

    def page(begun: Event) -> None:
        with turns.turn("1.2.3.4"):
            begun.set()
            over.wait(SOON_S)

    with ThreadPoolExecutor(2) as threads:
        threads.submit(page, first)
        assert first.wait(SOON_S)
        threads.submit(page, second)
        assert not second.wait(0.05)
        with turns.turn("5.6.7.8"):
            pass  # another address has turns of its own
        over.set()
        assert second.wait(SOON_S)


def test_nobody_waits_long_for_pages_that_do_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_turns, "MOST_WAIT_S", 0.05)
    turns, over = PageTurns(), Event()

    def page() -> None:
        with turns.turn("1.2.3.4"):
            over.wait(SOON_S)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(page)
        with turns.turn("1.2.3.4"):
            over.set()


@pytest.mark.parametrize("address", [None, "1.2.3.4"], ids=["this machine", "another"])
def test_pages_run_in_turn_and_give_it_back_when_they_fail(
    monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    ran: list[object] = []

    def fail(runner: Any, rerun_data: object) -> None:
        ran.append(rerun_data)
        raise RuntimeError

    monkeypatch.setattr(ScriptRunner, "_run_script", fail)
    monkeypatch.setattr(st, "context", SimpleNamespace(ip_address=address))
    monkeypatch.setattr(
        page_turns, "MOST_WAIT_S", 60.0
    )  # a turn not given back would be waited for
    page_turns.run_in_turn()
    for number in range(2):
        with pytest.raises(RuntimeError):
            ScriptRunner._run_script(None, number)  # type: ignore[arg-type]
    assert ran == [0, 1]
