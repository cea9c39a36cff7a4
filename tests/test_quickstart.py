"""Each job of docs/quickstart.md, as a reader runs it, in a folder with a photo and a clip."""

import re
import shlex
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import pytest

from fer_core.__main__ import main
from fer_core.classification import DEFAULT_MODEL, MODELS_DIR
from fer_core.images import RgbImage
from tests.conftest import takes_long
from tests.faces import grace_hopper_jpeg
from tests.fer2013 import rows, write_table
from tests.videos import moving_portrait, video_bytes

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "quickstart.md").read_text(encoding="utf-8")
JOBS = dict(part.split("\n", 1) for part in re.split(r"^## ", PAGE, flags=re.MULTILINE)[2:])
MAX_LINES = 10


def blocks(job: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", JOBS[job], re.MULTILINE | re.DOTALL)


def play(job: str) -> dict[str, Any]:
    """Run the job's Python; what it has in its hands afterwards."""
    names: dict[str, Any] = {}
    exec("".join(blocks(job, "python")), names)
    return names


@pytest.fixture(autouse=True)
def in_a_folder_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    for photo in ("photo.jpg", "photos/a.jpg"):
        (tmp_path / photo).write_bytes(grace_hopper_jpeg())
    (tmp_path / "photos" / "b.jpg").write_bytes(b"")
    (tmp_path / "clip.mp4").write_bytes(video_bytes(moving_portrait(10)))
    monkeypatch.chdir(tmp_path)


def test_there_are_five_jobs_of_ten_lines() -> None:
    assert len(JOBS) == 5
    for job in JOBS:
        lines = [line for code in blocks(job, "python") for line in code.splitlines() if line]
        assert 0 < len(lines) <= MAX_LINES, job


def test_a_photo(capsys: pytest.CaptureFixture[str]) -> None:
    names = play("A photo")
    assert re.match(r"[a-z]+ \d+% \(", capsys.readouterr().out)
    assert names["annotated"].shape == (600, 512, 3)


def test_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = play("A folder to a table")
    assert names["table"]["n_faces"].tolist() == [1, 0]
    assert "The file is empty." in capsys.readouterr().out
    assert (tmp_path / "emotions.csv").is_file()
    (line,) = blocks("A folder to a table", "sh")
    (tmp_path / "photos" / "b.jpg").unlink()
    assert main(shlex.split(line)[1:]) == 0
    assert (tmp_path / "faces.csv").is_file()


def test_a_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(mpl.rcParams, "backend", "agg")
    play("A video to a chart")
    assert (tmp_path / "clip.png").stat().st_size > 1000


class Camera:
    """Gives a few frames as OpenCV does, and then none."""

    def __init__(self, number: int) -> None:
        self._frames = iter(moving_portrait(5))

    def read(self) -> tuple[bool, RgbImage | None]:
        frame = next(self._frames, None)
        return (False, None) if frame is None else (True, frame[:, :, ::-1])


def test_a_camera(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", Camera)
    names = play("Your own camera, live")
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert names["result"].image.shape == (240, 320, 3)


def test_a_model_in_a_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").symlink_to(MODELS_DIR / DEFAULT_MODEL)
    play("A model of your own")
    assert re.search(r"^0\.\d+\n<photo\.jpg: 1 face: [a-z]+ \d+%", capsys.readouterr().out)


@takes_long
def test_a_model_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_table(tmp_path / "fer2013.csv", rows(70, 14, 14))
    train, evaluate = "".join(blocks("A model of your own", "sh")).splitlines()
    assert main([*shlex.split(train)[1:], "--epochs", "1"]) == 0
    assert main(shlex.split(evaluate)[1:]) == 0
    play("A model of your own")
