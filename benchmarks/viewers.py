"""An app and its viewers, for benchmarks: headless Chromium whose camera plays a clip."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserType, FrameLocator, ViewportSize, sync_playwright

from tests.e2e.clip import write_clip
from tests.e2e.conftest import CHROMIUM, QUIET, App, counters, free_port

PATIENCE_S = 60
CAMERA = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # A tab that nobody looks at would show fewer frames.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
]
WINDOW: ViewportSize = {"width": 1176, "height": 720}
"""A window that shows 640x480 as it is. Without a graphics processor, scaling each frame takes the
browser some hundredths of a processor more."""


@dataclass(frozen=True)
class Usage:
    """The memory and time that the app's process takes."""

    rss_mb: float
    cpu_s: float
    n_threads: int
    n_sockets: int


class Server:
    """A running app whose counters are read."""

    def __init__(self, log: Path, script: str = "serve.py", **environ: str) -> None:
        """Start it with these variables set."""
        self._metrics_port = free_port()
        # As `make run` and the image set it: two heaps for all threads.
        heaps = {"MALLOC_ARENA_MAX": "2"}
        self.app = App(log, script, FER_METRICS_PORT=str(self._metrics_port), **heaps | environ)
        _put_first(self.app.process.pid)

    def counters(self) -> dict[str, float]:
        """The counters by name; they can be read once a page was opened."""
        return counters(self._metrics_port)

    def usage(self) -> Usage:
        """The process's memory and time up to now."""
        process = Path(f"/proc/{self.app.process.pid}")
        status = (process / "status").read_text().split()
        times = (process / "stat").read_text().rpartition(")")[2].split()
        links = []
        for descriptor in (process / "fd").iterdir():
            try:
                links.append(str(descriptor.readlink()))
            except FileNotFoundError:  # closed just now
                continue
        return Usage(
            rss_mb=int(status[status.index("VmRSS:") + 1]) / 1024,
            cpu_s=(int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
            n_threads=self.app.n_threads(),
            n_sockets=sum(link.startswith("socket:") for link in links),
        )


def _put_first(pid: int) -> None:
    """Let it go before the viewers' browsers, which elsewhere have processors of their own.

    Each browser is a session of its own, and Linux shares the processors out by session.
    """
    with suppress(OSError):  # no such groups here, or not root
        Path(f"/proc/{pid}/autogroup").write_text("-20")


class Viewer:
    """One viewer with a browser of their own, on the live page."""

    def __init__(
        self, chromium: BrowserType, clip: Path, url: str, *flags: str, program: str | None = None
    ) -> None:
        """Open the page.

        Args:
            chromium: Launches browsers.
            clip: The camera's frames.
            url: The app's address.
            flags: More flags for the browser.
            program: The browser to run instead of Chromium.
        """
        arguments = [*QUIET, *CAMERA, f"--use-file-for-fake-video-capture={clip}", *flags]
        self._browser = chromium.launch(executable_path=program or CHROMIUM, args=arguments)
        session = self._browser.new_browser_cdp_session()
        processes = session.send("SystemInfo.getProcessInfo")["processInfo"]
        self._pids = [process["id"] for process in processes if process["type"] == "browser"]
        self.page = self._browser.new_page(viewport=WINDOW)
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.page.goto(f"{url}/live")

    @property
    def _frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe[src*='streamlit_webrtc']")

    def start(self) -> float | None:
        """Press START; the seconds until frames come back, None if none do for long."""
        button = self.page.get_by_role("button", name="START", exact=True)
        button.wait_for()
        button.click()
        return self.seconds_until_moving()

    def stop(self) -> None:
        """Press STOP."""
        self.page.get_by_role("button", name="Stop", exact=True).click()

    def n_frames(self) -> int:
        """Frames that the page's video has shown."""
        n: int = self._frame.locator("body").evaluate(
            "body => body.querySelector('video')?.getVideoPlaybackQuality().totalVideoFrames ?? 0"
        )
        return n

    def seconds_until_moving(self) -> float | None:
        """Seconds until a few more frames were shown; None if none are for long."""
        start_s, before = time.monotonic(), self.n_frames()
        while (waited_s := time.monotonic() - start_s) < PATIENCE_S:
            now = self.n_frames()
            if now > before + 5:
                return waited_s
            before = min(before, now)  # a new connection counts from 0
            time.sleep(0.05)
        return None

    def kill(self) -> None:
        """End the browser as a crash does."""
        for pid in self._pids:
            os.kill(pid, signal.SIGKILL)
        self._browser.close()

    def close(self) -> None:
        """Close the tab and the browser."""
        self.page.close()
        self._browser.close()


@contextmanager
def stage(script: str = "serve.py", **environ: str) -> Iterator[tuple[Server, BrowserType, Path]]:
    """An app, what launches browsers, and the clip for their cameras."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        clip = Path(folder) / "camera.mjpeg"
        write_clip(clip)
        server = Server(Path(folder) / "log.txt", script, **environ)
        try:
            yield server, playwright.chromium, clip
        finally:
            server.app.stop()
