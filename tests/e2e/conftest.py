"""A running app and a real Chromium with a fake camera."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserType, Page, sync_playwright

from tests.e2e.clip import write_clip

collect_ignore = ["scripts"]
"""Pages and servers that tests start, not tests themselves: they run when they are imported."""

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
START_TIMEOUT_S = 60
LISTENING = "0A"  # TCP_LISTEN in /proc/net/tcp

QUIET = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--disable-quic",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Chromium the browser's tests are skipped, but never in CI."""
    if CHROMIUM is None and not os.environ.get("CI"):
        skip = pytest.mark.skip(reason="needs Chromium, such as Debian's package chromium")
        for item in items:
            if ROOT / "tests" / "e2e" in item.path.parents:
                item.add_marker(skip)


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def counters(port: int) -> dict[str, float]:
    """Read this port as Prometheus does: each counter's value by name and labels."""
    with urllib.request.urlopen(f"http://localhost:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


class App:
    """A running app: its address and its process."""

    def __init__(self, log: Path, script: str = "serve.py", **environ: str) -> None:
        """Start it with these variables set and wait until it is healthy."""
        self.port = port = free_port()
        self.url = f"http://localhost:{port}"
        self.log = log
        command = [sys.executable, "-m", "streamlit", "run", script]
        options = ["--server.headless=true", f"--server.port={port}"]
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*command, *options],
                cwd=ROOT,
                env=os.environ | environ,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
        except BaseException:
            self.process.kill()
            raise

    def _wait(self) -> None:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not self._healthy():
            assert self.process.poll() is None, f"the app ended: {self.log.read_text()}"
            assert time.monotonic() < deadline_s, f"the app did not start: {self.log.read_text()}"
            time.sleep(0.1)

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def n_threads(self) -> int:
        """Number of threads of the app's process."""
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def tcp_ports(self) -> set[int]:
        """The ports at which the app's process listens for TCP."""
        process = Path(f"/proc/{self.process.pid}")
        links = set()
        for descriptor in (process / "fd").iterdir():
            with suppress(FileNotFoundError):  # it was closed just now
                links.add(str(descriptor.readlink()))
        lines = [(process / "net" / name).read_text().splitlines()[1:] for name in ("tcp", "tcp6")]
        sockets = [line.split() for line in chain(*lines)]
        return {
            int(fields[1].rsplit(":", 1)[1], 16)
            for fields in sockets
            if fields[3] == LISTENING and f"socket:[{fields[9]}]" in links
        }

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=10)


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    running = App(tmp_path_factory.mktemp("app") / "log.txt")
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "camera.mjpeg"
    write_clip(path)
    return path


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    with sync_playwright() as playwright:
        yield playwright.chromium


def launch(chromium: BrowserType, *flags: str) -> Browser:
    """A fresh Chromium with these flags."""
    return chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *flags])


@pytest.fixture
def page(chromium: BrowserType) -> Iterator[Page]:
    """A page of a browser without a camera."""
    browser = launch(chromium)
    yield browser.new_page()
    browser.close()


@pytest.fixture
def camera_page(chromium: BrowserType, clip: Path) -> Iterator[Page]:
    """A page of a browser whose camera plays the clip."""
    browser = launch(
        chromium,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
    )
    yield browser.new_page()
    browser.close()
