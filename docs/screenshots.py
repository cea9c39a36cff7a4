"""Make the README's pictures from the running app: `python -m docs.screenshots`.

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
        page = browser.new_page(viewport={"width": 1280, "height": 1300})
        page.goto(app.url)
        page.get_by_role("button", name="Try a sample").click()
        page.get_by_text("astronaut.png").wait_for()
        page.wait_for_timeout(3000)
        page.screenshot(path=DOCS / "photos.png")
        page.set_viewport_size({"width": 1280, "height": 1000})
        page.goto(f"{app.url}/live")
        frame = page.frame_locator("iframe[src*='streamlit_webrtc']")
        frame.get_by_role("button", name="START").click()
        page.get_by_text("Face: ").wait_for()
        page.get_by_text("Show probabilities in the picture").click()
        page.mouse.move(640, 300)
        page.mouse.wheel(0, -2000)
        page.wait_for_timeout(10_000)  # a busy machine shows a change of the picture late
        page.screenshot(path=DOCS / "live.png")
        browser.close()
        app.stop()


if __name__ == "__main__":
    main()
