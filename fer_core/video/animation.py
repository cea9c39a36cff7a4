"""Animated images, which are read as videos are: GIF, WebP, AVIF and PNG of several frames."""

import io
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import BinaryIO

import cv2
import numpy as np
from PIL import ExifTags, Image

from fer_core.decoding import pillow_to_rgb
from fer_core.errors import VideoDecodeError
from fer_core.video.containers import BROKEN, MAX_PIXELS
from fer_core.video.frame_times import MAX_DURATION_S
from fer_core.video.frames import MAX_SIDE_PX, Frame, bounded

_FORMATS = ("GIF", "WEBP", "AVIF", "PNG")

LEAST_DURATION_S = 0.01
USUAL_DURATION_S = 0.1
"""A frame of `LEAST_DURATION_S` or less is shown for `USUAL_DURATION_S`, as browsers do."""

_FIRST_ON_ITS_SIDE = 5
"""EXIF's orientations from this one on change width and height."""

MOST_PARTS = 100_000
"""A WebP that is cut off is looked through for so many parts; each frame is one."""

_TOO_LARGE = (
    f"The animation is too large: more than {MAX_PIXELS // 1_000_000} megapixels. "
    "Save a smaller copy and try again."
)


def _may_be_animated(head: bytes) -> bool:
    return (
        head[:4] == b"GIF8"
        or head[:8] == b"\x89PNG\r\n\x1a\n"
        or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
        or (head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"))
    )


def look_at_animation(file: BinaryIO) -> tuple[int, int] | None:
    """Width and height of an animated image in pixels, upright; None for stills and for all else.

    The file's position changes.

    Raises:
        VideoDecodeError: Its frames are too large.
    """
    file.seek(0)
    if not _may_be_animated(file.read(12)):
        return None
    try:
        with Image.open(_readable(file)[0], formats=_FORMATS) as image:
            if not getattr(image, "is_animated", False):
                return None
            if image.width * image.height > MAX_PIXELS:
                raise VideoDecodeError(_TOO_LARGE)
            height, width, _ = pillow_to_rgb(image).shape
            return width, height
    except VideoDecodeError:
        raise
    except Exception:  # Pillow raises errors of a dozen kinds: as a photo, it gets its sentence
        return None


def animation_frames(file: BinaryIO) -> Iterator[Frame]:
    """The frames of an animated image, played once."""
    before: Frame | None = None
    file, is_cut_off = _readable(file)
    n_bytes = max(1, file.seek(0, io.SEEK_END))
    file.seek(0)
    try:
        with Image.open(file, formats=_FORMATS) as image:
            # The first image of an animated PNG may be for programs that know stills alone.
            for number in count(int("default_image" in image.info)):
                image.seek(number)
                position = min(1.0, file.tell() / n_bytes)
                frame = _frame(image, before.end_s if before else 0.0, position)
                if before is not None:
                    yield before
                before = frame
                if frame.end_s > MAX_DURATION_S:
                    break
    except EOFError:  # there are no more
        pass
    except Exception as error:  # see `look_at_animation`
        if before is None:
            raise VideoDecodeError(BROKEN) from error
        is_cut_off = True
    if before is not None:
        yield replace(before, is_last=True, is_cut_off=is_cut_off)


def _readable(file: BinaryIO) -> tuple[BinaryIO, bool]:
    """The file from its start on, or what is whole of a WebP that is cut off; True if it is.

    Other formats are read up to the cut as they are, but for AVIF, of which nothing is.
    """
    file.seek(0)
    head = file.read(12)
    n_bytes = file.seek(0, io.SEEK_END)
    file.seek(0)
    if head[8:] != b"WEBP" or int.from_bytes(head[4:8], "little") + 8 <= n_bytes:
        return file, False
    data = file.read()
    end = 12
    for _ in range(MOST_PARTS):
        after = _part_end(data, end)
        if after > n_bytes:
            break
        end = after
    return io.BytesIO(b"RIFF" + (end - 8).to_bytes(4, "little") + data[8:end]), True


def _part_end(data: bytes, start: int) -> int:
    """The end of the part of a WebP that starts there: its name, its length, and as many bytes."""
    length = int.from_bytes(data[start + 4 : start + 8], "little")
    return start + 8 + length + length % 2


def _frame(image: Image.Image, time_s: float, position: float) -> Frame:
    image.load()  # some formats tell the duration only then
    duration_s = float(image.info.get("duration") or 0) / 1000
    if not duration_s > LEAST_DURATION_S:
        duration_s = USUAL_DURATION_S
    size_wh = _upright_size(image)
    pixels = pillow_to_rgb(_reduced(image))
    small = np.asarray(cv2.resize(pixels, bounded(size_wh), interpolation=cv2.INTER_AREA), np.uint8)
    return Frame(time_s, time_s + duration_s, size_wh, position, lambda: small)


def _reduced(image: Image.Image) -> Image.Image:
    """A large frame by a whole factor smaller: each copy of it that is saved takes its time."""
    factor = max(image.size) // MAX_SIDE_PX
    if factor < 2 or image.mode not in ("L", "RGB", "RGBA"):
        return image
    width, height = image.size
    return image.reduce((min(factor, width), min(factor, height)))


def _upright_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    try:
        is_on_its_side = image.getexif().get(ExifTags.Base.Orientation, 1) >= _FIRST_ON_ITS_SIDE
    except Exception:  # its EXIF block is broken
        is_on_its_side = False
    return (height, width) if is_on_its_side else (width, height)
