"""The waits for a first result of sixty photos, and for Cancel to end their work.

    python -m benchmarks.sixty_photos [--n N] [--turns N]

A browser drops the photos, of 1280x960 with three faces each, waits for the first face on the page
and presses Cancel. Printed for each turn: both waits, the processor time that the server took for
each, and how many photos were done. Where others use the machine, a wait is longer than that. The
second one counts from the press itself: before it Playwright waits until the button stands still.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from benchmarks.photos import photo
from tests.e2e.conftest import App, launch

PATIENCE_MS = 120_000
FACE = "() => document.querySelector('img[alt^=\"Face 1 of 00\"]')?.naturalWidth > 0"
SUMMARY = r"() => /^\d+ photos?, (\d+|no) faces?$/.test(document.querySelector('h1')?.innerText)"
"""Signs of the first face and of the end of the work, looked for at each frame of the browser:
Playwright's own expectations look once a second."""

NOTE_PRESS = "addEventListener('pointerdown', event => { window.pressed = event.timeStamp }, true)"
SINCE_PRESS = "() => (performance.now() - window.pressed) / 1000"

FIRST_S, CANCEL_S = 1.5, 0.5
"""Most seconds that each of the two may take."""


def user_s(app: App) -> float:
    """Seconds of processor time that the server spent on its own code and its libraries'."""
    times = Path(f"/proc/{app.process.pid}/stat").read_text().rpartition(")")[2].split()
    return int(times[11]) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Wait:
    """The time that something took, and the processor time that the server spent on it."""

    seconds: float
    user_s: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s ({self.user_s:.2f} s of processor time)"


def waited(page: Page, app: App, act: Callable[[], object], sign: str) -> Wait:
    """Do something and wait until its sign is on the page."""
    start_s, start_user_s = time.perf_counter(), user_s(app)
    act()
    page.wait_for_function(sign, timeout=PATIENCE_MS, polling="raf")
    return Wait(time.perf_counter() - start_s, user_s(app) - start_user_s)


def take_turn(page: Page, app: App, files: list[Path]) -> tuple[Wait, Wait, int]:
    """The waits for the first face and for the end after Cancel, and the photos done by then."""
    page.goto(f"{app.url}/photos")
    expect(page.get_by_text("Two portraits")).to_be_visible(timeout=PATIENCE_MS)
    page.evaluate(NOTE_PRESS)
    uploader = page.locator("input[type=file]")
    first = waited(page, app, lambda: uploader.set_input_files(files), FACE)
    cancel = waited(page, app, page.get_by_role("button", name="Cancel").click, SUMMARY)
    cancel = replace(cancel, seconds=float(page.evaluate(SINCE_PRESS)))
    return first, cancel, int(page.get_by_role("heading").first.inner_text().split()[0])


def main() -> None:
    """Print the figures of each turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=60, help="photos")
    parser.add_argument("--turns", type=int, default=3, help="the first one loads the model")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        files = [folder / f"{number:04}.jpg" for number in range(args.n)]
        for number, file in enumerate(files):
            file.write_bytes(photo(1280, 960, number % 50))
        app = App(folder / "log.txt")
        browser = launch(playwright.chromium)
        print(f"to reach: {FIRST_S} s and {CANCEL_S} s; load average: {os.getloadavg()[0]:.1f}")
        for turn in range(args.turns):
            page = browser.new_page()
            first, cancel, n_done = take_turn(page, app, files)
            page.close()
            print(
                f"turn {turn + 1}: first face after {first}, Cancel took {cancel}, {n_done} of "
                f"{args.n} photos done",
                flush=True,
            )
        browser.close()
        app.stop()


if __name__ == "__main__":
    main()
