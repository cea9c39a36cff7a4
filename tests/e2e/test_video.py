"""The video page in a real browser."""

import csv
import re
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from fer_core.video.reader import open_video
from tests.e2e.conftest import App
from tests.videos import moving_portrait, video_bytes

PATIENCE_MS = 90_000


def open_video_page(page: Page, app: App) -> None:
    page.goto(f"{app.url}/videos")
    expect(page.get_by_role("heading", name="Follow expressions")).to_be_visible(
        timeout=PATIENCE_MS
    )


def uploaded(page: Page, source: Path) -> None:
    """The page once a video was uploaded and analyzed, which begins by itself."""
    page.locator("input[type=file]").first.set_input_files(source)
    title = page.get_by_role("heading", name=re.compile(r"^\d+ seconds?, 1 face$"))
    expect(title).to_be_visible(timeout=PATIENCE_MS)


def test_a_video_is_analyzed_looked_through_and_taken_along(
    page: Page, app: App, tmp_path: Path
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    source = tmp_path / "two words.mp4"
    source.write_bytes(video_bytes(moving_portrait(30), audio=True))
    open_video_page(page, app)
    uploaded(page, source)

    # A click on the right half of the chart shows the second half of the video.
    expect(page.get_by_alt_text("The video at 0:00 with a box")).to_be_visible(timeout=PATIENCE_MS)
    chart = page.get_by_test_id("stVegaLiteChart").first
    expect(chart).to_be_visible(timeout=PATIENCE_MS)
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(2000)  # Vega draws after its element is there
    at = chart.bounding_box()
    assert at is not None
    page.mouse.click(at["x"] + 0.55 * at["width"], at["y"] + 0.4 * at["height"])
    expect(page.get_by_alt_text("The video at 0:01 with a box")).to_be_visible(timeout=PATIENCE_MS)

    page.get_by_role("button", name="Create video with labels").click()
    expect(page.locator("video")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download(timeout=PATIENCE_MS) as table:
        page.get_by_role("button", name="Table (CSV)").click()
    assert table.value.suggested_filename == "two words-emotions.csv"
    rows = list(csv.DictReader(Path(table.value.path()).read_text("utf-8-sig").splitlines()))
    assert len(rows) == 15
    assert {row["track"] for row in rows} == {"1"}

    with page.expect_download(timeout=PATIENCE_MS) as film:
        page.get_by_role("button", name="Video with labels", exact=True).click()
    assert film.value.suggested_filename == "two words-emotions.mp4"
    saved = open_video(Path(film.value.path()))
    assert saved.info.has_audio
    before, after = (video.frame_at(1.0).astype(int) for video in (open_video(source), saved))
    changed = np.abs(after - before).max(axis=2) > 60
    assert 0.001 < changed.mean() < 0.2, "a box and a label, and the rest as it was"

    elsewhere = [url for url in asked if not url.startswith((app.url, "data:", "blob:"))]
    assert elsewhere == []


def test_a_phone_shows_the_whole_page_without_sideways_scrolling(
    page: Page, app: App, tmp_path: Path
) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    source = tmp_path / "clip.mp4"
    source.write_bytes(video_bytes(moving_portrait(10)))
    open_video_page(page, app)
    uploaded(page, source)
    widths = page.get_by_test_id("stMain").evaluate("main => [main.scrollWidth, main.clientWidth]")
    assert widths[0] <= widths[1]


def test_a_broken_video_gets_a_sentence_and_the_next_one_is_analyzed(
    page: Page, app: App, tmp_path: Path
) -> None:
    whole = video_bytes(moving_portrait(10))
    (tmp_path / "broken.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "whole.mp4").write_bytes(whole)
    open_video_page(page, app)
    page.locator("input[type=file]").first.set_input_files(tmp_path / "broken.mp4")
    expect(page.get_by_text("The video is broken or cut off")).to_be_visible(timeout=PATIENCE_MS)
    uploaded(page, tmp_path / "whole.mp4")


def test_chromium_turns_a_phones_video_the_same_way(page: Page, app: App) -> None:
    """A video that players turn upright is upright here, too: VP9, which every Chromium plays."""
    upright = moving_portrait(1)[0]
    stored = np.ascontiguousarray(np.rot90(upright, -1))
    data = video_bytes([stored] * 3, "mp4", codec="libvpx-vp9", rotation=90)
    info = open_video(data).info
    page.goto(app.url)
    size = page.evaluate(
        """async bytes => {
          const video = document.createElement('video');
          video.src = URL.createObjectURL(new Blob([new Uint8Array(bytes)], {type: 'video/mp4'}));
          await new Promise((good, bad) => {
            video.onerror = bad;
            video.requestVideoFrameCallback(good);  // loadeddata can come before a picture does
            video.muted = true;
            video.play();
          });
          const canvas = document.createElement('canvas');
          [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
          canvas.getContext('2d').drawImage(video, 0, 0);
          const pixel = (x, y) => canvas.getContext('2d').getImageData(x, y, 1, 1).data[0];
          return [video.videoWidth, video.videoHeight, pixel(40, 220), pixel(300, 220)];
        }""",
        list(data),
    )
    assert size[:2] == [info.width, info.height] == [320, 240]
    shown = open_video(data).frame_at(0)
    for value, (x, y) in zip(size[2:], ((40, 220), (300, 220)), strict=True):
        assert abs(value - int(shown[y, x, 0])) < 12
