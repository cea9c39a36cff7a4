"""The live page in a real browser whose camera plays a clip with known poses."""

import base64
import csv
import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageOps
from playwright.sync_api import Browser, BrowserType, FrameLocator, Locator, Page, expect

from fer_core.faces import BoundingBox
from tests.conftest import takes_long
from tests.e2e import clip as film
from tests.e2e.conftest import App, launch
from tests.waiting import wait_until

# Pixels of the page's video, as the browser shows them.
GRAB = """video => {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext('2d').drawImage(video, 0, 0);
  return canvas.toDataURL('image/png').split(',')[1];
}"""

# A codec blurs color over a few pixels; what the app draws stays far above this.
COLORED = 50
NEAR_PX = 14


def component(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[src*='streamlit_webrtc']")


def open_live_page(page: Page, app: App) -> None:
    page.goto(f"{app.url}/live")
    expect(page.get_by_role("button", name="START", exact=True)).to_be_visible(timeout=40_000)


def stop(page: Page) -> None:
    page.get_by_role("button", name="Stop", exact=True).click()


def start(page: Page) -> Locator:
    """Press START; the returned video once it plays and what comes back is annotated.

    Until the first frame is processed, the server sends frames back as they came. The clip is
    without a face for a while, and a busy machine plays it slowly.
    """
    page.get_by_role("button", name="START", exact=True).click()
    video = component(page).locator("video")
    wait_until(lambda: n_frames(video) > 5, 20, "the video plays")
    wait_until(lambda: bool(colored(grab(video)).any()), 60, "what comes back is annotated")
    return video


def n_frames(video: Locator) -> int:
    if video.count() == 0:
        return 0
    n: int = video.evaluate("video => video.getVideoPlaybackQuality().totalVideoFrames")
    return n


def settled(count: Callable[[], int]) -> int:
    """A number once it has stayed the same for two seconds."""
    number, since_s = count(), time.monotonic()
    while time.monotonic() - since_s < 2:
        time.sleep(0.1)
        if count() != number:
            number, since_s = count(), time.monotonic()
    return number


def grab(video: Locator) -> npt.NDArray[np.uint8]:
    """The picture on the screen as the camera sees it; the page shows its mirror image."""
    return unmirrored(base64.b64decode(video.evaluate(GRAB)))


def unmirrored(png: bytes) -> npt.NDArray[np.uint8]:
    """The mirror image, RGB, of the camera's size; a busy browser sends smaller ones."""
    image = Image.open(io.BytesIO(png)).convert("RGB").resize((film.WIDTH, film.HEIGHT))
    return np.array(ImageOps.mirror(image))


def colored(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """True for pixels that were drawn on: the camera's own image is gray."""
    drawn: npt.NDArray[np.bool_] = np.ptp(image.astype(int), axis=2) > COLORED
    return drawn


def sides_drawn(image: npt.NDArray[np.uint8], box: BoundingBox) -> list[float]:
    """Share of each of the four sides of the box that has color near it: left, top, right, bottom.

    The top side has the label above it, so the left and right ones show best how high the box is.
    """
    drawn = colored(image)
    rows, columns = slice(box.y1 + 5, box.y2 - 5), slice(box.x1 + 5, box.x2 - 5)

    def near(position: int) -> slice:
        return slice(max(0, position - NEAR_PX), position + NEAR_PX)

    return [
        float(drawn[rows, near(box.x1)].any(axis=1).mean()),
        float(drawn[near(box.y1), columns].any(axis=0).mean()),
        float(drawn[rows, near(box.x2)].any(axis=1).mean()),
        float(drawn[near(box.y2), columns].any(axis=0).mean()),
    ]


def well_inside(number: int, first: int, last: int) -> bool:
    """Not within half a second of the face's coming or going."""
    return first + 15 <= number < last - 15


def test_the_box_follows_the_face_and_is_gone_without_it(camera_page: Page, app: App) -> None:
    open_live_page(camera_page, app)
    video = start(camera_page)
    seen: list[int] = []
    seen_without = 0
    deadline_s = time.monotonic() + 60

    def enough() -> bool:
        far_apart = bool(seen) and max(seen) - min(seen) > 150
        return len(seen) >= 15 and far_apart and seen_without >= 8

    while not enough() and time.monotonic() < deadline_s:
        image = grab(video)
        number = film.read_number(image)
        box = film.face_box(number) if number < film.N_FRAMES else None
        if box and well_inside(number, 0, film.N_WITH_FACE):
            if not colored(image).any():  # too blurred by the codec, or still searched
                continue
            sides = sides_drawn(image, box)
            assert min(sides) > 0.8, f"frame {number}: the face is at {box}, sides drawn: {sides}"
            seen.append(box.x1)
        elif well_inside(number, film.N_WITH_FACE, film.N_FRAMES):
            assert not colored(image).any(), f"frame {number} has no face, but something is drawn"
            seen_without += 1
    assert enough(), f"seen at {seen}, {seen_without} times gone"


def test_a_link_to_the_page_works_on_a_server_that_nobody_has_visited(
    page: Page, tmp_path: Path
) -> None:
    fresh = App(tmp_path / "log.txt")
    open_live_page(page, fresh)
    expect(page.get_by_role("link", name="Photos")).to_be_visible()
    expect(page.get_by_text("an apparent expression")).to_be_visible()
    fresh.stop()


def test_settings_act_on_the_running_stream(camera_page: Page, app: App) -> None:
    open_live_page(camera_page, app)
    video = start(camera_page)

    def face_frame() -> npt.NDArray[np.uint8]:
        deadline_s = time.monotonic() + 20
        while time.monotonic() < deadline_s:
            image = grab(video)
            if film.read_number(image) in {*range(15, 36), *range(115, 135)}:
                return image  # the face is left enough of the mirror's middle
        raise AssertionError("no frame with a face came")

    def brightness_beside_the_face() -> float:
        """Mean, 0 to 255, of where the bars' dark panel goes: right of the face in the mirror."""
        image = face_frame()
        box = film.face_box(film.read_number(image))
        assert box
        return float(image[box.y1 + 10 : box.y1 + 80, box.x1 - 60 : box.x1 - 12].mean())

    wait_until(lambda: bool(colored(face_frame()).any()), 10, "a box is drawn")
    assert brightness_beside_the_face() > 100
    camera_page.get_by_role("button", name="Settings").click()
    camera_page.get_by_text("Bars beside each face").click()
    wait_until(lambda: brightness_beside_the_face() < 80, 15, "bars are drawn")

    slider = camera_page.get_by_role("slider")
    slider.focus()
    slider.press("End")
    wait_until(lambda: not colored(face_frame()).any(), 15, "small faces are left out")
    before = n_frames(video)
    wait_until(lambda: n_frames(video) > before + 10, 10, "the stream goes on")


def test_the_newest_faces_stand_beside_the_video_and_become_a_collage(
    camera_page: Page, app: App
) -> None:
    open_live_page(camera_page, app)
    expect(camera_page.get_by_text("Press START and allow the camera")).to_be_visible()
    start(camera_page)
    expect(camera_page.get_by_text("Apparent expression", exact=True)).to_be_visible(timeout=20_000)
    expect(camera_page.get_by_text("No face in sight")).to_be_visible(timeout=20_000)

    camera_page.get_by_role("button", name="Start", exact=True).click()
    expect(camera_page.get_by_text("of 100")).to_be_visible(timeout=20_000)
    collage = camera_page.get_by_role("img", name="Your best moments")
    expect(collage).to_be_visible(timeout=40_000)
    expect(camera_page.get_by_role("button", name="Stop", exact=True)).to_be_visible()
    expect(camera_page.get_by_text("1 of 7 faces made")).to_be_visible()
    with camera_page.expect_download() as download:
        camera_page.get_by_role("button", name="Download").click()
    with Image.open(download.value.path()) as image:
        assert image.size == (1080, 1350)
    camera_page.get_by_role("button", name="Discard").click()
    expect(camera_page.get_by_role("button", name="Start", exact=True)).to_be_visible()


def test_the_picture_is_a_mirror_until_that_is_switched_off(camera_page: Page, app: App) -> None:
    open_live_page(camera_page, app)
    video = start(camera_page)

    def is_mirrored() -> bool:
        """The numbers' blocks are at the left for the camera."""
        row = grab(video)[film.HEIGHT - film.BIT_PX // 2, : film.N_BITS * film.BIT_PX]
        return bool(np.abs(row.astype(int) - 128).min() > 60)

    assert is_mirrored()
    camera_page.get_by_role("button", name="Settings").click()
    camera_page.get_by_text("Mirror", exact=True).click()
    wait_until(lambda: not is_mirrored(), 15, "the picture is as the camera sees it")


def test_a_frozen_picture_is_downloaded_with_its_box(camera_page: Page, app: App) -> None:
    open_live_page(camera_page, app)
    start(camera_page)
    image = camera_page.get_by_role("img", name="The snapshot")

    def snapshot() -> npt.NDArray[np.uint8]:
        camera_page.get_by_role("button", name="Snapshot", exact=True).click()
        expect(image).to_be_visible(timeout=20_000)
        with camera_page.expect_download() as download:
            camera_page.get_by_test_id("stDownloadButton").get_by_role("button").click()
        assert download.value.suggested_filename.endswith(".png")
        return unmirrored(download.value.path().read_bytes())

    still = snapshot()
    deadline_s = time.monotonic() + 60
    while not (colored(still).any() and well_inside(film.read_number(still), 0, film.N_WITH_FACE)):
        assert time.monotonic() < deadline_s, "no snapshot of a face could be taken"
        camera_page.get_by_role("button", name="Discard").click()
        expect(image).to_have_count(0, timeout=20_000)
        still = snapshot()
    box = film.face_box(film.read_number(still))
    assert box
    assert min(sides_drawn(still, box)) > 0.8
    stop(camera_page)
    expect(camera_page.get_by_role("button", name="START", exact=True)).to_be_visible(
        timeout=20_000
    )
    expect(image).to_be_visible()


def test_results_are_recorded_on_a_phone(camera_page: Page, app: App) -> None:
    camera_page.set_viewport_size({"width": 375, "height": 812})
    open_live_page(camera_page, app)
    video = start(camera_page)
    below = camera_page.get_by_role("button", name="Stop", exact=True).bounding_box()
    assert below
    assert below["y"] + below["height"] <= 812, "the buttons are above the fold"

    camera_page.get_by_role("button", name="Record", exact=True).click()
    chart = camera_page.get_by_test_id("stVegaLiteChart")
    expect(chart.first).to_be_visible(timeout=40_000)
    widths = camera_page.get_by_test_id("stMain").evaluate("m => [m.scrollWidth, m.clientWidth]")
    assert widths[0] <= widths[1], "nothing to scroll sideways"
    camera_page.get_by_role("button", name="Stop recording").click()
    expect(camera_page.get_by_text(re.compile("^Recorded: "))).to_be_visible(timeout=20_000)
    camera_page.get_by_role("button", name="Download", exact=True).last.click()
    with camera_page.expect_download() as download:
        camera_page.get_by_role("button", name="Table (CSV)").click()
    text = download.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) >= 3
    assert {row["file"] for row in rows} == {"live camera"}
    assert all(row["track"] and row["emotion"] for row in rows)
    times_s = [float(row["time_s"]) for row in rows]
    assert times_s == sorted(times_s)
    video.scroll_into_view_if_needed()  # out of sight, a browser may show no frames
    before = n_frames(video)
    wait_until(lambda: n_frames(video) > before + 10, 10, "the stream goes on")


def test_stop_and_leaving_free_what_the_stream_held(camera_page: Page, app: App) -> None:
    open_live_page(camera_page, app)
    start(camera_page)
    playing = app.n_threads()
    stop(camera_page)
    expect(camera_page.get_by_text("Press START and allow the camera")).to_be_visible()
    wait_until(lambda: app.n_threads() <= playing - 3, 15, "STOP ends the stream's threads")
    time.sleep(11)  # the server's threads for files end 10 s after they have served the last one
    idle = settled(app.n_threads)

    start(camera_page)
    playing = app.n_threads()  # those of the server's pools may have ended since
    camera_page.get_by_role("link", name="Photos").click()
    expect(camera_page.get_by_text("Read the expression on any face")).to_be_visible(timeout=20_000)
    # One more may be waiting in asyncio's own bounded pool.
    most = min(playing - 2, idle + 1)
    wait_until(lambda: app.n_threads() <= most, 40, "leaving ends the stream's threads")

    camera_page.get_by_role("link", name="Live camera").first.click()
    expect(camera_page.get_by_text("Press START and allow the camera")).to_be_visible()
    time.sleep(2)
    expect(camera_page.get_by_text("could not reach the server")).to_have_count(0)


@takes_long
@pytest.mark.timeout(600)
def test_many_starts_all_play(camera_page: Page, app: App) -> None:
    for _ in range(20):
        open_live_page(camera_page, app)
        video = start(camera_page)
        before = n_frames(video)
        wait_until(lambda v=video, b=before: n_frames(v) > b + 10, 10, "it goes on")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        pytest.param([], "No camera found", id="no-camera"),
        pytest.param(
            ["--use-fake-device-for-media-stream"],
            "Camera access is blocked",
            id="refused",
        ),
    ],
)
def test_a_camera_that_does_not_come_is_explained(
    chromium: BrowserType, app: App, flags: list[str], sentence: str
) -> None:
    explained(launch(chromium, *flags), app.url, sentence)


def test_a_page_without_tls_says_why_there_is_no_camera(
    chromium: BrowserType, tmp_path: Path
) -> None:
    served = App(tmp_path / "log.txt", STREAMLIT_SERVER_ALLOWED_HOSTS="*")
    browser = launch(chromium, "--host-resolver-rules=MAP fer.test 127.0.0.1")
    url = served.url.replace("localhost", "fer.test")
    explained(browser, url, "Browsers give the camera to secure pages only")
    served.stop()


def explained(browser: Browser, url: str, sentence: str) -> None:
    """Press START, and read why nothing comes, in one plain sentence."""
    page = browser.new_page()
    page.goto(f"{url}/live")
    page.get_by_role("button", name="START", exact=True).click(timeout=40_000)
    expect(page.get_by_text(sentence)).to_be_visible(timeout=20_000)
    expect(page.get_by_text(re.compile("NotAllowedError|NotFoundError"))).to_have_count(0)
    browser.close()


# What Chromium says of a connection while its network is away, and once it has given it up.
SAY = """state => {
  Object.defineProperty(connection, 'connectionState', { value: state, configurable: true });
  connection.dispatchEvent(new Event('connectionstatechange'));
}"""


def test_a_stream_goes_on_after_some_seconds_without_a_network(camera_page: Page, app: App) -> None:
    camera_page.add_init_script(
        "const Real = RTCPeerConnection;"
        "window.RTCPeerConnection = function (c) { return window.connection = new Real(c); };"
        "window.RTCPeerConnection.prototype = Real.prototype;"
    )
    open_live_page(camera_page, app)
    camera_page.get_by_role("button", name="START", exact=True).click()
    video = component(camera_page).locator("video")
    wait_until(lambda: n_frames(video) > 5, 20, "the video plays")
    frame = component(camera_page).locator("body")
    for state in ("disconnected", "connected"):
        frame.evaluate(f"(body, state) => ({SAY})(state)", state)
        time.sleep(1)
    before = n_frames(video)
    wait_until(lambda: n_frames(video) > before + 5, 20, "it still plays")
    frame.evaluate(f"(body, state) => ({SAY})(state)", "failed")
    expect(camera_page.get_by_role("button", name="START", exact=True)).to_be_visible()


@takes_long
def test_a_connection_that_does_not_come_about_is_explained(camera_page: Page, app: App) -> None:
    # Only relayed candidates and no relay: as between networks that let no video through.
    camera_page.add_init_script(
        "const Real = RTCPeerConnection;"
        "window.RTCPeerConnection = function (c) {"
        "  return new Real({...c, iceTransportPolicy: 'relay'});"
        "};"
        "window.RTCPeerConnection.prototype = Real.prototype;"
    )
    open_live_page(camera_page, app)
    camera_page.get_by_role("button", name="START", exact=True).click()
    why = camera_page.get_by_text("such networks need a TURN server")
    expect(why).to_be_visible(timeout=40_000)
    camera_page.wait_for_timeout(2_000)  # giving up takes the library's own message away
    expect(why).to_be_visible()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[App]:
    """An app with one place."""
    running = App(tmp_path / "log.txt", FER_MAX_LIVE_SESSIONS="1")
    yield running
    running.stop()


@takes_long
@pytest.mark.timeout(600)
def test_a_viewer_gets_in_when_another_stops_or_closes_the_tab(
    camera_page: Page, small: App
) -> None:
    waiting = camera_page.context.browser.new_page()  # type: ignore[union-attr]
    camera_page.goto(small.url)
    expect(camera_page.get_by_text("an apparent expression")).to_be_visible(timeout=60_000)
    open_live_page(camera_page, small)
    start(camera_page)
    waiting.goto(f"{small.url}/live")
    expect(waiting.get_by_text("The live place is taken")).to_be_visible(timeout=20_000)

    stop(camera_page)
    expect(waiting.get_by_role("button", name="START", exact=True)).to_be_visible(timeout=20_000)
    start(waiting)
    expect(camera_page.get_by_text("Press START and allow the camera")).to_be_visible()
    camera_page.reload()
    expect(camera_page.get_by_text("The live place is taken")).to_be_visible(timeout=20_000)

    waiting.close()
    # A connection whose browser is gone is given up after 30 seconds (RFC 7675).
    button = camera_page.get_by_role("button", name="START", exact=True)
    expect(button).to_be_visible(timeout=60_000)
    start(camera_page)
