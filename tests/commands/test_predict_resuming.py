"""Runs of `predict` that were cut off, and go on."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from fer_core.__main__ import main
from fer_core.commands.engines import file_work
from fer_core.commands.predict import SOME_LEFT_OUT
from fer_core.reports.rows import analyze_photo
from tests.commands.interruption import finished, press_ctrl_c, start
from tests.commands.tables import ROOT, everything, files_of, rows_of
from tests.conftest import takes_long
from tests.faces import two_astronauts
from tests.videos import moving_portrait, video_bytes
from tests.waiting import wait_until


def test_a_run_goes_on_where_it_was_cut_off(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = ["--csv", "o.csv", "--json", "o.json"]
    main(["predict", "photos", *outputs])
    whole_csv, whole_json = Path("o.csv").read_bytes(), Path("o.json").read_bytes()
    Path("o.csv").write_bytes(whole_csv[: whole_csv.index(b"wall.gif") + 20])
    assert main(["predict", "photos", *outputs, "--resume"]) == 0
    assert (Path("o.csv").read_bytes(), Path("o.json").read_bytes()) == (whole_csv, whole_json)
    assert "2 photos: 1 face\n" in capsys.readouterr().err
    assert main(["predict", "photos", *outputs, "--resume"]) == 0
    assert (Path("o.csv").read_bytes(), Path("o.json").read_bytes()) == (whole_csv, whole_json)
    assert "Everything was done already: 4 photos.\n" in capsys.readouterr().err


@pytest.mark.parametrize("asked", [["--min-face", "64"], ["--whole-image"]], ids=" ".join)
def test_a_run_does_not_go_on_with_rows_of_other_faces(
    asked: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["predict", "photos/wall.gif", "--csv", "o.csv"]
    assert main([*command, *asked]) == 0
    rows = Path("o.csv").read_bytes()
    assert main([*command, "--resume"]) == 2
    assert "with detector haar" in capsys.readouterr().err
    assert main([*command, *asked, "--resume"]) == 0
    assert Path("o.csv").read_bytes() == rows


def out_of_memory_in_opencv() -> cv2.error:
    error = cv2.error("Insufficient memory")
    error.code = cv2.Error.StsNoMem
    return error


@pytest.mark.parametrize("shortage", [MemoryError(), out_of_memory_in_opencv()], ids=type)
def test_a_good_photo_that_memory_was_short_for_is_tried_again(
    shortage: Exception,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def short(analyzer: Any, file: str, *args: Any, **options: Any) -> Any:
        if file.endswith("two.png"):
            raise shortage
        return analyze_photo(analyzer, file, *args, **options)

    command = ["predict", "photos/two.png", "photos/wall.gif", "--csv", "o.csv", "--resume"]
    with monkeypatch.context() as patched:
        patched.setattr(file_work, "analyze_photo", short)
        assert main([*command, "--jobs", "1"]) == SOME_LEFT_OUT
    err = capsys.readouterr().err
    assert "two.png: There is not enough memory for it just now; --resume tries it again." in err
    assert set(files_of(rows_of("o.csv"))) == {"photos/wall.gif"}
    assert main(command) == 0
    assert set(files_of(rows_of("o.csv"))) == {"photos/two.png", "photos/wall.gif"}


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
    assert "o.csv holds predictions with rate 5.0, not 2.0: go on" in capsys.readouterr().err
    assert Path("o.csv").read_bytes() == before
    assert main([*again[:-1], "5"]) == 0, "what was usual may be named"


def test_photos_have_no_rate_to_differ_in(folder: Path) -> None:
    main(["predict", "photos/two.png", "--csv", "o.csv"])
    options = ["--csv", "o.csv", "--resume", "--rate", "2"]
    assert main(["predict", "photos/two.png", "photos/wall.gif", *options]) == 0
    assert files_of(rows_of("o.csv")) == ["photos/two.png"] * 2 + ["photos/wall.gif"]


def test_ctrl_c_leaves_whole_rows_and_the_run_can_go_on(tmp_path: Path) -> None:
    two = two_astronauts()
    for number in range(16):
        Image.fromarray(np.roll(two, number, axis=1)).save(tmp_path / f"{number:02}.png")
    table = tmp_path / "o.json"
    command = ["predict", str(tmp_path), "--csv", str(tmp_path / "o.csv"), "--json", str(table)]
    press_ctrl_c(
        start(*command),
        lambda: table.exists() and table.stat().st_size > 2000,
        "a few photos are done",
    )
    assert 0 < len(json.loads(table.read_text())) < 32
    assert finished(start(*command, "--resume"))[0] == 0
    assert len(json.loads(table.read_text())) == 32
    assert len(rows_of(str(tmp_path / "o.csv"))) == 32


def test_what_a_killed_run_left_of_annotated_copies_is_gone_once_it_goes_on(
    tmp_path: Path,
) -> None:
    two = two_astronauts()
    for number in range(10):
        Image.fromarray(np.roll(two, number, axis=1)).save(tmp_path / f"{number:02}.png")
    table, drawn = tmp_path / "o.csv", tmp_path / "drawn"
    command = [sys.executable, "-m", "fer_core", "predict", str(tmp_path)]
    command += ["--csv", str(table), "--annotated", str(drawn)]
    process = subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_until(
        lambda: table.exists() and table.read_bytes().count(b"\n") > 4, 60, "some rows", process
    )
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    assert any(name.endswith(".part") for name in everything(drawn))
    subprocess.run([*command, "--resume"], cwd=ROOT, check=True, capture_output=True)
    assert everything(drawn) == {f"{number:02}.png.png" for number in range(10)}


@takes_long
def test_ctrl_c_in_a_video_leaves_nothing_of_it_and_the_run_can_go_on(mixed: Path) -> None:
    (mixed / "clip.MOV").write_bytes(video_bytes(moving_portrait(300), "mov"))
    table = mixed.parent / "o.json"
    command = ["predict", str(mixed), "--json", str(table), "--rate", "10", "--jobs", "2"]
    command += ["--annotated", str(mixed.parent / "drawn")]
    press_ctrl_c(
        start(*command),
        lambda: table.exists() and b"a.png" in table.read_bytes(),
        "a photo is done",
    )
    assert {Path(row["file"]).name for row in json.loads(table.read_text())} == {"a.png"}
    drawn = mixed.parent / "drawn"
    assert everything(drawn) <= {"a.png.png", "hopper.jpg.png", "clip.MOV.mp4"}
    if (copy := drawn / "clip.MOV.mp4").exists():  # if it was, just then, whole
        with av.open(str(copy)) as whole:
            assert sum(1 for _ in whole.decode(video=0)) == 300
    assert finished(start(*command, "--resume"))[0] == 0
    assert len(json.loads(table.read_text())) == 2 + 300 + 1
    assert "clip.MOV.mp4" in everything(mixed.parent / "drawn")
