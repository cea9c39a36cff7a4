"""The command line between others: `-`, pipes, and readers that leave."""

import csv
import io
import json
import os
import shlex
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from fer_core.__main__ import _parser, main
from fer_core.commands.predict import SOME_LEFT_OUT
from tests.faces import grace_hopper_jpeg, plain

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a photo of a face and one of a wall."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.jpg").write_bytes(grace_hopper_jpeg())
    Image.fromarray(plain(90, 60)).save(tmp_path / "b.png")
    return tmp_path


def feed(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


# --- out ---


@pytest.mark.parametrize("target", ["-", "/dev/stdout", "/dev/fd/1"])
def test_json_goes_to_standard_output_and_nothing_else_does(
    folder: Path, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    assert main(["predict", "a.jpg", "b.png", "--json", target]) == 0
    out, err = capsys.readouterr()
    assert [(row["file"], row["n_faces"]) for row in json.loads(out)] == [
        ("a.jpg", 1),
        ("b.png", 0),
    ]
    assert err.endswith("2 photos: 1 face\n")
    assert {path.name for path in folder.iterdir()} == {"a.jpg", "b.png"}


def test_csv_goes_to_standard_output_without_a_mark_and_json_to_a_file(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["predict", "a.jpg", "--csv", "-", "--json", "o.json"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert row["file"] == "a.jpg"
    assert json.loads(Path("o.json").read_text(encoding="utf-8"))[0]["file"] == "a.jpg"


def test_what_is_refused_writes_nothing_to_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for options, sentence in (
        (["--json", "-", "--csv", "/dev/stdout"], "must be two files"),
        (["--json", "-", "--resume"], "name a file for them"),
        (["--json", "-", "--csv", "o.csv", "--resume"], "needs files"),
        (["--json", "-", "--csv", "a.jpg"], "a.jpg exists"),
        (["--json", "-", "--csv", "."], "cannot be used: Is a directory"),
    ):
        assert main(["predict", "a.jpg", *options]) == 2
        out, err = capsys.readouterr()
        assert (out, sentence in err) == ("", True)


def test_rows_go_into_a_named_pipe_too() -> None:
    os.mkfifo("pipe")
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(Path("pipe").read_text("utf-8")))
    reader.start()
    assert main(["predict", "a.jpg", "--json", "pipe"]) == 0
    reader.join()
    assert json.loads(read[0])[0]["file"] == "a.jpg"


# --- in ---


def test_a_photo_comes_from_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(monkeypatch, grace_hopper_jpeg())
    assert main(["predict", "-", "b.png", "--json", "-", "--annotated", "copies"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["file"], row["n_faces"]) for row in rows] == [("/dev/stdin", 1), ("b.png", 0)]
    assert any(Path("copies").rglob("stdin.png"))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "The file is empty."), (b"text", "This is not a JPG")],
)
def test_what_is_no_photo_on_standard_input_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    content: bytes,
    sentence: str,
) -> None:
    feed(monkeypatch, content)
    assert main(["predict", "-"]) == 2
    assert capsys.readouterr().err.startswith(f"/dev/stdin: {sentence}")
    feed(monkeypatch, content)
    assert main(["predict", "-", "a.jpg"]) == SOME_LEFT_OUT


def test_more_than_a_photo_may_have_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fer_core.commands.media_files.MAX_FILE_BYTES", 1000)
    feed(monkeypatch, grace_hopper_jpeg())
    assert main(["predict", "-"]) == 2
    assert "/dev/stdin: The file is larger than" in capsys.readouterr().err


def test_a_file_called_like_standard_input_is_reached_by_its_folder(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("a.jpg").rename("-")
    assert main(["predict", "./-"]) == 0
    assert capsys.readouterr().out.startswith("-: 1 face: ")


def test_a_cluster_has_no_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fer_core.commands.predict.need_ray", lambda: None)
    assert main(["predict", "-", "--engine", "ray"]) == 2
    assert "This process reads a photo" in capsys.readouterr().err


# --- readers that leave ---


@pytest.mark.parametrize(
    "command", ["models", "predict --help", "predict a.jpg", "predict a.jpg --json -"]
)
def test_a_pipe_that_nobody_reads_ends_quietly(folder: Path, command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "fer_core", *command.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert done.returncode in (0, 1)  # argparse leaves out help that nobody reads
    assert [line for line in done.stderr.splitlines() if "XNNPACK" not in line] == []


# --- help ---


def test_every_command_has_examples_that_it_takes(capsys: pytest.CaptureFixture[str]) -> None:
    parser = _parser()
    (commands,) = [a.choices for a in parser._actions if isinstance(a.choices, dict)]
    for name in commands:
        with pytest.raises(SystemExit, match="0"):
            parser.parse_args([name, "--help"])
        _, _, examples = capsys.readouterr().out.partition("example")
        lines = [line for line in examples.splitlines() if line.startswith("  fer-core ")]
        assert lines, name
        for line in lines:
            words = shlex.split(line.partition(" < ")[0])[1:]
            if "--status" not in words:  # shows something as soon as it is read, as --help does
                assert parser.parse_args(words).run is not None
