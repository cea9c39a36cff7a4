"""Words drawn into images in a real font, and the places where they cover no face.

Each word is drawn once and kept, since a live stream shows the same ones over and over.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from fer_core.faces import BoundingBox
from fer_core.images import RgbImage

Color = tuple[int, int, int]

FONTS = Path(__file__).parent / "fonts"
INK: Color = (0x17, 0x14, 0x1F)
PAPER: Color = (0xFC, 0xFB, 0xF8)

TEXT_PX, PILL_PX, PADDING_PX, OUTLINE_PX = 15, 27, 10, 1.5
"""Measures of a pill in pixels of the screen."""

_FINER = 2
"""Everything is drawn so many times larger and made smaller, which smooths its edges."""


@dataclass(frozen=True, eq=False)
class Stamp:
    """A small image with holes, ready to be laid over another one.

    Attributes:
        light: Its color times its opacity, 0 to 65,280, uint16 of shape `(height, width, 3)`.
        rest: Share of the image that shows through, 0 to 256, of the same type and shape: NumPy
            multiplies equal shapes three times as fast.
    """

    light: npt.NDArray[np.uint16]
    rest: npt.NDArray[np.uint16]

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        height, width, _ = self.light.shape
        return width, height


@lru_cache(256)
def font(size_px: int, *, heading: bool = False) -> ImageFont.FreeTypeFont:
    """The bold letters of the app, of that size."""
    name = "BricolageGrotesque-Bold.ttf" if heading else "HankenGrotesk-Bold.ttf"
    return ImageFont.truetype(FONTS / name, size_px)


@lru_cache(1024)
def pill(text: str, fill: Color, scale: float) -> Stamp:
    """A text in ink on a filled strip with round ends and an outline of ink.

    A face's percentage changes several times a second. So what is new is put together from a strip
    and from words that were drawn before.

    Args:
        text: The words.
        fill: Its color; ink must be readable on it.
        scale: Pixels of the image for each pixel of the screen.
    """
    s = scale * _FINER
    size_px, height = max(4, round(TEXT_PX * s)), max(8, round(PILL_PX * s))
    parts = [_word(word, size_px, height) for word in text.split()]
    space = font(size_px).getlength(" ")
    length = sum(word_length for _, word_length in parts) + space * (len(parts) - 1)
    width = max(height, round(length + 2 * PADDING_PX * s))
    image = _strip(width, height, fill, max(1, round(OUTLINE_PX * s))).copy()
    x = (width - length) / 2
    for mask, word_length in parts:
        image.paste((*INK, 255), (round(x), 0), mask)
        x += word_length + space
    return reduced(image)


@lru_cache(128)
def _strip(width: int, height: int, fill: Color, line: int) -> Image.Image:
    image = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), height // 2, (*fill, 255), INK, line)
    return image


@lru_cache(1024)
def _word(word: str, size_px: int, height: int) -> tuple[Image.Image, float]:
    """Return a mask of a word in the middle of a strip of that height, and the word's length."""
    letters = font(size_px)
    length = letters.getlength(word)
    mask = Image.new("L", (math.ceil(length) + 1, height))
    ImageDraw.Draw(mask).text((0, height / 2), word, 255, letters, anchor="lm")
    return mask, length


@lru_cache(256)
def words(text: str, color: Color, size_px: int, *, heading: bool = False) -> Stamp:
    """A text alone, on nothing."""
    letters = font(size_px * _FINER, heading=heading)
    ascent, descent = letters.getmetrics()
    image = Image.new("RGBA", (max(1, round(letters.getlength(text))), ascent + descent))
    ImageDraw.Draw(image).text((0, 0), text, (*color, 255), letters)
    return reduced(image)


@lru_cache(256)
def corners(fill: Color, radius: int, edge: int, line: int) -> tuple[Stamp, Stamp, Stamp, Stamp]:
    """The corners of a round box: an edge of ink and, inside it, a line.

    Args:
        fill: Color of the line.
        radius: Width and height of a corner in pixels.
        edge: Width of the edge.
        line: Width of the line.

    Returns:
        Top left, top right, bottom left, bottom right.
    """
    size = radius * _FINER
    image = Image.new("RGBA", (size, size))
    draw = ImageDraw.Draw(image)
    for inset, color in ((0, (*INK, 255)), (edge, (*fill, 255)), (edge + line, (0, 0, 0, 0))):
        first, last = inset * _FINER, 2 * size - 1 - inset * _FINER
        round_px = max(0, size - inset * _FINER)
        if round_px:
            draw.rounded_rectangle((first, first, last, last), round_px, color)
    stamp = reduced(image)
    flips = (np.s_[:], np.s_[:, ::-1], np.s_[::-1], np.s_[::-1, ::-1])
    one, two, three, four = (Stamp(stamp.light[flip], stamp.rest[flip]) for flip in flips)
    return one, two, three, four


def reduced(image: Image.Image) -> Stamp:
    """Reduce an RGBA drawing of twice its size to its own."""
    size = max(1, image.width // _FINER), max(1, image.height // _FINER)
    # Premultiplied, or the edges would take on the black of what is transparent.
    small = np.asarray(image.convert("RGBa").resize(size, Image.Resampling.BOX)).astype(np.uint16)
    opacity = small[:, :, 3:] + (small[:, :, 3:] >> np.uint16(7))  # 255 becomes 256
    rest = np.repeat(np.uint16(256) - opacity, 3, axis=2)
    return Stamp(small[:, :, :3] << np.uint16(8), rest)


def paste(image: RgbImage, stamp: Stamp, left: int, top: int) -> None:
    """Lay a stamp over an image, in place; what reaches beyond the image is left out."""
    width, height = stamp.size_wh
    y, x = max(0, top), max(0, left)
    below = image[y : max(y, top + height), x : max(x, left + width)]
    light, rest = stamp.light, stamp.rest
    if below.shape != light.shape:
        part = np.s_[y - top : y - top + below.shape[0], x - left : x - left + below.shape[1]]
        light, rest = light[part], rest[part]
    blended = below * rest
    blended += light
    blended >>= 8
    below[:] = blended


def free_place(
    size_wh: tuple[int, int],
    box: BoundingBox,
    taken: Sequence[BoundingBox],
    image_wh: tuple[int, int],
    gap: int,
) -> BoundingBox | None:
    """The first place beside a box that is inside the image and covers nothing that is taken.

    In turn: above from the left and from the right edge, below likewise, right, left.

    Args:
        size_wh: Width and height of the caption.
        box: Beside which.
        taken: Boxes that must stay free: the faces, the box among them, and captions placed before.
        image_wh: Size of the image.
        gap: Space to leave beside the box.
    """
    width, height = size_wh
    above, below = box.y1 - gap - height, box.y2 + gap
    corners = (
        (box.x1, above),
        (box.x2 - width, above),
        (box.x1, below),
        (box.x2 - width, below),
        (box.x2 + gap, box.y1),
        (box.x1 - gap - width, box.y1),
    )
    for left, top in corners:
        right, bottom = left + width, top + height
        if left < 0 or top < 0 or right > image_wh[0] or bottom > image_wh[1]:
            continue
        if not any(
            left < other.x2 and other.x1 < right and top < other.y2 and other.y1 < bottom
            for other in taken
        ):
            return BoundingBox(left, top, right, bottom)
    return None
