"""Photos from bytes, and faces cut from them."""

import io
import math
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from fer_core.errors import ImageDecodeError
from fer_core.faces import BoundingBox

RgbImage: TypeAlias = npt.NDArray[np.uint8]
"""An image of shape `(H, W, 3)`, uint8, red-green-blue, 0 to 255."""

GrayImage: TypeAlias = npt.NDArray[np.uint8]
"""An image of shape `(H, W)`, uint8, 0 black to 255 white."""

MAX_SIDE_PX = 4096
"""Longest side of a decoded photo; larger ones are scaled down."""

MAX_PIXELS = {
    "JPEG": 80_000_000,  # can be unpacked at a part of its size
    "PNG": 50_000_000,
    "GIF": 50_000_000,
    "BMP": 50_000_000,
    "TIFF": 50_000_000,
    "WEBP": 25_000_000,  # these two take the most time and memory a pixel
    "AVIF": 25_000_000,
}
"""Photos with more pixels than this are refused by their header, before they are unpacked. So
none takes more than a gigabyte of memory or three seconds."""

# JPEG includes files of several pictures (MPO); of these and of animations the first one is read.
_FORMATS = tuple(MAX_PIXELS)

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff")
"""How the names of photos end that `decode_image` reads; it goes by what is in them."""

_NO_PHOTO = "This is not a JPG, PNG, WebP, AVIF, GIF, BMP or TIFF photo."
_HEIC = "This is a HEIC photo, which cannot be read here. Save it as JPG and try again."
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def decode_image(data: bytes) -> RgbImage:
    """Decode a photo, upright and at most `MAX_SIDE_PX` on its longest side.

    EXIF orientation is applied. Transparent pixels are laid on white; gray, palette, 16-bit and
    CMYK photos are converted. Color profiles are ignored.

    Args:
        data: The whole file: JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF.

    Raises:
        ImageDecodeError: The data are empty, of another format, broken, or too large.
    """
    if not data:
        raise ImageDecodeError("The file is empty.")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            _refuse_huge(image)
            return _to_rgb(_upright(_bounded(image)))
    except ImageDecodeError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageDecodeError(_too_large(MAX_PIXELS["JPEG"])) from error
    except UnidentifiedImageError as error:
        is_heic = data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS
        raise ImageDecodeError(_HEIC if is_heic else _NO_PHOTO) from error
    except Exception as error:  # Pillow's decoders raise errors of a dozen kinds
        raise ImageDecodeError("The photo is broken or cut off and cannot be read.") from error


def _refuse_huge(image: Image.Image) -> None:
    # Pillow calls what phones write with several pictures MPO.
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
    if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip at 255
        gray = np.asarray(image, dtype=np.int64).clip(0, 65535) // 257
        return np.repeat(gray.astype(np.uint8)[..., np.newaxis], 3, axis=2)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        image = Image.alpha_composite(white, rgba)
    return np.array(image.convert("RGB"))


def check_rgb(image: RgbImage) -> None:
    """Raise `ValueError` for anything but an `RgbImage` of at least one pixel."""
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


def crop_face(image: RgbImage, box: BoundingBox, margin: float = 0.0) -> RgbImage:
    """Cut a face out.

    Args:
        image: Where it is.
        box: The detector's box.
        margin: What to add on each side, as a share of the box; negative cuts into it.

    Returns:
        The crop, of the size of the box with its margin. Where that reaches beyond the image, the
        pixels at the edge are repeated.
    """
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
    """A crop as the networks were trained to see faces: gray, of shape `(height, width)`."""
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
