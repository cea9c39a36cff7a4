"""The photo page in a real browser."""

import base64
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image
from playwright.sync_api import BrowserType, FilePayload, Page, expect

from fer_core.drawing import COLORS
from fer_core.emotions import Emotion
from fer_core.images import encode_png
from tests.e2e.conftest import App, launch
from tests.faces import grace_hopper_jpeg

COUNT_AT_MOST = """(text) => {
    window.atMost = 0;
    const look = () => {
        const found = [...document.querySelectorAll("p")].filter((p) => p.innerText.includes(text));
        window.atMost = Math.max(window.atMost, found.length);
        requestAnimationFrame(look);
    };
    look();
}"""
"""Keeps in `atMost` in how many paragraphs at once a text ever stood on the page."""


def open_photo_page(page: Page, app: App) -> None:
    page.goto(f"{app.url}/photos")
    title = page.get_by_role("heading", name="Read the expression on any face")
    expect(title).to_be_visible(timeout=60_000)


def take_example(page: Page) -> None:
    page.get_by_test_id("stButtonGroup").get_by_text("Example").click()
    expect(page.get_by_role("heading", name="1 photo, 2 faces")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)], ids=["laptop", "phone"])
def test_a_finished_example_is_above_the_fold_without_a_click(
    chromium: BrowserType, app: App, size: tuple[int, int]
) -> None:
    browser = launch(chromium)
    agent = "Mozilla/5.0 (Linux; Android 14) Mobile Safari" if size[0] < 500 else None
    context = browser.new_context(viewport={"width": size[0], "height": size[1]}, user_agent=agent)
    page = context.new_page()
    for path, alt in (("live", "An example: a portrait"), ("photos", "with a box around each")):
        page.goto(f"{app.url}/{path}")
        image = page.get_by_alt_text(alt).first
        expect(image).to_be_visible(timeout=60_000)
        box = image.bounding_box()
        assert box
        assert box["y"] + min(box["height"], 200) < size[1], "its faces are above the fold"
        widths = page.get_by_test_id("stMain").evaluate("m => [m.scrollWidth, m.clientWidth]")
        assert widths[0] <= widths[1], "nothing to scroll sideways"
    browser.close()


def test_the_first_visitor_after_a_start_sees_no_raw_list_of_files(
    page: Page, tmp_path: Path
) -> None:
    fresh = App(tmp_path / "log.txt")
    seen: set[str] = set()
    page.goto(fresh.url, wait_until="commit")
    while page.get_by_role("heading", name="See what your face says").count() == 0:
        seen.update(page.get_by_test_id("stSidebarNav").all_inner_texts())
    assert seen == set()
    fresh.stop()


def test_good_and_broken_photos_are_answered_side_by_side(
    page: Page, app: App, tmp_path: Path
) -> None:
    portrait = skimage.data.astronaut()
    two = np.concatenate([portrait, portrait[:, ::-1]], axis=1)
    Image.fromarray(two).save(tmp_path / "two.jpg", quality=95)
    whole = (tmp_path / "two.jpg").read_bytes()
    (tmp_path / "broken.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "letter.png").write_text("Dear reader,")
    Image.new("RGB", (320, 240), "gray").save(tmp_path / "no_*face*.png")
    files = ["broken.jpg", "letter.png", "two.jpg", "no_*face*.png"]
    open_photo_page(page, app)
    page.evaluate(COUNT_AT_MOST, "letter.png: This is not a JPG")
    page.locator("input[type=file]").set_input_files([tmp_path / name for name in files])

    expect(page.get_by_text("letter.png: This is not a JPG, PNG, WebP, AVIF")).to_be_visible(
        timeout=60_000
    )
    expect(page.get_by_text("no_*face*.png")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("No face found.")).to_be_visible()
    expect(page.get_by_alt_text("Face 2 of two.jpg")).to_be_visible()
    expect(page.get_by_role("heading", name="3 photos, 4 faces")).to_be_visible()
    assert page.evaluate("atMost") == 1, "and never stands there twice"

    page.get_by_role("button", name="Clear all").click()
    title = page.get_by_role("heading", name="Read the expression on any face")
    expect(title).to_be_visible(timeout=20_000)


def test_a_pasted_picture_is_analyzed(page: Page, app: App) -> None:
    open_photo_page(page, app)
    expect(page.get_by_test_id("stFileUploaderDropzone")).to_be_visible(timeout=20_000)
    portrait = base64.b64encode(encode_png(skimage.data.astronaut())).decode()
    page.evaluate(
        """async (portrait) => {
            const bytes = await (await fetch("data:image/png;base64," + portrait)).blob();
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([bytes], "image.png", { type: "image/png" }));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
        }""",
        portrait,
    )
    expect(page.get_by_role("heading", name="1 photo, 1 face")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("stText").filter(has_text="image.png")).to_be_visible()


def test_a_snapshot_of_the_camera_is_analyzed(camera_page: Page, app: App) -> None:
    open_photo_page(camera_page, app)
    camera_page.get_by_test_id("stButtonGroup").get_by_text("Camera").click()
    picture = camera_page.get_by_test_id("stCameraInput").locator("video")
    expect(picture).to_have_js_property("readyState", 4, timeout=20_000)
    camera_page.get_by_role("button", name="Take Photo").click(timeout=20_000)
    title = camera_page.get_by_role("heading", name=re.compile("^1 photo, "))
    expect(title).to_be_visible(timeout=60_000)


def test_why_shows_what_the_label_hangs_on_beside_the_face(page: Page, app: App) -> None:
    open_photo_page(page, app)
    take_example(page)
    page.get_by_role("button", name="Why?").first.click()
    expect(page.get_by_text("The model looked most at the red areas.")).to_be_visible(
        timeout=60_000
    )
    expect(page.get_by_alt_text("Where the model looked most is red")).to_be_visible()


def test_everything_can_be_downloaded(page: Page, app: App) -> None:
    open_photo_page(page, app)
    take_example(page)
    contents = {}
    labels = {"Photos with labels (ZIP)": "zip", "Table (CSV)": "csv", "Data (JSON)": "json"}
    page.get_by_role("button", name="Download", exact=True).click()
    for label, ending in labels.items():
        with page.expect_download(timeout=60_000) as waiting:
            page.get_by_role("button", name=label).click()
        assert waiting.value.suggested_filename == f"emotions.{ending}"
        contents[ending] = Path(waiting.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(contents["zip"])) as archive:
        assert archive.namelist() == ["portraits-emotions.png"]
        saved = np.array(Image.open(archive.open("portraits-emotions.png")))
    drawn = {tuple(map(int, pixel)) for pixel in saved.reshape(-1, 3)}
    assert drawn >= {COLORS[Emotion.HAPPY], COLORS[Emotion.NEUTRAL]}
    assert [row["file"] for row in json.loads(contents["json"])] == ["portraits.jpg"] * 2
    assert contents["csv"].startswith(b'\xef\xbb\xbf"file","width"')


def test_what_the_browser_refuses_among_good_photos_is_said(page: Page, app: App) -> None:
    open_photo_page(page, app)
    files: list[FilePayload] = [
        {"name": "good.jpg", "mimeType": "image/jpeg", "buffer": grace_hopper_jpeg()},
        {"name": "huge.png", "mimeType": "image/png", "buffer": bytes(21 * 2**20)},
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"},
    ]
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_role("heading", name="1 photo, 1 face")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("huge.png: larger than 20 MB.")).to_be_visible()
    expect(page.get_by_text("notes.txt: not an image of a kind that can be read.")).to_be_visible()


def test_an_oversized_file_gets_a_sentence(page: Page, app: App, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    huge = tmp_path / "huge.png"
    noise = rng.integers(0, 256, (2700, 2700, 3), dtype=np.uint8)
    Image.fromarray(noise).save(huge, compress_level=0)
    assert huge.stat().st_size > 20 * 2**20
    open_photo_page(page, app)
    page.locator("input[type=file]").set_input_files(huge)
    expect(page.get_by_text("File must be 20.0MB or smaller.")).to_be_visible(timeout=20_000)
