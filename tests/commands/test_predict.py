"""The command `predict`, on real photos."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from fer_core.__main__ import main
from fer_core.analysis import EmotionAnalyzer
from fer_core.commands.predict import SOME_LEFT_OUT
from fer_core.reports import PredictionSource, table_csv, table_json
from tests.commands.tables import ROOT, everything, files_of, rows_of
from tests.faces import astronaut, file_bytes, grace_hopper_jpeg, plain
from tests.tiny_yunet import write_yunet
from tests.videos import moving_portrait, video_bytes
from webapp.visits.photo_results import Photo, analyze


def test_a_folder_is_analyzed_with_the_folders_in_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = everything(folder.parent)
    assert main(["predict", "photos", "--csv", "o.csv", "--json", "o.json"]) == SOME_LEFT_OUT
    names = ["photos/broken.jpg", "photos/two.png", "photos/two.png", "photos/wall.gif"]
    assert files_of(rows_of("o.csv")) == [*names, "photos/2024/hopper.JPG"]
    of_json = json.loads(Path("o.json").read_text(encoding="utf-8"))
    assert [{k: "" if v is None else str(v) for k, v in row.items()} for row in of_json] == (
        rows_of("o.csv")
    )
    out, err = capsys.readouterr()
    assert out == ""
    assert "4 photos (1 could not be read): 3 faces\n" in err
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
    assert main(["predict", *names, "--csv", "o.csv", "--json", "o.json"]) == SOME_LEFT_OUT
    photos = [Photo(name, name, Path(name).read_bytes()) for name in names]
    reports = [analyze(analyzer, photo, (792, 540)).report for photo in photos]
    source = PredictionSource.of(analyzer)
    assert Path("o.csv").read_bytes() == table_csv(reports, source)
    assert Path("o.json").read_bytes() == table_json(reports, source)


def test_a_second_table_that_begins_later_costs_the_first_none_of_its_rows(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", "photos", "--csv", "o.csv"]) == SOME_LEFT_OUT
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


def test_the_smallest_face_is_an_option(folder: Path) -> None:
    Image.fromarray(astronaut()).save(folder / "face.png")  # of 97 pixels
    assert main(["predict", "photos/face.png", "--min-face", "200", "--csv", "o.csv"]) == 0
    (row,) = rows_of("o.csv")
    assert row["n_faces"] == "0"


def test_photos_are_taken_for_faces_that_were_cut_out_already(folder: Path) -> None:
    paths = ["photos/two.png", "photos/wall.gif"]
    assert main(["predict", *paths, "--whole-image", "--csv", "o.csv"]) == 0
    rows = rows_of("o.csv")
    assert [row["source"] for row in rows] == ["whole image", "whole image"]
    assert [(row["x2"], row["y2"]) for row in rows] == [(r["width"], r["height"]) for r in rows]


def test_a_photo_that_is_cut_off_is_analyzed_and_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "short.jpg").write_bytes(grace_hopper_jpeg()[:-2])
    assert main(["predict", "photos/short.jpg"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("photos/short.jpg: 1 face: ")
    assert "photos/short.jpg: The photo is cut off" in err


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
    assert main(["predict", *paths, "photos/two.png", "--csv", "o.csv"]) == SOME_LEFT_OUT
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
        pytest.param(
            ["photos", "--csv", "o", "--json", "no/o"],
            "There is no folder no.",
            id="no folder for it",
        ),
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
        pytest.param(["photos", "--model", "nobody"], "no model 'nobody'", id="no model"),
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
    assert main(["predict", "photos/two.png", "photos/wall.gif"]) == SOME_LEFT_OUT


def test_a_huge_file_is_refused_unread(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "huge.png").open("wb") as file:
        file.truncate(2**34)
    assert main(["predict", "photos/huge.png", "photos/wall.gif"]) == SOME_LEFT_OUT
    assert "photos/huge.png: The file is larger than 200 MB." in capsys.readouterr().err


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


def test_a_video_that_breaks_off_before_its_first_frame_stops_nobody_else(folder: Path) -> None:
    os.chdir(folder)
    frames = [Image.fromarray(frame) for frame in moving_portrait(4)]
    options = {"save_all": True, "append_images": frames[1:], "default_image": True}
    whole = file_bytes(frames[0], "PNG", **options)
    Path("clip.png").write_bytes(whole[: whole.index(b"fdAT") + 5])
    assert main(["predict", "clip.png", "two.png", "--csv", "o.csv"]) == SOME_LEFT_OUT
    clip, *others = rows_of("o.csv")
    assert "broken or cut off" in clip["problem"]
    assert files_of(others) == ["two.png"] * 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_in_a_folder_is_left_out_and_not_waited_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(folder / "2024" / "pipe.jpg")
    assert main(["predict", str(folder / "2024"), "--csv", "o.csv"]) == SOME_LEFT_OUT
    assert "a pipe or a device: 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "photos/no.jpg"])
def test_a_name_that_stands_for_nothing_is_refused(
    folder: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["predict", name]) == 2
    assert "An empty name" in capsys.readouterr().err or name


def test_letters_that_a_terminal_does_not_know_end_nothing(folder: Path) -> None:
    shutil.copy(folder / "two.png", folder / "\u65e5.png")
    done = subprocess.run(
        [sys.executable, "-m", "fer_core", "predict", str(folder / "\u65e5.png")],
        env=os.environ | {"PYTHONIOENCODING": "cp1252"},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"\\u65e5.png: 2 faces" in done.stdout


@pytest.mark.skipif(os.name != "posix", reason="closes streams as shells do")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-"])
def test_a_stream_that_is_closed_from_the_start_ends_nothing(folder: Path, closed: str) -> None:
    command = f'"{sys.executable}" -m fer_core predict "{folder}/two.png" --csv o.csv {closed}'
    done = subprocess.run(
        command, shell=True, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == 0
    assert files_of(rows_of("o.csv")) == [f"{folder}/two.png"] * 2
