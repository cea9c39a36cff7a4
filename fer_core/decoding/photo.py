"""Photos from the bytes of their files."""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_core.claims.images import CountedFile, check_scans, check_strips
from fer_core.decoding.pixel_values import full_range
from fer_core.decoding.wide_tiff import is_tiff, read_tiff
from fer_core.errors import ImageDecodeError
from fer_core.images import RgbImage

MAX_SIDE_PX = 4096
"""Longest side of a decoded photo; larger ones are scaled down."""

MAX_PIXELS = {
    "JPEG": 80_000_000,  # can be unpacked at a part of its size
    "PNG": 50_000_000,
    "GIF": 50_000_000,
    "BMP": 50_000_000,
    "TIFF": 50_000_000,
    "HEIF": 50_000_000,  # phones write 48 megapixels
    "WEBP": 25_000_000,  # these two take the most time and memory a pixel
    "AVIF": 25_000_000,
}
"""Photos with more pixels than this are refused by their header, before they are unpacked. So
none takes more than a gigabyte of memory or three seconds."""

# JPEG includes files of several images (MPO); of these and of animations the first one is read.
_HEIC = "HEIF"  # as pillow-heif calls it
_FORMATS = tuple(name for name in MAX_PIXELS if name != _HEIC)

PHOTO_SUFFIXES = (
    *(".jpg", ".jpeg", ".png", ".heic", ".webp", ".avif", ".gif", ".tif", ".tiff", ".bmp"),
    *(".heif", ".hif", ".jpe", ".jfif"),
)
"""Endings of the photos that `decode_image` reads, usual ones first; it goes by their content."""

CUT_OFF = "The photo is cut off: it was read as far as it goes."
FIRST_ALONE = "The file is an animation, of which the first image alone was read."

_NO_PHOTO = "This is not a JPG, PNG, WebP, AVIF, HEIC, GIF, BMP or TIFF photo."
_BROKEN = "The photo is broken or cut off and cannot be read."
_UNREADABLE_TIFF = (
    "This TIFF photo is damaged, or its pixels are of a kind that cannot be read here. Save it "
    "with 8 or 16 bits a color, or as PNG, and try again."
)
_HEIC_NEEDS = (
    "This is a HEIC photo, which cannot be read without pillow-heif: install it by "
    "pip install pillow-heif, or save the photo as JPG."
)
_JPEG_XL = "This is a JPEG XL photo, which cannot be read here. Save it as JPG and try again."
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF_BRANDS = (b"avif", b"avis")
_JPEG_XL_STARTS = (b"\xff\x0a", b"\0\0\0\x0cJXL ")
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")


class DecodedPhoto(NamedTuple):
    """A photo as far as it could be read.

    Attributes:
        image: Its pixels.
        problem: The sentence that says what is missing; empty if nothing is.
    """

    image: RgbImage
    problem: str


def decode_image(data: bytes) -> RgbImage:
    """Decode a photo, upright and at most `MAX_SIDE_PX` on its longest side.

    EXIF orientation is applied. Transparent pixels are laid on white; gray, palette, 16-bit, float
    and CMYK photos are converted. Color profiles are ignored. A JPEG that is cut off is read as far
    as it goes, of an animation the first image.

    Args:
        data: The whole file: JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF, or HEIC where pillow-heif is
            installed.

    Raises:
        ImageDecodeError: The data are empty, of another format, broken, or too large.
        TypeError: The data are no bytes.
    """
    return decode_photo(data).image


def decode_photo(data: bytes) -> DecodedPhoto:
    """Decode a photo as `decode_image` does, and say what is missing.

    Raises:
        ImageDecodeError: As by `decode_image`.
        TypeError: The data are no bytes.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"Expected the bytes of a photo. Received: {type(data).__name__}")
    if not data:
        raise ImageDecodeError("The file is empty.")
    try:
        return _decoded(data)
    except (ImageDecodeError, MemoryError):  # the second says nothing of the photo
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageDecodeError(_too_large(MAX_PIXELS["JPEG"])) from error
    except UnidentifiedImageError as error:
        raise ImageDecodeError(_why_unknown(data)) from error
    except Exception as error:  # Pillow's decoders raise errors of a dozen kinds
        raise ImageDecodeError(_BROKEN) from error


def _decoded(data: bytes) -> DecodedPhoto:
    check_strips(data)
    wide = read_tiff(data) if is_tiff(data) else None
    if wide is not None:
        return DecodedPhoto(_to_rgb(_upright(_bounded(wide))), "")
    try:
        return _read(data)
    except OSError as error:
        if not data.startswith(_JPEG_START) or "truncated" not in str(error):
            raise
        # libjpeg makes up what is missing before an end.
        return DecodedPhoto(_read(data + _JPEG_END).image, CUT_OFF)


def _read(data: bytes) -> DecodedPhoto:
    formats = (*_FORMATS, _HEIC) if _may_be_heic(data) and _can_read_heic() else _FORMATS
    with Image.open(CountedFile(data), formats=formats) as image:
        _refuse_huge(image)
        if image.format in ("JPEG", "MPO"):
            check_scans(data, image.width * image.height)
        is_animated = image.format in _ANIMATED and getattr(image, "is_animated", False)
        rgb = _to_rgb(_upright(_bounded(image)))
    return DecodedPhoto(rgb, FIRST_ALONE if is_animated else "")


def _may_be_heic(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS


def _can_read_heic() -> bool:
    """True if pillow-heif is there; Pillow then knows of it."""
    try:
        import pillow_heif
    except ImportError:
        return False
    if _HEIC not in Image.OPEN:
        pillow_heif.register_heif_opener()
    return True


def _why_unknown(data: bytes) -> str:
    if is_tiff(data):
        return _UNREADABLE_TIFF
    if _may_be_heic(data):
        return _BROKEN if _can_read_heic() else _HEIC_NEEDS
    if data[4:8] == b"ftyp" and data[8:12] in _AVIF_BRANDS:
        return _BROKEN
    if data.startswith(_JPEG_XL_STARTS):
        return _JPEG_XL
    return _NO_PHOTO


def _refuse_huge(image: Image.Image) -> None:
    # Pillow says MPO for photos in which phones store several images.
    most = MAX_PIXELS.get(image.format or "", MAX_PIXELS["JPEG"])
    if image.width * image.height > most:
        raise ImageDecodeError(_too_large(most))


def _too_large(most: int) -> str:
    return (
        f"The photo is too large: more than {most // 1_000_000} megapixels. "
        "Save a smaller copy and try again."
    )


def _bounded(image: Image.Image) -> Image.Image:
    scale = min(1.0, MAX_SIDE_PX / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    image.draft("RGB", size)  # a JPEG is unpacked at a half, a quarter or an eighth of its size
    image.load()
    if image.mode.startswith("I;16"):  # Pillow cannot scale the big-endian kind
        image = image.convert("I")
    image.thumbnail(size, reducing_gap=2.0)
    return image


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a photo with a broken EXIF block is still a photo
        return image


def _to_rgb(image: Image.Image) -> RgbImage:
    if image.mode.startswith(("I", "F")):  # Pillow would clip their values at 255
        image = Image.fromarray(full_range(np.asarray(image)))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        image = Image.alpha_composite(white, rgba)
    return np.array(image.convert("RGB"))


def pillow_to_rgb(image: Image.Image) -> RgbImage:
    """A PIL image as `decode_image` gives a photo, but in its own size; it stays as it is.

    Raises:
        ValueError: It has no pixel.
    """
    if min(image.size) == 0:
        raise ValueError(f"Expected an image of at least one pixel. Received: {image.size}")
    return _to_rgb(_upright(image))
