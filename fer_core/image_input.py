"""The images that callers bring, converted in one place to uint8, red-green-blue."""

import io
import os
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, TypeAlias, TypeGuard

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from fer_core.decoding import DecodedPhoto, decode_photo, pillow_to_rgb
from fer_core.errors import ImageDecodeError
from fer_core.images import RgbImage

ImageInput: TypeAlias = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | BinaryIO
    | Image.Image
    | npt.NDArray[np.uint8]
)
"""A photo as people have it at hand:

* the path of a file, as text or as a `Path`;
* the content of a file, as bytes or as a file object that is open for reading bytes;
* a PIL image;
* a uint8 array of shape `(H, W, 3)`, whose channels `color` names, or of shape `(H, W)` with
  `color="gray"`.
"""

Color: TypeAlias = Literal["rgb", "bgr", "gray"]
"""The order of an array's colors: red-green-blue, blue-green-red as OpenCV reads it, or gray. Files
and PIL images know it themselves."""

KeptImage: TypeAlias = Path | bytes | RgbImage
"""A photo that can be converted again: a file's path or content, which are small, or the pixels."""

_SHAPES = {"rgb": "(H, W, 3)", "bgr": "(H, W, 3)", "gray": "(H, W)"}
_KINDS = "a path, bytes, a file open for reading bytes, a PIL image or a uint8 array"


def to_rgb(image: ImageInput, color: Color = "rgb") -> RgbImage:
    """Convert an image to what `fer_core` works on.

    Args:
        image: See `ImageInput`. Of a PIL image and of a file the EXIF orientation is applied; a
            file is scaled down to `decoding.MAX_SIDE_PX`.
        color: See `Color`. **`cv2.imread` and `cv2.VideoCapture` give "bgr"**; taken for "rgb",
            red and blue are swapped, which no function can notice.

    Returns:
        Uint8 of shape `(H, W, 3)`, red-green-blue. An array of that kind is returned as it is.

    Raises:
        TypeError: The image is of none of these kinds.
        ValueError: It is an array of another shape or type, an empty one, or `color` is unknown.
        ImageDecodeError: The content of the file is not a photo that can be read.
        OSError: The file is missing or cannot be read.
    """
    return read_image(image, color).image


class ReadImage(NamedTuple):
    """An image that a caller brought.

    Attributes:
        kept: The part of it that is needed to convert it again.
        image: Its pixels.
        problem: As in `DecodedPhoto`.
    """

    kept: KeptImage
    image: RgbImage
    problem: str


def read_image(image: ImageInput, color: Color = "rgb") -> ReadImage:
    """Convert an image; see `to_rgb`."""
    if color not in _SHAPES:
        raise ValueError(f"Expected color to be one of {', '.join(_SHAPES)}. Received: {color!r}")
    if isinstance(image, str | os.PathLike):
        path = Path(image)
        return ReadImage(path, *_read(path))
    if isinstance(image, np.ndarray):
        rgb = _array_to_rgb(image, color)
    elif isinstance(image, Image.Image):
        rgb = pillow_to_rgb(image)
    else:
        content = file_content(image)
        return ReadImage(content, *decode_photo(content))
    return ReadImage(rgb, rgb, "")


def file_content(image: object) -> bytes:
    """The bytes of a photo that was given as bytes or as a file object.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    if image is None:
        raise TypeError(
            f"Expected {_KINDS}. Received: None, which cv2.imread gives for a file that it cannot "
            "read"
        )
    read = getattr(image, "read", None)
    if read is None:
        raise TypeError(f"Expected {_KINDS}. Received: {type(image).__name__}")
    content = "" if isinstance(image, io.TextIOBase) else read()
    if not isinstance(content, bytes):
        raise TypeError(
            "Expected a file open for reading bytes, as by open(path, 'rb'). Received: one that "
            f"gives {type(content).__name__}"
        )
    return content


def is_batch(images: object) -> TypeGuard[Iterable[ImageInput]]:
    """True if an argument holds several images and not one."""
    if isinstance(images, np.ndarray):
        return images.ndim == 4
    one = isinstance(images, str | bytes | bytearray | memoryview | os.PathLike | Mapping | Set)
    return not one and hasattr(images, "__iter__") and not hasattr(images, "read")


def read_batch(images: Iterable[ImageInput], color: Color = "rgb") -> Iterator[ReadImage]:
    """Read each image of a batch, one at a time, as `read_image` does.

    Raises:
        TypeError: As by `to_rgb`; this one and the next two say the image's place, from 0.
        ValueError: As by `to_rgb`.
        ImageDecodeError: As by `to_rgb`.
        OSError: As by `to_rgb`.
    """
    for place, image in enumerate(images):
        try:
            read = read_image(image, color)
        except (TypeError, ValueError, ImageDecodeError) as error:
            kinds = TypeError, ValueError, ImageDecodeError
            kind = next(kind for kind in kinds if isinstance(error, kind))
            raise kind(f"Image {place} of the batch: {error}") from error
        yield read


def _array_to_rgb(image: npt.NDArray[np.uint8], color: Color) -> RgbImage:
    fits = image.ndim == 2 if color == "gray" else image.ndim == 3 and image.shape[2] == 3
    if image.dtype != np.uint8 or not fits or image.size == 0:
        raise ValueError(
            f'Expected uint8 of shape {_SHAPES[color]} for color="{color}". '
            f"Received: {image.dtype} of shape {image.shape}{_advice(image, color)}"
        )
    if color == "rgb":
        return image
    code = cv2.COLOR_BGR2RGB if color == "bgr" else cv2.COLOR_GRAY2RGB
    # OpenCV takes no array that runs backwards.
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image), code), dtype=np.uint8)


def _advice(image: npt.NDArray[np.uint8], color: Color) -> str:
    """Hints for the commonest mistakes."""
    if image.dtype != np.uint8 and image.dtype.kind == "f" and image.size:
        if image.min() >= 0 and image.max() <= 1:
            return "; of values from 0 to 1, give (255 * image).astype(numpy.uint8)"
        return "; of values from 0 to 255, give image.astype(numpy.uint8)"
    if image.ndim == 2 and color != "gray":
        return '; of a gray image, say color="gray"'
    if image.ndim == 3 and image.shape[2] == 4:
        return "; leave out the alpha channel, as image[:, :, :3]"
    return ""


def _read(path: Path) -> DecodedPhoto:
    try:
        return decode_photo(path.read_bytes())
    except ImageDecodeError as error:
        raise ImageDecodeError(f"{path}: {error}") from error
