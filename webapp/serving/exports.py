"""Annotated videos in the temporary folder: each has a share of it, and at last no name."""

import os
import re
import shutil
import tempfile
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import BinaryIO, TypeVar
from weakref import WeakSet

from fer_core.errors import OutputError

T = TypeVar("T")

PREFIX = "fer-video-"
"""The start of the folders' names; the number of the process follows."""

MOST_AT_ONCE = 4
"""Annotated videos that all visitors have at a time."""

LEAST_BYTES = 16 * 1024 * 1024
"""There is no room for another where each would get less than this."""

_NO_ROOM = (
    "There is no room for another annotated video just now. Please try again in some minutes."
)
_TOO_LARGE = "The annotated video is larger than this server can hold."
_OURS = re.compile(re.escape(PREFIX) + r"(\d+)-")
_PROCESSES = Path("/proc")
_lock = Lock()
_open: "WeakSet[Export]" = WeakSet()


class Export:
    """One annotated video, in a private folder until it is whole, then in an open file alone."""

    def __init__(self) -> None:
        """Take a share of what is free in the temporary folder: all at once never fill it.

        Raises:
            OutputError: There is too little.
        """
        self._share = shutil.disk_usage(tempfile.gettempdir()).free // (MOST_AT_ONCE + 1)
        with _lock:
            if len(_open) >= MOST_AT_ONCE or self._share < LEAST_BYTES:
                raise OutputError(_NO_ROOM)
            _open.add(self)
        self._folder = tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-")
        self._file: BinaryIO | None = None

    @property
    def path(self) -> Path:
        """The file to write."""
        return Path(self._folder.name) / "annotated.mp4"

    def written(self, steps: Generator[T]) -> Generator[T]:
        """Let the steps write it, then take its name away: whatever happens now, it goes with us.

        Raises:
            OutputError: It takes more than its share.
        """
        try:
            with closing(steps):
                for step in steps:
                    if self.path.exists() and self.path.stat().st_size > self._share:
                        raise OutputError(_TOO_LARGE)
                    yield step
        except BaseException:  # cancelled, too: what is half written makes room for others
            self.close()
            raise
        self._file = self.path.open("rb")
        if os.name == "posix":  # elsewhere the name of an open file stays
            self._folder.cleanup()

    def read(self) -> bytes:
        """All of it, once it is written."""
        if self._file is None:
            raise ValueError("Expected an annotated video that is written.")
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        """Delete it."""
        if self._file is not None:
            self._file.close()
        self._folder.cleanup()
        with _lock:
            _open.discard(self)


def sweep() -> None:
    """Delete what processes that were killed left in the temporary folder."""
    if not _PROCESSES.is_dir():
        return
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        found = _OURS.match(folder.name)
        if found and not (_PROCESSES / found[1]).exists() and not folder.is_symlink():
            shutil.rmtree(folder, ignore_errors=True)
