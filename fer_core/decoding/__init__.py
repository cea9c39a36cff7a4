"""Photos from the bytes of their files."""

from fer_core.decoding.photo import (
    CUT_OFF,
    MAX_PIXELS,
    MAX_SIDE_PX,
    PHOTO_SUFFIXES,
    DecodedPhoto,
    decode_image,
    decode_photo,
    pillow_to_rgb,
)

__all__ = [
    "CUT_OFF",
    "MAX_PIXELS",
    "MAX_SIDE_PX",
    "PHOTO_SUFFIXES",
    "DecodedPhoto",
    "decode_image",
    "decode_photo",
    "pillow_to_rgb",
]
