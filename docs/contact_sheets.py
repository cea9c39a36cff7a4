"""Make one image a page of its states, sizes and themes: `python -m docs.contact_sheets`.

Needs Chromium and the development requirements. Writes docs/states-<page>.webp: a row for each
state, in it the page at 1440, 1024, 390 and 360 pixels, each light and dark, and before them the
drawing of the design, where there is a folder of those. Faces are public-domain portraits.
"""

import argparse
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from docs.screenshots import DOCS, write_portrait
from fer_core.drawing.captions import font
from tests.e2e.conftest import App, launch

EXAMPLES = DOCS.parent / "static" / "examples"
SIZES = {"laptop": ((1440, 900), (1024, 768)), "phone": ((390, 844), (360, 780))}
PHONE = "Mozilla/5.0 (Linux; Android 14; K) Chrome/140 Mobile Safari/537"
THEMES = ("light", "dark")
PATIENCE_MS = 300_000
ROW_PX, GAP_PX, TITLE_PX = 225, 8, 30
PAPER, INK = "#cfcac1", "#17141f"
BYTES = 200_000


@dataclass(frozen=True)
class State:
    """One state of a page.

    Attributes:
        name: Its name on the sheet, and as a file.
        show: Brings a page into it, from the state before.
        camera: The browser's answer when it is asked for a camera.
        design: Number of the design's drawing.
    """

    name: str
    show: Callable[[Page, App, Path], None]
    camera: str = "plays"
    design: str = ""


def opened(path: str, heading: str) -> Callable[[Page, App, Path], None]:
    """Open a page and wait until it is whole."""

    def show(page: Page, app: App, _: Path) -> None:
        page.goto(f"{app.url}/{path}")
        page.get_by_role("heading", name=heading).wait_for()
        page.get_by_text("an apparent expression").wait_for()

    return show


def dropped(*names: str, sign: str) -> Callable[[Page, App, Path], None]:
    """Give files to the page's uploader and wait for a sign of what comes of them."""

    def show(page: Page, _: App, files: Path) -> None:
        found = [file for name in names for file in sorted(files.glob(name))]
        page.locator("input[type=file]").first.set_input_files(found)
        page.get_by_text(re.compile(sign)).first.wait_for()

    return show


def pressed(name: str, sign: str) -> Callable[[Page, App, Path], None]:
    """Press a button and wait for a sign of what comes of it."""

    def show(page: Page, _: App, __: Path) -> None:
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_text(re.compile(sign)).first.wait_for()

    return show


def refused(page: Page, app: App, files: Path) -> None:
    """Ask for a camera that is not given."""
    opened("live", "See what your face says")(page, app, files)
    pressed("START", "Camera access is blocked")(page, app, files)


def collage(page: Page, _: App, __: Path) -> None:
    """Wait until a try is over."""
    page.get_by_role("img", name="Your best moments").wait_for()


def seen_closely(page: Page, app: App, files: Path) -> None:
    """Analyze each frame of a video, which takes a while."""
    opened("videos", "Follow expressions")(page, app, files)
    page.get_by_role("button", name="Options").click()
    page.get_by_test_id("stPopoverBody").get_by_text("25", exact=True).click()
    page.keyboard.press("Escape")
    dropped("clip.mp4", sign="Analyzing: ")(page, app, files)


def done(sign: str, last: str) -> Callable[[Page, App, Path], None]:
    """Wait until work has ended and the last of its results is shown."""

    def show(page: Page, _: App, __: Path) -> None:
        page.get_by_role("heading", name=re.compile(sign)).wait_for()
        page.get_by_text(last).first.wait_for()

    return show


def broken(path: str, heading: str, *names: str, sign: str) -> Callable[[Page, App, Path], None]:
    """Open a page and give it what it cannot read."""

    def show(page: Page, app: App, files: Path) -> None:
        opened(path, heading)(page, app, files)
        dropped(*names, sign=sign)(page, app, files)

    return show


PHOTOS, VIDEOS = "Read the expression", "Follow expressions"
PAGES: dict[str, list[State]] = {
    "live": [
        State("before START", opened("live", "See what your face says"), design="01"),
        State("one face", pressed("START", "Apparent expression"), design="02"),
        State("Make this face", pressed("Start", "seconds? left"), design="04"),
        State("collage", collage, design="05"),
        State(
            "camera refused",
            refused,
            camera="refused",
            design="06",
        ),
    ],
    "photos": [
        State("empty", opened("photos", PHOTOS), design="07"),
        State("working", dropped("many*.jpg", sign=r"^([6-9]|[1-4]\d) of \d+ photos"), design="08"),
        State("many photos", pressed("Cancel", r"^\d+ photos?, \d+ faces?$"), design="11"),
        State(
            "one photo",
            broken("photos", PHOTOS, "portraits.jpg", sign="^1 photo, 2 faces$"),
            design="09",
        ),
        State("no face", broken("photos", PHOTOS, "gray.png", sign="^No face found"), design="12"),
        State(
            "turned away and not readable",
            broken("photos", PHOTOS, "letter.png", sign="This is not a JPG"),
        ),
    ],
    "videos": [
        State("empty", opened("videos", VIDEOS), design="14"),
        State("working", seen_closely),
        State("result", done(r"^\d+ seconds, \d faces?$", "Strongest moments"), design="15"),
        State("not readable", broken("videos", VIDEOS, "broken.mp4", sign="broken or cut off")),
    ],
    "models": [
        State("cards", opened("models", "Choose a model"), design="17"),
        State(
            "for researchers",
            lambda page, _, __: page.get_by_text("For researchers").click(),
        ),
    ],
}


def various(number: int) -> Image.Image:
    """One or both of the portraits, some of them gray, turned around, pale or unclear."""
    with Image.open(EXAMPLES / "portraits.jpg") as image:
        width, height = image.size
        left = width // 2 * (number % 3 == 2)
        right = width if left else width // (1 + number % 2)
        part = image.convert("RGB").crop((left, 0, right, height))
    if number % 5 == 2:
        part = ImageOps.grayscale(part).convert("RGB")
    if number % 4 == 3:
        part = ImageOps.mirror(part)
    if number % 7 == 5:
        part = part.filter(ImageFilter.GaussianBlur(9))
    return ImageEnhance.Brightness(part).enhance(0.7 + 0.1 * (number % 6))


def write_files(folder: Path) -> None:
    """Write the photos and videos that the pages are given."""
    for number in range(60):
        various(number).save(folder / f"many{number:02}.jpg", quality=90)
    for name in ("portraits.jpg", "clip.mp4"):
        (folder / name).write_bytes((EXAMPLES / name).read_bytes())
    whole = (folder / "clip.mp4").read_bytes()
    (folder / "broken.mp4").write_bytes(whole[: len(whole) // 2])
    (folder / "letter.png").write_text("Dear reader,")
    Image.new("RGB", (640, 480), "gray").save(folder / "gray.png")
    write_portrait(folder / "camera.mjpeg")


@contextmanager
def browsing(playwright: Playwright, kind: str, camera: str, files: Path) -> Iterator[Page]:
    """A page of a browser of that kind, whose camera plays or is refused."""
    flags = ["--use-fake-device-for-media-stream"]
    if camera == "plays":
        flags.append("--use-fake-ui-for-media-stream")
        flags.append(f"--use-file-for-fake-video-capture={files / 'camera.mjpeg'}")
    browser = launch(playwright.chromium, *flags)
    context = browser.new_context(user_agent=PHONE if kind == "phone" else None)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    yield page
    browser.close()


def resize(page: Page, width: int, height: int) -> None:
    """Make the page's window that large."""
    page.set_viewport_size({"width": width, "height": height})


def take(page: Page, kind: str, stem: Path) -> None:
    """Both sizes of a kind of screen in both themes."""
    page.mouse.move(0, 0)  # or buttons for a larger image lie on what is pointed at
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for width, height in SIZES[kind]:
            resize(page, width, height)
            expect(page.locator(".stApp")).to_have_css("color-scheme", theme)
            page.wait_for_timeout(700)  # charts are drawn again
            page.screenshot(path=stem.with_name(f"{stem.name}-{width}-{theme}.png"))


def take_page(playwright: Playwright, app: App, name: str, files: Path, shots: Path) -> None:
    """All states of a page."""
    for kind in SIZES:
        for camera in ("plays", "refused"):
            states = [state for state in PAGES[name] if state.camera == camera]
            if not states:
                continue
            with browsing(playwright, kind, camera, files) as page:
                for state in states:
                    resize(page, *SIZES[kind][0])
                    state.show(page, app, files)
                    take(page, kind, shots / f"{name}-{state.name.replace(' ', '_')}")


def sheet(name: str, shots: Path, design: Path | None) -> Image.Image:
    """The states below each other."""
    rows = []
    for state in PAGES[name]:
        stem = f"{name}-{state.name.replace(' ', '_')}"
        files = [
            shots / f"{stem}-{width}-{theme}.png"
            for kind in SIZES
            for width, _ in SIZES[kind]
            for theme in THEMES
        ]
        found = [_row_high(file) for file in files if file.is_file()]
        drawn = sorted(design.glob(f"{state.design}_*.png")) if design and state.design else []
        rows.append((state.name, [_row_high(file) for file in drawn[:1]], found))
    return _composed(name, rows)


def _composed(
    name: str, rows: list[tuple[str, list[Image.Image], list[Image.Image]]]
) -> Image.Image:
    design_px = max((i.width + GAP_PX for _, design, _ in rows for i in design), default=0)
    width = design_px + max(sum(i.width + GAP_PX for i in images) for _, _, images in rows)
    canvas = Image.new("RGB", (width + GAP_PX, len(rows) * (ROW_PX + TITLE_PX + GAP_PX)), PAPER)
    draw = ImageDraw.Draw(canvas)
    for number, (title, design, images) in enumerate(rows):
        top = number * (ROW_PX + TITLE_PX + GAP_PX)
        draw.text((GAP_PX, top + 6), f"{name}: {title}", INK, font(18))
        if design:
            draw.text((design_px - GAP_PX, top + 6), "design", INK, font(18), anchor="ra")
            canvas.paste(design[0], (GAP_PX, top + TITLE_PX))
        left = GAP_PX + design_px
        for image in images:
            canvas.paste(image, (left, top + TITLE_PX))
            left += image.width + GAP_PX
    return canvas


def _row_high(file: Path) -> Image.Image:
    with Image.open(file) as image:
        size = round(image.width * ROW_PX / image.height), ROW_PX
        return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def write_small(image: Image.Image, path: Path) -> None:
    """Write a WebP of at most `BYTES`, in the best quality that fits."""
    for quality in (80, 60, 40, 30, 25, 20):
        image.save(path, quality=quality, method=6)
        if path.stat().st_size <= BYTES:
            return


def main() -> None:
    """Take screenshots of the pages asked for, and write their sheets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", default=list(PAGES), help="all if none is named")
    parser.add_argument("--shots", type=Path, help="where to keep the single screenshots")
    parser.add_argument("--design", type=Path, help="a folder of the design's drawings")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        files, shots = Path(name), args.shots or Path(name) / "shots"
        shots.mkdir(parents=True, exist_ok=True)
        write_files(files)
        app = App(files / "log.txt")
        try:
            for page in args.pages:
                take_page(playwright, app, page, files, shots)
        finally:
            app.stop()
        for page in args.pages:
            write_small(sheet(page, shots, args.design), DOCS / f"states-{page}.webp")


if __name__ == "__main__":
    main()
