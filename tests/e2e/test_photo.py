"""The photo page in a real browser."""

import base64
import io
import json
import zipfile
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from PIL import Image
from playwright.sync_api import Page, expect

from fer_core.drawing import COLORS
from fer_core.images import encode_png
from tests.e2e.conftest import App


def open_photo_page(page: Page, app: App) -> None:
    page.goto(app.url)
    expect(page.get_by_role("heading", name="Emotions in photos")).to_be_visible(timeout=20_000)


def test_a_sample_is_shown_at_one_click(page: Page, app: App) -> None:
    open_photo_page(page, app)
    page.get_by_role("button", name="Try a sample").click()
    expect(page.get_by_test_id("stText").filter(has_text="grace_hopper.jpg")).to_be_visible(
        timeout=20_000
    )
    expect(page.get_by_text("1 face").first).to_be_visible()


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
    page.locator("input[type=file]").set_input_files([tmp_path / name for name in files])

    expect(page.get_by_text("broken.jpg: The photo is broken or cut off")).to_be_visible(
        timeout=20_000
    )
    expect(page.get_by_text("letter.png: This is not a JPG, PNG, WebP, AVIF")).to_be_visible()
    expect(page.get_by_test_id("stText").filter(has_text="no_*face*.png")).to_be_visible()
    expect(page.get_by_text("No face found.")).to_be_visible()
    expect(page.get_by_test_id("stText").filter(has_text="two.jpg")).to_be_visible()
    expect(page.get_by_text("2 faces, from left to right")).to_be_visible()
    expect(page.get_by_text("Face 2:")).to_be_visible()

    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download annotated photo").click()
    assert waiting.value.suggested_filename == "two-emotions.png"
    saved = np.array(Image.open(io.BytesIO(Path(waiting.value.path()).read_bytes())))
    original = np.array(Image.open(tmp_path / "two.jpg"))
    assert saved.shape == original.shape
    changed = (saved != original).any(axis=2)
    assert changed[:, :512].any(), "the left face has a box"
    assert changed[:, 512:].any(), "the right face has a box"
    assert changed.mean() < 0.1, "the rest is as it was"
    drawn = {tuple(map(int, pixel)) for pixel in saved[changed]}
    assert drawn & set(COLORS.values())


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
    expect(page.get_by_text("Face 1:")).to_be_visible(timeout=20_000)
    expect(page.get_by_test_id("stText").filter(has_text="image.png")).to_be_visible()


def test_a_snapshot_of_the_camera_is_analyzed(camera_page: Page, app: App) -> None:
    open_photo_page(camera_page, app)
    camera_page.get_by_text("Take a photo").click()
    picture = camera_page.get_by_test_id("stCameraInput").locator("video")
    expect(picture).to_have_js_property("readyState", 4, timeout=20_000)
    camera_page.get_by_role("button", name="Take Photo").click(timeout=20_000)
    answers = camera_page.get_by_text("Face 1:").or_(camera_page.get_by_text("No face found."))
    expect(answers).to_be_visible(timeout=20_000)


def test_why_shows_what_the_answer_hangs_on(page: Page, app: App) -> None:
    open_photo_page(page, app)
    page.get_by_role("button", name="Try a sample").click()
    page.get_by_role("button", name="Why?").first.click(timeout=20_000)
    expect(page.get_by_text("This shows what the network went by")).to_be_visible(timeout=20_000)
    expect(page.get_by_text("however little hangs on it")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("img").first).to_be_visible()


def test_why_names_an_uncertain_answer_no_more_surely_than_the_page(
    page: Page, app: App, tmp_path: Path
) -> None:
    blurred = cv2.GaussianBlur(skimage.data.astronaut(), (0, 0), 7)
    Image.fromarray(blurred).save(tmp_path / "blurred.png")
    open_photo_page(page, app)
    page.locator("input[type=file]").set_input_files(tmp_path / "blurred.png")
    page.get_by_role("button", name="Why?").click(timeout=20_000)
    expect(page.get_by_text("(uncertain, but the most probable)")).to_be_visible(timeout=20_000)


def test_everything_can_be_downloaded(page: Page, app: App) -> None:
    open_photo_page(page, app)
    page.get_by_role("button", name="Try a sample").click()
    contents = {}
    labels = {"Annotated photos": "zip", "Table (CSV)": "csv", "Data (JSON)": "json"}
    for label, ending in labels.items():
        with page.expect_download(timeout=30_000) as waiting:
            page.get_by_role("button", name=label).click()
        assert waiting.value.suggested_filename == f"emotions.{ending}"
        contents[ending] = Path(waiting.value.path()).read_bytes()
    with zipfile.ZipFile(io.BytesIO(contents["zip"])) as archive:
        assert archive.namelist() == ["grace_hopper-emotions.png", "astronaut-emotions.png"]
    files = [row["file"] for row in json.loads(contents["json"])]
    assert files == ["grace_hopper.jpg", "astronaut.png"]
    assert contents["csv"].startswith(b'\xef\xbb\xbf"file","width"')


def test_an_oversized_file_gets_a_sentence(page: Page, app: App, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    huge = tmp_path / "huge.png"
    noise = rng.integers(0, 256, (2700, 2700, 3), dtype=np.uint8)
    Image.fromarray(noise).save(huge, compress_level=0)
    assert huge.stat().st_size > 20 * 2**20
    open_photo_page(page, app)
    page.locator("input[type=file]").set_input_files(huge)
    expect(page.get_by_text("File must be 20.0MB or smaller.")).to_be_visible(timeout=20_000)


def test_no_page_asks_another_server_for_anything(page: Page, app: App) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_photo_page(page, app)
    page.get_by_role("button", name="Try a sample").click()
    expect(page.get_by_text("1 face").first).to_be_visible(timeout=20_000)
    for path, heading in (
        ("live", "Emotions, live"),
        ("video", "Emotions in videos"),
        ("model", "How it was trained"),
    ):
        page.goto(f"{app.url}/{path}")
        expect(page.get_by_role("heading", name=heading)).to_be_visible(timeout=20_000)
    expect(page.get_by_text("epoch (kept:").first).to_be_visible(timeout=20_000)
    elsewhere = [u for u in asked if not u.startswith((app.url, "data:", "blob:"))]
    assert len(asked) > 10
    assert elsewhere == []
