"""The live page, with a stub in place of the browser's stream."""

import time
from dataclasses import replace
from types import SimpleNamespace

import av
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import fer_core
from fer_core.live import recording
from fer_core.live.recording import Recording
from fer_core.live.stream import VideoStream
from fer_core.reports import PredictionSource
from tests.pages.visits import (
    StubStreamer,
    after_the_search,
    button,
    downloads,
    html,
    labels,
    open_page,
    portrait_frame,
    texts,
)
from webapp import models, server, session
from webapp.live.connection import TRIED_AGAIN_S
from webapp.views.live import browser


def run_through(page: AppTest, streamer: StubStreamer, *states: str) -> AppTest:
    for state in states:
        streamer.becomes(playing=state == "playing", signalling=state == "signalling")
        page.run()
    assert not page.exception
    return page


def open_live_page(streamer: StubStreamer) -> AppTest:
    """A page on which the viewer pressed START, and whose stream plays."""
    streamer.becomes()
    page = open_page("live")
    button(page, "START").click().run()
    return run_through(page, streamer, "signalling", "playing")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until a test moves `now_s`."""
    clock = SimpleNamespace(now_s=1000.0)
    monkeypatch.setattr(time, "monotonic", lambda: clock.now_s)
    return clock


def is_running(page: AppTest) -> bool:
    return "Stop" in labels(page)


def lose_connection(page: AppTest, streamer: StubStreamer, clock: SimpleNamespace) -> None:
    """After a frame, none for long."""
    streamer.callback(portrait_frame())
    clock.now_s += 10
    streamer.arguments["on_video_ended"]()
    run_through(page, streamer, "idle")


# --- before START ---


def test_a_finished_example_and_one_button_come_first(streamer: StubStreamer) -> None:
    page = open_page("live")
    assert "See what your face says" in [heading.value for heading in page.title]
    assert "Example" in html(page)
    assert "happy" in html(page)
    assert streamer.arguments["desired_playing_state"] is False
    assert button(page, "Snapshot").disabled
    assert button(page, "Record").disabled
    assert not is_running(page)


def test_one_click_starts_and_one_ends_it(streamer: StubStreamer) -> None:
    page = open_page("live")
    button(page, "START").click().run()
    assert streamer.arguments["desired_playing_state"] is None, "its own button starts it"
    run_through(page, streamer, "signalling", "playing")
    button(page, "Stop").click().run()
    assert streamer.arguments["desired_playing_state"] is False
    run_through(page, streamer, "idle")
    assert "START" in labels(page)
    assert "lost" not in texts(page)


def test_a_refused_camera_is_one_message_with_the_way_out(
    streamer: StubStreamer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        browser,
        "camera_problem",
        lambda _, wanted: browser.explain_camera_error("NotAllowedError"),
    )
    page = open_page("live")
    assert [heading.value for heading in page.title] == ["Camera access is blocked"]
    assert "allow it, then press START." in texts(page)
    assert "No face yet" in html(page)
    assert "START" in labels(page)
    assert not page.error


# --- what the stream is asked for ---


def test_the_live_page_asks_no_server_and_no_microphone(streamer: StubStreamer) -> None:
    open_live_page(streamer)
    assert streamer.arguments["rtc_configuration"] == {"iceServers": []}
    assert streamer.arguments["media_stream_constraints"]["audio"] is False
    assert streamer.arguments["sendback_audio"] is False


def test_ice_servers_come_from_the_environment(
    streamer: StubStreamer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_ICE_SERVERS", '[{"urls": "stun:host:3478"}]')
    open_live_page(streamer)
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
    page = open_live_page(streamer)
    first = given_credentials(streamer)
    page.run()
    assert given_credentials(streamer) == first
    streamer.becomes()  # for the next viewer
    open_live_page(streamer)
    other = given_credentials(streamer)
    assert {first[0], first[1]}.isdisjoint(other)
    assert turn_server not in repr(streamer.arguments)


def test_a_page_left_open_gets_new_credentials_before_the_old_ones_end(
    streamer: StubStreamer, turn_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1.7e9
    monkeypatch.setattr(time, "time", lambda: now_s)
    page = open_live_page(streamer)
    expiry = int(given_credentials(streamer)[0].split(":")[0])
    now_s = expiry - 60
    page.run()
    assert int(given_credentials(streamer)[0].split(":")[0]) > now_s + 1800


# --- places ---


@pytest.fixture
def one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """One viewer may be live at a time."""
    monkeypatch.setenv("FER_MAX_LIVE_SESSIONS", "1")
    server._live_places.clear()


def test_a_viewer_without_a_place_waits_and_gets_in_when_it_is_free(
    streamer: StubStreamer, one_place: None
) -> None:
    first = open_live_page(streamer)
    streamer.arguments = {}
    refused = server.activity().metrics.live_refused
    before = refused._value.get()
    second = open_page("live").run()
    assert refused._value.get() == before + 1, "once a viewer, not once a run"
    assert second.title[0].value == "The live place is taken right now"
    assert streamer.arguments == {}, "there is no START"
    assert "Labels describe an apparent expression" in texts(second)

    button(first, "Stop").click().run()
    run_through(first, streamer, "idle")
    second.run()
    assert streamer.arguments != {}
    assert "START" in labels(second)


def test_a_viewer_keeps_the_place_while_others_wait(
    streamer: StubStreamer, one_place: None
) -> None:
    first = open_live_page(streamer)
    open_page("live")
    assert is_running(first.run())


@pytest.mark.parametrize("way", ["left", "connection-lost"])
def test_leaving_and_a_lost_connection_free_the_place(
    streamer: StubStreamer, one_place: None, way: str
) -> None:
    first = open_live_page(streamer)
    assert server.live_places().n_free == 0
    if way == "left":
        first.switch_page("pages/photos.py").run()
    else:
        streamer.arguments["on_video_ended"]()
    assert server.live_places().n_free == 1


# --- while it plays ---


def test_the_callback_annotates_and_the_page_shows_the_newest_faces(streamer: StubStreamer) -> None:
    page = open_live_page(streamer)
    assert "Connecting" in html(page)
    source = portrait_frame()
    annotated = after_the_search(streamer.callback)
    before, after = (f.to_ndarray(format="rgb24") for f in (source, annotated))
    assert after.shape == before.shape
    assert (before != after).any()
    page.run()
    assert "Apparent expression" in html(page)
    assert html(page).count("happy") > 1


def test_a_busy_server_says_so_beside_the_labels(streamer: StubStreamer) -> None:
    page = open_live_page(streamer)
    after_the_search(streamer.callback)
    stream = page.session_state[session.STREAM_KEY]
    stream.status = replace(stream.status, dropped_share=0.6)
    assert "The server is busy" in texts(page.run())


def test_settings_reach_the_stream_that_runs(streamer: StubStreamer) -> None:
    page = open_live_page(streamer)
    live = page.session_state[session.STREAM_KEY].session
    usual_s = live.settings.half_life_s
    page.segmented_control(key="live_steadiness").set_value("Calm").run()
    page.slider(key="live_smallest").set_value(60).run()
    page.session_state["live_display"] = ["Bars beside each face"]
    page.run()
    assert live.settings.half_life_s > usual_s
    assert live.settings.min_face_share == 0.6
    assert live.settings.show_probabilities
    assert not live.settings.mirror


def test_another_model_goes_on_with_the_stream(streamer: StubStreamer) -> None:
    page = open_live_page(streamer)
    before = page.session_state[session.STREAM_KEY]
    live = before.session
    page.radio(key="chosen_model").set_value(1).run()
    assert page.session_state[session.STREAM_KEY] is before
    assert before.session is not live
    assert is_running(page)


def test_an_image_that_stands_still_says_so(
    streamer: StubStreamer, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fer_core.live.stream.STILL_S", 3.0)
    page = open_live_page(streamer)
    streamer.callback(portrait_frame())
    clock.now_s += 4
    assert "The video stands still." in texts(page.run())
    streamer.callback(portrait_frame())
    assert "stands still" not in texts(page.run())


def test_a_stream_whose_every_frame_fails_says_so(
    streamer: StubStreamer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = open_live_page(streamer)
    monkeypatch.setattr(fer_core.LiveSession, "process", lambda *_: 1 / 0)
    streamer.callback(portrait_frame())
    assert "could not be analyzed" in texts(page.run())


# --- what is kept ---


def keep_something(page: AppTest, streamer: StubStreamer) -> None:
    after_the_search(streamer.callback)
    button(page, "Record").click().run()
    button(page, "Snapshot").click().run()
    assert session.RECORDING_KEY in page.session_state
    assert session.SNAPSHOT_KEY in page.session_state


@pytest.mark.parametrize("way", ["stopped", "left"])
def test_a_snapshot_and_a_recording_stay_until_they_are_discarded(
    streamer: StubStreamer, way: str
) -> None:
    page = open_live_page(streamer)
    keep_something(page, streamer)
    if way == "stopped":
        button(page, "Stop").click().run()
        run_through(page, streamer, "idle")
    else:
        page.switch_page("pages/photos.py").run()
        streamer.becomes()
        page.switch_page("pages/live.py").run()
    assert downloads(page) == ["Download", "Table (CSV)", "Data (JSON)"]
    page.button(key=f"discard_{session.SNAPSHOT_KEY}").click().run()
    assert session.SNAPSHOT_KEY not in page.session_state
    if way == "left":
        page.button(key=f"discard_{session.RECORDING_KEY}").click().run()
        assert downloads(page) == []


def test_a_snapshot_is_the_frame_on_the_screen(streamer: StubStreamer) -> None:
    page = open_live_page(streamer)
    button(page, "Snapshot").click().run()
    assert session.SNAPSHOT_KEY not in page.session_state, "no frame has come yet"
    snapshot = after_the_search(streamer.callback).to_ndarray(format="rgb24")
    button(page, "Snapshot").click().run()
    after_the_search(streamer.callback)
    page.run()
    np.testing.assert_array_equal(page.session_state[session.SNAPSHOT_KEY].image, snapshot)


def test_a_full_recording_says_so(streamer: StubStreamer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_ROWS", 0)
    page = open_live_page(streamer)
    after_the_search(streamer.callback)
    button(page, "Record").click().run()
    after_the_search(streamer.callback)  # a slow page may outlive the track
    time.sleep(0.15)
    streamer.callback(portrait_frame())
    assert "The recording is full: " in texts(page.run())


def test_a_recording_goes_on_with_the_connection_that_is_made_again(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = open_live_page(streamer)
    recorded = Recording(models.analyzer().classifier.labels)
    page.session_state[session.STREAM_KEY].recording = page.session_state[session.RECORDING_KEY] = (
        recorded
    )
    source = PredictionSource.of(models.analyzer())
    page.session_state[session.RECORDING_SOURCE_KEY] = source
    box = fer_core.BoundingBox(10, 10, 50, 50)
    probabilities = dict.fromkeys(models.analyzer().classifier.labels, 1 / 7)
    recorded.add((fer_core.TrackedFace(box, 1.0, probabilities, 4, None),), clock.now_s)
    streamer.callback(portrait_frame())
    clock.now_s += 10
    run_through(page, streamer, "idle", "signalling", "playing")
    again = page.session_state[session.STREAM_KEY]
    assert again.recording is recorded
    assert next(again.session._tracks._ids) == 5, "nobody new gets the number of a face before"
    n_moments = len(recorded.timeline())
    streamer.callback(portrait_frame())
    assert len(recorded.timeline()) == n_moments + 1


# --- how a connection ends ---


def test_a_start_given_up_after_a_while_is_explained(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = open_page("live")
    button(page, "START").click().run()
    run_through(page, streamer, "signalling")
    clock.now_s += 20
    run_through(page, streamer, "idle")
    assert browser.NO_CONNECTION.title in page.title[0].value
    assert streamer.arguments["desired_playing_state"] is False


def test_a_lost_connection_is_made_again_without_a_press_of_start(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = open_live_page(streamer)
    for _ in range(2):
        lose_connection(page, streamer, clock)
        run_through(page, streamer, "idle")
        assert "Connecting again" in texts(page)
        assert streamer.arguments["desired_playing_state"] is None
        run_through(page, streamer, "signalling", "playing")
        streamer.callback(portrait_frame())
        page.run()
        assert "Connecting again" not in texts(page)
        assert is_running(page)


def test_a_connection_that_cannot_be_made_again_is_left_to_the_viewer(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = open_live_page(streamer)
    lose_connection(page, streamer, clock)
    clock.now_s += TRIED_AGAIN_S + 1
    page.run()
    assert browser.LOST_CONNECTION.title in page.title[0].value


def test_the_viewer_may_stop_an_attempt(streamer: StubStreamer, clock: SimpleNamespace) -> None:
    page = open_live_page(streamer)
    lose_connection(page, streamer, clock)
    run_through(page, streamer, "signalling")
    button(page, "Stop").click().run()
    assert streamer.arguments["desired_playing_state"] is False
    run_through(page, streamer, "idle")
    assert "START" in labels(page)


def test_what_was_kept_stays_where_somebody_took_the_place(
    streamer: StubStreamer, one_place: None, clock: SimpleNamespace
) -> None:
    page = open_live_page(streamer)
    button(page, "Record").click().run()
    streamer.callback(portrait_frame())
    page.session_state[session.STREAM_KEY].close()
    other = VideoStream(fer_core.LiveSession(models.analyzer()))
    assert server.live_places().take(other)
    clock.now_s += 10
    run_through(page, streamer, "idle")
    assert "is taken" in page.title[0].value
    assert downloads(page) == ["Table (CSV)", "Data (JSON)"]


def test_the_camera_does_not_start_by_itself_later(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = open_live_page(streamer)
    page.switch_page("pages/photos.py").run()
    streamer.becomes()
    page.switch_page("pages/live.py").run()
    assert streamer.arguments["desired_playing_state"] is False


def test_leaving_the_live_page_drops_its_stream_and_its_frames(streamer: StubStreamer) -> None:
    page = open_live_page(streamer)
    stream = page.session_state[session.STREAM_KEY]
    streamer.callback(portrait_frame())
    page.switch_page("pages/photos.py").run()
    assert session.STREAM_KEY not in page.session_state
    assert stream.status.newest is None


def test_stop_while_connecting_is_no_failure(streamer: StubStreamer) -> None:
    page = open_page("live")
    button(page, "START").click().run()
    run_through(page, streamer, "signalling")
    button(page, "Stop").click().run()
    run_through(page, streamer, "idle")
    assert [heading.value for heading in page.title] == ["See what your face says"]


def test_opening_the_page_again_after_a_stream_is_no_failure(streamer: StubStreamer) -> None:
    page = open_live_page(streamer)
    streamer.callback(portrait_frame())
    page.switch_page("pages/photos.py").run()
    streamer.becomes()
    page.switch_page("pages/live.py").run()
    assert [heading.value for heading in page.title] == ["See what your face says"]


def test_a_lost_connection_keeps_what_was_kept(
    streamer: StubStreamer, clock: SimpleNamespace, playing_page: AppTest
) -> None:
    keep_something(playing_page, streamer)
    lose_connection(playing_page, streamer, clock)
    clock.now_s += TRIED_AGAIN_S + 1
    playing_page.run()
    assert downloads(playing_page) == ["Download", "Table (CSV)", "Data (JSON)"]


def test_a_recording_that_was_ended_stays_so_when_the_connection_is_made_again(
    streamer: StubStreamer, clock: SimpleNamespace
) -> None:
    page = open_live_page(streamer)
    button(page, "Record").click().run()
    streamer.callback(portrait_frame())
    button(page, "Stop recording").click().run()
    lose_connection(page, streamer, clock)
    run_through(page, streamer, "signalling", "playing")
    assert page.session_state[session.STREAM_KEY].recording is None
    assert "Record" in labels(page)


# --- make this face ---


def try_a_face(page: AppTest, streamer: StubStreamer, clock: SimpleNamespace) -> None:
    """Press Start, and hold the portrait into the camera until the time is up."""
    page.button(key="challenge_start").click().run()
    for _ in range(4):
        streamer.callback(portrait_frame())
        clock.now_s += 2
    page.run()
    assert not page.exception


def show_portrait(page: AppTest, streamer: StubStreamer, clock: SimpleNamespace) -> None:
    """Hold the portrait into the camera until its face is found, which another thread looks for."""
    for _ in range(500):
        streamer.callback(portrait_frame())
        status = page.session_state[session.STREAM_KEY].status
        if status.newest and status.newest.faces:
            return
        time.sleep(0.01)
        clock.now_s += 0.001
    pytest.fail("the face was not found")


@pytest.fixture
def playing_page(streamer: StubStreamer, clock: SimpleNamespace) -> AppTest:
    """A live page on which the portrait's face is in sight, with a clock that stands still."""
    page = open_live_page(streamer)
    show_portrait(page, streamer, clock)
    return page.run()


def test_a_try_waits_for_the_camera(streamer: StubStreamer) -> None:
    page = open_page("live")
    assert page.button(key="challenge_start").disabled
    assert "Make this face" in [heading.value for heading in page.header]


def test_a_try_shows_its_score_and_what_is_left(
    streamer: StubStreamer, playing_page: AppTest, clock: SimpleNamespace
) -> None:
    playing_page.button(key="challenge_start").click().run()
    streamer.callback(portrait_frame())
    clock.now_s += 0.8
    streamer.callback(portrait_frame())
    playing_page.run()
    assert "of 100</span>" in html(playing_page)
    assert html(playing_page).count("A moment of ") == 2
    assert playing_page.header[0].value.startswith("Best so far: ")
    playing_page.button(key="challenge_cancel").click().run()
    assert session.CHALLENGE_KEY not in playing_page.session_state
    assert playing_page.session_state[session.STREAM_KEY].challenge is None


def test_a_try_ends_in_a_collage_that_stays_over_stop_until_it_is_discarded(
    streamer: StubStreamer, playing_page: AppTest, clock: SimpleNamespace
) -> None:
    page = playing_page
    try_a_face(page, streamer, clock)
    assert downloads(page) == ["Download"]
    assert "1 of 7 faces made" in html(page)
    shown, file = page.session_state[session.COLLAGE_KEY]
    assert (shown[:2], file[1:4]) == (b"\xff\xd8", b"PNG")
    button(page, "Stop").click().run()
    run_through(page, streamer, "idle")
    assert downloads(page) == ["Download"]
    assert button(page, "Try again").disabled
    button(page, "Discard").click().run()
    assert downloads(page) == []
    assert session.CHALLENGE_KEY not in page.session_state
    assert page.session_state[session.MADE_KEY]


def test_trying_again_keeps_the_better_score(
    streamer: StubStreamer, playing_page: AppTest, clock: SimpleNamespace
) -> None:
    page = playing_page
    try_a_face(page, streamer, clock)
    ((target, _),) = page.session_state[session.MADE_KEY].items()
    page.session_state[session.MADE_KEY][target] = 101
    button(page, "Try again").click().run()
    assert page.session_state[session.STREAM_KEY].challenge.target == target
    assert session.COLLAGE_KEY not in page.session_state
    show_portrait(page, streamer, clock)
    clock.now_s += 6
    streamer.callback(portrait_frame())
    page.run()
    assert page.session_state[session.MADE_KEY] == {target: 101}
    button(page, "Discard").click().run()
    assert page.pills(key="challenge_target").value != target, "the next face is one to be made"


def test_a_try_without_a_face_says_so(streamer: StubStreamer, clock: SimpleNamespace) -> None:
    page = open_live_page(streamer)
    page.button(key="challenge_start").click().run()
    for _ in range(2):
        dark = np.zeros((48, 64, 3), np.uint8)
        streamer.callback(av.VideoFrame.from_ndarray(dark, format="rgb24"))
        clock.now_s += 6
    page.run()
    assert "No face was in sight." in texts(page)
    assert downloads(page) == []


def test_a_try_ends_with_its_stream(
    streamer: StubStreamer, playing_page: AppTest, clock: SimpleNamespace
) -> None:
    playing_page.button(key="challenge_start").click().run()
    button(playing_page, "Stop").click().run()
    run_through(playing_page, streamer, "idle")
    assert session.CHALLENGE_KEY not in playing_page.session_state
