"""The video page."""

from collections.abc import Generator
from threading import Event

import pytest
from streamlit.testing.v1 import AppTest

import fer_core
from fer_core.jobs import Ahead
from tests.pages.visits import button, downloads, html, labels, open_page, texts, title
from tests.videos import audio_bytes, moving_portrait, video_bytes
from tests.waiting import wait_until
from webapp import session
from webapp.visits import video_visit
from webapp.visits.video_visit import VideoVisit


@pytest.fixture
def video_page() -> AppTest:
    return open_page("videos")


@pytest.fixture(scope="module")
def clip() -> bytes:
    """A second of a face that moves."""
    return video_bytes(moving_portrait(10))


def upload(page: AppTest, name: str, data: bytes) -> AppTest:
    page.file_uploader[0].set_value((name, data, "video/mp4")).run()
    assert not page.exception
    return page


def visit_of(page: AppTest) -> VideoVisit:
    visit: VideoVisit = page.session_state[session.VIDEO_KEY]
    return visit


def analyzed(page: AppTest) -> AppTest:
    analysis = visit_of(page).analysis
    assert analysis is not None, "it begins with the upload"
    analysis.wait()
    page.run()
    assert not page.exception
    return page


def test_a_finished_example_is_shown_before_anything_is_uploaded(video_page: AppTest) -> None:
    assert title(video_page) == "Follow expressions through a video"
    assert "A 10-second clip, 2 faces" in texts(video_page)
    assert len(video_page.get("vega_lite_chart")) == 1
    assert "Strongest moments" in texts(video_page)
    assert session.VIDEO_KEY not in video_page.session_state


def test_the_analysis_begins_with_the_upload_and_the_title_is_its_summary(
    video_page: AppTest, clip: bytes
) -> None:
    analyzed(upload(video_page, "clip.mp4", clip))
    assert title(video_page) == "1 second, 1 face"
    assert "Main expression" in html(video_page)
    assert downloads(video_page) == ["Table (CSV)", "Data (JSON)"]


def test_the_video_with_labels_plays_in_the_page_before_it_is_downloaded(
    video_page: AppTest, clip: bytes
) -> None:
    analyzed(upload(video_page, "clip.mp4", clip))
    button(video_page, "Create video with labels").click().run()
    export = visit_of(video_page).export
    assert export is not None
    export.wait()
    video_page.run()
    assert len(video_page.get("video")) == 1
    assert downloads(video_page)[0] == "Video with labels"
    visit = visit_of(video_page)
    button(video_page, "Clear").click().run()
    with pytest.raises(ValueError, match="Expected an annotated video"):
        visit.annotated()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("empty.mp4", b"", "The file is empty."),
        ("letter.mp4", b"Dear reader,", "This is not an MP4, MOV"),
        ("song.mp4", audio_bytes(), "The file holds no video, only sound or other data."),
    ],
    ids=["empty", "text", "sound"],
)
def test_a_file_that_is_no_video_gets_a_sentence_and_the_notice(
    video_page: AppTest, name: str, data: bytes, sentence: str
) -> None:
    upload(video_page, name, data)
    assert f"`{name}`: {sentence}" in texts(video_page)
    assert "Labels describe an apparent expression" in texts(video_page)
    assert "Clear" in labels(video_page)
    assert video_page.file_uploader[0].label == "Drop a video here"


def test_results_stay_while_other_pages_are_open_until_they_are_cleared(
    video_page: AppTest, clip: bytes
) -> None:
    analyzed(upload(video_page, "clip.mp4", clip))
    video_page.switch_page("pages/models.py").run()
    video_page.switch_page("pages/videos.py").run()
    assert title(video_page) == "1 second, 1 face"
    button(video_page, "Clear").click().run()
    assert title(video_page) == "Follow expressions through a video"
    assert session.VIDEO_KEY not in video_page.session_state


def test_another_model_or_detail_reads_the_video_again_without_an_upload(
    video_page: AppTest, clip: bytes
) -> None:
    analyzed(upload(video_page, "clip.mp4", clip))
    first = visit_of(video_page).analysis
    video_page.segmented_control(key="video_rate").set_value(10).run()
    second = visit_of(analyzed(video_page)).analysis
    assert second is not first
    video_page.radio(key="chosen_model").set_value(1).run()
    assert visit_of(analyzed(video_page)).analysis is not second


def test_a_step_and_a_moment_change_what_is_shown(video_page: AppTest, clip: bytes) -> None:
    analyzed(upload(video_page, "clip.mp4", clip))
    before = video_page.session_state["video_moment"]
    video_page.button(key="step-on").click().run()
    assert video_page.session_state["video_moment"] > before
    assert "0:00.2 of 0:01, 5 frames a second" in texts(video_page)


def waiting(*_: object) -> Generator[Ahead]:
    """A task that two others are ahead of, without end."""
    while True:
        Event().wait(0.01)
        yield Ahead(2)


def test_the_place_in_the_queue_is_shown(
    video_page: AppTest, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_visit, "video_elsewhere", waiting)
    analysis = visit_of(upload(video_page, "clip.mp4", clip)).analysis
    assert analysis is not None
    wait_until(lambda: analysis.status.n_ahead == 2, 10, "it waits")
    video_page.run()
    assert video_page.get("progress")[0].proto.text == "Two others are before you."
    analysis.cancel()


def test_cancel_keeps_what_was_found(video_page: AppTest, clip: bytes) -> None:
    upload(video_page, "clip.mp4", clip)
    visit = visit_of(video_page)
    assert visit.analysis is not None
    visit.analysis.cancel()
    analyzed(video_page)
    assert title(video_page).endswith("face") or "Reading" in title(video_page)


def test_an_example_that_has_no_turn_is_left_out(
    video_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> VideoVisit:
        raise fer_core.FerError("Too many others are waiting.")

    monkeypatch.setattr("webapp.examples.example_video", refused)
    video_page.run()
    assert not video_page.exception
    assert len(video_page.file_uploader) == 1
    assert "Example" not in texts(video_page)


def test_an_analysis_that_read_nothing_can_be_begun_again(
    video_page: AppTest, clip: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_args: object) -> Generator[Ahead]:
        raise fer_core.FerError("Too many others are waiting.")
        yield Ahead(0)

    with monkeypatch.context() as patch:
        patch.setattr(video_visit, "video_elsewhere", refused)
        analyzed(upload(video_page, "clip.mp4", clip))
    assert title(video_page) == "Nothing was read"
    button(video_page, "Try again").click().run()
    analyzed(video_page)
    assert title(video_page) == "1 second, 1 face"
