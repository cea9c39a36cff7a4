"""The video page through Streamlit's AppTest: everything but the browser."""

import threading
from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

import ui
from fer_core.images import RgbImage
from fer_core.timeline import TimeShare, clock
from fer_core.video import analyze_video
from parts import video_results, video_visit, widgets
from parts.video_visit import VideoVisit
from tests.faces import plain
from tests.test_timeline import face, timeline
from tests.videos import audio_bytes, moving_portrait, video_bytes

ROOT_APP = Path(__file__).resolve().parent.parent / "app.py"


@pytest.fixture
def video_page() -> AppTest:
    page = AppTest.from_file(ROOT_APP, default_timeout=60).run()
    page.switch_page("pages/video.py").run()
    assert not page.exception
    return page


def upload(page: AppTest, name: str, data: bytes) -> AppTest:
    page.file_uploader[0].set_value((name, data, "video/mp4")).run()
    assert not page.exception
    return page


def visit_of(page: AppTest) -> VideoVisit:
    visit: VideoVisit = page.session_state[ui.VIDEO_KEY]
    return visit


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [button for button in page.button if button.label == label]
    button.click().run()
    assert not page.exception
    return page


def analyze(page: AppTest) -> AppTest:
    press(page, "Analyze")
    analysis = visit_of(page).analysis
    assert analysis is not None
    analysis.wait()
    page.run()
    assert not page.exception
    return page


def downloads(page: AppTest) -> list[str]:
    return [button.label for button in page.download_button]


def primary(page: AppTest) -> list[str]:
    """What the page proposes to do next."""
    buttons = [button.proto for button in [*page.button, *page.download_button]]
    return [button.label for button in buttons if button.type == "primary"]


def headings(page: AppTest) -> list[str]:
    return [element.value for element in page.subheader]


def test_the_page_says_what_it_takes_and_what_the_labels_are(video_page: AppTest) -> None:
    assert "MP4, MOV, WebM, MKV or AVI video, up to 200 MB" in video_page.file_uploader[0].label
    assert "apparent facial expression" in video_page.caption[-1].value
    assert len(video_page.button) == 0


def test_an_analysis_leads_to_timelines_a_moment_a_summary_and_downloads(
    video_page: AppTest,
) -> None:
    upload(video_page, "clip.mp4", video_bytes(moving_portrait(20), audio=True))
    assert video_page.text[0].value == "clip.mp4: 320x240 pixels, 0:02 long"
    analyze(video_page)
    assert headings(video_page) == ["Timeline", "Summary", "Downloads"]
    assert len(video_page.get("vega_lite_chart") or video_page.get("arrow_vega_lite_chart")) == 2
    assert any("Face 1: " in element.value for element in video_page.markdown)
    assert [slider.label for slider in video_page.slider] == [
        "Part of the video that the charts show",
        "Moment",
    ]
    assert downloads(video_page) == ["Table (CSV)", "Data (JSON)"]


def test_the_page_proposes_what_comes_next(video_page: AppTest) -> None:
    upload(video_page, "clip.mp4", video_bytes(moving_portrait(3)))
    assert primary(video_page) == ["Analyze"]
    analyze(video_page)
    assert primary(video_page) == ["Make annotated video"]
    assert video_page.button[0].label == "Analyze again"
    video_page.segmented_control[0].set_value(10).run()
    assert "Analyze" in primary(video_page), "at another rate there is more to see"
    video_page.segmented_control[0].set_value(5).run()
    press(video_page, "Make annotated video")
    export = visit_of(video_page).export
    assert export is not None
    export.wait()
    video_page.run()
    assert primary(video_page) == ["Annotated video (MP4)"]
    visit_of(video_page).close()


def test_another_moment_shows_another_picture(
    video_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(video_page, "clip.mp4", video_bytes(moving_portrait(20)))
    analyze(video_page)
    video = visit_of(video_page).video
    assert video is not None
    seen: list[float] = []
    picture_at = video.picture_at

    def noted(time_s: float) -> RgbImage:
        seen.append(time_s)
        return picture_at(time_s)

    monkeypatch.setattr(video, "picture_at", noted)
    video_page.slider(key=video_results.MOMENT_KEY).set_value(1.3).run()
    assert not video_page.exception
    assert seen == [pytest.approx(1.2)], "the analyzed picture that is seen then"


def test_the_annotated_video_is_made_when_asked_and_deleted_on_leaving(
    video_page: AppTest,
) -> None:
    upload(video_page, "clip.mp4", video_bytes(moving_portrait(10), audio=True))
    analyze(video_page)
    press(video_page, "Make annotated video")
    visit = visit_of(video_page)
    assert visit.export is not None
    assert visit.export.wait().problem == ""
    video_page.run()
    assert downloads(video_page)[0] == "Annotated video (MP4)"
    written = visit.annotated_path
    assert written.read_bytes()[4:8] == b"ftyp"
    assert written.parent.stat().st_mode & 0o077 == 0
    video_page.switch_page("pages/photo.py").run()
    assert not written.parent.exists()


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("empty.mp4", b"", "The file is empty."),
        ("letter.mp4", b"Dear reader,", "This is not an MP4, MOV, WebM, MKV or AVI video."),
        ("song.mp4", audio_bytes(), "The file holds no video, only sound or other data."),
        ("../`*[x](y)\x07.mp4", b"\0\0\0\x18ftyp", "The video is broken or cut off"),
    ],
    ids=["empty", "text", "sound", "odd name"],
)
def test_a_file_that_is_no_video_gets_a_sentence(
    video_page: AppTest, name: str, data: bytes, sentence: str
) -> None:
    upload(video_page, name, data)
    assert video_page.error[0].value.startswith(f"{widgets.code(name)}: {sentence}")
    assert len(video_page.button) == 0


def test_a_video_without_a_face_says_what_helps(video_page: AppTest) -> None:
    upload(video_page, "wall.mp4", video_bytes([plain(320, 240)] * 5))
    analyze(video_page)
    assert video_page.warning[0].value.startswith("No face found. It helps when")


def test_a_single_picture_is_enough(video_page: AppTest) -> None:
    upload(video_page, "one.mp4", video_bytes(moving_portrait(1)))
    analyze(video_page)
    assert "Downloads" in headings(video_page)


def test_a_cut_off_video_shows_what_could_be_read_and_says_so(video_page: AppTest) -> None:
    whole = video_bytes(moving_portrait(40), "mkv")
    upload(video_page, "cut.mkv", whole[: len(whole) * 4 // 5])
    analyze(video_page)
    assert video_page.warning[0].value.startswith("The file is damaged or cut off before its end")
    assert "Downloads" in headings(video_page)


class Held:
    """Holds an analysis after its third picture until the test is done."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

        def held(*arguments: object) -> Generator[object]:
            for number, sample in enumerate(analyze_video(*arguments)):  # type: ignore[arg-type]
                if number == 3:
                    self.reached.set()
                    self.go_on.wait(30)
                yield sample

        monkeypatch.setattr(video_visit, "analyze_video", held)


def test_progress_is_shown_and_cancel_keeps_what_was_found(
    video_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    upload(video_page, "clip.mp4", video_bytes(moving_portrait(40)))
    press(video_page, "Analyze")
    assert held.reached.wait(30)
    video_page.run()
    assert {button.label: button.disabled for button in video_page.button} == {
        "Analyze": True,
        "Cancel": False,
    }
    press(video_page, "Cancel")
    held.go_on.set()
    analysis = visit_of(video_page).analysis
    assert analysis is not None
    assert analysis.wait().cancelled
    video_page.run()
    assert video_page.warning[0].value.startswith("The analysis was stopped. What follows")
    assert "Downloads" in headings(video_page)


@pytest.mark.parametrize("how", ["another page", "another video", "video taken back"])
def test_leaving_ends_the_analysis_and_forgets_the_video(
    video_page: AppTest, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    held = Held(monkeypatch)
    upload(video_page, "clip.mp4", video_bytes(moving_portrait(40)))
    press(video_page, "Analyze")
    assert held.reached.wait(30)
    visit = visit_of(video_page)
    analysis = visit.analysis
    assert analysis is not None
    if how == "another page":
        video_page.switch_page("pages/photo.py").run()
        assert ui.VIDEO_KEY not in video_page.session_state
    elif how == "another video":
        upload(video_page, "other.mp4", video_bytes([plain(64, 48)] * 2))
        assert visit_of(video_page) is not visit
    else:
        video_page.file_uploader[0].set_value([]).run()
        assert ui.VIDEO_KEY not in video_page.session_state
    held.go_on.set()
    assert analysis.wait().cancelled
    assert visit.video is None
    assert visit.timeline is None


def test_a_lost_connection_ends_the_analysis_unless_the_viewer_comes_back(
    video_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch)
    upload(video_page, "clip.mp4", video_bytes(moving_portrait(40)))
    press(video_page, "Analyze")
    assert held.reached.wait(30)
    analysis = visit_of(video_page).analysis
    assert analysis is not None
    noted: list[str] = []
    monkeypatch.setattr(analysis, "leave", lambda: noted.append("left"))
    monkeypatch.setattr(analysis, "stay", lambda: noted.append("stayed"))
    # What Streamlit does when a session disconnects; the name is that of AppTest's session.
    clear_session_resource_cache("test session id")
    assert noted == ["left"]
    video_page.run()
    assert noted == ["left", "stayed"]
    held.go_on.set()
    analysis.wait()


def test_an_analysis_that_fails_is_one_calm_sentence(
    video_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_visit, "analyze_video", lambda *_: iter([1 / 0]))
    upload(video_page, "clip.mp4", video_bytes(moving_portrait(3)))
    analyze(video_page)
    assert "Please try again." in video_page.error[0].value


@pytest.mark.parametrize(
    ("first_s", "end_s", "text"),
    [(0.0, 0.8, "0:00"), (0.0, 1.0, "0:00 to 0:01"), (59.6, 3600.4, "0:59 to 1:00:00")],
    ids=["within a second", "a whole second", "more than an hour"],
)
def test_a_face_is_in_sight_from_when_to_when(first_s: float, end_s: float, text: str) -> None:
    assert video_results.in_sight(TimeShare(1.0, {}, first_s, end_s)) == text


def test_a_face_that_is_there_to_the_end_is_in_sight_until_the_end() -> None:
    told = timeline((0.0, [face(1)]), (1.4, [face(1)]), rate=5)
    assert (
        video_results.in_sight(told.tracks()[1]) == f"0:00 to {clock(told.end_s)}" == "0:00 to 0:01"
    )


# --- charts ---


def test_a_click_on_either_chart_chooses_the_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    def clicked(from_s: float | None) -> SimpleNamespace:
        chosen = [] if from_s is None else [{"from_s": from_s}]
        return SimpleNamespace(selection={"moment": chosen})

    state: dict[str, object] = {"video_overall": clicked(1.2), "video_faces": clicked(None)}
    monkeypatch.setattr(st, "session_state", state)
    video_results.choose_moment()
    assert state[video_results.MOMENT_KEY] == 1.2
    state["video_faces"] = clicked(2.4)
    video_results.choose_moment()
    assert state[video_results.MOMENT_KEY] == 2.4
    state["video_faces"] = clicked(None)
    video_results.choose_moment()
    assert state[video_results.MOMENT_KEY] == 2.4, "a click beside the bars changes nothing"


def test_the_stack_of_each_moment_reaches_from_nothing_to_all() -> None:
    told = timeline((0.0, [face(1)]), (0.1, [face(1), face(2)]))
    chart = video_results.overall_chart(told, 0.0, told.end_s)
    for from_s in (0.0, 0.1):
        stack = [bar for bar in chart["data"]["values"] if bar["from_s"] == from_s]
        assert len(stack) == 7
        assert stack[0]["bottom"] == 0
        assert stack[-1]["top"] == pytest.approx(1, abs=0.002)
    lines = video_results.faces_chart(told, [1, 2], 0.0, told.end_s)["data"]["values"]
    assert [(bar["face"], bar["from_s"]) for bar in lines] == [
        ("Face 1", 0.0),
        ("Face 1", 0.1),
        ("Face 2", 0.1),
    ]


def test_nothing_but_the_bars_lies_on_a_chart() -> None:
    told = timeline((0.0, [face(1)]), (0.1, [face(1)]))
    for chart in (
        video_results.overall_chart(told, 0.0, told.end_s),
        video_results.faces_chart(told, [1], 0.0, told.end_s),
    ):
        assert [chart["encoding"][axis]["axis"]["grid"] for axis in "xy"] == [False, False]
        assert chart["encoding"]["x"]["axis"]["labelExpr"] == video_results.CLOCK


def test_charts_of_ten_hours_stay_small() -> None:
    told = timeline(*((60.0 * k, [face(1)]) for k in range(600)), rate=1)
    assert len(video_results.overall_chart(told, 0.0, told.end_s)["data"]["values"]) <= 7 * 241


@pytest.mark.parametrize(
    ("time_s", "text"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (36_000, "10:00:00")]
)
def test_times_are_written_as_players_do(time_s: float, text: str) -> None:
    assert clock(time_s) == text
