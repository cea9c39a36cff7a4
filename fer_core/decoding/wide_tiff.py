"""TIFF photos in color of more than eight bits a channel, which Pillow refuses or cuts to eight."""

import io

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin

from fer_core.decoding.pixel_values import full_range

MAX_WIDE_PIXELS = 25_000_000
"""Larger ones are left to Pillow: each pixel takes up to 24 bytes here until it is converted."""

_STARTS = (b"II*\0", b"MM\0*")
_WIDTH, _HEIGHT, _BITS, _MEANING = 256, 257, 258, 262
_RGB = 2


def is_tiff(data: bytes) -> bool:
    """True if a file begins as TIFF does."""
    return data.startswith(_STARTS)


def read_tiff(data: bytes) -> Image.Image | None:
    """Read a TIFF file in red, green and blue of more than eight bits each.

    Args:
        data: The whole file.

    Returns:
        RGB of eight bits, by the values that are present, upright; None for any other file.
    """
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(data[:8])
        file = io.BytesIO(data)
        file.seek(tags.next)
        tags.load(file)
        n_pixels = int(tags[_WIDTH]) * int(tags[_HEIGHT])
        is_wide = tags[_MEANING] == _RGB and max(tags[_BITS]) > 8
        if not is_wide or not 0 < n_pixels <= MAX_WIDE_PIXELS:
            return None
        values = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except Exception:  # it is damaged, and Pillow will say so
        return None
    if values is None or values.ndim != 3 or values.shape[2] < 3:
        return None
    return Image.fromarray(full_range(np.asarray(values)[:, :, 2::-1]))
