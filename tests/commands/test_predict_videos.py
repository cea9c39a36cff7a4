"""The command `predict`, on videos and on photos beside them."""

import json
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from fer_core.__main__ import main
from fer_core.analysis import EmotionAnalyzer
from fer_core.commands import copies
from fer_core.commands.predict import SOME_LEFT_OUT
from fer_core.errors import OutputError
from fer_core.reports import PredictionSource, table_csv, table_json
from fer_core.timeline import Timeline
from fer_core.video.reader import VideoFile, open_video
from fer_core.video.writer import write_annotated
from tests.commands.tables import everything, files_of, raising, rows_of
from tests.faces import plain
from tests.videos import moving_portrait, video_bytes
from webapp.monitoring.activity import Activity
from webapp.serving.turns import Visitor
from webapp.visits.video_visit import VideoVisit


def test_videos_in_folders_are_analyzed_too(
    mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "files", "--csv", "o.csv", "--json", "o.json", "--rate", "10"]) == 0
    rows = rows_of("o.csv")
    assert files_of(rows) == ["files/a.png"] * 2 + ["files/clip.MOV"] * 8 + ["files/hopper.jpg"]
    clip = rows[2:10]
    assert [row["time_s"] for row in clip] == [str(k / 10) for k in range(8)]
    assert {(row["track"], row["face"], row["n_faces"], row["width"]) for row in clip} == {
        ("1", "1", "8", "320")
    }
    assert {row["track"] for row in rows if row not in clip} == {""}
    of_json = json.loads(Path("o.json").read_text(encoding="utf-8"))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in of_json] == rows
    assert "2 photos and 1 video: 4 faces\n" in capsys.readouterr().err


def test_answers_for_a_video_are_those_of_the_page(mixed: Path, analyzer: EmotionAnalyzer) -> None:
    os.chdir(mixed)
    assert main(["predict", "clip.MOV", "--csv", "o.csv", "--json", "o.json", "--rate", "5"]) == 0
    visit = VideoVisit(Visitor("anybody"), "clip.MOV", Path("clip.MOV").read_bytes())
    visit.analyze(analyzer, Path("model"), 5, Activity())
    assert visit.analysis is not None
    assert visit.analysis.wait().problem == ""
    reports, source = [visit.report("clip.MOV")], PredictionSource.of(analyzer)
    assert Path("o.csv").read_bytes() == table_csv(reports, source)
    assert Path("o.json").read_bytes() == table_json(reports, source)


def test_without_a_file_the_answer_for_a_video_is_printed(
    mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mixed / "wall.mp4").write_bytes(video_bytes([plain(64, 48)] * 2))
    assert main(["predict", "files/clip.MOV", "files/wall.mp4"]) == 0
    clip, wall = capsys.readouterr().out.splitlines()
    assert clip.startswith("files/clip.MOV: 1 face: ")
    assert clip.endswith("% of the time")
    assert wall == "files/wall.mp4: no face found"


def test_annotated_videos_lie_beside_annotated_photos(mixed: Path) -> None:
    assert main(["predict", "files", "--annotated", "drawn"]) == 0
    assert everything(Path("drawn")) == {"a.png.png", "clip.MOV.mp4", "hopper.jpg.png"}
    source, drawn = (open_video(Path(p)) for p in ("files/clip.MOV", "drawn/clip.MOV.mp4"))
    assert drawn.info.has_audio
    changed = abs(drawn.frame_at(0.5).astype(int) - source.frame_at(0.5)).max(axis=2) > 60
    assert 0.001 < changed.mean() < 0.2


def test_a_video_that_cannot_be_written_annotated_harms_no_other(
    mixed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = "The annotated video could not be written."
    monkeypatch.setattr(copies, "write_annotated", raising(OutputError(problem)))
    assert main(["predict", "files", "--annotated", "drawn", "--csv", "o.csv"]) == 0
    rows = rows_of("o.csv")
    assert {row["file"] for row in rows if row["problem"] == problem} == {"files/clip.MOV"}
    assert files_of(rows)[-1] == "files/hopper.jpg"
    assert f"files/clip.MOV: {problem}\n" in capsys.readouterr().err
    assert everything(Path("drawn")) == {"a.png.png", "hopper.jpg.png"}


def test_a_video_that_is_gone_before_its_annotated_copy_is_made_harms_no_other(
    mixed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_late(video: VideoFile, timeline: Timeline, part: Path) -> Generator[float]:
        (mixed / "clip.MOV").unlink()
        return write_annotated(video, timeline, part)

    monkeypatch.setattr(copies, "write_annotated", too_late)
    assert main(["predict", "files", "--annotated", "drawn", "--csv", "o.csv"]) == 0
    assert files_of(rows_of("o.csv"))[-1] == "files/hopper.jpg"
    assert "files/clip.MOV: The annotated video could not be written.\n" in capsys.readouterr().err


def test_a_video_that_cannot_be_read_again_for_its_annotated_copy_harms_no_other(
    mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OutputError("The annotated video could not be written.")
    error.__cause__ = OSError(5, "Input/output error")
    monkeypatch.setattr(copies, "write_annotated", raising(error))
    assert main(["predict", "files", "--annotated", "drawn", "--csv", "o.csv"]) == 0
    assert files_of(rows_of("o.csv"))[-1] == "files/hopper.jpg"


def test_a_full_disk_ends_the_run_in_a_video_as_in_a_photo(
    mixed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:

    def full_disk(_video: object, _timeline: object, part: Path) -> None:
        cause = OSError(28, "No space left on device", str(part))
        raise OutputError("The annotated video could not be written.") from cause

    monkeypatch.setattr(copies, "write_annotated", full_disk)
    assert main(["predict", "files", "--annotated", "drawn", "--csv", "o.csv"]) == 2
    sentence = "drawn/clip.MOV.mp4 cannot be used: No space left on device.\n"
    assert capsys.readouterr().err.endswith(sentence)
    assert set(files_of(rows_of("o.csv"))) == {"files/a.png"}, "--resume goes on with the video"


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "1e9", "often"])
def test_a_rate_that_is_none_is_refused(
    mixed: Path, capsys: pytest.CaptureFixture[str], rate: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["predict", "files", f"--rate={rate}"])
    assert ended.value.code == 2
    assert f"must be a number above 0, up to 1000, not '{rate}'" in capsys.readouterr().err


def test_broken_and_cut_off_videos_are_named_and_harm_no_other(
    mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (mixed / "broken.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(12))
    whole = video_bytes(moving_portrait(40), "mkv")
    (mixed / "cut.mkv").write_bytes(whole[: len(whole) * 4 // 5])
    assert main(["predict", "files", "--csv", "o.csv"]) == SOME_LEFT_OUT
    cut_off = "The file is damaged or cut off before its end at 0:04."
    problems = {row["file"]: row["problem"] for row in rows_of("o.csv")}
    assert problems == {
        "files/a.png": "",
        "files/broken.mp4": "The video is broken or cut off and cannot be read.",
        "files/clip.MOV": "",
        "files/cut.mkv": cut_off,
        "files/hopper.jpg": "",
    }
    _, err = capsys.readouterr()
    assert f"files/cut.mkv: {cut_off}\n" in err
    assert "2 photos and 3 videos (1 could not be read): 5 faces\n" in err


@pytest.mark.parametrize("where", [b'"files/clip.MOV"', b",0.6,", b'"files/hopper.jpg"'])
def test_a_run_that_was_cut_off_in_a_video_analyzes_it_again(mixed: Path, where: bytes) -> None:
    outputs = ["--csv", "o.csv", "--json", "o.json"]
    main(["predict", "files", *outputs])
    whole_csv, whole_json = Path("o.csv").read_bytes(), Path("o.json").read_bytes()
    Path("o.csv").write_bytes(whole_csv[: whole_csv.index(where) + 9])
    assert main(["predict", "files", *outputs, "--resume"]) == 0
    assert (Path("o.csv").read_bytes(), Path("o.json").read_bytes()) == (whole_csv, whole_json)
