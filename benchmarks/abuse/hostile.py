"""Files that are made to take much of whoever reads them, built once each."""

from functools import cache

import numpy as np
from PIL import Image

from tests.claims.test_images import jpeg_of_scans, png_of_chunks
from tests.claims.test_mp4 import edit_list, edited
from tests.faces import astronaut, file_bytes, plain
from tests.videos import moving_portrait, video_bytes

_QUICK = {"preset": "ultrafast"}


@cache
def scans() -> bytes:
    """A JPEG of 3,000 scans."""
    return jpeg_of_scans(3000, 1024)


@cache
def parts() -> bytes:
    """A PNG of a million chunks, 16 MB."""
    return png_of_chunks(1_000_000)


@cache
def heavy() -> bytes:
    """A JPEG of 78 megapixels, all of them to be read."""
    tile = np.tile(astronaut(), (17, 17, 1))
    return file_bytes(Image.fromarray(np.ascontiguousarray(tile)), "JPEG", quality=60)


@cache
def flat() -> bytes:
    """A PNG of 49 megapixels in some KB."""
    return file_bytes(Image.new("RGB", (7000, 7000)), "PNG")


@cache
def edits() -> bytes:
    """An MP4 whose edit list shows its track again and again."""
    return edited(edit_list(*[0] * 10_000))


@cache
def crowded() -> bytes:
    """A Matroska video of 1080p with 2,000 frames in two seconds."""
    return video_bytes([plain(1920, 1080)] * 2000, "mkv", fps=1000, options=_QUICK)


@cache
def wide() -> bytes:
    """An H.264 video of 8192x4320."""
    return video_bytes([plain(8192, 4320)] * 3, fps=30, options=_QUICK)


@cache
def long() -> bytes:
    """A video with a face that takes a while to analyze and to write."""
    return video_bytes(moving_portrait(1200, 640, 480), fps=30, options=_QUICK)
