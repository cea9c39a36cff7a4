"""Photos made of so many parts that reading them takes minutes: refused before, or on the way.

A file of 20 MB can hold five million markers, chunks or runs, each of which Pillow reads on its
own, or a JPEG of 200,000 scans, each of which passes over all pixels.
"""

import io
import re
import struct
from typing import Any

from fer_core.errors import ImageDecodeError

MAX_READS = 500_000
"""Most reads that Pillow may make from a file. It reads most files at once or in blocks; those of
50 megapixels in chunks of 8 KB take 50,000 reads, half a million take about a second."""

MAX_SCANNED_PIXELS = 1_500_000_000
"""Pixels times scans of a JPEG; a second and a half. Photos of 80 megapixels have ten scans."""

MAX_STRIPS = 100_000
"""Strips or tiles of a TIFF. Some have one for each row and color."""

_SCAN_PIXELS = 10_000  # what a scan takes besides its pixels
_MARKER = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_SCAN, _END = b"\xda", b"\xd9"
_STRIP_OFFSETS, _TILE_OFFSETS = 273, 324
_TOO_MANY = "The photo is made of too many parts to be read here. Save it again as JPG or PNG."


class CountedFile(io.BytesIO):
    """A file in memory that may be read from `MAX_READS` times."""

    def __init__(self, data: bytes) -> None:
        """Open it at its start."""
        super().__init__(data)
        self._n_left = MAX_READS

    def read(self, *args: Any) -> bytes:
        """As `io.BytesIO.read`.

        Raises:
            ImageDecodeError: It was read from too often.
        """
        self._n_left -= 1
        if self._n_left < 0:
            raise ImageDecodeError(_TOO_MANY)
        return super().read(*args)


def check_strips(data: bytes) -> None:
    """Refuse a TIFF whose first image has more than `MAX_STRIPS` strips or tiles.

    Args:
        data: The whole file, of any format.

    Raises:
        ImageDecodeError: It has more.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return
    is_big = data[2:4] in (b"+\0", b"\0+")
    offset, n_entries, entry = ("8xQ", "Q", "HHQ8x") if is_big else ("4xI", "H", "HHI4x")
    try:
        (start,) = struct.unpack_from(order + offset, data)
        (n,) = struct.unpack_from(order + n_entries, data, start)
        start += struct.calcsize(order + n_entries)
        size = struct.calcsize(order + entry)
        for at in range(start, min(start + n * size, len(data)), size):
            tag, _, count = struct.unpack_from(order + entry, data, at)
            if tag in (_STRIP_OFFSETS, _TILE_OFFSETS) and count > MAX_STRIPS:
                raise ImageDecodeError(_TOO_MANY)
    except (struct.error, OverflowError):  # cut off, as Pillow will notice
        return


def check_scans(data: bytes, n_pixels: int) -> None:
    """Refuse a JPEG whose scans pass over more than `MAX_SCANNED_PIXELS` pixels.

    Args:
        data: The whole file.
        n_pixels: Number of pixels.

    Raises:
        ImageDecodeError: They pass over more.
    """
    most = MAX_SCANNED_PIXELS // (n_pixels + _SCAN_PIXELS)
    if data.count(b"\xff" + _SCAN) <= most:  # quick, and true of nearly every photo
        return
    at = 2
    for _ in range(MAX_READS):
        found = _MARKER.search(data, at)
        if found is None or found[1] == _END:  # after it another image, or a film, may follow
            return
        most -= found[1] == _SCAN
        if most < 0:
            break
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    raise ImageDecodeError(_TOO_MANY)
