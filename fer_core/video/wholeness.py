"""Tells whether a video file ends where its container says that it does."""

import io
import struct
from collections.abc import Callable
from typing import BinaryIO

from fer_core.video.containers import HEAD_BYTES, container_of

_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def is_whole(file: BinaryIO) -> bool | None:
    """True if a file ends where its container says; None if that does not say.

    The file's position changes.
    """
    file.seek(0)
    head = file.read(HEAD_BYTES)
    n_bytes = file.seek(0, io.SEEK_END)
    look = _LOOKS.get(container_of(head) or "")
    return look(file, head, n_bytes) if look else None


def _is_whole_mov(file: BinaryIO, head: bytes, n_bytes: int) -> bool:
    """True if the last of the boxes, each of which states its length, ends with the file."""
    start = 0
    while start + 8 <= n_bytes:
        file.seek(start)
        box = file.read(16)
        size = int.from_bytes(box[:4])
        if size == 1:
            size = int.from_bytes(box[8:])
        if size == 0:  # reaches to the end, wherever that is
            return True
        start += max(8, size)
    return start <= n_bytes


def _is_whole_avi(file: BinaryIO, head: bytes, n_bytes: int) -> bool | None:
    """The same for AVI's chunks, of which long files have several."""
    start = 0
    while start + 8 <= n_bytes:
        file.seek(start)
        kind, size = struct.unpack("<4sI", file.read(8))
        if size in (0, 0xFFFFFFFF):  # written where nobody could go back to fill it in
            return None
        if kind != b"RIFF":
            return True
        start += 8 + size
    return start <= n_bytes


def _is_whole_matroska(file: BinaryIO, head: bytes, n_bytes: int) -> bool | None:
    """True if the segment, which holds all, ends with the file, and not in zeros."""
    n_head = _ebml_size(head, 4)
    if n_head is None:
        return None
    at = sum(n_head)
    size = _ebml_size(head, at + 4) if head[at : at + 4] == b"\x18\x53\x80\x67" else None
    if size is None:
        return None
    file.seek(max(0, n_bytes - 16))
    if not any(file.read(16)):
        return None
    return sum(size) <= n_bytes


def _ebml_size(head: bytes, at: int) -> tuple[int, int] | None:
    """Start and length of the content whose size stands here; None if unknown."""
    n_zeros = 8 - head[at].bit_length() if at < len(head) else 8
    end = at + n_zeros + 1
    if n_zeros == 8 or end > len(head):
        return None
    most = (1 << 7 * (n_zeros + 1)) - 1
    size = int.from_bytes(head[at:end]) & most
    return (end, size) if size != most else None


def _is_whole_flv(file: BinaryIO, head: bytes, n_bytes: int) -> bool:
    """True if the last number is the size of the tag before it."""
    file.seek(max(0, n_bytes - 4))
    n_tag = int.from_bytes(file.read(4))
    if not 11 <= n_tag <= n_bytes - 4:
        return False
    file.seek(n_bytes - 4 - n_tag)
    return int.from_bytes(file.read(4)[1:]) == n_tag - 11


def _is_whole_asf(file: BinaryIO, head: bytes, n_bytes: int) -> bool | None:
    """True if the file is as long as its properties say."""
    at = head.find(_ASF_FILE_PROPERTIES) + 40
    n_said = int.from_bytes(head[at : at + 8], "little") if at >= 40 else 0
    return n_said <= n_bytes if n_said else None


_LOOKS: dict[str, Callable[[BinaryIO, bytes, int], bool | None]] = {
    "asf": _is_whole_asf,
    "avi": _is_whole_avi,
    "flv": _is_whole_flv,
    "matroska": _is_whole_matroska,
    "mov": _is_whole_mov,
}
