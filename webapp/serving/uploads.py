"""Bounds on visitors' uploads, in number, speed and size, held before anything reads them."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fer_core.video import VIDEO_SUFFIXES

MB = 2**20

STALLED_S = 20.0
"""Longest time for which an upload may stand still."""

LEAST_BYTES_A_S = 8 * 1024
"""Least average speed of an upload once it has had `STALLED_S`."""

MOST_AT_ONCE = 6
"""Uploads of one visit at a time; a browser opens no more connections."""

MOST_FILES = 500
"""Files of one visit."""

MOST_BYTES_A_S = 80 * MB
"""Most that is read of all visits that hold more than a little; few networks bring as much."""

_UPLOAD = re.compile(r"/_stcore/upload_file/(?P<visit>[^/]+)/[^/]+")
_NAME = re.compile(rb'filename="((?:[^"\\]|\\.)*)"')
_REFUSED = "Open the app and sign in before you upload."
_VISIT_FULL = "This is more than one visit may hold. Remove files first."
_ALL_FULL = "The server holds all that it can. Please try again in some minutes."
_TOO_SLOW = "The upload stood still for too long."


class StoredFile(Protocol):
    """A file that was uploaded."""

    @property
    def data(self) -> bytes:
        """All of it."""


Stored = Callable[[], Mapping[str, Mapping[str, StoredFile]]]
"""Gives the files that are held, by the visit's id and their own."""


@dataclass(frozen=True)
class Limits:
    """Most bytes of uploads.

    Attributes:
        photo: The largest file but those that are called as videos are.
        video: The largest of those.
        visit: All files of one visit.
        total: All files of all visits.
        reserve: The part of the total that is left to visits that hold little.
        little: Most bytes of such a visit.
    """

    photo: int
    video: int
    visit: int
    total: int
    reserve: int
    little: int = 32 * MB

    @classmethod
    def for_files(cls, photo_mb: int, video_mb: int) -> "Limits":
        """For files of so many megabytes: one and some photos a visit, three such in all."""
        photo, video = photo_mb * MB, video_mb * MB
        largest = max(photo, video)
        total = max(768 * MB, 3 * largest + 192 * MB)
        return cls(photo, video, max(256 * MB, largest + 56 * MB), total, total // 4)


@dataclass
class _Upload:
    visit: str
    start_s: float
    most_bytes: int
    n_bytes: int = 0


@dataclass
class Uploads:
    """The visits that may upload, and the bytes held and on their way. Made for one event loop.

    Attributes:
        limits: The bounds.
        stored: Gives what is held.
        is_open: Visit -> True while it goes on.
    """

    limits: Limits
    stored: Stored
    is_open: Callable[[str], bool]
    _admitted: set[str] = field(default_factory=set)
    _under_way: list[_Upload] = field(default_factory=list)
    _free_s: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def admit(self, visit: str) -> None:
        """Let a visit upload, from when its page has let it in."""
        with self._lock:  # pages run in threads of their own
            if visit not in self._admitted:
                still = {known for known in self._admitted if self.is_open(known)}
                self._admitted = still | {visit}

    @contextmanager
    def upload(self, visit: str) -> Iterator[_Upload]:
        """Count an upload while it is under way.

        Raises:
            HTTPException: The visit may not upload.
        """
        if visit not in self._admitted:
            raise HTTPException(403, _REFUSED)
        n_mine = sum(other.visit == visit for other in self._under_way)
        if n_mine >= MOST_AT_ONCE or len(self.stored().get(visit, ())) + n_mine >= MOST_FILES:
            raise HTTPException(429, _VISIT_FULL)
        under_way = _Upload(visit, time.monotonic(), self.limits.photo)
        self._under_way.append(under_way)
        try:
            yield under_way
        finally:
            self._under_way.remove(under_way)

    def grow(self, upload: _Upload, chunk: bytes) -> float:
        """Count what came of an upload, whose first chunk tells how the file is called.

        Returns:
            Seconds to wait before more of it is read: the server has others to answer meanwhile.

        Raises:
            HTTPException: It is too large, too much, or too slow.
        """
        named = _NAME.search(chunk[:4096]) if upload.n_bytes == 0 else None
        if named and named[1].decode("latin-1").lower().endswith(VIDEO_SUFFIXES):
            upload.most_bytes = self.limits.video
        upload.n_bytes += len(chunk)
        if upload.n_bytes > upload.most_bytes + MB:  # the form around the file takes some
            raise HTTPException(413, "The file is too large.")
        mine = self._held(upload.visit)
        if mine > self.limits.visit:
            raise HTTPException(413, _VISIT_FULL)
        reserve = 0 if mine <= self.limits.little else self.limits.reserve
        if sum(map(self._held, self._holders())) > self.limits.total - reserve:
            raise HTTPException(503, _ALL_FULL)
        waited_s = time.monotonic() - upload.start_s
        if waited_s > STALLED_S and upload.n_bytes < LEAST_BYTES_A_S * waited_s:
            raise HTTPException(408, _TOO_SLOW)
        return 0.0 if mine <= self.limits.little else self._in_turn_s(len(chunk))

    def _in_turn_s(self, n_bytes: int) -> float:
        """Seconds until the bytes that were read before have had their share of a second."""
        now_s = time.monotonic()
        wait_s = max(0.0, self._free_s - now_s)
        self._free_s = now_s + wait_s + n_bytes / MOST_BYTES_A_S
        return wait_s

    def _held(self, visit: str) -> int:
        stored = sum(len(file.data) for file in self.stored().get(visit, {}).values())
        return stored + sum(up.n_bytes for up in self._under_way if up.visit == visit)

    def _holders(self) -> set[str]:
        return {*self.stored(), *(upload.visit for upload in self._under_way)}


class UploadBounds:
    """Middleware that holds uploads within their bounds."""

    def __init__(self, app: ASGIApp, uploads: Callable[[], Uploads]) -> None:
        """Guard an app.

        Args:
            app: The server.
            uploads: Gives the bounds, once the server runs.
        """
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        is_put = scope["type"] == "http" and scope["method"] == "PUT"
        found = _UPLOAD.search(scope["path"]) if is_put else None
        if found is None:
            await self._app(scope, receive, send)
            return
        uploads = self._uploads()
        try:
            with uploads.upload(found["visit"]) as upload:

                async def bounded() -> Message:
                    try:
                        message = await asyncio.wait_for(receive(), STALLED_S)
                    except TimeoutError as error:
                        raise HTTPException(408, _TOO_SLOW) from error
                    await asyncio.sleep(uploads.grow(upload, message.get("body", b"")))
                    return message

                await self._app(scope, bounded, send)
        except HTTPException as error:
            response = PlainTextResponse(error.detail, error.status_code, {"Connection": "close"})
            await response(scope, receive, send)
