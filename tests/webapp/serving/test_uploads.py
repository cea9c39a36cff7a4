"""Bounds on a visit's uploads, held against requests as a server receives them."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from webapp.serving import uploads
from webapp.serving.uploads import MB, Limits, UploadBounds, Uploads


@dataclass
class File:
    data: bytes


@dataclass
class Server:
    """Uploads of 4 MB each, 10 a visit and 40 in all, a quarter of it kept; and what answers."""

    files: dict[str, dict[str, File]] = field(default_factory=dict)
    open: set[str] = field(default_factory=lambda: {"a", "b", "c", "d", "e", "f"})

    def __post_init__(self) -> None:
        limits = Limits(
            4 * MB, 6 * MB, visit=10 * MB, total=40 * MB, reserve=10 * MB, little=5 * MB
        )
        self.uploads = Uploads(limits, lambda: self.files, lambda visit: visit in self.open)
        for visit in self.open:
            self.uploads.admit(visit)

    def hold(self, visit: str, *sizes_mb: int) -> None:
        held = self.files.setdefault(visit, {})
        for size in sizes_mb:
            held[str(len(held))] = File(bytes(size * MB))

    def put(
        self, *chunks: bytes, visit: str = "a", receive: Receive | None = None, **scope: Any
    ) -> tuple[int, bytes]:
        """Status and body of the answer to an upload; 204 where the app got all of it."""
        answers: list[Message] = []
        rest = list(chunks)

        async def next_chunk() -> Message:
            chunk = rest.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(rest)}

        async def send(message: Message) -> None:
            answers.append(message)

        request = {"type": "http", "method": "PUT", "path": f"/_stcore/upload_file/{visit}/1"}
        bounds = UploadBounds(reads_all, lambda: self.uploads)
        asyncio.run(bounds(request | scope, receive or next_chunk, send))
        return answers[0]["status"], answers[-1].get("body", b"")


async def reads_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})


def test_a_file_within_all_bounds_arrives() -> None:
    assert Server().put(bytes(3 * MB), bytes(MB))[0] == 204


@pytest.mark.parametrize(
    ("held", "sizes_mb", "status", "sentence"),
    [
        pytest.param({}, [5, 1], 413, b"too large", id="a file too large"),
        pytest.param({"a": [4, 4]}, [3], 413, b"one visit", id="too much of one visit"),
        pytest.param({"a": [4, 4], "b": [9]}, [2], 204, b"", id="as much as one visit may"),
        pytest.param(
            {"a": [3], "b": [9], "c": [9], "d": [9]}, [3], 503, b"holds all", id="kept for others"
        ),
        pytest.param({"b": [9], "c": [9], "d": [9]}, [4], 204, b"", id="to those who hold little"),
        pytest.param(
            {"b": [9], "c": [9], "d": [9], "e": [9], "f": [4]},
            [1],
            503,
            b"holds all",
            id="all full",
        ),
    ],
)
def test_uploads_are_bounded(
    held: dict[str, list[int]], sizes_mb: list[int], status: int, sentence: bytes
) -> None:
    server = Server()
    for visit, sizes in held.items():
        server.hold(visit, *sizes)
    found, body = server.put(*(bytes(size * MB) for size in sizes_mb))
    assert (found, sentence in body) == (status, True)
    assert server.uploads._under_way == []


def test_a_visit_that_was_not_let_in_uploads_nothing() -> None:
    async def never() -> Message:
        pytest.fail("a byte was read")

    status, body = Server().put(visit="stranger", receive=never)
    assert (status, body[:8]) == (403, b"Open the")


def test_a_visit_that_is_over_is_forgotten_when_another_comes() -> None:
    server = Server()
    server.open = {"g"}
    server.uploads.admit("g")
    assert server.put(b"", visit="a")[0] == 403
    assert server.put(b"", visit="g")[0] == 204


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param({"method": "GET"}, id="not an upload"),
        pytest.param({"path": "/_stcore/health"}, id="elsewhere"),
        pytest.param({"type": "websocket"}, id="a stream"),
    ],
)
def test_other_requests_pass(scope: dict[str, Any]) -> None:
    assert Server().put(bytes(6 * MB), visit="stranger", **scope)[0] == 204


def test_an_upload_that_stands_still_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "STALLED_S", 0.01)

    async def never() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    assert Server().put(receive=never) == (408, b"The upload stood still for too long.")


def test_an_upload_that_crawls_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    server = Server()
    with server.uploads.upload("a") as upload:
        server.uploads.grow(upload, bytes(8 * 1024 * 60))
        now_s = 160.0
        server.uploads.grow(upload, b"")
        now_s = 160.1
        with pytest.raises(HTTPException, match="408"):
            server.uploads.grow(upload, b"")


def test_a_visit_has_few_uploads_at_once_and_few_files(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    with server.uploads.upload("a"):
        monkeypatch.setattr(uploads, "MOST_AT_ONCE", 1)
        assert server.put(b"")[0] == 429
        assert server.put(b"", visit="b")[0] == 204
    monkeypatch.setattr(uploads, "MOST_FILES", 2)
    server.hold("a", 0, 0)
    assert server.put(b"")[0] == 429


def test_what_is_on_its_way_counts() -> None:
    server = Server()
    with server.uploads.upload("a") as first, server.uploads.upload("a") as second:
        server.uploads.grow(first, bytes(5 * MB))
        server.uploads.grow(second, bytes(4 * MB))
        with server.uploads.upload("a") as third, pytest.raises(HTTPException, match="one visit"):
            server.uploads.grow(third, bytes(2 * MB))


def test_the_bounds_follow_the_largest_file() -> None:
    usual, small = Limits.for_files(20, 200), Limits.for_files(20, 20)
    assert usual == Limits(20 * MB, 200 * MB, 256 * MB, 792 * MB, 198 * MB)
    assert small == Limits(20 * MB, 20 * MB, 256 * MB, 768 * MB, 192 * MB)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        pytest.param(b'filename="a.mp4"', 204, id="a video"),
        pytest.param(b'filename="A \\"quoted\\".MOV"', 204, id="an odd name"),
        pytest.param(b'filename="a.jpg"', 413, id="a photo"),
        pytest.param(b'filename="a.mp4.jpg"', 413, id="a photo called after a video"),
        pytest.param(b"filename=a.mp4", 413, id="no name that a browser gives"),
    ],
)
def test_videos_may_be_larger_than_photos(name: bytes, status: int) -> None:
    head = b"--x\r\nContent-Disposition: form-data; " + name + b"\r\n\r\n"
    assert Server().put(head, bytes(6 * MB))[0] == status


def test_much_of_one_visit_is_read_no_faster_than_leaves_room_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server()
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    monkeypatch.setattr(uploads, "MOST_BYTES_A_S", 2 * MB)
    server.hold("a", 5)
    with server.uploads.upload("a") as large, server.uploads.upload("b") as small:
        waits = [server.uploads.grow(large, bytes(MB)) for _ in range(3)]
        assert waits == [0.0, 0.5, 1.0], "as much as is read in each"
        assert server.uploads.grow(small, bytes(MB)) == 0.0, "a photo waits for none of it"
