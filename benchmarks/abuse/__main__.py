"""A second visitor's waiting times while others try to stop the server.

    python -m benchmarks.abuse [--seconds N] [--attack NAME ...] [--viewer]

Starts the app on this machine and plays each attack against it for N seconds, eight attackers at a
time, who share an address that is not the visitor's. Prints the longest health check meanwhile, the
time of a photo of 1280x720 from its upload to its faces, the frames a second of a live viewer, and
the memory of all processes of the server, at last a minute after the attacks. Nothing but this
machine is talked to.
"""

import argparse
import statistics
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

import fer_core
from benchmarks.abuse.attacks import ATTACKS, under_attack
from benchmarks.viewers import Viewer
from tests.e2e.clip import write_clip
from tests.e2e.conftest import App
from tests.e2e.visitor import Visitor
from tests.faces import astronaut, file_bytes
from webapp.jobs import finished
from webapp.serving import turns
from webapp.serving.workers import PHOTO, Workers
from webapp.visits.photo_results import Photo, analyze

PATIENCE_S = 60.0
AFTERWARDS_S = 60.0
SHOWN_WH = 792, 540


def main() -> None:
    """Play the attacks and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--attack", nargs="+", choices=ATTACKS, default=list(ATTACKS))
    parser.add_argument("--viewer", action="store_true", help="with a live viewer in Chromium")
    options = parser.parse_args()
    print(cost_of_workers(), flush=True)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        app = App(Path(folder) / "log.txt", MALLOC_ARENA_MAX="2")
        stack.callback(app.stop)
        viewer = stack.enter_context(live_viewer(app, Path(folder))) if options.viewer else None
        observe(app, viewer, 0)  # the first photo loads the model
        print(f"{'no attack':30} {observe(app, viewer, options.seconds)}", flush=True)
        for name in options.attack:
            with under_attack(name, app.url, options.seconds):
                felt = observe(app, viewer, options.seconds)
            print(f"{name:30} {felt}", flush=True)
        threading.Event().wait(AFTERWARDS_S)
        print(f"{AFTERWARDS_S:.0f} s after the last: memory {memory_mb(app.process.pid):.0f} MB")
        print(f"{'no attack':30} {observe(app, viewer, options.seconds)}", flush=True)


@dataclass
class Felt:
    """Times and memory while a visitor used the app."""

    health_s: list[float] = field(default_factory=list)
    photos_s: list[float] = field(default_factory=list)
    n_refused: int = 0
    frames_a_s: float | None = None
    memory_mb: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        """One line."""
        frames = "" if self.frames_a_s is None else f"live {self.frames_a_s:.1f} a second; "
        return (
            f"health at most {max(self.health_s):.3f} s; photo {_range_s(self.photos_s)}, "
            f"{self.n_refused} refused; {frames}memory at most {max(self.memory_mb):.0f} MB"
        )


def _range_s(seconds: list[float]) -> str:
    if not seconds:
        return "never"
    return f"{statistics.median(seconds):.2f} s, at most {max(seconds):.2f}"


def observe(app: App, viewer: Viewer | None, seconds: float) -> Felt:
    """Visit the app and have a photo read, again and again."""
    felt, photo = Felt(), photo_720p()
    start_s, n_before = time.monotonic(), viewer.n_frames() if viewer else 0
    with watched(app, felt):
        while not (felt.photos_s or felt.n_refused) or time.monotonic() < start_s + seconds:
            with suppress(Exception), closing(Visitor(app.url)) as visitor:
                begin_s = time.monotonic()
                if visitor.submit("photos", photo, "photo.jpg") and visitor.until(
                    b"1 photo, 1 face", PATIENCE_S
                ):
                    felt.photos_s.append(time.monotonic() - begin_s)
                    continue
            felt.n_refused += 1
    if viewer:
        felt.frames_a_s = (viewer.n_frames() - n_before) / (time.monotonic() - start_s)
    return felt


@contextmanager
def watched(app: App, felt: Felt) -> Iterator[None]:
    """Ask for the health and read the memory beside, four times a second."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.25):
            start_s = time.monotonic()
            with urllib.request.urlopen(f"{app.url}/_stcore/health", timeout=60) as answer:
                answer.read()
            felt.health_s.append(time.monotonic() - start_s)
            felt.memory_mb.append(memory_mb(app.process.pid))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def live_viewer(app: App, folder: Path) -> Iterator[Viewer]:
    """A viewer whose camera is live."""
    write_clip(folder / "camera.mjpeg")
    with sync_playwright() as playwright:
        viewer = Viewer(playwright.chromium, folder / "camera.mjpeg", app.url)
        viewer.start()
        try:
            yield viewer
        finally:
            viewer.close()


def photo_720p() -> bytes:
    """A photo of 1280x720 with one face."""
    wide = cv2.copyMakeBorder(astronaut(), 104, 104, 384, 384, cv2.BORDER_CONSTANT)
    return file_bytes(Image.fromarray(np.asarray(wide, np.uint8)), "JPEG")


def cost_of_workers(n: int = 10) -> str:
    """Time of an ordinary photo in this process and in a worker."""
    analyzer, photo = fer_core.load_analyzer(), Photo("p", "p.jpg", photo_720p())

    def seconds_of(call: Callable[[], object]) -> float:
        start_s = time.monotonic()
        call()
        return time.monotonic() - start_s

    with closing(Workers(PHOTO, 1)) as workers:
        here, there = [], []
        for _ in range(n + 1):
            here.append(seconds_of(partial(analyze, analyzer, photo, SHOWN_WH)))
            work = workers.run(turns.Visitor("me"), analyze, analyzer, photo, SHOWN_WH)
            there.append(seconds_of(partial(finished, work)))
    one, other = statistics.median(here[1:]), statistics.median(there[1:])
    return f"a photo takes {one:.3f} s in the server's process, {other:.3f} s in a worker"


def memory_mb(pid: int) -> float:
    """Memory of a process and all that it started, each shared page once."""
    total, waiting = 0.0, [pid]
    while waiting:
        process = Path(f"/proc/{waiting.pop()}")
        with suppress(OSError):  # it ended just now
            lines = (process / "smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
            for task in (process / "task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return total


if __name__ == "__main__":
    main()
