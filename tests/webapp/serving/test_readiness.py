"""The app is ready where its settings hold and its model is whole."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from starlette.requests import Request

from fer_core.classification.model_store import find_model
from webapp.serving.readiness import ready


def status() -> tuple[int, bytes]:
    answer = asyncio.run(ready(Request({"type": "http"})))
    return answer.status_code, bytes(answer.body)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "mini"
    shutil.copytree(find_model("mini-xception"), folder)
    monkeypatch.setenv("FER_MODEL", str(folder))
    return folder


def test_a_whole_model_is_ready_until_a_bit_flips(model: Path) -> None:
    assert status() == (200, b"ready")
    file = model / "model.tflite"
    content = bytearray(file.read_bytes())
    content[1000] ^= 1
    file.write_bytes(content)
    os.utime(file, (1, 1))
    assert status() == (503, b"not ready")


def test_a_model_that_is_gone_is_not_ready_and_no_folder_is_named(model: Path) -> None:
    (model / "model.tflite").unlink()
    assert status() == (503, b"not ready")
    shutil.rmtree(model)
    assert status() == (503, b"not ready")


def test_malformed_settings_are_not_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_MAX_UPLOAD_MB", "much")
    assert status() == (503, b"not ready")
