"""Images of pixels: kinds, sizes, faces cut from them, and files made of them."""

import io
import math
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from fer_core.faces import BoundingBox

RgbImage: TypeAlias = npt.NDArray[np.uint8]
"""An image of shape `(H, W, 3)`, uint8, red-green-blue, 0 to 255."""

GrayImage: TypeAlias = npt.NDArray[np.uint8]
"""An image of shape `(H, W)`, uint8, 0 black to 255 white."""


def check_rgb(image: RgbImage) -> None:
    """Check that an array is an `RgbImage` of at least one pixel.

    Raises:
        TypeError: It is no array.
        ValueError: It is an array of another shape or type.
    """
    if not isinstance(image, np.ndarray):
        raise TypeError(f"Expected a uint8 array. Received: {type(image).__name__}")
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            f"Expected uint8 of shape (H, W, 3). Received: {image.dtype} of shape {image.shape}"
        )


def to_gray(image: RgbImage) -> GrayImage:
    """Luma after ITU-R BT.601 (.299 R + .587 G + .114 B), shape `(H, W)`: red becomes 76."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def scale_to_fit(image: RgbImage, max_side_px: int) -> RgbImage:
    """The image with its longest side at most `max_side_px`; itself where it fits already."""
    height, width = image.shape[:2]
    scale = max_side_px / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def scale_to_area(image: RgbImage, max_area_px: int) -> tuple[RgbImage, float]:
    """The image with about `max_area_px` pixels at most, and what its sides were multiplied by."""
    height, width = image.shape[:2]
    share = min(1.0, math.sqrt(max_area_px / (height * width)))
    small = scale_to_fit(image, math.ceil(max(height, width) * share))
    return small, max(small.shape[:2]) / max(height, width)


def crop_face(
    image: RgbImage, box: BoundingBox, margin: float = 0.0, turned_deg: int = 0
) -> RgbImage:
    """Cut a face out.

    Args:
        image: The image with the face.
        box: The detector's box.
        margin: Margin on each side, as a share of the box; negative cuts into it.
        turned_deg: The face's turn in the image, as in `DetectedFace`.

    Returns:
        The crop, turned so that the face is upright, of the size of the box with its margin. Where
        that reaches beyond the image, the pixels at the edge are repeated.
    """
    if turned_deg:
        return np.rot90(crop_face(image, box, margin), turned_deg // 90).copy()
    height, width = image.shape[:2]
    wanted = box.expanded(margin)
    inside = wanted.clipped(width, height)
    if inside is None:
        raise ValueError(f"The box lies outside the image of {width}x{height}. Received: {box}")
    crop = image[inside.y1 : inside.y2, inside.x1 : inside.x2]
    if inside == wanted:
        return crop.copy()
    top, left = inside.y1 - wanted.y1, inside.x1 - wanted.x1
    bottom, right = wanted.y2 - inside.y2, wanted.x2 - inside.x2
    padded = cv2.copyMakeBorder(crop, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return np.asarray(padded, dtype=np.uint8)


def to_gray_face(crop: RgbImage, width: int, height: int) -> GrayImage:
    """A crop in the form that models are trained on: gray, of shape `(height, width)`."""
    shrinks = crop.shape[0] > height or crop.shape[1] > width
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    face = cv2.resize(to_gray(crop), (width, height), interpolation=interpolation)
    return np.asarray(face, dtype=np.uint8)


def encode_png(image: RgbImage) -> bytes:
    """The image as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


def encode_jpeg(image: RgbImage) -> bytes:
    """The image as a JPEG file of good quality."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format="JPEG", quality=90)
    return buffer.getvalue()
