"""Results of photos and videos as rows of a table, for the pages and the command line alike.

A row is a face; in a video, a face in one analyzed frame. A file without a face, or one that
could not be read, has one row whose `problem` says so, so that no file vanishes. docs/predict.md
says what each column means.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from fer_core.decoding import decode_photo
from fer_core.emotions import Emotion
from fer_core.errors import ImageDecodeError
from fer_core.face_analyzer import FaceAnalyzer
from fer_core.faces import FaceEmotion, FaceSource, TrackedFace
from fer_core.images import RgbImage
from fer_core.timeline import Timeline, clock

if TYPE_CHECKING:  # it brings PyAV
    from fer_core.video.reader import VideoInfo

Row: TypeAlias = dict[str, str | int | float | None]
"""A value for each of `columns`, None if there is none."""

NO_FACE = "No face found."

# Some spreadsheets take the wide forms of East Asian scripts for the same.
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


@dataclass(frozen=True)
class PhotoReport:
    """The results of a photo.

    Attributes:
        file: Its name, or its path.
        size_wh: Width and height of the upright photo that the boxes refer to; None if it
            could not be read.
        faces: Row by row.
        problem: The sentence that says why there are no faces, or what of the photo could not be
            read; empty if nothing is amiss.
        again: True if it should be tried again, since the problem is not the photo's.
    """

    file: str
    size_wh: tuple[int, int] | None = None
    faces: tuple[FaceEmotion, ...] = ()
    problem: str = ""
    again: bool = False

    @property
    def n_faces(self) -> int:
        """Number of rows with a face."""
        return len(self.faces)

    @property
    def rate(self) -> None:
        """A photo has none."""
        return None

    def frames(self) -> Iterator[tuple[None, tuple[int, int] | None, Sequence[FaceEmotion]]]:
        """Size and faces of the photo, which has no time."""
        yield None, self.size_wh, self.faces


@dataclass(frozen=True)
class VideoReport:
    """The results of a video.

    Attributes:
        file: Its name, or its path.
        size_wh: Width and height of the upright video as it begins; None if it could not be
            read.
        timeline: The faces of its analyzed frames; None if it could not be read.
        problem: The reason why there are no faces, or not those of the whole video, or that it has
            no annotated copy; empty if nothing is amiss.
        again: True if it should be tried again, since the problem is not the video's.
    """

    file: str
    size_wh: tuple[int, int] | None = None
    timeline: Timeline | None = None
    problem: str = ""
    again: bool = False

    @property
    def n_faces(self) -> int:
        """Number of rows with a face."""
        return self.timeline.n_faces if self.timeline else 0

    @property
    def rate(self) -> float | None:
        """Frames to analyze each second; None if the video could not be read."""
        return float(self.timeline.rate) if self.timeline else None

    def frames(self) -> Iterator[tuple[float, tuple[int, int] | None, Sequence[FaceEmotion]]]:
        """Time in seconds, size and faces of each analyzed frame."""
        if self.timeline is not None:
            for index, (time_s, faces) in enumerate(self.timeline.frames()):
                size_wh = self.timeline.frame_wh(index)
                yield time_s, size_wh if any(size_wh) else self.size_wh, faces


def video_report(file: str, info: "VideoInfo", timeline: Timeline) -> VideoReport:
    """The report of a video that was analyzed as far as it can be read."""
    size_wh = info.width, info.height
    return VideoReport(file, size_wh, timeline, _cut_off(info, timeline) or _faceless(timeline))


def _faceless(timeline: Timeline) -> str:
    if len(timeline) == 0:
        return "The video holds no frame that can be read."
    return "" if timeline.n_faces else NO_FACE


def _cut_off(info: "VideoInfo", timeline: Timeline) -> str:
    if timeline.end is None or not timeline.end.is_cut_off:
        return ""
    if info.duration_s and info.duration_s > timeline.end_s:
        return f"The file is damaged or cut off before its end at {clock(info.duration_s)}."
    return f"The file is damaged or cut off after {clock(timeline.end_s)}."


def analyze_photo(
    analyzer: FaceAnalyzer,
    file: str,
    read: Callable[[], bytes],
    *,
    min_face_px: int | None = None,
    whole_image: bool = False,
) -> tuple[PhotoReport, RgbImage | None]:
    """Read a photo and find and classify its faces.

    Args:
        analyzer: Finds and classifies faces.
        file: The photo's name in the rows.
        read: Gives the whole file, or raises `ImageDecodeError`.
        min_face_px: As for `EmotionAnalyzer.analyze`.
        whole_image: As for `EmotionAnalyzer.analyze`.

    Returns:
        The report, and the photo itself; None if it could not be read.
    """
    try:
        image, problem = decode_photo(read())
    except ImageDecodeError as error:
        return PhotoReport(file, problem=str(error)), None
    faces = tuple(analyzer.analyze(image, min_face_px, whole_image=whole_image))
    size_wh = image.shape[1], image.shape[0]
    return PhotoReport(file, size_wh, faces, problem or ("" if faces else NO_FACE)), image


@dataclass(frozen=True)
class PredictionSource:
    """The model and the detector behind a table.

    Attributes:
        detector: `FaceDetector.name` of what found the faces; two where photos have another.
        model: The name of the model that classified them.
        model_version: `EmotionClassifier.version`.
        labels: The model's classes, in its order.
    """

    detector: str
    model: str
    model_version: str
    labels: tuple[Emotion, ...]

    @classmethod
    def of(cls, analyzer: FaceAnalyzer) -> "PredictionSource":
        """The detector and the model of an analyzer."""
        classifier = analyzer.classifier
        card = classifier.card
        detectors = dict.fromkeys((analyzer.detector.name, analyzer.photo_detector.name))
        return cls(" and ".join(detectors), card.name, classifier.version, card.labels)

    def cells(self) -> Row:
        """The cells of every row that name it."""
        return {
            "detector": cell(self.detector),
            "model": cell(self.model),
            "model_version": self.model_version,
        }


def columns(labels: Sequence[Emotion]) -> list[str]:
    """Names of the columns, in order, for a model with these labels."""
    before = ["file", "width", "height", "n_faces", "time_s", "track", "face"]
    box = ["x1", "y1", "x2", "y2", "turned_deg", "source", "detector_confidence"]
    found = [*box, "emotion", "doubts", *map(str, labels)]
    return [*before, *found, "rate", "detector", "model", "model_version", "problem"]


def rows(report: PhotoReport | VideoReport, source: PredictionSource) -> Iterator[Row]:
    """The rows of a photo or a video, at least one.

    Args:
        report: The faces of a photo or video.
        source: The model and the detector.
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
    for time_s, size_wh, faces in report.frames():
        width, height = size_wh or (None, None)
        here: Row = {"width": width, "height": height}
        if time_s is not None:
            here["time_s"] = round(time_s, 3)
        for number, face in enumerate(faces, 1):
            yield file | here | {"face": number} | _face_cells(face)


def _face_cells(face: FaceEmotion) -> Row:
    x1, y1, x2, y2 = face.box.xyxy
    found = face.source == FaceSource.DETECTOR
    return {
        "track": face.track_id if isinstance(face, TrackedFace) else None,
        "x1": x1,
        "y1": y1,
        "x2": x2,
        "y2": y2,
        "turned_deg": face.turned_deg,
        "source": str(face.source),
        "detector_confidence": round(face.confidence, 6) if found else None,
        "emotion": str(face.label),
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
    """A name for a file made from another: its name without folders and without ending.

    >>> safe_stem("../../holiday.photo.jpg"), safe_stem("..")
    ('holiday.photo', 'file')
    """
    stem = re.split(r"[/\\]", name)[-1].rpartition(".")
    kept = re.sub(r'[<>:"|?*]', "_", plain_name(stem[0] or stem[2])).strip(". ")
    return kept.replace("\\", "_")[:100] or "file"
