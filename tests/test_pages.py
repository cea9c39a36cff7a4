"""The pages through Streamlit's AppTest: everything but the browser."""

import asyncio
import io
import re
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest
import skimage.data
import streamlit as st
import streamlit_webrtc
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button
from streamlit.testing.v1.util import patch_config_options

import fer_core
import ui
from fer_core import recording
from fer_core.recording import Recording
from fer_core.stream import VideoStream
from parts import browser, photo_results
from serving.connection import TRIED_AGAIN_S
from tests.e2e.conftest import free_port
from tests.faces import plain

ROOT_APP = Path(__file__).resolve().parent.parent / "app.py"


def encoded(image: np.ndarray[Any, Any], file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format=file_format, **options)
    return buffer.getvalue()


@pytest.fixture
def photo_page() -> AppTest:
    page = AppTest.from_file(ROOT_APP, default_timeout=30).run()
    assert not page.exception
    return page


def upload(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    typed = [(name, data, "image/png") for name, data in files]
    page.file_uploader[0].set_value(typed).run()
    assert not page.exception
    return page


def texts(page: AppTest) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.subheader])


def test_every_page_says_what_the_labels_are_and_what_the_law_forbids(photo_page: AppTest) -> None:
    notice = photo_page.caption[-1].value
    assert "apparent facial expression" in notice
    assert "article 5(1)(f)" in notice


@pytest.fixture
def secrets_file(tmp_path: Path) -> Iterator[Path]:
    """The place where Streamlit looks for secrets, empty so far."""
    path = tmp_path / "secrets.toml"
    with patch_config_options({"secrets.files": [str(path)]}):
        st.secrets._reset()
        yield path
    st.secrets._reset()


@pytest.mark.parametrize("shown", ["photo", "video", "live", "model"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b'[auth]\nclient_id = "fer\n', id="an-unclosed-quote"),
        pytest.param(b'[auth]\nclient_id = "\xff"\n', id="not-utf-8"),
        # What Docker mounts where the file is missing; it cannot be read by root either.
        pytest.param(None, id="a-folder"),
    ],
)
def test_secrets_that_cannot_be_read_open_no_page(
    shown: str, content: bytes | None, secrets_file: Path
) -> None:
    if content is None:
        secrets_file.mkdir()
    else:
        secrets_file.write_bytes(content)
    page = AppTest.from_file(ROOT_APP, default_timeout=30).run()
    page.switch_page(f"pages/{shown}.py").run()
    (error,) = page.error
    assert error.value.startswith("The app is not set up correctly: its `secrets.toml`")
    assert not page.exception
    assert len(page.main.children) == 1


@pytest.mark.parametrize("content", [None, "[other]\nkey = 1\n"], ids=["no-file", "no-provider"])
def test_without_a_provider_in_the_secrets_nobody_signs_in(
    content: str | None, secrets_file: Path
) -> None:
    if content is not None:
        secrets_file.write_text(content)
    page = AppTest.from_file(ROOT_APP, default_timeout=30).run()
    assert not page.error
    assert page.file_uploader


def test_the_uploader_says_how_large_photos_may_be(photo_page: AppTest) -> None:
    assert photo_page.file_uploader[0].label == "Photos, up to 20 MB each"


def test_a_sample_is_analyzed_at_one_click(photo_page: AppTest) -> None:
    photo_page.button[0].click().run()
    assert "1 face" in texts(photo_page)
    assert "Face 1:" in texts(photo_page)


def test_two_faces_are_numbered_from_left_to_right(photo_page: AppTest) -> None:
    portrait = skimage.data.astronaut()
    upload(photo_page, ("two.png", encoded(np.hstack([portrait, portrait]), "PNG")))
    assert "2 faces, from left to right" in texts(photo_page)
    assert texts(photo_page).index("Face 1:") < texts(photo_page).index("Face 2:")


def test_a_photo_without_a_face_says_what_helps(photo_page: AppTest) -> None:
    upload(photo_page, ("wall.png", encoded(np.full((200, 300, 3), 90, np.uint8), "PNG")))
    assert photo_page.warning[0].value.startswith("No face found. It helps when")


def test_a_broken_photo_harms_no_other(photo_page: AppTest) -> None:
    good = encoded(skimage.data.astronaut(), "PNG")
    upload(photo_page, ("cut.png", good[:2000]), ("good.png", good), ("empty.png", b""))
    assert [error.value for error in photo_page.error] == [
        "- `cut.png`: The photo is broken or cut off and cannot be read.\n"
        "- `empty.png`: The file is empty."
    ]
    assert "1 face" in texts(photo_page)


def test_a_single_broken_photo_is_no_list(photo_page: AppTest) -> None:
    upload(photo_page, ("empty.png", b""))
    assert [error.value for error in photo_page.error] == ["`empty.png`: The file is empty."]


def test_many_annotated_photos_are_offered_in_archives_of_bounded_size(
    photo_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_results, "PHOTOS_A_ZIP", 2)
    wall = encoded(plain(40, 30), "PNG")
    upload(photo_page, *((f"{number}.png", wall) for number in range(5)))
    labels = [button.proto.label for button in photo_page.get("download_button")]
    archives = [f"Annotated photos {numbers}" for numbers in ("1 to 2", "3 to 4", "5 to 5")]
    assert labels[:5] == [*archives, "Table (CSV)", "Data (JSON)"]


def test_photos_of_every_format_are_read(photo_page: AppTest) -> None:
    portrait = skimage.data.astronaut()
    formats = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
    upload(photo_page, *((f"a.{name.lower()}", encoded(portrait, name)) for name in formats))
    assert "7 photos, 7 faces" in texts(photo_page)
    assert len(photo_page.error) == 0


def test_the_summary_counts_photos_faces_and_what_could_not_be_read(photo_page: AppTest) -> None:
    good = encoded(skimage.data.astronaut(), "PNG")
    upload(photo_page, ("good.png", good), ("cut.png", good[:2000]), ("again.png", good))
    assert "3 photos (1 could not be read), 2 faces" in texts(photo_page)


def test_a_blurred_face_is_uncertain(photo_page: AppTest) -> None:
    blurred = cv2.GaussianBlur(skimage.data.astronaut(), (0, 0), 7)
    upload(photo_page, ("blurred.png", encoded(blurred, "PNG")))
    assert "Face 1: uncertain" in texts(photo_page)
    captions = [caption.value for caption in photo_page.caption]
    assert any(text.startswith("The face is blurred") for text in captions)


def test_the_gallery_filters_and_sorts(photo_page: AppTest) -> None:
    portrait = skimage.data.astronaut()
    small = np.full((300, 300, 3), 90, np.uint8)
    small[60:188, 60:188] = cv2.resize(portrait[20:276, 100:356], (128, 128))
    blurred = cv2.GaussianBlur(portrait, (0, 0), 7)
    photos = {"small.png": small, "<b>*large*.png": portrait, "blurred.png": blurred}
    upload(photo_page, *((name, encoded(image, "PNG")) for name, image in photos.items()))
    photo_page.session_state["photo_view"] = "Faces"
    photo_page.run()

    def shown() -> list[str]:
        notes = "".join(element.proto.body for element in photo_page.get("html"))
        return re.findall("Face 1 of (.*?)</div>", notes)

    assert shown() == ["small.png", "&lt;b&gt;*large*.png", "blurred.png"]
    photo_page.selectbox(key="gallery_order").select("Largest first").run()
    assert shown()[-1] == "small.png"
    photo_page.session_state["gallery_filter"] = ["uncertain"]
    photo_page.run()
    assert shown() == ["blurred.png"]
    assert not photo_page.exception


def test_the_camera_is_asked_for_only_where_it_is_wanted(photo_page: AppTest) -> None:
    assert len(photo_page.get("camera_input")) == 0
    photo_page.toggle(key="photo_camera").set_value(True).run()
    assert len(photo_page.get("camera_input")) == 1


def test_results_of_photos_that_were_taken_back_are_forgotten(photo_page: AppTest) -> None:
    upload(photo_page, ("good.png", encoded(skimage.data.astronaut(), "PNG")))
    assert len(photo_page.session_state[ui.RESULTS_KEY]) == 1
    upload(photo_page)
    assert photo_page.session_state[ui.RESULTS_KEY] == {}


def test_a_network_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_MODEL", "no-such-network")
    page = AppTest.from_file(ROOT_APP, default_timeout=30).run()
    assert not page.exception
    assert "There is no network 'no-such-network'" in page.error[0].value
    assert len(page.button) == 0, "nothing else can be done"


def test_a_face_detector_that_is_none_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ui._load_analyzer.clear()  # it was loaded with Haar
    file = tmp_path / "yunet.onnx"
    file.write_bytes(b"<!doctype html>")
    monkeypatch.setenv("FER_DETECTOR", str(file))
    page = AppTest.from_file(ROOT_APP, default_timeout=30).run()
    assert not page.exception
    assert "yunet.onnx is no YuNet" in page.error[0].value
    assert len(page.button) == 0, "nothing else can be done"


def test_a_malformed_setting_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_MAX_UPLOAD_MB", "many")
    page = AppTest.from_file(ROOT_APP, default_timeout=30).run()
    assert not page.exception
    assert "FER_MAX_UPLOAD_MB" in page.error[0].value


class StubStreamer:
    """Stands in for `webrtc_streamer`, which needs a browser: keeps what the page gave it."""

    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}
        self._context = SimpleNamespace(state=SimpleNamespace(playing=True, signalling=False))

    def becomes(self, *, playing: bool = False, signalling: bool = False) -> None:
        """Change the state, as the browser's messages do, with the page's next run."""
        self._context.state = SimpleNamespace(playing=playing, signalling=signalling)

    def __call__(self, **arguments: Any) -> SimpleNamespace:
        self.arguments = arguments
        st.session_state[arguments["key"]] = self._context
        return self._context

    @property
    def callback(self) -> Callable[[av.VideoFrame], av.VideoFrame]:
        newest_of = self.arguments["queued_video_frames_callback"]

        def callback(frame: av.VideoFrame) -> av.VideoFrame:
            annotated: list[av.VideoFrame] = asyncio.run(newest_of([frame]))
            return annotated[0]

        return callback


@pytest.fixture
def streamer(monkeypatch: pytest.MonkeyPatch) -> StubStreamer:
    stub = StubStreamer()
    monkeypatch.setattr(streamlit_webrtc, "webrtc_streamer", stub)
    monkeypatch.setattr("fer_core.stream.STILL_S", 300.0)  # a page may take its time here
    return stub


def open_live_page() -> AppTest:
    page = AppTest.from_file(ROOT_APP, default_timeout=30).run()
    page.switch_page("pages/live.py").run()
    assert not page.exception
    return page


def portrait_frame() -> av.VideoFrame:
    image = np.ascontiguousarray(skimage.data.astronaut()[:384, :512])
    return av.VideoFrame.from_ndarray(image, format="rgb24")


def record_a_face(callback: Callable[[av.VideoFrame], av.VideoFrame]) -> None:
    """A moment with a face comes into a recording, which takes ten of them a second at most."""
    after_the_search(callback)
    time.sleep(0.15)
    callback(portrait_frame())


def after_the_search(callback: Callable[[av.VideoFrame], av.VideoFrame]) -> av.VideoFrame:
    """What a stream of portraits looks like once its face was found, beside the stream."""
    for _ in range(500):
        annotated = callback(portrait_frame())
        mirrored = portrait_frame().to_ndarray(format="rgb24")[:, ::-1]
        if (annotated.to_ndarray(format="rgb24") != mirrored).any():
            return annotated
        time.sleep(0.02)
    pytest.fail("the face was not found")


@pytest.fixture
def metrics_port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The app's counters start at zero and are read at this port."""
    port = free_port()
    ui.activity.clear()
    monkeypatch.setenv("FER_METRICS_PORT", str(port))
    yield port
    ui._metrics_endpoint.clear()


def read_metrics(port: int) -> list[str]:
    with urllib.request.urlopen(f"http://localhost:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    return text.splitlines()


def test_counters_are_read_at_their_port_however_often_pages_run(
    metrics_port: int, photo_page: AppTest, streamer: StubStreamer
) -> None:
    good = encoded(skimage.data.astronaut(), "PNG")
    upload(photo_page, ("good.png", good), ("cut.png", good[:2000]))
    photo_page.run()
    open_live_page().run()
    lines = read_metrics(metrics_port)
    assert "fer_photos_total 1.0" in lines
    assert 'fer_faces_total{source="photo"} 1.0' in lines
    assert 'fer_errors_total{kind="ImageDecodeError"} 1.0' in lines


def test_a_port_that_is_taken_is_one_sentence(
    metrics_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("localhost", metrics_port)):
        page = AppTest.from_file(ROOT_APP, default_timeout=30).run()
    assert not page.exception
    assert f"FER_METRICS_PORT is {metrics_port}, but" in page.error[0].value
    assert len(page.button) == 0, "nothing else can be done"


def test_what_a_page_raises_is_counted_by_its_class(
    monkeypatch: pytest.MonkeyPatch, photo_page: AppTest
) -> None:
    ui.activity.clear()
    monkeypatch.setattr("ui.link_to_network", lambda: 1 / 0)
    photo_page.run()
    registry = ui.activity().metrics.registry
    assert registry.get_sample_value("fer_errors_total", {"kind": "ZeroDivisionError"}) == 1


def test_the_live_page_asks_no_server_and_no_microphone(streamer: StubStreamer) -> None:
    open_live_page()
    assert streamer.arguments["rtc_configuration"] == {"iceServers": []}
    assert streamer.arguments["media_stream_constraints"]["audio"] is False
    assert streamer.arguments["sendback_audio"] is False


def test_ice_servers_come_from_the_environment(
    streamer: StubStreamer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_ICE_SERVERS", '[{"urls": "stun:host:3478"}]')
    open_live_page()
    assert streamer.arguments["rtc_configuration"] == {"iceServers": [{"urls": "stun:host:3478"}]}


@pytest.fixture
def turn_server(monkeypatch: pytest.MonkeyPatch) -> str:
    """The app has a TURN server; its secret."""
    monkeypatch.setenv("FER_TURN_URLS", "turn:host:3478")
    monkeypatch.setenv("FER_TURN_SECRET", "s3cret-of-the-relay")
    return "s3cret-of-the-relay"


def given_credentials(streamer: StubStreamer) -> tuple[str, str]:
    (server,) = streamer.arguments["rtc_configuration"]["iceServers"]
    assert server["urls"] == ["turn:host:3478"]
    return server["username"], server["credential"]


def test_each_viewer_gets_credentials_of_their_own_and_keeps_them(
    streamer: StubStreamer, turn_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1.7e9)
    page = open_live_page()
    first = given_credentials(streamer)
    page.run()
    assert given_credentials(streamer) == first
    open_live_page()
    other = given_credentials(streamer)
    assert {first[0], first[1]}.isdisjoint(other)
    assert turn_server not in repr(streamer.arguments)


def test_a_page_left_open_gets_new_credentials_before_the_old_ones_end(
    streamer: StubStreamer, turn_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1.7e9
    monkeypatch.setattr(time, "time", lambda: now_s)
    page = open_live_page()
    expiry = int(given_credentials(streamer)[0].split(":")[0])
    now_s = expiry - 60
    page.run()
    assert int(given_credentials(streamer)[0].split(":")[0]) > now_s + 1800


@pytest.fixture
def one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """One viewer may be live at a time."""
    monkeypatch.setenv("FER_MAX_LIVE_SESSIONS", "1")
    ui._live_places.clear()


def test_a_viewer_without_a_place_waits_and_gets_in_when_it_is_free(
    streamer: StubStreamer, one_place: None
) -> None:
    first = open_live_page().run()
    streamer.arguments = {}
    refused = ui.activity().metrics.live_refused
    before = refused._value.get()
    second = open_live_page()
    second.run()
    assert refused._value.get() == before + 1, "once a viewer, not once a run"
    assert "The live place is taken right now" in second.info[0].value
    assert streamer.arguments == {}, "there is no START"
    assert "apparent facial expression" in second.caption[-1].value

    run_through(first, streamer, "idle")
    second.run()
    assert streamer.arguments != {}
    assert "is taken" not in texts(second)


def test_a_viewer_keeps_the_place_while_others_wait(
    streamer: StubStreamer, one_place: None
) -> None:
    first = open_live_page().run()
    open_live_page()
    first.run()
    assert "Waiting for the first picture" in first.info[0].value


def test_a_start_that_comes_too_late_waits_and_leaves_nothing_behind(
    streamer: StubStreamer, one_place: None
) -> None:
    streamer.becomes()
    first, second = open_live_page(), open_live_page()
    run_through(first, streamer, "playing")
    first.run()
    second.session_state["live"] = SimpleNamespace(
        state=SimpleNamespace(playing=False, signalling=True)
    )
    second.run()
    assert "is taken" in second.info[0].value
    assert "live" not in second.session_state
    assert ui.STREAM_KEY not in second.session_state


@pytest.mark.parametrize("way", ["left", "connection-lost"])
def test_leaving_and_a_lost_connection_free_the_place(
    streamer: StubStreamer, one_place: None, way: str
) -> None:
    first = open_live_page().run()
    assert ui.live_places().n_free == 0
    if way == "left":
        first.switch_page("pages/photo.py").run()
    else:
        streamer.arguments["on_video_ended"]()
    assert ui.live_places().n_free == 1


def test_the_callback_annotates_and_the_page_shows_the_newest_faces(streamer: StubStreamer) -> None:
    page = open_live_page()
    assert "Waiting for the first picture" in page.info[0].value
    source = portrait_frame()
    annotated = after_the_search(streamer.callback)
    before, after = (f.to_ndarray(format="rgb24") for f in (source, annotated))
    assert after.shape == before.shape
    assert (before != after).any()
    page.run()
    assert "Face: " in texts(page)


def test_a_busy_server_says_so_beside_the_answers(streamer: StubStreamer) -> None:
    page = open_live_page()
    after_the_search(streamer.callback)
    assert not page.run().warning
    stream = page.session_state[ui.STREAM_KEY]
    stream.status = replace(stream.status, dropped_share=0.6)
    page.run()
    assert page.warning[0].value.startswith("The server is busy")
    assert "Face: " in texts(page)


def test_settings_reach_the_stream_that_runs(streamer: StubStreamer) -> None:
    page = open_live_page()
    running = streamer.callback
    plain = after_the_search(running).to_ndarray(format="rgb24")
    page.toggle[1].set_value(True).run()
    with_bars = running(portrait_frame()).to_ndarray(format="rgb24")
    assert (plain != with_bars).any()
    page.slider[0].set_value(60).run()
    for _ in range(100):  # a search that had begun may still find the face
        running(portrait_frame())
        if not page.session_state[ui.STREAM_KEY].status.newest.faces:
            break
        time.sleep(0.05)
    page.run()
    assert "No face in sight" in page.info[0].value


def test_smoothing_reaches_the_stream_that_runs(streamer: StubStreamer) -> None:
    page = open_live_page()
    session = page.session_state[ui.STREAM_KEY].session
    usual_s = session.settings.half_life_s
    page.segmented_control[0].set_value("Much").run()
    assert session.settings.half_life_s > usual_s
    page.segmented_control[0].set_value("Little").run()
    assert session.settings.half_life_s < usual_s


def test_the_picture_is_a_mirror_unless_that_is_switched_off(streamer: StubStreamer) -> None:
    page = open_live_page()
    source = portrait_frame().to_ndarray(format="rgb24")

    def corner() -> np.ndarray[Any, Any]:
        """A part of the picture on which nothing is drawn."""
        return streamer.callback(portrait_frame()).to_ndarray(format="rgb24")[-50:, :50]

    np.testing.assert_array_equal(corner(), source[-50:, ::-1][:, :50])
    page.toggle[0].set_value(False).run()
    np.testing.assert_array_equal(corner(), source[-50:, :50])


def button(page: AppTest, label: str) -> Button:
    (found,) = [button for button in page.button if button.label == label]
    return found


def shown(page: AppTest, kind: str) -> int:
    return len(page.get(kind))


def test_nothing_can_be_kept_of_a_stream_that_does_not_play(streamer: StubStreamer) -> None:
    page = run_through(open_live_page(), streamer, "idle")
    assert button(page, "Freeze the picture").disabled
    assert button(page, "Record the results").disabled
    assert shown(page, "download_button") == 0


def test_a_picture_is_frozen_while_the_stream_goes_on(streamer: StubStreamer) -> None:
    page = open_live_page()
    button(page, "Freeze the picture").click().run()
    assert ui.FROZEN_KEY not in page.session_state, "no picture has come yet"
    frozen = after_the_search(streamer.callback).to_ndarray(format="rgb24")
    button(page, "Freeze the picture").click().run()
    after_the_search(streamer.callback)
    page.run()
    assert not page.exception
    np.testing.assert_array_equal(page.session_state[ui.FROZEN_KEY].image, frozen)
    assert shown(page, "download_button") == 1
    button(page, "Discard the picture").click().run()
    assert ui.FROZEN_KEY not in page.session_state
    assert shown(page, "download_button") == 0


def test_a_recording_has_a_chart_for_the_face_and_two_files(streamer: StubStreamer) -> None:
    page = open_live_page()
    after_the_search(streamer.callback)
    assert ui.RECORDING_KEY not in page.session_state, "recording is the viewer's choice"
    button(page, "Record the results").click().run()
    assert shown(page, "vega_lite_chart") == 0
    record_a_face(streamer.callback)  # a slow page may outlive the track
    page.run()
    assert shown(page, "vega_lite_chart") == 1
    assert shown(page, "download_button") == 2
    button(page, "Stop recording").click().run()
    kept = page.session_state[ui.RECORDING_KEY]
    n_moments = len(kept.timeline())
    time.sleep(0.15)
    streamer.callback(portrait_frame())
    page.run()
    assert len(kept.timeline()) == n_moments
    assert "Recorded: 0:00 with 1 face" in [caption.value for caption in page.caption]
    button(page, "Record the results").click().run()
    assert page.session_state[ui.RECORDING_KEY] is not kept


def test_a_full_recording_says_so(streamer: StubStreamer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_ROWS", 0)
    page = open_live_page()
    after_the_search(streamer.callback)
    button(page, "Record the results").click().run()
    record_a_face(streamer.callback)
    page.run()
    assert page.warning[0].value.startswith("The recording is full: ")


def keep_something(page: AppTest, streamer: StubStreamer) -> None:
    after_the_search(streamer.callback)
    button(page, "Record the results").click().run()
    button(page, "Freeze the picture").click().run()
    assert ui.RECORDING_KEY in page.session_state
    assert ui.FROZEN_KEY in page.session_state


def test_stop_forgets_what_was_kept(streamer: StubStreamer, clock: SimpleNamespace) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    keep_something(page, streamer)
    run_through(page, streamer, "idle")
    assert ui.RECORDING_KEY not in page.session_state
    assert ui.FROZEN_KEY not in page.session_state


def test_leaving_the_page_forgets_what_was_kept(streamer: StubStreamer) -> None:
    page = open_live_page()
    keep_something(page, streamer)
    page.switch_page("pages/photo.py").run()
    assert ui.RECORDING_KEY not in page.session_state
    assert ui.FROZEN_KEY not in page.session_state


def test_a_lost_connection_keeps_what_was_kept(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    stream = page.session_state[ui.STREAM_KEY]
    stream.recording = page.session_state[ui.RECORDING_KEY] = Recording(
        ui.analyzer().classifier.labels
    )
    streamer.callback(portrait_frame())
    clock.now_s += 10
    run_through(page, streamer, "idle")
    assert "connection was lost" in page.info[0].value
    assert len(page.session_state[ui.RECORDING_KEY].timeline()) == 1
    assert shown(page, "download_button") == 2


def test_a_recording_goes_on_with_the_connection_that_is_made_anew(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    recorded = Recording(ui.analyzer().classifier.labels)
    page.session_state[ui.STREAM_KEY].recording = page.session_state[ui.RECORDING_KEY] = recorded
    box = fer_core.BoundingBox(10, 10, 50, 50)
    probabilities = dict.fromkeys(ui.analyzer().classifier.labels, 1 / 7)
    recorded.add((fer_core.TrackedFace(box, 1.0, probabilities, 4, None),), clock.now_s)
    streamer.callback(portrait_frame())
    clock.now_s += 10
    run_through(page, streamer, "idle", "signalling", "playing")
    again = page.session_state[ui.STREAM_KEY]
    assert again.recording is recorded
    assert next(again.session._tracks._ids) == 5, "nobody new gets the number of a face before"
    n_moments = len(recorded.timeline())
    streamer.callback(portrait_frame())
    assert len(recorded.timeline()) == n_moments + 1


def test_a_recording_that_was_ended_stays_so(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    button(page, "Record the results").click().run()
    button(page, "Stop recording").click().run()
    streamer.callback(portrait_frame())
    clock.now_s += 10
    run_through(page, streamer, "idle", "signalling", "playing")
    assert ui.RECORDING_KEY in page.session_state
    assert page.session_state[ui.STREAM_KEY].recording is None


def test_what_was_kept_stays_where_somebody_took_the_place(
    streamer: StubStreamer, one_place: None, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    button(page, "Record the results").click().run()
    streamer.callback(portrait_frame())
    page.session_state[ui.STREAM_KEY].close()
    other = VideoStream(fer_core.LiveSession(ui.analyzer()))
    assert ui.live_places().take(other)
    clock.now_s += 10
    run_through(page, streamer, "idle")
    assert "is taken" in page.info[0].value
    assert shown(page, "download_button") == 2


def test_a_picture_that_stands_still_says_so(
    streamer: StubStreamer, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_core.stream.STILL_S", 3.0)
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    streamer.callback(portrait_frame())
    clock.now_s += 2
    assert not page.run().warning
    clock.now_s += 2
    assert page.run().warning[0].value.startswith("The picture stands still.")
    streamer.callback(portrait_frame())
    assert not page.run().warning


def run_through(page: AppTest, streamer: StubStreamer, *states: str) -> AppTest:
    for state in states:
        streamer.becomes(playing=state == "playing", signalling=state == "signalling")
        page.run()
    assert not page.exception
    return page


def test_a_stream_whose_every_frame_fails_says_so(
    streamer: StubStreamer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_live_page()
    monkeypatch.setattr(fer_core.LiveSession, "process", lambda *_: 1 / 0)
    streamer.callback(portrait_frame())
    page.run()
    assert "could not be analyzed" in page.warning[0].value


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until a test moves `now_s`."""
    clock = SimpleNamespace(now_s=1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now_s)
    return clock


def test_a_start_given_up_after_a_while_is_explained(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling")
    clock.now_s += 20
    run_through(page, streamer, "idle")
    assert page.error[0].value == browser.NO_CONNECTION


def test_opening_the_page_again_after_a_stream_is_no_failure(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    streamer.callback(portrait_frame())
    page.switch_page("pages/photo.py").run()
    clock.now_s += 60
    streamer.becomes()
    page.switch_page("pages/live.py").run()
    assert len(page.error) == 0


def test_stop_while_connecting_is_no_failure(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling")
    clock.now_s += 1
    run_through(page, streamer, "idle")
    assert len(page.error) == 0


def test_stop_while_frames_come_is_no_failure(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    clock.now_s += 60
    streamer.callback(portrait_frame())
    clock.now_s += 0.1
    run_through(page, streamer, "idle")
    assert len(page.error) == 0
    assert streamer.arguments["desired_playing_state"] is None


def test_a_connection_lost_on_the_way_is_explained_until_the_page_is_left(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    streamer.callback(portrait_frame())
    clock.now_s += 10
    streamer.arguments["on_video_ended"]()
    run_through(page, streamer, "idle")
    assert "connection was lost" in page.info[0].value
    clock.now_s += TRIED_AGAIN_S
    page.run()
    assert page.error[0].value == browser.LOST_CONNECTION
    page.switch_page("pages/photo.py").run()
    page.switch_page("pages/live.py").run()
    assert len(page.error) == 0


def lose_connection(page: AppTest, streamer: StubStreamer, clock: SimpleNamespace) -> None:
    """After a picture, none for long."""
    streamer.callback(portrait_frame())
    clock.now_s += 10
    streamer.arguments["on_video_ended"]()
    run_through(page, streamer, "idle")


def test_a_lost_connection_is_made_anew_without_a_press_of_start(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    assert streamer.arguments["desired_playing_state"] is None
    for _ in range(2):
        lose_connection(page, streamer, clock)
        run_through(page, streamer, "idle").run()
        assert streamer.arguments["desired_playing_state"] is True
        assert "Connecting again" in page.info[0].value
        run_through(page, streamer, "signalling", "playing").run()
        assert streamer.arguments["desired_playing_state"] is True, "until a picture comes"
        streamer.callback(portrait_frame())
        page.run()
        assert streamer.arguments["desired_playing_state"] is None
        assert len(page.error) == 0


def test_a_connection_that_is_not_made_at_once_is_tried_until_it_is(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    lose_connection(page, streamer, clock)
    # The browser says once more that it plays, of the connection that has ended; then an attempt
    # comes to nothing.
    run_through(page, streamer, "playing", "idle", "signalling", "idle")
    assert streamer.arguments["desired_playing_state"] is True
    run_through(page, streamer, "signalling", "playing")
    streamer.callback(portrait_frame())
    assert not page.session_state[ui.STREAM_KEY].closed
    page.run()
    assert streamer.arguments["desired_playing_state"] is None


def test_a_connection_that_ends_as_its_network_comes_back_is_made_anew_too(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    streamer.callback(portrait_frame())
    clock.now_s += 7
    streamer.callback(portrait_frame())
    run_through(page, streamer, "idle").run()
    assert streamer.arguments["desired_playing_state"] is True


def test_a_press_of_stop_counts_again_once_frames_have_come_for_a_while(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    streamer.callback(portrait_frame())
    clock.now_s += 7
    for _ in range(40):
        streamer.callback(portrait_frame())
        clock.now_s += 0.03
    run_through(page, streamer, "idle").run()
    assert streamer.arguments["desired_playing_state"] is None
    assert len(page.error) == 0


def test_a_connection_that_cannot_be_made_anew_is_left_to_the_viewer(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    lose_connection(page, streamer, clock)
    run_through(page, streamer, "signalling")
    clock.now_s += 20
    run_through(page, streamer, "idle").run()
    assert streamer.arguments["desired_playing_state"] is None
    assert page.error[0].value == browser.LOST_CONNECTION


def test_a_press_of_stop_that_is_heard_of_late_is_no_loss(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    streamer.callback(portrait_frame())
    streamer.arguments["on_video_ended"]()
    clock.now_s += 10
    run_through(page, streamer, "idle").run()
    assert streamer.arguments["desired_playing_state"] is None
    assert len(page.error) == 0


def stop_connecting(page: AppTest) -> None:
    [button] = [button for button in page.button if button.label == "Stop connecting"]
    button.click().run()
    assert not page.exception


def test_the_viewer_may_stop_an_attempt(streamer: StubStreamer, clock: SimpleNamespace) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    lose_connection(page, streamer, clock)
    run_through(page, streamer, "signalling")
    stop_connecting(page)
    assert streamer.arguments["desired_playing_state"] is False
    run_through(page, streamer, "idle").run()
    assert streamer.arguments["desired_playing_state"] is None
    run_through(page, streamer, "signalling").run()
    assert streamer.arguments["desired_playing_state"] is None


def test_the_viewer_may_stop_between_attempts(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    lose_connection(page, streamer, clock)
    stop_connecting(page)
    assert streamer.arguments["desired_playing_state"] is None
    assert page.error[0].value == browser.LOST_CONNECTION


def test_a_camera_that_is_gone_is_not_tried_again(
    streamer: StubStreamer, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    lose_connection(page, streamer, clock)
    monkeypatch.setattr(browser, "show_camera_problem", lambda: True)
    run_through(page, streamer, "idle")
    assert streamer.arguments["desired_playing_state"] is None
    assert page.error[0].value == browser.LOST_CONNECTION


@pytest.mark.parametrize("way", ["waits", "leaves"])
def test_the_camera_does_not_start_by_itself_later(
    streamer: StubStreamer, clock: SimpleNamespace, way: str
) -> None:
    page = run_through(open_live_page(), streamer, "idle", "signalling", "playing")
    lose_connection(page, streamer, clock)
    if way == "waits":
        clock.now_s += TRIED_AGAIN_S + 1
        page.run()
    else:
        page.switch_page("pages/photo.py").run()
        page.switch_page("pages/live.py").run()
    assert streamer.arguments["desired_playing_state"] is None


def test_an_idle_page_holds_no_stream_and_no_picture(streamer: StubStreamer) -> None:
    page = open_live_page()
    stream = page.session_state[ui.STREAM_KEY]
    streamer.callback(portrait_frame())
    assert stream.status.newest is not None
    run_through(page, streamer, "idle")
    assert ui.STREAM_KEY not in page.session_state
    assert stream.status.newest is None
    assert "Press START" in page.info[0].value


def test_leaving_the_live_page_drops_its_stream_and_its_picture(streamer: StubStreamer) -> None:
    page = open_live_page()
    stream = page.session_state[ui.STREAM_KEY]
    streamer.callback(portrait_frame())
    page.switch_page("pages/photo.py").run()
    assert ui.STREAM_KEY not in page.session_state
    assert stream.status.newest is None


def test_leaving_the_photo_page_drops_its_results(
    photo_page: AppTest, streamer: StubStreamer
) -> None:
    upload(photo_page, ("good.png", encoded(skimage.data.astronaut(), "PNG")))
    assert ui.RESULTS_KEY in photo_page.session_state
    photo_page.switch_page("pages/live.py").run()
    assert ui.RESULTS_KEY not in photo_page.session_state
