"""Nothing is left of a photo once its visit is over: looked for in the memory of the server."""

import hashlib
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.e2e.conftest import App
from tests.e2e.visitor import Visitor


@pytest.fixture
def prompt_app(tmp_path: Path) -> Iterator[App]:
    script = "tests/e2e/scripts/serve_promptly.py"
    ttl = {"STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "1", "MALLOC_ARENA_MAX": "2"}
    running = App(tmp_path / "log.txt", script, PYTHONPATH=".", **ttl)
    yield running
    running.stop()


def test_the_server_stops_within_seconds_though_an_upload_stands_still(prompt_app: App) -> None:
    head = (
        "PUT /_stcore/upload_file/a/b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    )
    with (
        closing(Visitor(prompt_app.url)) as visitor,
        socket.create_connection(("127.0.0.1", prompt_app.port)) as stalled,
    ):
        visitor.run(query_string="name=Ann")
        stalled.sendall(head.replace("/a/", f"/{visitor.id}/").encode())
        start_s = time.monotonic()
        prompt_app.stop()
        assert time.monotonic() - start_s < 5
    assert "Traceback" not in prompt_app.log.read_text()


def n_in_memory(pid: int, content: bytes) -> int:
    """Number of times that content stands in the memory of a process."""
    found = 0
    process = Path(f"/proc/{pid}")
    with (process / "mem").open("rb", buffering=0) as memory:
        for line in (process / "maps").read_text().splitlines():
            area = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if area:
                start, end = (int(number, 16) for number in area.groups())
                memory.seek(start)
                with suppress(OSError):  # it was given back just now
                    found += memory.read(end - start).count(content)
    return found


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_of_the_last_visit_to_a_quiet_server_nothing_is_left(prompt_app: App) -> None:
    secret = 2 * hashlib.sha256(b"the face of Ann").digest()
    visitor = Visitor(prompt_app.url)
    messages = visitor.run(query_string="name=Ann")
    urls = re.findall(
        rb"/media/[0-9a-f]+\.[a-z]{3}", b"".join(m.SerializeToString() for m in messages)
    )
    media = [f"{prompt_app.url}{url.decode()}" for url in set(urls)]
    assert media
    assert [status_of(url) for url in media] == [200] * len(media)
    assert visitor.upload(b"not let in")[0] == 403  # its page let nobody in
    assert n_in_memory(prompt_app.process.pid, secret) > 1000
    visitor.close()
    deadline_s = time.monotonic() + 60
    while n_in_memory(prompt_app.process.pid, secret) and time.monotonic() < deadline_s:
        pass
    assert n_in_memory(prompt_app.process.pid, secret) == 0
    assert [status_of(url) for url in media] == [404] * len(media)
