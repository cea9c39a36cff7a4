"""All pages alike: sign-in, settings, counters, the header and the notice."""

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.e2e.conftest import free_port
from tests.pages.visits import encoded, open_app, open_page, portrait, texts, upload
from webapp import models, server
from webapp.live import viewer

PAGES = ["live", "photos", "videos", "models"]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_what_the_labels_are_and_what_the_law_forbids(name: str) -> None:
    page = open_page(name)
    assert "Labels describe an apparent expression, not a feeling." in texts(page)
    assert "article 5(1)(f)" in texts(page)
    assert page.radio(key="chosen_model").value == 0


@pytest.mark.parametrize("shown", ["photos", "videos", "live", "models"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'[auth]\nclient_id = "fer\n', id="an-unclosed-quote"),
        pytest.param(b'[auth]\nclient_id = "\xff"\n', id="not-utf-8"),
        # What Docker mounts where the file is missing; it cannot be read by root either.
        pytest.param(None, id="a-folder"),
    ],
)
def test_secrets_that_cannot_be_read_open_no_page(
    shown: str, content: bytes | None, secrets_file: Path
) -> None:
    if content is None:
        secrets_file.mkdir()
    else:
        secrets_file.write_bytes(content)
    page = open_app()
    page.switch_page(f"pages/{shown}.py").run()
    (error,) = page.error
    assert error.value.startswith("The app is not set up correctly: its `secrets.toml`")
    assert not page.exception
    assert len(page.main.children) == 1


@pytest.mark.parametrize("content", [None, "[other]\nkey = 1\n"], ids=["no-file", "no-provider"])
def test_without_a_provider_in_the_secrets_nobody_signs_in(
    content: str | None, secrets_file: Path
) -> None:
    if content is not None:
        secrets_file.write_text(content)
    page = open_app()
    assert not page.error
    assert page.title


def test_a_model_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FER_MODEL", "no-such-model")
    page = open_app()
    assert not page.exception
    assert page.error[0].value == models.NO_MODEL
    assert "no-such-model" in caplog.text
    assert len(page.button) == 0, "nothing else can be done"


def test_a_face_detector_that_is_none_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    models._load_analyzer.clear()  # it was loaded with Haar
    file = tmp_path / "yunet.onnx"
    file.write_bytes(b"<!doctype html>")
    monkeypatch.setenv("FER_DETECTOR", str(file))
    page = open_app()
    assert not page.exception
    assert page.error[0].value == models.NO_MODEL
    assert "yunet.onnx is no YuNet" in caplog.text
    assert len(page.button) == 0, "nothing else can be done"


def test_a_malformed_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_MAX_UPLOAD_MB", "many")
    page = open_app()
    assert not page.exception
    assert "FER_MAX_UPLOAD_MB" in page.error[0].value


@pytest.fixture
def metrics_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The app's counters start at zero and are read at this port."""
    port = free_port()
    server.activity.clear()
    monkeypatch.setenv("FER_METRICS_PORT", str(port))
    yield port
    server._metrics_endpoint.clear()


def read_metrics(port: int) -> list[str]:
    with urllib.request.urlopen(f"http://localhost:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text.splitlines()


def test_counters_are_read_at_their_port_however_often_pages_run(
    metrics_port: int, photo_page: AppTest
) -> None:
    good = encoded(portrait(), "PNG")
    upload(photo_page, ("good.png", good), ("cut.png", good[:2000]))
    photo_page.run()
    open_page("live").run()
    lines = read_metrics(metrics_port)
    assert "fer_photos_total 1.0" in lines
    assert 'fer_faces_total{source="photo"} 1.0' in lines
    assert 'fer_errors_total{kind="ImageDecodeError"} 1.0' in lines


def test_a_port_that_is_taken_is_one_sentence(
    metrics_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("localhost", metrics_port)):
        page = open_app()
    assert not page.exception
    assert f"FER_METRICS_PORT is {metrics_port}, but" in page.error[0].value
    assert len(page.button) == 0, "nothing else can be done"


def test_what_a_page_raises_is_counted_by_its_class(monkeypatch: pytest.MonkeyPatch) -> None:
    server.activity.clear()
    monkeypatch.setattr(viewer, "has_place", lambda _: 1 / 0)
    open_app()
    registry = server.activity().metrics.registry
    assert registry.get_sample_value("fer_errors_total", {"kind": "ZeroDivisionError"}) == 1
