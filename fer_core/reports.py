"""Results of photos as rows of a table, for the page and the command line alike.

A row is a face. A photo without a face, or one that could not be read, has one row whose `problem`
says so, so that no photo vanishes. docs/predict.md says what each column means.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fer_core.analysis import EmotionAnalyzer
from fer_core.emotions import Emotion
from fer_core.errors import ImageDecodeError
from fer_core.faces import FaceEmotion
from fer_core.images import RgbImage, decode_image
from fer_core.model_store import ModelCard

Row: TypeAlias = dict[str, str | int | float | None]
"""A value for each of `columns`, None where there is none."""

NO_FACE = "No face found."

# Some spreadsheets take the wide forms of East Asian scripts for the same.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class PhotoReport:
    """What was found in a photo.

    Attributes:
        file: Its name, or its path.
        size_wh: Width and height of the upright photo that the boxes refer to; None where it
            could not be read.
        faces: From left to right.
        problem: The sentence that says why there are no faces; empty where there are.
    """

    file: str
    size_wh: tuple[int, int] | None = None
    faces: tuple[FaceEmotion, ...] = ()
    problem: str = ""


def analyze_photo(
    analyzer: EmotionAnalyzer, file: str, read: Callable[[], bytes]
) -> tuple[PhotoReport, RgbImage | None]:
    """Read a photo and find and classify its faces.

    Args:
        analyzer: What finds and classifies faces.
        file: What to call the photo.
        read: Gives the whole file, or raises `ImageDecodeError`.

    Returns:
        The report, and the photo itself; None where it could not be read.
    """
    try:
        image = decode_image(read())
    except ImageDecodeError as error:
        return PhotoReport(file, problem=str(error)), None
    faces = tuple(analyzer.analyze(image))
    size_wh = image.shape[1], image.shape[0]
    return PhotoReport(file, size_wh, faces, "" if faces else NO_FACE), image


def columns(labels: Sequence[Emotion]) -> list[str]:
    """Names of the columns, in order, for a network with these labels."""
    before = ["file", "width", "height", "n_faces", "face", "x1", "y1", "x2", "y2"]
    judged = ["detector_confidence", "emotion", "doubts"]
    return [*before, *judged, *labels, "model", "model_version", "problem"]


def rows(report: PhotoReport, card: ModelCard, version: str) -> list[Row]:
    """The rows of a photo, at least one.

    Args:
        report: What was found.
        card: Of the network that classified the faces.
        version: `EmotionClassifier.version`.
    """
    width, height = report.size_wh or (None, None)
    empty: Row = dict.fromkeys(columns(card.labels))
    photo: Row = empty | {
        "file": cell(report.file),
        "width": width,
        "height": height,
        "n_faces": len(report.faces),
        "model": cell(card.name),
        "model_version": version,
        "problem": report.problem or None,
    }
    found: list[Row] = []
    for number, face in enumerate(report.faces, 1):
        shares: Row = {str(label): round(share, 6) for label, share in face.probabilities.items()}
        x1, y1, x2, y2 = face.box.xyxy
        found.append(
            photo
            | {"face": number, "x1": x1, "y1": y1, "x2": x2, "y2": y2}
            | {"detector_confidence": round(face.confidence, 6)}
            | {"emotion": str(face.answer), "doubts": ", ".join(face.doubts) or None}
            | shares
        )
    return found or [photo]


def plain_name(name: str) -> str:
    r"""A name on one line, whatever it holds: `\n` for a line break, `\udc80` for a stray byte.

    >>> plain_name("a\nb")
    'a\\nb'
    """
    visible = name.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in visible)


def cell(name: str) -> str:
    """A name that a spreadsheet does not take for a formula.

    What begins with `=`, `+`, `-` or `@` is written as a path with `./` before it, which is no
    formula and still names the file.

    >>> cell("=1+1.jpg"), cell("holiday/=1+1.jpg")
    ('./=1+1.jpg', 'holiday/=1+1.jpg')
    """
    plain = plain_name(name)
    return f"./{plain}" if plain.startswith(_FORMULA) else plain


def safe_stem(name: str) -> str:
    """What a file made from another may be called: its name without folders and without ending.

    >>> safe_stem("../../holiday.photo.jpg"), safe_stem("..")
    ('holiday.photo', 'photo')
    """
    stem = re.split(r"[/\\]", name)[-1].rpartition(".")
    kept = re.sub(r'[<>:"|?*]', "_", plain_name(stem[0] or stem[2])).strip(". ")
    return kept.replace("\\", "_")[:100] or "photo"


@dataclass(frozen=True)
class RowFormat:
    """How rows are written: `head`, the rows with `joint` between them, `tail`.

    Attributes:
        head: What a file begins with.
        joint: What stands between two rows.
        tail: What a file ends with.
        encode: A row, on a line of its own; it begins with a line break.
        decode: The values of a line, numbers as text or as numbers; raises `ValueError`.
    """

    head: bytes
    joint: bytes
    tail: bytes
    encode: Callable[[Row], bytes]
    decode: Callable[[bytes], Row]

    def join(self, every_row: Iterable[Row]) -> bytes:
        """A whole file."""
        return self.head + self.joint.join(map(self.encode, every_row)) + self.tail


def csv_format(names: Sequence[str]) -> RowFormat:
    """Comma-separated values, quoted text, UTF-8 with the mark by which spreadsheets know it."""

    def line(values: Iterable[object]) -> bytes:
        buffer = io.StringIO()
        csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="").writerow(values)
        return buffer.getvalue().encode()

    def decode(text: bytes) -> Row:
        if not text.endswith(b'"'):  # the last column is text, so the row was cut off
            raise ValueError("expected a line that ends with quoted text")
        try:
            (values,) = csv.reader([text.decode()], strict=True)
        except csv.Error as error:
            raise ValueError(f"not a line of comma-separated values: {error}") from error
        return dict(zip(names, values, strict=True))

    head = b"\xef\xbb\xbf" + line(names)
    return RowFormat(head, b"", b"\n", lambda row: b"\n" + line(row.values()), decode)


def json_format() -> RowFormat:
    """A list of objects, in UTF-8."""

    def encode(row: Row) -> bytes:
        return b"\n" + json.dumps(row, ensure_ascii=False, allow_nan=False).encode()

    def decode(text: bytes) -> Row:
        row = json.loads(text)
        if not isinstance(row, dict):
            raise ValueError(f"expected an object, not {row!r}")
        return row

    return RowFormat(b"[", b",", b"\n]\n", encode, decode)
