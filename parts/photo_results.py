"""What the photo page shows and gives away of each photo."""

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import fer_core
from fer_core.drawing import draw_faces
from fer_core.explanation import draw_heat, occlusion_map
from fer_core.images import (
    crop_face,
    decode_image,
    encode_jpeg,
    encode_png,
    scale_to_fit,
    to_gray_face,
)
from fer_core.reports import (
    AnswerSource,
    PhotoReport,
    Row,
    analyze_photo,
    columns,
    rows,
    safe_stem,
)
from fer_core.row_format import csv_format, json_format

PICTURE_SIDE_PX = 1600

PHOTOS_A_ZIP = 25
"""How many annotated photos one archive holds: it is made in memory, and PNG of this size takes up
to 8 MB a photo."""

CROP_SIDE_PX = 160
HEAT_SIDE_PX = 320


@dataclass(frozen=True)
class Photo:
    """A file to analyze: a key that is its own, its name and its bytes."""

    key: str
    name: str
    data: bytes


@dataclass(frozen=True)
class Result:
    """What is shown of a photo, small enough to keep while its file is listed on the page.

    Attributes:
        report: What was found.
        picture: Bounded annotated JPEG, None where the photo could not be read.
        crops: The faces, cut out, in the report's order; JPEG.
    """

    report: PhotoReport
    picture: bytes | None = None
    crops: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class FoundFace:
    """One face of one photo: its number from the left, from 1, and its picture as JPEG."""

    photo: Photo
    number: int
    face: fer_core.FaceEmotion
    crop: bytes


def analyze(analyzer: fer_core.EmotionAnalyzer, photo: Photo) -> Result:
    """Decode a photo, find its faces and classify them."""
    report, image = analyze_photo(analyzer, photo.name, lambda: photo.data)
    if image is None:
        return Result(report)
    annotated = draw_faces(image, report.faces)
    crops = [
        encode_jpeg(scale_to_fit(crop_face(image, face.box, 0.15), CROP_SIDE_PX))
        for face in report.faces
    ]
    return Result(report, encode_jpeg(scale_to_fit(annotated, PICTURE_SIDE_PX)), tuple(crops))


def found_faces(photo: Photo, result: Result) -> list[FoundFace]:
    """The faces of a photo, from left to right."""
    pairs = zip(result.report.faces, result.crops, strict=True)
    return [FoundFace(photo, number, *pair) for number, pair in enumerate(pairs, 1)]


def annotated_png(photo: Photo, faces: Sequence[fer_core.FaceEmotion]) -> bytes:
    """The annotated photo in full size."""
    return encode_png(draw_faces(decode_image(photo.data), faces))


def annotated_zip(photos: Iterable[Photo], results: Iterable[Result]) -> bytes:
    """The annotated photos as PNG, at most `PICTURE_SIDE_PX` on the longer side, in one archive."""
    buffer = io.BytesIO()
    names: set[str] = set()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for photo, result in zip(photos, results, strict=True):
            if result.picture is not None:
                name = stem = f"{safe_stem(photo.name)}-emotions"
                number = 2
                while name.casefold() in names:  # folders of some systems ignore case
                    name, number = f"{stem}-{number}", number + 1
                names.add(name.casefold())
                annotated = draw_faces(decode_image(photo.data), result.report.faces)
                picture = encode_png(scale_to_fit(annotated, PICTURE_SIDE_PX))
                archive.writestr(f"{name}.png", picture)
    return buffer.getvalue()


def table_csv(analyzer: fer_core.EmotionAnalyzer, results: Iterable[Result]) -> bytes:
    """All rows, as `python -m fer_core predict --csv` writes them."""
    return csv_format(columns(analyzer.classifier.labels)).join(_rows(analyzer, results))


def table_json(analyzer: fer_core.EmotionAnalyzer, results: Iterable[Result]) -> bytes:
    """All rows, as `python -m fer_core predict --json` writes them."""
    return json_format().join(_rows(analyzer, results))


def _rows(analyzer: fer_core.EmotionAnalyzer, results: Iterable[Result]) -> list[Row]:
    source = AnswerSource.of(analyzer)
    return [row for result in results for row in rows(result.report, source)]


def explain(analyzer: fer_core.EmotionAnalyzer, found: FoundFace) -> tuple[bytes, float]:
    """A picture of what a face's answer hangs on, as JPEG, and the largest fall it shows.

    The fall is in the answer's probability, from 0 to 1, see `occlusion_map`.
    """
    card = analyzer.classifier.card
    crop = crop_face(decode_image(found.photo.data), found.face.box, card.crop_margin)
    face = to_gray_face(crop, card.input.width, card.input.height)
    falls = occlusion_map(analyzer.classifier, face, found.face.emotion)
    picture = draw_heat(scale_to_fit(crop, HEAT_SIDE_PX), falls)
    return encode_jpeg(picture), max(0.0, float(falls.max()))
