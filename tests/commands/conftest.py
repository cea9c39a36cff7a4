"""Folders of files for `predict`."""

from pathlib import Path

import pytest
from PIL import Image

from tests.faces import grace_hopper_jpeg, plain, two_astronauts
from tests.videos import moving_portrait, video_bytes


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with photos in it, one of them broken."""
    monkeypatch.chdir(tmp_path)
    photos = tmp_path / "photos"
    (photos / "2024").mkdir(parents=True)
    Image.fromarray(two_astronauts()).save(photos / "two.png")
    Image.fromarray(plain(90, 60)).save(photos / "wall.gif")
    (photos / "2024" / "hopper.JPG").write_bytes(grace_hopper_jpeg())
    (photos / "broken.jpg").write_bytes(grace_hopper_jpeg()[:300])
    (photos / "notes.txt").write_text("not a photo, and not called one")
    return photos


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
