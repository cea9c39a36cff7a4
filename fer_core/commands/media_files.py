"""Photos and videos on disk: what a file is, and the bytes of photos."""

import os
import sys
from collections.abc import Iterable
from enum import Enum, auto
from pathlib import Path

from fer_core.decoding import PHOTO_SUFFIXES
from fer_core.errors import ImageDecodeError, VideoDecodeError
from fer_core.video.containers import HEAD_BYTES, VIDEO_SUFFIXES
from fer_core.video.reader import holds_video

MAX_FILE_BYTES = 200 * 2**20
"""Larger photos are refused unread; the pages take no larger ones either."""

_TOO_LARGE = f"The file is larger than {MAX_FILE_BYTES // 2**20} MB."


STDIN = Path("/dev/stdin")
"""Stands for a photo from standard input, also where no file is called so."""

_PHOTO_STARTS = (
    b"\xff\xd8\xff",  # JPEG
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",  # TIFF, and many cameras' raw files
    b"MM\0*",
    b"\xff\x0a",  # JPEG XL, and the same in a container
    b"\0\0\0\x0cJXL ",
)

_PHOTO_BRANDS = (
    *(b"ftyp" + brand for brand in (b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix")),
    *(b"ftyp" + brand for brand in (b"heim", b"heis", b"hevc", b"hevx")),
)

_OTHER_PHOTO_SUFFIXES = (
    *(".jxl", ".jp2", ".dng", ".cr2", ".cr3", ".nef"),
    *(".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"),
)
"""Endings of photos, of which the content decides whether they can be read."""


_TYPESCRIPT_SUFFIXES = (".ts", ".mts")
"""Endings of programs that are also those of videos from camcorders and television."""


class Kind(Enum):
    """The kinds of files, each analyzed in its own way."""

    PHOTO = auto()
    VIDEO = auto()


def kind_of(path: Path) -> Kind | None:
    """Tell photos, videos and other files apart: by their first bytes, or else by their names.

    A file that is called as photos or videos are is one that may be damaged, or of a format that
    cannot be read here. Of what is no regular file, only the name is asked.
    """
    if path == STDIN:
        return Kind.PHOTO
    kind = _kind_of_content(path) if path.is_file() else None
    if kind is not None:
        return kind
    if path.name.startswith("._"):  # what macOS keeps about a file on other systems' disks
        return None
    name = path.name.lower()
    if name.endswith(VIDEO_SUFFIXES) and not name.endswith(_TYPESCRIPT_SUFFIXES):
        return Kind.VIDEO
    return Kind.PHOTO if name.endswith((*PHOTO_SUFFIXES, *_OTHER_PHOTO_SUFFIXES)) else None


def _kind_of_content(path: Path) -> Kind | None:
    try:
        with path.open("rb") as file:
            if holds_video(file):
                return Kind.VIDEO
            file.seek(0)
            return Kind.PHOTO if _begins_as_photo(file.read(HEAD_BYTES)) else None
    except VideoDecodeError:  # an animation that is too large, which gets its sentence
        return Kind.VIDEO
    except OSError:
        return None


def _begins_as_photo(head: bytes) -> bool:
    is_webp = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    return is_webp or head.startswith(_PHOTO_STARTS) or head[4:12] in _PHOTO_BRANDS


def is_video(path: Path) -> bool:
    """True if a file is taken for a video; any other is taken for a photo."""
    return kind_of(path) is Kind.VIDEO


def read_photo(path: Path) -> bytes:
    """The whole file, or all of standard input.

    Raises:
        ImageDecodeError: It cannot be read, or is too large to.
    """
    try:
        if path == STDIN:
            return _read_stdin()
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ImageDecodeError(_TOO_LARGE)
        return path.read_bytes()
    except OSError as error:
        raise ImageDecodeError(f"The file cannot be read: {error.strerror}.") from error


def _read_stdin() -> bytes:
    data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ImageDecodeError(_TOO_LARGE)
    return data


def common_folder(files: Iterable[Path]) -> Path:
    """The deepest folder that all of them are in."""
    return Path(os.path.commonpath([absolute(file).parent for file in files]))


def absolute(path: Path) -> Path:
    """The path from the root on, without `..` and with its links as they are."""
    return Path(os.path.normpath(path.absolute()))
