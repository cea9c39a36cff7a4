"""Photos and videos on disk: which of them a command means, and the bytes of photos."""

import glob
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from fer_core.errors import ImageDecodeError, InputError
from fer_core.images import PHOTO_SUFFIXES
from fer_core.video_file import VIDEO_SUFFIXES

MAX_FILE_BYTES = 200 * 2**20
"""Larger photos are refused unread; the pages take no larger ones either."""


def find_media(paths: Iterable[str], leave_out: Path | None = None) -> list[Path]:
    """The files that are meant, each once, also where links lead to it.

    Args:
        paths: Files, whatever they are called; folders, for all files in them and in their
            folders that are called as photos or videos are; and patterns with `*`, `?`, `[` or
            `**`.
        leave_out: A folder that is not searched where it lies in a folder that is.

    Returns:
        In the order given, within a folder in alphabetical order.

    Raises:
        InputError: One of the paths is not there, or there is no photo or video among them.
    """
    found: dict[str, Path] = {}
    for text in paths:
        for path in _expanded(text, leave_out):
            for file in _within(path, leave_out) if path.is_dir() else [path]:
                found.setdefault(os.path.realpath(file), file)
    if not found:
        raise InputError(f"There is no photo or video in {', '.join(paths)}.")
    return list(found.values())


def _expanded(text: str, leave_out: Path | None) -> list[Path]:
    path = Path(text)
    if path.is_file() or path.is_dir():
        return [path]
    if os.path.lexists(path):
        raise InputError(f"{text} is neither a file nor a folder.")
    if not glob.has_magic(text):
        raise InputError(f"{text} does not exist.")
    # Path.glob takes no absolute patterns.
    matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207
    if not matches:
        raise InputError(f"Nothing matches the pattern {text}.")
    root = absolute(Path(*itertools.takewhile(lambda part: not glob.has_magic(part), path.parts)))
    apart = absolute(leave_out) if leave_out and root in absolute(leave_out).parents else None
    files = (Path(match) for match in matches if Path(match).is_file())
    return [file for file in files if not (apart and absolute(file).is_relative_to(apart))]


def _within(folder: Path, leave_out: Path | None) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        here = Path(parent)
        if leave_out and here != folder and absolute(here) == absolute(leave_out):
            folders.clear()
            continue
        for name in sorted(files):
            if name.lower().endswith(PHOTO_SUFFIXES + VIDEO_SUFFIXES) and (here / name).is_file():
                yield here / name


def is_video(path: Path) -> bool:
    """Whether a file is called as videos are; any other is taken for a photo."""
    return path.name.lower().endswith(VIDEO_SUFFIXES)


def read_photo(path: Path) -> bytes:
    """The whole file.

    Raises:
        ImageDecodeError: It cannot be read, or is too large to.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ImageDecodeError(f"The file is larger than {MAX_FILE_BYTES // 2**20} MB.")
        return path.read_bytes()
    except OSError as error:
        raise ImageDecodeError(f"The file cannot be read: {error.strerror}.") from error


def common_folder(files: Iterable[Path]) -> Path:
    """The deepest folder that all of them are in."""
    return Path(os.path.commonpath([absolute(file).parent for file in files]))


def absolute(path: Path) -> Path:
    """The path from the root on, without `..` and with its links as they are."""
    return Path(os.path.normpath(path.absolute()))
