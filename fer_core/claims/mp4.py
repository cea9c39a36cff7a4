"""Checks what an MP4 or MOV file claims to hold before FFmpeg makes room for it.

FFmpeg makes an entry of some 60 bytes for each sample that a file claims, and a file of a few
kilobytes can claim billions. The names of boxes are those of ISO/IEC 14496-12.
"""

import re
import struct
from collections.abc import Iterator
from typing import BinaryIO, TypeAlias

from fer_core.errors import VideoDecodeError

MAX_SAMPLES = 12_000_000
"""The most samples, those of all tracks together, that need an entry each: 24 hours at 60 frames a
second with sound have 9 millions. Each edit of a track counts its samples again: FFmpeg makes
entries for what an edit shows, and a list may show the whole track in each of its edits."""

MAX_HEADER_BYTES = 256 * 2**20
"""The most that all beside the media data takes: some 20 bytes for each of those samples."""

MAX_BOXES = 1_000_000
"""The most boxes: 24 hours in fragments of two seconds have half of it."""

MAX_DEPTH = 10
"""Most boxes that lie in each other; FFmpeg goes no deeper either."""

Box: TypeAlias = tuple[bytes, memoryview]
"""A box's kind and its content."""

_ENTRY_BYTES = {b"co64": 8, b"ctts": 8, b"stco": 4, b"stsc": 12, b"stss": 4, b"stts": 8}
_MEDIA = (b"mdat", b"free", b"skip", b"wide")
_PARENTS = (
    *(b"dinf", b"edts", b"mdia", b"minf", b"moof", b"moov", b"mvex", b"stbl", b"traf", b"trak"),
    *(b"tref", b"udta", b"wave"),
)
_HIDDEN = re.compile(b"stsz|stz2|trun|trak|" + b"|".join(_ENTRY_BYTES))
_WRONG = "The video is broken or cut off and cannot be read."


def check_claims(file: BinaryIO) -> None:
    """Refuse a file that claims more samples than it can hold; the file's position changes.

    Each table must fit into its box. Samples without a table of sizes must take at least a byte
    each of the file, those of sound, of which FFmpeg puts many into one entry, at least a bit.

    Raises:
        VideoDecodeError: It claims more, or too much to be read here.
    """
    file_bytes = file.seek(0, 2)
    is_sound = False
    n_earlier = n_samples = 0
    n_edits = 1
    for number, (kind, content) in enumerate(_all_boxes(file, file_bytes)):
        if number == MAX_BOXES:
            raise VideoDecodeError(_WRONG)
        if kind == b"trak":
            is_sound = False
            n_earlier, n_samples, n_edits = n_earlier + n_samples * n_edits, 0, 1
        elif kind == b"elst":
            n_edits = max(n_edits, _n_edits(content))
        elif kind == b"hdlr":
            is_sound = is_sound or bytes(content[8:12]) == b"soun"
        elif kind in (b"stsz", b"stz2"):
            n_samples += _n_in_track(kind, content, file_bytes, is_sound=is_sound)
        elif kind == b"trun":
            n_samples += _n_in_fragment(content, file_bytes)
        elif kind in _ENTRY_BYTES:
            _need(_number(content, 4) * _ENTRY_BYTES[kind] <= max(0, len(content) - 8))
        elif kind == b"stsd":
            _need(not _HIDDEN.search(content))
        elif kind == b"cmov":
            raise VideoDecodeError("The video's index is compressed. Save the video as MP4 again.")
        if n_earlier + n_samples * n_edits > MAX_SAMPLES:
            raise VideoDecodeError("The video is too long to be read here. Cut it into parts.")


def _all_boxes(file: BinaryIO, file_bytes: int) -> Iterator[Box]:
    """All boxes but those of media data, each before what lies in it, as FFmpeg finds them."""
    start = n_bytes = 0
    while start + 8 <= file_bytes:
        file.seek(start)
        kind, n_head, size = _head(file.read(16), file_bytes - start)
        if size < n_head:
            return
        if kind not in _MEDIA:
            n_bytes += size
            _need(n_bytes <= MAX_HEADER_BYTES)
            file.seek(start + n_head)
            yield from _with_children(kind, memoryview(file.read(size - n_head)), 1)
        else:
            yield kind, memoryview(b"")
        start += size


def _with_children(kind: bytes, content: memoryview, depth: int) -> Iterator[Box]:
    yield kind, content
    start = 0
    if kind == b"meta":  # has four more bytes in MP4 than in MOV; FFmpeg looks for `hdlr`, too
        start = max(0, bytes(content[:1024]).find(b"hdlr") - 4)
    elif kind not in _PARENTS:
        return
    _need(depth < MAX_DEPTH)
    while start + 8 <= len(content):
        child, n_head, size = _head(content[start : start + 16], len(content) - start)
        if size < n_head:
            return
        yield from _with_children(child, content[start + n_head : start + size], depth + 1)
        start += size


def _head(head: bytes | memoryview, room: int) -> tuple[bytes, int, int]:
    """Kind of a box, bytes of its head, and bytes of all of it: at most the room that there is."""
    size, kind = struct.unpack(">I4s", head[:8])
    n_head = 8
    if size == 1 and len(head) == 16:
        n_head, size = 16, int.from_bytes(head[8:])
    return kind, n_head, min(size or room, room)


def _n_in_track(kind: bytes, content: memoryview, file_bytes: int, *, is_sound: bool) -> int:
    """Number of entries that the samples of a track need."""
    sample_bytes, n_samples = _number(content, 4), _number(content, 8)
    n_table_bytes = max(0, len(content) - 12)
    if kind == b"stz2":  # says how many bits each size takes
        _need(n_samples * (sample_bytes & 0xFF) <= 8 * n_table_bytes)
        return n_samples if sample_bytes & 0xFF else 0
    if sample_bytes == 0:
        _need(4 * n_samples <= n_table_bytes)
        return n_samples
    if is_sound:
        _need(n_samples <= 8 * file_bytes)
        return 0
    _need(n_samples * sample_bytes <= file_bytes)
    return n_samples


def _n_edits(content: memoryview) -> int:
    """Number of edits of a list that show something, and do not only delay the track."""
    n_time_bytes = 8 if bytes(content[:1]) == b"\1" else 4
    size = 2 * n_time_bytes + 4
    times = range(8 + n_time_bytes, len(content) - n_time_bytes + 1, size)
    nothing = b"\xff" * n_time_bytes
    shown = sum(content[at : at + n_time_bytes] != nothing for at in times)
    return min(shown, _number(content, 4))


def _n_in_fragment(content: memoryview, file_bytes: int) -> int:
    flags, n_samples = _number(content, 0), _number(content, 4)
    n_entry_bytes = 4 * (flags & 0xF00).bit_count()
    _need(n_samples * n_entry_bytes <= max(0, len(content) - 8))
    _need(n_samples <= file_bytes)
    return n_samples


def _number(content: memoryview, at: int) -> int:
    return int.from_bytes(content[at : at + 4])


def _need(holds: bool) -> None:
    if not holds:
        raise VideoDecodeError(_WRONG)
