"""An operator's view of a running app: its log and its counters."""

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import skimage.data
from PIL import Image
from playwright.sync_api import Page, expect

from tests.conftest import takes_long
from tests.e2e.conftest import App, counters, free_port
from tests.e2e.test_live import open_live_page, start, stop
from tests.waiting import wait_until

OUR_LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\S* [A-Z]+ [\w.]+: \S.*")
ADDRESS = re.compile(r"\b(?!127\.0\.0\.1)\d+\.\d+\.\d+\.\d+\b")


@pytest.fixture
def metrics_port() -> int:
    return free_port()


@pytest.fixture
def watched(tmp_path: Path, metrics_port: int) -> Iterator[App]:
    """An app with its counters at the port."""
    running = App(tmp_path / "log.txt", FER_METRICS_PORT=str(metrics_port))
    yield running
    running.stop()


def test_photos_and_a_live_session_are_logged_and_counted_without_who_or_what(
    camera_page: Page, watched: App, metrics_port: int, tmp_path: Path
) -> None:
    Image.fromarray(skimage.data.astronaut()).save(tmp_path / "my-holiday.jpg")
    (tmp_path / "my-diary.png").write_text("Dear reader,")
    camera_page.goto(f"{watched.url}/photos")
    files = camera_page.locator("input[type=file]")
    files.set_input_files([tmp_path / "my-holiday.jpg", tmp_path / "my-diary.png"])
    expect(camera_page.get_by_text("1 photo, 1 face")).to_be_visible(timeout=60_000)
    open_live_page(camera_page, watched)
    start(camera_page)
    playing = counters(metrics_port)
    assert playing["fer_live_sessions"] == 1
    stop(camera_page)
    wait_until(lambda: counters(metrics_port)["fer_live_sessions"] == 0, 20, "it ends")

    ended = counters(metrics_port)
    assert ended["fer_photos_total"] == 1
    assert ended['fer_faces_total{source="photo"}'] == 1
    assert ended['fer_errors_total{kind="ImageDecodeError"}'] == 1
    assert ended["fer_live_sessions_started_total"] == 1
    assert ended['fer_live_sessions_ended_total{reason="stopped"}'] == 1
    assert ended["fer_live_frames_total"] >= playing["fer_live_frames_total"] > 0
    drawn = ended['fer_live_stage_seconds_count{stage="draw"}']
    assert drawn == ended["fer_live_frames_total"]
    assert ended["process_resident_memory_bytes"] > 1e7

    log = watched.log.read_text()
    assert "Traceback" not in log
    assert "my-" not in log
    assert ADDRESS.findall(log) == []
    banner, *lines = log.split("URL: ", 1)[1].strip().splitlines()
    assert banner == watched.url
    lines = [line for line in lines if not line.startswith("INFO: Created TensorFlow Lite")]
    assert [line for line in lines if line and not OUR_LINE.fullmatch(line)] == []
    events = [line.split(": ", 1)[1] for line in lines if " webapp.monitoring.activity: " in line]
    shapes = [re.sub(r"\d+", "N", event) for event in events]
    assert sorted(shapes[:2]) == ["failed: error=ImageDecodeError", "photo analyzed: faces=N ms=N"]
    assert shapes[2:] == [
        "live session started: number=N",
        "live session ended: number=N reason=stopped seconds=N frames=N dropped=N failed=N",
    ]


def n_socket_pairs(app: App) -> int:
    """Number of these that the process holds: one for each event loop and each live visit."""
    links = set()
    for descriptor in Path(f"/proc/{app.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            links.add(str(descriptor.readlink()))
    unix = Path(f"/proc/{app.process.pid}/net/unix").read_text().splitlines()[1:]
    return sum(f"socket:[{line.split()[6]}]" in links for line in unix) // 2


@takes_long
def test_visits_are_forgotten_though_nobody_comes_afterwards(
    camera_page: Page, tmp_path: Path
) -> None:
    browser = camera_page.context.browser
    assert browser is not None
    running = App(tmp_path / "log.txt", STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL="1")
    try:
        for _ in range(4):
            page = browser.new_page()
            open_live_page(page, running)
            start(page)
            page.close()
            if n_socket_pairs(running) > 2:  # unless the first one was forgotten meanwhile
                break
        assert n_socket_pairs(running) > 2
        wait_until(lambda: n_socket_pairs(running) <= 2, 120, "the visits are forgotten")
    finally:
        running.stop()


def test_without_a_port_nothing_else_listens(page: Page, app: App) -> None:
    page.goto(f"{app.url}/photos")
    expect(page.get_by_role("heading", name="Read the expression on any face")).to_be_visible(
        timeout=60_000
    )
    assert app.tcp_ports() == {app.port}
