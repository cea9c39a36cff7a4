import csv
import io
import json
from collections.abc import Callable, Sequence

import pytest

from fer_core.analysis import EmotionAnalyzer
from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.errors import ImageDecodeError
from fer_core.faces import BoundingBox, Doubt, FaceEmotion, FaceSource, TrackedFace
from fer_core.images import encode_png
from fer_core.reports.row_format import RowFormat, csv_format, json_format
from fer_core.reports.rows import (
    PhotoReport,
    PredictionSource,
    Row,
    VideoReport,
    analyze_photo,
    cell,
    columns,
    plain_name,
    rows,
    safe_stem,
    video_report,
)
from fer_core.timeline import Timeline, VideoEnd, VideoSample
from fer_core.video.reader import VideoInfo
from tests.faces import card, face_emotion, plain, two_astronauts

CARD = card()
SOURCE = PredictionSource("haar", CARD.name, "abc123", CARD.labels)


def read_csv(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def face_rows(file: str, *faces: FaceEmotion) -> list[Row]:
    return list(rows(PhotoReport(file, (640, 480), faces), SOURCE))


# --- rows ---


def test_a_row_is_a_face_with_everything_that_is_known_of_it() -> None:
    first, second = face_rows("a.jpg", face_emotion((1, 2, 31, 42)), face_emotion((50, 2, 90, 42)))
    assert list(first) == columns(CARD.labels)
    assert {type(name) for name in first} == {str}  # a printed one reads 'happy': 0.7
    probabilities = {e.value: first.pop(e.value) for e in FER2013_EMOTIONS}
    assert probabilities == {e.value: 0.7 if e == "happy" else 0.05 for e in FER2013_EMOTIONS}
    assert first == {
        "file": "a.jpg",
        "width": 640,
        "height": 480,
        "n_faces": 2,
        "time_s": None,
        "track": None,
        "face": 1,
        "x1": 1,
        "y1": 2,
        "x2": 31,
        "y2": 42,
        "turned_deg": 0,
        "source": "detector",
        "detector_confidence": 0.8,
        "emotion": "happy",
        "doubts": None,
        "rate": None,
        "model": "made-up",
        "model_version": "abc123",
        "detector": "haar",
        "problem": None,
    }
    assert (second["face"], second["x1"]) == (2, 50)


def test_a_face_with_doubts_is_uncertain_and_keeps_its_probabilities() -> None:
    shares = {Emotion.HAPPY: 0.9, Emotion.SAD: 0.1}
    doubts = Doubt.SMALL, Doubt.DARK
    (row,) = face_rows("a.jpg", FaceEmotion(BoundingBox(0, 0, 9, 9), 0.5, shares, doubts=doubts))
    assert (row["emotion"], row["doubts"], row["happy"]) == ("uncertain", "small, dark", 0.9)


def test_a_face_that_is_a_whole_turned_photo_says_so_and_has_no_confidence() -> None:
    shares = {Emotion.HAPPY: 0.9, Emotion.SAD: 0.1}
    face = FaceEmotion(
        BoundingBox(0, 0, 48, 48), 0, shares, source=FaceSource.WHOLE_IMAGE, turned_deg=90
    )
    (row,) = face_rows("a.jpg", face)
    assert (row["source"], row["turned_deg"]) == ("whole image", 90)
    assert row["detector_confidence"] is None


def test_a_photo_without_a_face_has_one_row() -> None:
    (row,) = rows(PhotoReport("wall.jpg", (640, 480), (), "No face found."), SOURCE)
    assert (row["n_faces"], row["face"], row["emotion"]) == (0, None, None)
    assert (row["width"], row["problem"]) == (640, "No face found.")


def test_a_network_with_another_label_has_a_column_for_it() -> None:
    names = columns((*FER2013_EMOTIONS, Emotion.CONTEMPT))
    assert names.index("contempt") == names.index("neutral") + 1


@pytest.mark.parametrize(
    ("read", "n_faces", "problem"),
    [
        pytest.param(lambda: encode_png(two_astronauts()), 2, "", id="two faces"),
        pytest.param(lambda: encode_png(plain(90, 60)), 0, "No face found.", id="no face"),
        pytest.param(lambda: b"", 0, "The file is empty.", id="empty"),
    ],
)
def test_a_photo_is_read_and_analyzed(
    analyzer: EmotionAnalyzer, read: Callable[[], bytes], n_faces: int, problem: str
) -> None:
    report, image = analyze_photo(analyzer, "a.png", read)
    assert (len(report.faces), report.problem) == (n_faces, problem)
    assert (image is None) == (report.size_wh is None)
    if image is not None:
        assert report.size_wh == (image.shape[1], image.shape[0])


def test_a_file_that_cannot_be_read_is_a_problem_too(analyzer: EmotionAnalyzer) -> None:
    def read() -> bytes:
        raise ImageDecodeError("The file cannot be read: Permission denied.")

    report, _ = analyze_photo(analyzer, "a.png", read)
    assert report.problem == "The file cannot be read: Permission denied."


# --- videos ---


def tracked(x1: int, doubts: tuple[Doubt, ...] = ()) -> TrackedFace:
    face = face_emotion((x1, 0, x1 + 9, 9))
    named = None if doubts else face.emotion
    return TrackedFace(face.box, face.confidence, face.probabilities, 7, named, doubts=doubts)


def video_rows(
    *frames: tuple[TrackedFace, ...],
    end: VideoEnd | None = None,
    duration_s: float | None = None,
    sizes_wh: Sequence[tuple[int, int]] = ((640, 480),) * 3,
) -> list[Row]:
    told = Timeline(CARD.labels, 2)
    for number, (faces, size_wh) in enumerate(zip(frames, sizes_wh, strict=False)):
        told.add(VideoSample(number / 2, faces, 0.0, size_wh, end))
    info = VideoInfo(640, 480, duration_s, None, 0, False)
    return list(rows(video_report("a.mp4", info, told), SOURCE))


def test_a_videos_row_is_a_face_at_a_time() -> None:
    unsure = tracked(50, (Doubt.BLURRED, Doubt.AMBIGUOUS))
    written = video_rows((tracked(1), unsure), (), (tracked(2),))
    assert all(list(row) == columns(CARD.labels) for row in written)
    assert {row["n_faces"] for row in written} == {3}
    assert [(row["time_s"], row["face"], row["track"], row["x1"]) for row in written] == [
        (0.0, 1, 7, 1),
        (0.0, 2, 7, 50),
        (1.0, 1, 7, 2),
    ]
    assert [(row["emotion"], row["doubts"]) for row in written] == [
        ("happy", None),
        ("uncertain", "blurred, ambiguous"),
        ("happy", None),
    ]
    assert (written[0]["happy"], written[0]["detector_confidence"]) == (0.7, 0.8)


def test_a_video_without_a_face_has_one_row() -> None:
    (row,) = video_rows((), ())
    assert (row["width"], row["n_faces"], row["time_s"]) == (640, 0, None)
    assert row["problem"] == "No face found."
    (row,) = video_rows()
    assert row["problem"] == "The video holds no frame that can be read."


@pytest.mark.parametrize(
    ("end", "duration_s", "problem"),
    [
        pytest.param(None, 99.0, None, id="stopped"),
        pytest.param(VideoEnd(62.5, is_cut_off=False), 99.0, None, id="whole, its sound is longer"),
        pytest.param(
            VideoEnd(62.5, is_cut_off=True),
            99.0,
            "The file is damaged or cut off before its end at 1:39.",
            id="cut off",
        ),
        pytest.param(
            VideoEnd(62.5, is_cut_off=True),
            None,
            "The file is damaged or cut off after 1:02.",
            id="cut off, of unknown length",
        ),
    ],
)
def test_a_video_that_is_cut_off_says_so(
    end: VideoEnd | None, duration_s: float | None, problem: str | None
) -> None:
    (first, _) = video_rows((tracked(1),), (tracked(1),), end=end, duration_s=duration_s)
    assert first["problem"] == problem


def test_each_row_has_the_size_that_its_box_refers_to() -> None:
    sizes_wh = ((640, 360), (360, 640), (0, 0))  # as it is, turned, and not told
    written = video_rows(*[(tracked(1),)] * 3, sizes_wh=sizes_wh)
    assert [(row["width"], row["height"]) for row in written] == [
        (640, 360),
        (360, 640),
        (640, 480),
    ]


def test_a_video_that_cannot_be_read_has_one_row() -> None:
    (row,) = rows(VideoReport("a.mp4", problem="The file is empty."), SOURCE)
    assert (row["width"], row["n_faces"], row["problem"]) == (None, 0, "The file is empty.")


# --- names ---


@pytest.mark.parametrize(
    ("name", "written"),
    [
        pytest.param("a b.jpg", "a b.jpg", id="plain"),
        pytest.param("Grüße 笑.jpg", "Grüße 笑.jpg", id="other scripts"),
        pytest.param("a\nb\r\t\0.jpg", r"a\nb\r\t\x00.jpg", id="control characters"),
        pytest.param("a\x1b[31m.jpg", r"a\x1b[31m.jpg", id="a terminal's color"),
        pytest.param("gpj.\u202ea.exe", r"gpj.\u202ea.exe", id="text turned around"),
        pytest.param("a\udc80.jpg", r"a\udc80.jpg", id="a byte that is no UTF-8"),
        pytest.param(r"a\n\udc80.jpg", r"a\\n\\udc80.jpg", id="what looks like one of these"),
    ],
)
def test_a_name_is_one_visible_line(name: str, written: str) -> None:
    assert plain_name(name) == written


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1", "=cmd|' /C calc'!A0"])
def test_a_name_that_reads_as_a_formula_becomes_a_path(name: str) -> None:
    assert cell(f"{name}.jpg") == f"./{name}.jpg"
    (row,) = face_rows(name, face_emotion((0, 0, 9, 9)))
    assert row["file"] == f"./{name}"


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        pytest.param("a.jpg", "a", id="plain"),
        pytest.param("../../etc/passwd.png", "passwd", id="path parts"),
        pytest.param(r"C:\photos\a.png", "a", id="path parts of Windows"),
        pytest.param("..", "file", id="the folder above"),
        pytest.param("...png", "file", id="dots alone"),
        pytest.param(".png", "png", id="an ending alone"),
        pytest.param("", "file", id="empty"),
        pytest.param("a\nb.png", "a_nb", id="control characters"),
        pytest.param('a:b*?"<>|.png', "a_b______", id="what Windows does not allow"),
        pytest.param("x" * 300 + ".png", "x" * 100, id="too long"),
    ],
)
def test_what_a_file_made_from_another_is_called(name: str, stem: str) -> None:
    assert safe_stem(name) == stem


# --- formats ---

ODD = 'a,"b";\n=c'


@pytest.mark.parametrize("row_format", [csv_format(columns(CARD.labels)), json_format()])
def test_every_row_is_a_line_and_comes_back(row_format: RowFormat) -> None:
    written = [*face_rows(ODD, *[face_emotion((0, 0, 9, 9))] * 2), *face_rows("ü.jpg")]
    lines = row_format.join(written).removeprefix(row_format.head).split(b"\n")[1:4]
    back = [row_format.decode(line.removesuffix(row_format.joint)) for line in lines]
    assert [row["file"] for row in back] == [cell(ODD), cell(ODD), "ü.jpg"]
    assert [str(row["n_faces"]) for row in back] == ["2", "2", "0"]


def test_csv_and_json_say_the_same() -> None:
    written = [*face_rows("a.jpg", face_emotion((0, 0, 9, 9))), *face_rows("b.jpg")]
    of_json = json.loads(json_format().join(written))
    of_csv = read_csv(csv_format(columns(CARD.labels)).join(written))
    assert of_json == written
    as_text = [{k: "" if v is None else str(v) for k, v in row.items()} for row in of_json]
    assert of_csv == as_text


def test_no_rows_make_whole_files() -> None:
    assert json.loads(json_format().join([])) == []
    assert read_csv(csv_format(["file"]).join([])) == []
    assert csv_format(["file"]).join([]) == b'\xef\xbb\xbf"file"\n'


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'"a.jpg",64', id="cut off between values"),
        pytest.param(b'"a.jpg","6', id="cut off in a value"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"[1]", id="a list"),
    ],
)
@pytest.mark.parametrize("row_format", [csv_format(columns(CARD.labels)), json_format()])
def test_part_of_a_row_is_no_row(row_format: RowFormat, line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of json, of csv, or of neither
        row_format.decode(line)
