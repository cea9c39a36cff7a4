"""The command `predict`, on real files."""

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import fer_core
from fer_core.__main__ import main
from fer_core.analysis import EmotionAnalyzer
from fer_core.commands import outputs
from fer_core.commands.outputs import Copies
from fer_core.commands.predict import SOME_UNREADABLE
from fer_core.commands.progress import Progress
from fer_core.errors import OutputError
from fer_core.images import decode_image
from fer_core.timeline import Timeline
from fer_core.video_export import write_annotated
from fer_core.video_file import VideoFile, open_video
from parts.photo_results import Photo, analyze, table_csv, table_json
from parts.video_visit import VideoVisit
from serving.activity import Activity
from tests.conftest import takes_long
from tests.faces import astronaut, grace_hopper_jpeg, plain, two_astronauts
from tests.tiny_yunet import write_yunet
from tests.videos import moving_portrait, video_bytes

ROOT = Path(fer_core.__file__).parents[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with photos in it, one of them broken."""
    monkeypatch.chdir(tmp_path)
    photos = tmp_path / "photos"
    (photos / "2024").mkdir(parents=True)
    Image.fromarray(two_astronauts()).save(photos / "two.png")
    Image.fromarray(plain(90, 60)).save(photos / "wall.gif")
    (photos / "2024" / "hopper.JPG").write_bytes(grace_hopper_jpeg())
    (photos / "broken.jpg").write_bytes(grace_hopper_jpeg()[:9999])
    (photos / "notes.txt").write_text("not a photo, and not called one")
    return photos


def rows_of(path: str) -> list[dict[str, Any]]:
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def files_of(rows: list[dict[str, Any]]) -> list[str]:
    return [str(row["file"]) for row in rows]


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_folder_is_analyzed_with_the_folders_in_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(folder.parent)
    assert main(["predict", "photos", "--csv", "o.csv", "--json", "o.json"]) == SOME_UNREADABLE
    names = ["photos/broken.jpg", "photos/two.png", "photos/two.png", "photos/wall.gif"]
    assert files_of(rows_of("o.csv")) == [*names, "photos/2024/hopper.JPG"]
    of_json = json.loads(Path("o.json").read_text(encoding="utf-8"))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in of_json] == (
        rows_of("o.csv")
    )
    out, err = capsys.readouterr()
    assert out == "4 photos (1 could not be read): 3 faces\n"
    assert "photos/broken.jpg: The photo is broken or cut off" in err
    assert "Traceback" not in err
    assert everything(folder.parent) - before == {"o.csv", "o.json"}


def test_without_a_file_the_answers_are_printed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "photos/two.png", "photos/wall.gif"]) == 0
    two, wall = capsys.readouterr().out.splitlines()
    assert two.startswith("photos/two.png: 2 faces: ")
    assert wall == "photos/wall.gif: no face found"


def test_answers_are_those_of_the_page(folder: Path, analyzer: EmotionAnalyzer) -> None:
    os.chdir(folder)
    names = ["broken.jpg", "two.png", "wall.gif", "2024/hopper.JPG"]
    assert main(["predict", *names, "--csv", "o.csv", "--json", "o.json"]) == SOME_UNREADABLE
    results = [analyze(analyzer, Photo(name, name, Path(name).read_bytes())) for name in names]
    assert Path("o.csv").read_bytes() == table_csv(analyzer, results)
    assert Path("o.json").read_bytes() == table_json(analyzer, results)


def test_a_second_table_that_begins_later_costs_the_first_none_of_its_rows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "photos", "--csv", "o.csv"]) == SOME_UNREADABLE
    before = Path("o.csv").read_bytes()
    capsys.readouterr()
    command = ["predict", "photos", "--csv", "o.csv", "--json", "new.json", "--resume"]
    assert main(command) == 2
    sentence = "o.csv and new.json do not hold the same files: go on with one of them, or name "
    assert sentence in capsys.readouterr().err
    assert Path("o.csv").read_bytes() == before


def test_a_file_to_analyze_is_not_taken_for_a_table(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("photos/empty.png").touch()
    assert main(["predict", "photos", "--csv", "photos/empty.png"]) == 2
    assert "photos/empty.png is one of the files to analyze" in capsys.readouterr().err
    assert Path("photos/empty.png").read_bytes() == b""


def test_a_tilted_face_is_found(folder: Path) -> None:
    Image.fromarray(astronaut()).rotate(30, fillcolor="gray").save(folder / "tilted.png")
    assert main(["predict", "photos/tilted.png", "--csv", "o.csv"]) == 0
    (row,) = rows_of("o.csv")
    assert row["n_faces"] == "1"


def test_another_detector_finds_the_faces_of_photos_and_videos(folder: Path) -> None:
    write_yunet(folder / "red.onnx")
    red = plain(320, 240, (0, 0, 0))
    red[96:128, 64:96] = 255, 0, 0
    Image.fromarray(red).save(folder / "red.png")
    Path("clip.mp4").write_bytes(video_bytes([red] * 10))
    command = ["predict", "photos/red.png", "clip.mp4", "photos/wall.gif", "--csv", "o.csv"]
    assert main([*command, "--detector", "photos/red.onnx"]) == 0
    rows = rows_of("o.csv")
    assert rows[0]["n_faces"] == "1"
    assert [rows[0][edge] for edge in ("x1", "y1", "x2", "y2")] == ["60", "92", "100", "132"]
    assert {row["n_faces"] for row in rows if row["file"] == "clip.mp4"} != {"0"}
    assert rows[-1]["n_faces"] == "0"
    assert rows[0]["detector"].startswith("yunet ")
    assert main([*command, "--resume"]) == 2, "its rows would be another detector's"
    assert rows_of("o.csv") == rows


def test_a_detector_that_is_none_is_one_sentence_before_anything_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["predict", "photos", "--csv", "o.csv", "--detector", "photos/notes.txt"]
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("The face detector photos/notes.txt is no YuNet that OpenCV ")
    assert err.count("\n") == 1
    assert not Path("o.csv").exists()


@pytest.mark.parametrize("jobs", ["1", "2", "7"])
def test_the_order_does_not_depend_on_the_jobs(folder: Path, jobs: str) -> None:
    main(["predict", "photos", "photos/../photos/two.png", "--csv", "o.csv", "--jobs", jobs])
    names = ["photos/broken.jpg", "photos/two.png", "photos/two.png", "photos/wall.gif"]
    assert files_of(rows_of("o.csv")) == [*names, "photos/2024/hopper.JPG"]


def test_a_file_is_analyzed_once_however_it_is_reached(folder: Path) -> None:
    (folder / "2024" / "hopper.JPG").rename(folder / "hopper.JPG")
    for name in ("link", "photos/2024/two.png"):
        Path(name).symlink_to(folder / "two.png" if name.endswith("png") else folder)
    paths = ["photos/", "./photos", f"../{folder.parent.name}/photos", str(folder), "link"]
    assert main(["predict", *paths, "photos/two.png", "--csv", "o.csv"]) == SOME_UNREADABLE
    names = ["broken.jpg", "hopper.JPG", "two.png", "two.png", "wall.gif"]
    assert files_of(rows_of("o.csv")) == [f"photos/{name}" for name in names]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        pytest.param("photos/*.png", ["photos/two.png"] * 2, id="star"),
        pytest.param("photos/tw?.png", ["photos/two.png"] * 2, id="question mark"),
        pytest.param("photos/**/*.JPG", ["photos/2024/hopper.JPG"], id="two stars"),
    ],
)
def test_a_pattern_names_what_it_fits(folder: Path, pattern: str, names: list[str]) -> None:
    assert main(["predict", pattern, "--csv", "o.csv"]) == 0
    assert files_of(rows_of("o.csv")) == names


def test_a_file_with_a_name_that_is_a_pattern_is_itself(folder: Path) -> None:
    shutil.copy(folder / "two.png", folder / "[two].png")
    assert main(["predict", "photos/[two].png", "--csv", "o.csv"]) == 0
    assert set(files_of(rows_of("o.csv"))) == {"photos/[two].png"}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(["nowhere"], "nowhere does not exist.", id="no such file"),
        pytest.param(
            ["photos", "no*.jpg"],
            "Nothing matches the pattern no*.jpg.",
            id="a pattern without fit",
        ),
        pytest.param(["empty"], "There is no photo or video in empty.", id="an empty folder"),
        pytest.param(["/dev/null"], "/dev/null is neither a file nor a folder.", id="a device"),
        pytest.param(["photos", "--resume"], "--resume goes by the rows", id="nothing to resume"),
        pytest.param(
            ["photos", "--csv", "o", "--json", "./o"], "must be two files", id="one file for two"
        ),
        pytest.param(["photos", "--csv", "no/o.csv"], "No such file", id="no folder for it"),
        pytest.param(
            ["photos", "--csv", "/dev/full"],
            "/dev/full cannot be used: No space left on device.",
            id="no room for a table",
        ),
        pytest.param(["photos", "--csv", "photos"], "Is a directory", id="a folder for a file"),
        pytest.param(
            ["photos", "--csv", "o.csv", "--json", "photos/notes.txt"],
            "photos/notes.txt exists",
            id="the second file is there",
        ),
        pytest.param(
            ["photos", "--csv", "photos/two.png"], "photos/two.png exists", id="over a photo"
        ),
        pytest.param(
            ["photos", "--annotated", "photos/notes.txt"], "File exists", id="a file for a folder"
        ),
        pytest.param(["photos", "--model", "nobody"], "no network 'nobody'", id="no network"),
    ],
)
def test_bad_input_is_one_sentence_and_changes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], sentence: str
) -> None:
    (folder.parent / "empty").mkdir()
    before = everything(folder.parent)
    assert main(["predict", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert sentence in err
    assert err.count("\n") == 1
    assert everything(folder.parent) == before


def test_where_no_photo_could_be_read_the_input_is_bad(folder: Path) -> None:
    assert main(["predict", "photos/broken.jpg", "photos/notes.txt"]) == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_harms_no_other(folder: Path) -> None:
    (folder / "two.png").chmod(0)
    assert main(["predict", "photos/two.png", "photos/wall.gif"]) == SOME_UNREADABLE


def test_a_huge_file_is_refused_unread(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "huge.png").open("wb") as file:
        file.truncate(2**34)
    assert main(["predict", "photos/huge.png", "photos/wall.gif"]) == SOME_UNREADABLE
    assert "photos/huge.png: The file is larger than 200 MB." in capsys.readouterr().err


def test_annotated_photos_repeat_the_folders(folder: Path) -> None:
    for name in ("one", "other"):
        (folder / name).mkdir()
        shutil.copy(folder / "two.png", folder / name / "same.png")
    Image.fromarray(astronaut()).save(folder / "one" / "same.webp")
    assert main(["predict", "photos/one", "photos/other", "--annotated", "drawn"]) == 0
    assert everything(Path("drawn")) == {
        "one",
        "one/same.png.png",
        "one/same.webp.png",
        "other",
        "other/same.png.png",
    }
    drawn = decode_image(Path("drawn/one/same.png.png").read_bytes())
    assert drawn.shape == two_astronauts().shape
    assert (drawn != two_astronauts()).any()


def test_a_name_too_long_for_its_annotated_copy_is_shortened(folder: Path) -> None:
    names = [f"{'x' * 250}{n}.png" for n in (1, 2)] + [f"{'é' * 125}z.png"]
    for name in names:
        shutil.copy(folder / "two.png", folder / name)
    assert main(["predict", "photos", "--annotated", "drawn", "--csv", "o.csv"]) == SOME_UNREADABLE
    assert {f"photos/{name}" for name in names} <= set(files_of(rows_of("o.csv")))
    drawn = everything(Path("drawn"))
    short = [name for name in drawn if "~" in name]
    assert sorted(re.sub("~[0-9a-f]{12}", "~", name) for name in short) == (
        [f"{'x' * 238}~.png"] * 2 + [f"{'é' * 119}~.png"]
    )
    assert drawn - set(short) == {"two.png.png", "wall.gif.png", "2024", "2024/hopper.JPG.png"}


def test_no_file_beside_annotated_copies_is_touched(mixed: Path) -> None:
    Path("drawn").mkdir()
    for name in ("a.part", "a.png.part", "clip.part", "clip.MOV.part"):
        Path("drawn", name).write_text("mine")
    before = everything(Path("drawn"))
    assert main(["predict", "files", "--annotated", "drawn"]) == 0
    assert all(Path("drawn", name).read_text() == "mine" for name in before)
    assert everything(Path("drawn")) - before == {"a.png.png", "clip.MOV.mp4", "hopper.jpg.png"}


def test_an_annotated_copy_without_room_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    full_disk = raising(OSError(28, "No space left on device"))
    monkeypatch.setattr(Path, "write_bytes", full_disk)
    assert main(["predict", "photos/two.png", "--annotated", "drawn", "--csv", "o.csv"]) == 2
    sentence = f"{Path('drawn/two.png.png').absolute()} cannot be used: No space left on device.\n"
    assert capsys.readouterr().err == sentence
    assert rows_of("o.csv") == []


def test_what_a_lost_process_left_of_an_annotated_copy_is_deleted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(copies: Copies, photo: Path, *_: object) -> None:
        (copies.parts / "half").write_bytes(b"a part")

    monkeypatch.setattr(Copies, "write_photo", lost)
    assert main(["predict", "photos/two.png", "--annotated", "drawn"]) == 0
    assert everything(Path("drawn")) == set()


@pytest.mark.parametrize("source", ["photos", "photos/**/*.*g*"], ids=["folder", "pattern"])
def test_annotated_photos_are_not_analyzed_the_next_time(folder: Path, source: str) -> None:
    for csv_file in ("1.csv", "2.csv"):
        main(["predict", source, "--annotated", "photos/drawn", "--csv", csv_file])
    assert "photos/two.png" in files_of(rows_of("1.csv"))
    assert rows_of("1.csv") == rows_of("2.csv")


@pytest.mark.parametrize(
    ("source", "annotated"),
    [
        pytest.param("photos", "photos", id="the folder itself"),
        pytest.param("photos", "photos/../photos/", id="the folder, written otherwise"),
        pytest.param("photos", "link", id="the folder by a link"),
        pytest.param("photos/2024", "photos", id="the folder above"),
        pytest.param("photos/*.png", "photos", id="a pattern"),
        pytest.param("photos/two.png", "photos", id="a file"),
        pytest.param("photos", ".", id="the working folder"),
    ],
)
def test_annotated_photos_are_kept_apart_from_those_to_analyze(
    folder: Path, capsys: pytest.CaptureFixture[str], source: str, annotated: str
) -> None:
    Path("link").symlink_to(folder)
    before = everything(folder.parent)
    assert main(["predict", source, "--annotated", annotated, "--csv", "o.csv"]) == 2
    out, err = capsys.readouterr()
    assert "holds files to analyze, such as photos/" in err
    assert (out, err.count("\n")) == ("", 1)
    assert everything(folder.parent) == before


def test_an_annotated_photo_never_replaces_a_photo_by_a_link(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(folder / "two.png", folder / "two.png.png")
    Path("drawn").mkdir()
    Path("drawn/two.png.png").symlink_to(folder / "two.png.png")
    names = ["photos/two.png", "photos/two.png.png"]
    assert main(["predict", *names, "--annotated", "drawn", "--csv", "o.csv"]) == 2
    assert not Path("o.csv").exists()
    assert "holds files to analyze" in capsys.readouterr().err


def test_odd_names_are_written_on_one_line_and_as_no_formula(folder: Path) -> None:
    os.chdir(folder)
    odd = ["=1+1.png", "-x.png", "a\nb.png", r"a\nb.png", 'a,"b";c.png']
    for name in odd:
        Image.fromarray(plain(40, 40)).save(name)
    assert main(["predict", "--csv", "o.csv", "--json", "o.json", "--", *odd]) == 0
    written = ["./=1+1.png", "./-x.png", r"a\nb.png", r"a\\nb.png", 'a,"b";c.png']
    assert files_of(rows_of("o.csv")) == written
    assert files_of(json.loads(Path("o.json").read_text())) == written
    assert main(["predict", "--csv", "o.csv", "--json", "o.json", "--resume", "--", *odd]) == 0
    assert files_of(rows_of("o.csv")) == written, "they are known again"


def test_a_run_goes_on_where_it_was_cut_off(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = ["--csv", "o.csv", "--json", "o.json"]
    main(["predict", "photos", *outputs])
    whole_csv, whole_json = Path("o.csv").read_bytes(), Path("o.json").read_bytes()
    Path("o.csv").write_bytes(whole_csv[: whole_csv.index(b"wall.gif") + 20])
    assert main(["predict", "photos", *outputs, "--resume"]) == 0
    assert (Path("o.csv").read_bytes(), Path("o.json").read_bytes()) == (whole_csv, whole_json)
    assert "2 photos: 1 face\n" in capsys.readouterr().out
    assert main(["predict", "photos", *outputs, "--resume"]) == 0
    assert (Path("o.csv").read_bytes(), Path("o.json").read_bytes()) == (whole_csv, whole_json)
    assert capsys.readouterr().out == "Everything was done already: 4 photos.\n"


def test_it_is_said_that_files_which_are_done_get_no_annotated_copies_any_more(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two, wall = "photos/two.png", "photos/wall.gif"
    resume = ["--csv", "o.csv", "--annotated", "drawn", "--resume"]
    sentence = "The files that are done already get no annotated copy; --annotated without "
    assert main(["predict", two, "--csv", "o.csv"]) == 0
    for left in ([wall], []):
        shutil.rmtree("drawn", ignore_errors=True)
        capsys.readouterr()
        assert main(["predict", two, *left, *resume]) == 0
        assert sentence in capsys.readouterr().err
        assert everything(Path("drawn")) == {f"{Path(file).name}.png" for file in left}


def test_a_run_that_made_copies_before_goes_on_without_a_word(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = ["--csv", "o.csv", "--annotated", "drawn"]
    assert main(["predict", "photos/two.png", *outputs]) == 0
    capsys.readouterr()
    assert main(["predict", "photos/two.png", "photos/wall.gif", *outputs, "--resume"]) == 0
    assert "annotated" not in capsys.readouterr().err


def test_a_run_with_another_rate_does_not_go_on(
    mixed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "files", "--csv", "o.csv", "--json", "o.json"]) == 0
    before = Path("o.csv").read_bytes()
    again = ["predict", "files", "--csv", "o.csv", "--json", "o.json", "--resume", "--rate", "2"]
    assert main(again) == 2
    assert "o.csv holds answers with rate 5.0, not 2.0: go on" in capsys.readouterr().err
    assert Path("o.csv").read_bytes() == before
    assert main([*again[:-1], "5"]) == 0, "what was usual may be named"


def test_photos_have_no_rate_to_differ_in(folder: Path) -> None:
    main(["predict", "photos/two.png", "--csv", "o.csv"])
    options = ["--csv", "o.csv", "--resume", "--rate", "2"]
    assert main(["predict", "photos/two.png", "photos/wall.gif", *options]) == 0
    assert files_of(rows_of("o.csv")) == ["photos/two.png"] * 2 + ["photos/wall.gif"]


def test_ctrl_c_leaves_whole_rows_and_the_run_can_go_on(tmp_path: Path) -> None:
    two = two_astronauts()
    for number in range(60):
        Image.fromarray(np.roll(two, number, axis=1)).save(tmp_path / f"{number:02}.png")
    command = [sys.executable, "-m", "fer_core", "predict", str(tmp_path)]
    outputs = ["--csv", str(tmp_path / "o.csv"), "--json", str(tmp_path / "o.json")]
    process = subprocess.Popen(
        [*command, *outputs],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts the tests in the background has them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline_s = time.monotonic() + 60
    while not (tmp_path / "o.json").exists() or (tmp_path / "o.json").stat().st_size < 2000:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert err.endswith("Interrupted; go on with --resume.\n")
    assert "Traceback" not in err
    assert 0 < len(json.loads((tmp_path / "o.json").read_text())) < 120
    subprocess.run([*command, *outputs, "--resume"], cwd=ROOT, check=True, capture_output=True)
    assert len(json.loads((tmp_path / "o.json").read_text())) == 120
    assert len(rows_of(str(tmp_path / "o.csv"))) == 120


def test_what_a_killed_run_left_of_annotated_copies_is_gone_once_it_goes_on(
    tmp_path: Path,
) -> None:
    two = two_astronauts()
    for number in range(20):
        Image.fromarray(np.roll(two, number, axis=1)).save(tmp_path / f"{number:02}.png")
    table, drawn = tmp_path / "o.csv", tmp_path / "drawn"
    command = [sys.executable, "-m", "fer_core", "predict", str(tmp_path)]
    command += ["--csv", str(table), "--annotated", str(drawn)]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline_s = time.monotonic() + 60
    while not table.exists() or table.read_bytes().count(b"\n") < 5:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert any(name.endswith(".part") for name in everything(drawn))
    subprocess.run([*command, "--resume"], cwd=ROOT, check=True, capture_output=True)
    assert everything(drawn) == {f"{number:02}.png.png" for number in range(20)}


# --- videos ---


@pytest.fixture
def mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with two photos and, between them, a video."""
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "files"
    files.mkdir()
    Image.fromarray(two_astronauts()).save(files / "a.png")
    (files / "clip.MOV").write_bytes(video_bytes(moving_portrait(8), "mov", audio=True))
    (files / "hopper.jpg").write_bytes(grace_hopper_jpeg())
    return files


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
    assert capsys.readouterr().out == "2 photos and 1 video: 4 faces\n"


def test_answers_for_a_video_are_those_of_the_page(mixed: Path, analyzer: EmotionAnalyzer) -> None:
    os.chdir(mixed)
    assert main(["predict", "clip.MOV", "--csv", "o.csv", "--json", "o.json", "--rate", "5"]) == 0
    visit = VideoVisit("key", Path("clip.MOV").read_bytes())
    visit.analyze(analyzer, 5, Activity())
    assert visit.analysis is not None
    assert visit.analysis.wait().problem == ""
    assert Path("o.csv").read_bytes() == visit.table_csv("clip.MOV")
    assert Path("o.json").read_bytes() == visit.table_json("clip.MOV")


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
    changed = abs(drawn.picture_at(0.5).astype(int) - source.picture_at(0.5)).max(axis=2) > 60
    assert 0.001 < changed.mean() < 0.2


def test_a_video_that_cannot_be_written_annotated_harms_no_other(
    mixed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = "The annotated video could not be written."
    monkeypatch.setattr(outputs, "write_annotated", raising(OutputError(problem)))
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

    monkeypatch.setattr(outputs, "write_annotated", too_late)
    assert main(["predict", "files", "--annotated", "drawn", "--csv", "o.csv"]) == 0
    assert files_of(rows_of("o.csv"))[-1] == "files/hopper.jpg"
    assert "files/clip.MOV: The annotated video could not be written.\n" in capsys.readouterr().err


def test_a_video_that_cannot_be_read_again_for_its_annotated_copy_harms_no_other(
    mixed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = OutputError("The annotated video could not be written.")
    error.__cause__ = OSError(5, "Input/output error")
    monkeypatch.setattr(outputs, "write_annotated", raising(error))
    assert main(["predict", "files", "--annotated", "drawn", "--csv", "o.csv"]) == 0
    assert files_of(rows_of("o.csv"))[-1] == "files/hopper.jpg"


def test_a_full_disk_ends_the_run_in_a_video_as_in_a_photo(
    mixed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:

    def full_disk(_video: object, _timeline: object, part: Path) -> None:
        cause = OSError(28, "No space left on device", str(part))
        raise OutputError("The annotated video could not be written.") from cause

    monkeypatch.setattr(outputs, "write_annotated", full_disk)
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
    assert main(["predict", "files", "--csv", "o.csv"]) == SOME_UNREADABLE
    cut_off = "The file is damaged or cut off before its end at 0:04."
    problems = {row["file"]: row["problem"] for row in rows_of("o.csv")}
    assert problems == {
        "files/a.png": "",
        "files/broken.mp4": "The video is broken or cut off and cannot be read.",
        "files/clip.MOV": "",
        "files/cut.mkv": cut_off,
        "files/hopper.jpg": "",
    }
    out, err = capsys.readouterr()
    assert f"files/cut.mkv: {cut_off}\n" in err
    assert out == "2 photos and 3 videos (1 could not be read): 5 faces\n"


@pytest.mark.parametrize("where", [b'"files/clip.MOV"', b",0.6,", b'"files/hopper.jpg"'])
def test_a_run_that_was_cut_off_in_a_video_analyzes_it_anew(mixed: Path, where: bytes) -> None:
    outputs = ["--csv", "o.csv", "--json", "o.json"]
    main(["predict", "files", *outputs])
    whole_csv, whole_json = Path("o.csv").read_bytes(), Path("o.json").read_bytes()
    Path("o.csv").write_bytes(whole_csv[: whole_csv.index(where) + 9])
    assert main(["predict", "files", *outputs, "--resume"]) == 0
    assert (Path("o.csv").read_bytes(), Path("o.json").read_bytes()) == (whole_csv, whole_json)


@takes_long
def test_ctrl_c_in_a_video_leaves_nothing_of_it_and_the_run_can_go_on(mixed: Path) -> None:
    (mixed / "clip.MOV").write_bytes(video_bytes(moving_portrait(300), "mov"))
    table = mixed.parent / "o.json"
    command = [sys.executable, "-m", "fer_core", "predict", str(mixed), "--json", str(table)]
    command += ["--annotated", str(mixed.parent / "drawn"), "--rate", "10", "--jobs", "2"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline_s = time.monotonic() + 60
    while not table.exists() or b"a.png" not in table.read_bytes():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert err.endswith("Interrupted; go on with --resume.\n")
    assert "Traceback" not in err
    assert {Path(row["file"]).name for row in json.loads(table.read_text())} == {"a.png"}
    drawn = mixed.parent / "drawn"
    assert everything(drawn) <= {"a.png.png", "hopper.jpg.png", "clip.MOV.mp4"}
    if (copy := drawn / "clip.MOV.mp4").exists():  # if it was, just then, whole
        with av.open(str(copy)) as whole:
            assert sum(1 for _ in whole.decode(video=0)) == 300
    subprocess.run([*command, "--resume"], cwd=ROOT, check=True, capture_output=True)
    assert len(json.loads(table.read_text())) == 2 + 300 + 1
    assert "clip.MOV.mp4" in everything(mixed.parent / "drawn")


def test_the_bar_moves_within_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress(4, shown=True) as progress:
        progress.advance(1.0)
        progress.finish_file()
        progress.advance(0.2)
        progress.write("b.mp4: damaged")
        progress.advance(0.8)
    last = terminal.getvalue().split("\r")[-1]
    assert last.startswith("1 of 4 files:  50%")
    assert "b.mp4: damaged\n" in terminal.getvalue()


def test_tensorflow_is_not_imported(folder: Path) -> None:
    program = (
        "import sys\n"
        "from fer_core.__main__ import main\n"
        "assert main(['predict', 'photos/two.png']) == 0\n"
        "sys.exit(', '.join({'tensorflow', 'keras', 'streamlit'} & set(sys.modules)) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
