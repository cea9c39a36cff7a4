"""Changes in the libraries that serve the pages, and the log's words if one cannot be made."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import streamlit as st
import uvicorn
from starlette.datastructures import Headers
from starlette.formparsers import MultiPartParser
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from webapp.patches import lean_runs, page_turns, prompt_stop, shared_caches, uploads_in_memory
from webapp.patches.departed import end

BODY = (
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="p.jpg"\r\n\r\n'
    + bytes(3 * 2**20)
    + b"\r\n--x--\r\n"
)


async def chunks() -> AsyncGenerator[bytes]:
    for start in range(0, len(BODY), 2**16):
        yield BODY[start : start + 2**16]


def test_an_upload_of_three_megabytes_touches_no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MultiPartParser, "spool_max_size", MultiPartParser.spool_max_size)
    uploads_in_memory.keep_uploads_in_memory()

    def on_disk(*args: Any, **kwargs: Any) -> None:
        pytest.fail("a file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", on_disk)
    headers = Headers({"Content-Type": "multipart/form-data; boundary=x"})

    async def read() -> bytes:
        form = await MultiPartParser(headers, chunks()).parse()
        file: Any = form["f"]
        content: bytes = await file.read()
        await form.close()
        return content

    assert asyncio.run(read()) == bytes(3 * 2**20)


def test_no_message_of_a_browser_empties_what_all_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        AppSession, "_handle_clear_cache_request", AppSession._handle_clear_cache_request
    )
    made = []

    @st.cache_resource
    def shared() -> int:
        made.append(1)
        return 0

    shared()
    shared_caches.keep_caches()
    AppSession._handle_clear_cache_request(None)  # type: ignore[arg-type]
    shared()
    assert made == [1]


def test_the_server_waits_two_seconds_for_open_requests_at_its_end() -> None:
    config = uvicorn.Config("no.app:here")
    prompt_stop.stop_promptly()
    assert config.timeout_graceful_shutdown == 2


def test_the_theme_is_sent_as_before_though_it_is_made_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sections = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.dark.sidebar")
    made: list[str] = []
    populate = app_session._populate_theme_msg

    def counted(message: CustomThemeConfig, section: str = "theme") -> None:
        made.append(section)
        populate(message, section)

    def sent() -> list[CustomThemeConfig]:
        messages = [CustomThemeConfig() for _ in sections]
        for message, section in zip(messages, sections, strict=True):
            app_session._populate_theme_msg(message, section)
        return messages

    before = sent()
    assert before[1].ByteSize() > 0, "this app has a theme"
    monkeypatch.setattr(app_session, "_populate_theme_msg", counted)
    lean_runs.keep_theme()
    assert sent() == sent() == before
    assert len(made) == len(sections)
    config._on_config_parsed.send()
    sent()
    assert len(made) == 2 * len(sections), "a theme that was changed is sent"


@pytest.mark.parametrize(
    ("owner", "name", "patch"),
    [
        (MultiPartParser, "spool_max_size", uploads_in_memory.keep_uploads_in_memory),
        (AppSession, "_handle_clear_cache_request", shared_caches.keep_caches),
        (ScriptRunner, "_run_script", page_turns.run_in_turn),
        (app_session, "_populate_theme_msg", lean_runs.keep_theme),
    ],
)
def test_where_a_library_has_changed_it_is_left_alone_and_one_line_says_so(
    owner: Any, name: str, patch: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.delattr(owner, name)
    patch()
    assert not hasattr(owner, name)
    assert len(caplog.records) == 1


def test_a_visit_that_is_over_is_shut_down_and_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    page = ModuleType("__main__")
    page.photo = b"a face"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "__main__", page)
    said: list[str] = []
    session = SimpleNamespace(
        shutdown=lambda: said.append("shut down"),
        flush_browser_queue=lambda: said.append("flushed"),
        session_state=SimpleNamespace(clear=lambda: said.append("emptied")),
    )
    end(session)
    assert said == ["shut down", "flushed", "emptied"]
    assert not hasattr(sys.modules["__main__"], "photo")
