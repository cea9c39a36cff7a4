"""The results of each photo, to show and to download."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

import fer_core
from fer_core.classification.explanation import draw_heat, occlusion_map
from fer_core.decoding import decode_image
from fer_core.drawing import draw_faces
from fer_core.faces import BoundingBox
from fer_core.images import (
    RgbImage,
    crop_face,
    encode_jpeg,
    encode_png,
    scale_to_fit,
    to_gray_face,
)
from fer_core.reports.rows import PhotoReport, analyze_photo, safe_stem

IMAGE_SIDE_PX = 1600

TILE_PX = 224
"""Side of a face's tile, twice as large as it is shown at least."""

TILE_MARGIN = 0.2
"""Share of a face's size that its tile shows around it on each side."""

LARGE_BYTES = 6 * 2**20
"""Size of the file of some twenty megapixels."""


@dataclass(frozen=True)
class Photo:
    """A file to analyze: a key that is its own, its name and its bytes."""

    key: str
    name: str
    data: bytes

    @property
    def is_large(self) -> bool:
        """True if reading it may well take longer than a second, as `Turns` wants to know."""
        return len(self.data) > LARGE_BYTES


@dataclass(frozen=True)
class Result:
    """The parts of a photo that are shown, small enough to keep while the photo is.

    Attributes:
        report: The faces found.
        annotated: Bounded JPEG with labels, None if the photo could not be read.
        width_px: Width at which the screen shows it.
        tiles: The faces, cut out square, in the report's order; JPEG.
    """

    report: PhotoReport
    annotated: bytes | None = None
    width_px: int = 0
    tiles: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class FoundFace:
    """One face of one photo.

    Attributes:
        photo: The photo.
        number: Its number in the photo, row by row from 1.
        face: The face.
        tile: Its image, JPEG.
    """

    photo: Photo
    number: int
    face: fer_core.FaceEmotion
    tile: bytes

    @property
    def key(self) -> str:
        """Tells it from all other faces of the page."""
        return f"{self.photo.key}-{self.number}"


def analyze(
    analyzer: fer_core.EmotionAnalyzer,
    photo: Photo,
    shown_wh: tuple[int, int],
    *,
    whole_image: bool = False,
) -> Result:
    """Decode a photo, find its faces and classify them.

    Args:
        analyzer: With which model.
        photo: The file.
        shown_wh: The place on the screen in which the photo is shown.
        whole_image: True if the photo is a face that was cut out already.
    """
    report, image = analyze_photo(analyzer, photo.name, lambda: photo.data, whole_image=whole_image)
    if image is None:
        return Result(report)
    width_px, scale = _fitted(image, shown_wh)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    shown = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    faces = [_scaled(face, scale, shown) for face in report.faces]
    drawn = draw_faces(shown, faces, shown_width_px=width_px)
    tiles = tuple(encode_jpeg(_upright_tile(image, face)) for face in report.faces)
    return Result(report, encode_jpeg(drawn), width_px, tiles)


def get_ready(analyzer: fer_core.EmotionAnalyzer) -> None:
    """Load and use once what a photo needs."""
    blank = np.zeros((96, 96, 3), np.uint8)
    for whole_image in (False, True):
        analyzer.analyze(blank, whole_image=whole_image)


def _fitted(image: RgbImage, shown_wh: tuple[int, int]) -> tuple[int, float]:
    """The width at which a photo is shown, and the scale at which its labels are sharp there."""
    height, width, _ = image.shape
    shown = min(shown_wh[0] / width, shown_wh[1] / height)
    finest = IMAGE_SIDE_PX / max(width, height)
    return max(1, round(shown * width)), min(finest, max(shown, min(1.0, 2 * shown)))


def _scaled(face: fer_core.FaceEmotion, scale: float, image: RgbImage) -> fer_core.FaceEmotion:
    height, width, _ = image.shape
    box = face.box.scaled(scale).clipped(width, height) or face.box
    return replace(face, box=box)


def _upright_tile(image: RgbImage, face: fer_core.FaceEmotion) -> RgbImage:
    return np.ascontiguousarray(np.rot90(tile(image, face.box), face.turned_deg // 90))


def tile(image: RgbImage, box: BoundingBox) -> RgbImage:
    """A square part of an image around a face."""
    side = round(max(box.width, box.height) * (1 + 2 * TILE_MARGIN))
    x, y = (box.x1 + box.x2 - side) // 2, (box.y1 + box.y2 - side) // 2
    height, width, _ = image.shape
    x = max(0, min(x, width - side))
    y = max(0, min(y, height - side))
    part = image[y : y + side, x : x + side]
    least = min(part.shape[:2])
    top, left = (part.shape[0] - least) // 2, (part.shape[1] - least) // 2
    square = part[top : top + least, left : left + least]
    how = cv2.INTER_AREA if least > TILE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(square, (TILE_PX, TILE_PX), interpolation=how), dtype=np.uint8)


def found_faces(photo: Photo, result: Result) -> list[FoundFace]:
    """The faces of a photo, row by row."""
    pairs = zip(result.report.faces, result.tiles, strict=True)
    return [FoundFace(photo, number, *pair) for number, pair in enumerate(pairs, 1)]


def annotated_png(photo: Photo, faces: Sequence[fer_core.FaceEmotion]) -> bytes:
    """The photo with labels, at most `IMAGE_SIDE_PX` on the longer side."""
    return encode_png(scale_to_fit(draw_faces(decode_image(photo.data), faces), IMAGE_SIDE_PX))


def zip_of(images: Iterable[tuple[Photo, bytes]]) -> bytes:
    """Photos with labels, each PNG under a name of its own, in one archive."""
    named = list(images)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, (_, png) in zip(_names(photo for photo, _ in named), named, strict=True):
            archive.writestr(f"{name}.png", png)
    return buffer.getvalue()


def _names(photos: Iterable[Photo]) -> Iterator[str]:
    """A name of its own for each file; folders of some systems ignore case."""
    taken: set[str] = set()
    for photo in photos:
        name = stem = f"{safe_stem(photo.name)}-emotions"
        number = 2
        while name.casefold() in taken:
            name, number = f"{stem}-{number}", number + 1
        taken.add(name.casefold())
        yield name


def explain(analyzer: fer_core.EmotionAnalyzer, found: FoundFace) -> tuple[bytes, float]:
    """An image of the parts that a face's label depends on, as JPEG, and the largest fall it shows.

    The fall is in the emotion's probability, from 0 to 1, see `occlusion_map`.
    """
    card = analyzer.classifier.card
    image, box, turned_deg = decode_image(found.photo.data), found.face.box, found.face.turned_deg
    crop = crop_face(image, box, card.crop_margin, turned_deg)
    face = to_gray_face(crop, card.input.width, card.input.height)
    falls = occlusion_map(analyzer.classifier, face, found.face.emotion)
    square = cv2.resize(crop, (TILE_PX, TILE_PX), interpolation=cv2.INTER_CUBIC)
    heated = draw_heat(np.asarray(square, dtype=np.uint8), falls)
    return encode_jpeg(heated), max(0.0, float(falls.max()))
