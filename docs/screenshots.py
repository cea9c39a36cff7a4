"""Make the README's images from the running app: `python -m docs.screenshots`.

Needs Chromium and the development requirements.
"""

import tempfile
from pathlib import Path

import av
import numpy as np
import skimage.data
from playwright.sync_api import sync_playwright

from tests.e2e.conftest import App, launch

DOCS = Path(__file__).resolve().parent


def write_portrait(path: Path) -> None:
    """Two seconds of scikit-image's astronaut, as a camera might see her."""
    portrait = skimage.data.astronaut()[:360, :480]
    with av.open(str(path), "w", format="mjpeg") as container:
        stream = container.add_stream("mjpeg", rate=30, options={"qscale": "2"})
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuvj420p"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(portrait), format="rgb24")
        for _ in range(60):
            container.mux(stream.encode(frame.reformat(640, 480, "yuvj420p")))
        container.mux(stream.encode())


def main() -> None:
    """Write docs/photos.png and docs/live.png."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        clip = Path(folder) / "camera.mjpeg"
        write_portrait(clip)
        app = App(Path(folder) / "log.txt")
        browser = launch(
            playwright.chromium,
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={clip}",
        )
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{app.url}/photos")
        page.get_by_text("Two portraits").wait_for()
        page.wait_for_timeout(3000)
        page.screenshot(path=DOCS / "photos.png")
        page.goto(f"{app.url}/live")
        page.get_by_role("button", name="START", exact=True).click()
        page.get_by_text("Apparent expression").wait_for()
        page.mouse.move(640, 300)
        page.mouse.wheel(0, -2000)
        page.wait_for_timeout(10_000)  # a busy machine shows a change of the page late
        page.screenshot(path=DOCS / "live.png")
        browser.close()
        app.stop()


if __name__ == "__main__":
    main()
