"""Draws "Make this face": the frame of a running try, and the collage of its best moments."""

import math
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw

from fer_core.drawing.captions import INK, PAPER, Color, Stamp, font, paste, reduced, words
from fer_core.drawing.faces import COLORS, drawing_scale
from fer_core.emotions import Emotion
from fer_core.images import RgbImage

FRAME_PX, DIAL_PX, RING_PX, SIDE_PX = 14, 104, 9, 20
"""Width of the frame, size of the dial, width of its ring, space beside it, in screen pixels."""

COLLAGE_WH = 1080, 1350
"""Size of a collage in pixels."""

_LEFT, _TOP, _GAP, _RULE_Y = 55, 55, 16, 1268
_RIGHT, _BOTTOM, _FIRST_HEIGHT = COLLAGE_WH[0] - _LEFT, 1011, 640
"""Places of the collage's images and of its rule."""


def draw_challenge(
    image: RgbImage,
    target: Emotion,
    left_s: float,
    lasts_s: float,
    shown_width_px: int | None = None,
) -> None:
    """Draw a running try into a frame, in place: a frame of the target's color, time, target.

    Args:
        image: The frame of a stream with its labels.
        target: The expression to make.
        left_s: Seconds left.
        lasts_s: Of how many.
        shown_width_px: As for `draw_faces`.
    """
    scale = drawing_scale(image, shown_width_px)
    edge = max(1, round(FRAME_PX * scale))
    for side in (image[:edge], image[-edge:], image[:, :edge], image[:, -edge:]):
        side[:] = COLORS[target]
    _draw_dial(image, COLORS[target], left_s, lasts_s, scale)
    sign = _sign(f"Look {target.adjective}", max(8, round(32 * scale)))
    width, height = sign.size_wh
    left = (image.shape[1] - width) // 2
    paste(image, sign, left, image.shape[0] - height - edge - round(SIDE_PX * scale))


def _draw_dial(image: RgbImage, color: Color, left_s: float, lasts_s: float, scale: float) -> None:
    """The seconds left on a disk of ink, with a ring that runs out."""
    radius = max(6, round(DIAL_PX * scale / 2))
    inset = round((FRAME_PX + SIDE_PX) * scale) + radius
    x, y = image.shape[1] - inset, inset
    ring = max(1, round(RING_PX * scale))
    cv2.circle(image, (x, y), radius, INK, cv2.FILLED, cv2.LINE_AA)
    if left_s > 0:
        radii = (radius - ring, radius - ring)
        degrees = 360 * left_s / lasts_s
        cv2.ellipse(image, (x, y), radii, -90, 0, degrees, color, ring, cv2.LINE_AA)
    number = words(str(math.ceil(left_s)), PAPER, max(5, round(44 * scale)), heading=True)
    width, height = number.size_wh
    paste(image, number, x - width // 2, y - height // 2)


@lru_cache(32)
def _sign(text: str, size_px: int) -> Stamp:
    """Large letters of paper on a round strip of ink."""
    letters = font(2 * size_px, heading=True)
    height = 4 * size_px
    width = round(letters.getlength(text)) + height
    image = Image.new("RGBA", (width, height))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), height // 2, (*INK, 255))
    draw.text((width / 2, height / 2), text, (*PAPER, 255), letters, anchor="mm")
    return reduced(image)


def draw_collage(target: Emotion, moments: Sequence[tuple[int, RgbImage]]) -> RgbImage:
    """The best moments of a try as a poster of `COLLAGE_WH`.

    Args:
        target: The expression; its color fills the poster.
        moments: Scores, 0 to 100, and images, the best one first; one to three.

    Raises:
        ValueError: There is no moment.
    """
    if not moments:
        raise ValueError("Expected at least one moment. Received none.")
    collage = Image.new("RGB", COLLAGE_WH, COLORS[target])
    draw = ImageDraw.Draw(collage)
    for box, (score, image) in zip(_places(len(moments)), moments, strict=False):
        _place(collage, image, box)
        _write_score(draw, score, box)
    word, size = target.adjective, 172
    while font(size, heading=True).getlength(word) > 640:
        size -= 4
    draw.text((_LEFT - 4, 1210), word, INK, font(size, heading=True), anchor="ls")
    draw.text((_RIGHT, 1160), str(moments[0][0]), INK, font(130, heading=True), anchor="rs")
    draw.text((_RIGHT, 1216), "of 100", INK, font(40), anchor="rs")
    draw.rectangle((_LEFT, _RULE_Y, _RIGHT, _RULE_Y + 3), INK)
    draw.text((_LEFT, 1312), "Make this face", INK, font(34), anchor="ls")
    draw.text((_RIGHT, 1312), "Facial emotion recognition", INK, font(34), anchor="rs")
    return np.asarray(collage, dtype=np.uint8)


Box = tuple[int, int, int, int]


def _places(n: int) -> list[Box]:
    """Left, top, right and bottom of each image: a large one above two small ones."""
    if n == 1:
        return [(_LEFT, _TOP, _RIGHT, _BOTTOM)]
    below = _TOP + _FIRST_HEIGHT + _GAP
    first = (_LEFT, _TOP, _RIGHT, below - _GAP)
    if n == 2:
        half = (_TOP + _BOTTOM - _GAP) // 2
        return [(_LEFT, _TOP, _RIGHT, half), (_LEFT, half + _GAP, _RIGHT, _BOTTOM)]
    middle = (_LEFT + _RIGHT) // 2
    left = (_LEFT, below, middle - _GAP // 2, _BOTTOM)
    return [first, left, (middle + _GAP // 2, below, _RIGHT, _BOTTOM)]


def _place(collage: Image.Image, image: RgbImage, box: Box) -> None:
    """Place the middle of an image, as much of it as fills the box, with round corners."""
    width, height = box[2] - box[0], box[3] - box[1]
    scale = max(width / image.shape[1], height / image.shape[0])
    part_width, part_height = width / scale, height / scale
    left, top = (image.shape[1] - part_width) / 2, (image.shape[0] - part_height) / 2
    part = (left, top, left + part_width, top + part_height)
    how = Image.Resampling.BICUBIC
    fitted = Image.fromarray(image).resize((width, height), how, box=part)
    mask = Image.new("L", (2 * width, 2 * height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 2 * width - 1, 2 * height - 1), 60, 255)
    collage.paste(fitted, box[:2], mask.resize((width, height), Image.Resampling.BOX))


def _write_score(draw: ImageDraw.ImageDraw, score: int, box: Box) -> None:
    """Write a moment's score on a strip of ink at its lower left."""
    text, letters, height = str(score), font(36), 60
    width = max(height, round(letters.getlength(text)) + 44)
    left, bottom = box[0] + 24, box[3] - 24
    draw.rounded_rectangle((left, bottom - height, left + width, bottom), height // 2, INK)
    draw.text((left + width / 2, bottom - height / 2), text, PAPER, letters, anchor="mm")
