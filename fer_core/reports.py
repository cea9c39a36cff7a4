"""Results of photos and videos as rows of a table, for the pages and the command line alike.

A row is a face; in a video, a face in one analyzed picture. A file without a face, or one that
could not be read, has one row whose `problem` says so, so that no file vanishes. docs/predict.md
says what each column means.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from fer_core.analysis import EmotionAnalyzer
from fer_core.emotions import Emotion
from fer_core.errors import ImageDecodeError
from fer_core.faces import FaceEmotion, TrackedFace
from fer_core.images import RgbImage, decode_image
from fer_core.timeline import Timeline, clock
from fer_core.video_file import VideoInfo

Row: TypeAlias = dict[str, str | int | float | None]
"""A value for each of `columns`, None where there is none."""

NO_FACE = "No face found."

CUT_OFF_S = 1.0
"""A video that ends this much earlier than it says is cut off."""

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

    @property
    def n_faces(self) -> int:
        """How many rows with a face there are."""
        return len(self.faces)

    @property
    def rate(self) -> None:
        """A photo has none."""
        return None

    def pictures(self) -> Iterator[tuple[None, Sequence[FaceEmotion]]]:
        """The faces of the one picture, which has no time."""
        yield None, self.faces


@dataclass(frozen=True)
class VideoReport:
    """What was found in a video.

    Attributes:
        file: Its name, or its path.
        size_wh: Width and height of the upright video that the boxes refer to; None where it could
            not be read.
        timeline: The faces of its analyzed pictures; None where it could not be read.
        problem: What says why there are no faces, or not those of the whole video, or that it has
            no annotated copy; empty where nothing is amiss.
    """

    file: str
    size_wh: tuple[int, int] | None = None
    timeline: Timeline | None = None
    problem: str = ""

    @property
    def n_faces(self) -> int:
        """How many rows with a face there are."""
        return self.timeline.n_faces if self.timeline else 0

    @property
    def rate(self) -> float | None:
        """How many pictures a second were to be analyzed; None where it could not be read."""
        return float(self.timeline.rate) if self.timeline else None

    def pictures(self) -> Iterator[tuple[float, Sequence[FaceEmotion]]]:
        """Time in seconds and faces of each analyzed picture."""
        return self.timeline.pictures() if self.timeline else iter(())


def video_report(file: str, info: VideoInfo, timeline: Timeline) -> VideoReport:
    """The report of a video that was analyzed as far as it can be read."""
    size_wh = info.width, info.height
    return VideoReport(file, size_wh, timeline, _cut_off(info, timeline) or _faceless(timeline))


def _faceless(timeline: Timeline) -> str:
    if len(timeline) == 0:
        return "The video holds no picture that can be read."
    return "" if timeline.n_faces else NO_FACE


def _cut_off(info: VideoInfo, timeline: Timeline) -> str:
    duration_s = info.duration_s or 0.0
    if len(timeline) == 0 or timeline.end_s >= duration_s - max(CUT_OFF_S, 2 / timeline.rate):
        return ""
    return f"The file is damaged or cut off before its end at {clock(duration_s)}."


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


@dataclass(frozen=True)
class AnswerSource:
    """What gave the answers of a table.

    Attributes:
        detector: `FaceDetector.name` of what found the faces; two where photos have another.
        model: The name of the network that classified them.
        model_version: `EmotionClassifier.version`.
        labels: What it tells apart, in its order.
    """

    detector: str
    model: str
    model_version: str
    labels: tuple[Emotion, ...]

    @classmethod
    def of(cls, analyzer: EmotionAnalyzer) -> "AnswerSource":
        """The detector and the network of an analyzer."""
        classifier = analyzer.classifier
        card = classifier.card
        detectors = dict.fromkeys((analyzer.detector.name, analyzer.photo_detector.name))
        return cls(" and ".join(detectors), card.name, classifier.version, card.labels)

    def cells(self) -> Row:
        """What every row says of it."""
        return {
            "detector": cell(self.detector),
            "model": cell(self.model),
            "model_version": self.model_version,
        }


def columns(labels: Sequence[Emotion]) -> list[str]:
    """Names of the columns, in order, for a network with these labels."""
    before = ["file", "width", "height", "n_faces", "time_s", "track", "face"]
    judged = ["x1", "y1", "x2", "y2", "detector_confidence", "emotion", "doubts"]
    return [*before, *judged, *labels, "rate", "detector", "model", "model_version", "problem"]


def rows(report: PhotoReport | VideoReport, source: AnswerSource) -> Iterator[Row]:
    """The rows of a photo or a video, at least one.

    Args:
        report: What was found.
        source: What gave the answers.
    """
    width, height = report.size_wh or (None, None)
    empty: Row = dict.fromkeys(columns(source.labels))
    file: Row = empty | {
        "file": cell(report.file),
        "width": width,
        "height": height,
        "n_faces": report.n_faces,
        "rate": report.rate,
        **source.cells(),
        "problem": report.problem or None,
    }
    if not report.n_faces:
        yield file
    for time_s, faces in report.pictures():
        when: Row = {} if time_s is None else {"time_s": round(time_s, 3)}
        for number, face in enumerate(faces, 1):
            yield file | when | {"face": number} | _face_cells(face)


def _face_cells(face: FaceEmotion) -> Row:
    x1, y1, x2, y2 = face.box.xyxy
    return {
        "track": face.track_id if isinstance(face, TrackedFace) else None,
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
        "detector_confidence": round(face.confidence, 6),
        "emotion": str(face.answer),
        "doubts": ", ".join(face.doubts) or None,
        **{str(label): round(share, 6) for label, share in face.probabilities.items()},
    }


def plain_name(name: str) -> str:
    r"""A name on one line, whatever it holds: `\n` for a line break, `\udc80` for a stray byte.

    A backslash becomes two, so that no two names are written alike.

    >>> plain_name("a\nb")
    'a\\nb'
    """
    visible = name.replace("\\", r"\\").encode("utf-8", "backslashreplace").decode("utf-8")
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
    ('holiday.photo', 'file')
    """
    stem = re.split(r"[/\\]", name)[-1].rpartition(".")
    kept = re.sub(r'[<>:"|?*]', "_", plain_name(stem[0] or stem[2])).strip(". ")
    return kept.replace("\\", "_")[:100] or "file"
