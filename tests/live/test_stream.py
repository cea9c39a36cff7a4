import asyncio
import logging
import time
from fractions import Fraction

import av
import numpy as np
import pytest

from fer_core.analysis import EmotionAnalyzer
from fer_core.image_input import Color as ImageColor
from fer_core.image_input import ImageInput
from fer_core.images import RgbImage
from fer_core.live.background_search import InlineExecutor
from fer_core.live.frames import LiveFrame
from fer_core.live.recording import Recording
from fer_core.live.session import LiveSession
from fer_core.live.stream import N_TIMED, StreamStatus, VideoStream
from tests.faces import RED, SquareDetector, astronaut, happy_if_white, noise, plain, squares


class FailingSession(LiveSession):
    """A session that fails on every frame whose upper left pixel is red."""

    def process(self, image: ImageInput, time_s: float, *, color: ImageColor = "rgb") -> LiveFrame:
        assert isinstance(image, np.ndarray)
        if np.allclose(image[0, 0], RED, atol=4):
            raise RuntimeError("this frame cannot be processed")
        return super().process(image, time_s, color=color)


def video_frame(image: RgbImage) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(image, format="rgb24")
    frame.pts = 3000
    frame.time_base = Fraction(1, 90_000)
    return frame


def pixels_of(frame: av.VideoFrame) -> RgbImage:
    return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


@pytest.fixture
def stream() -> VideoStream:
    analyzer = EmotionAnalyzer(SquareDetector(), happy_if_white())
    return VideoStream(FailingSession(analyzer, executor=InlineExecutor()))


GOOD = squares(320, 240, (100, 100, 160, 160))
BAD = plain(320, 240, RED)


def test_a_real_face_is_found_and_drawn(analyzer: EmotionAnalyzer) -> None:
    image = astronaut()
    stream = VideoStream(LiveSession(analyzer, executor=InlineExecutor()))
    annotated = pixels_of(stream(video_frame(image)))
    expected = analyzer.detector.detect(image, 77)
    assert stream.status.newest is not None
    assert [f.box for f in stream.status.newest.faces] == [face.box for face in expected]
    np.testing.assert_array_equal(annotated, stream.status.newest.image)
    assert (annotated != image).any()
    assert stream.status.process_ms > 0


def test_a_stream_starts_without_an_image(stream: VideoStream) -> None:
    assert stream.status == StreamStatus(newest=None, n_frames=0, n_errors=0, process_ms=0.0)


@pytest.mark.parametrize(
    "size",
    [
        pytest.param((1, 1), id="one pixel"),
        pytest.param((321, 241), id="odd"),
        pytest.param((240, 320), id="upright"),
    ],
)
def test_a_frame_keeps_its_size_and_pixels(stream: VideoStream, size: tuple[int, int]) -> None:
    image = plain(*size, (0, 0, 0))
    np.testing.assert_array_equal(pixels_of(stream(video_frame(image))), image)
    assert stream.status.n_errors == 0


def test_a_browsers_frame_becomes_red_green_blue(stream: VideoStream) -> None:
    red_square = squares(320, 240, (100, 100, 160, 160))
    red_square[100:160, 100:160] = RED
    frame = video_frame(red_square).reformat(format="yuv420p")
    frame.pts, frame.time_base = 0, Fraction(1, 90_000)
    annotated = pixels_of(stream(frame))
    assert np.abs(annotated[130, 130].astype(int) - RED).max() <= 3


def test_processed_frames_are_counted(stream: VideoStream) -> None:
    for n in range(1, 4):
        stream(video_frame(GOOD))
        assert (stream.status.n_frames, stream.status.n_errors) == (n, 0)


def test_a_status_is_replaced_and_not_changed(stream: VideoStream) -> None:
    stream(video_frame(GOOD))
    before = stream.status
    stream(video_frame(GOOD))
    assert before.n_frames == 1
    assert stream.status is not before


def test_a_frame_that_fails_shows_the_last_good_image(stream: VideoStream) -> None:
    good = pixels_of(stream(video_frame(GOOD)))
    answer = stream(video_frame(BAD))
    np.testing.assert_array_equal(pixels_of(answer), good)
    assert (stream.status.n_frames, stream.status.n_errors) == (1, 1)
    assert stream.status.newest is not None


def test_a_first_frame_that_fails_is_shown_as_it_is(stream: VideoStream) -> None:
    frame = video_frame(BAD)
    assert stream(frame) is frame
    assert (stream.status.newest, stream.status.n_errors) == (None, 1)


def test_a_stream_goes_on_after_an_error(stream: VideoStream) -> None:
    for image in (GOOD, BAD, GOOD, BAD, BAD, GOOD):
        stream(video_frame(image))
    assert (stream.status.n_frames, stream.status.n_errors) == (3, 3)


def test_a_frame_that_cannot_be_converted_is_an_error_like_any_other(stream: VideoStream) -> None:
    good = pixels_of(stream(video_frame(GOOD)))
    answer = stream(av.VideoFrame(320, 240, "y210be"))  # of which PyAV makes no RGB
    np.testing.assert_array_equal(pixels_of(answer), good)
    assert stream.status.n_errors == 1


@pytest.mark.parametrize(("width", "height"), [(320, 240), (322, 178), (321, 239)])
def test_a_frame_as_codecs_give_it_comes_back_as_they_take_it(
    stream: VideoStream, width: int, height: int
) -> None:
    color = (40, 90, 200)
    frame = av.VideoFrame.from_ndarray(plain(width, height, color), format="rgb24")
    answer = stream(frame.reformat(format="yuv420p"))
    assert answer.format.name == ("yuv420p" if width % 2 == 0 else "rgb24")
    assert stream.status.newest is not None
    for image in (stream.status.newest.image, pixels_of(answer)):
        assert image.shape == (height, width, 3)
        np.testing.assert_allclose(image[height // 2, width // 2].astype(int), color, atol=4)


@pytest.mark.parametrize(
    "odd", [{"color_range": av.video.reformatter.ColorRange.JPEG}, {"colorspace": 1}], ids=str
)
def test_colors_are_right_where_numbers_mean_something_else(
    stream: VideoStream, odd: dict[str, int]
) -> None:
    frame = av.VideoFrame.from_ndarray(plain(64, 48, (40, 90, 200)), format="rgb24")
    frame = frame.reformat(format="yuv420p")
    for name, value in odd.items():
        setattr(frame, name, value)
    stream(frame)
    assert stream.status.newest is not None
    np.testing.assert_array_equal(stream.status.newest.image[24, 32], pixels_of(frame)[24, 32])


@pytest.mark.parametrize(("width", "height"), [(320, 240), (321, 239)])
def test_the_last_good_image_is_shown_whatever_the_shape_of_the_frame_that_failed(
    stream: VideoStream, width: int, height: int
) -> None:
    stream(video_frame(squares(width, height, (100, 100, 160, 160))).reformat(format="yuv420p"))
    for size in ((321, 239), (320, 240)):
        answer = stream(video_frame(plain(*size, RED)).reformat(format="yuv420p"))
        assert pixels_of(answer).shape == (height, width, 3)


def test_frames_without_a_clock_do_not_stop_the_stream(stream: VideoStream) -> None:
    for n in range(1, 4):  # a frame straight from an array has neither pts nor time base
        answer = stream(av.VideoFrame.from_ndarray(GOOD, format="rgb24"))
        assert stream.status.newest is not None
        np.testing.assert_array_equal(pixels_of(answer), stream.status.newest.image)
        assert (stream.status.n_frames, stream.status.n_errors) == (n, 0)


def test_an_error_is_logged_once_a_stream_and_without_pixels(
    stream: VideoStream, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for _ in range(5):
            stream(video_frame(BAD))
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "RuntimeError: this frame cannot be processed" in caplog.text
    assert "array(" not in caplog.text


def test_a_stream_without_errors_logs_nothing(
    stream: VideoStream, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        stream(video_frame(GOOD))
        stream(video_frame(noise(320, 240)))
    assert caplog.records == []


def test_the_status_says_whether_the_last_frame_failed(stream: VideoStream) -> None:
    failed = []
    for image in (BAD, GOOD, BAD, GOOD):
        stream(video_frame(image))
        failed.append(stream.status.failed)
    assert failed == [True, False, True, False]
    assert (stream.status.n_frames, stream.status.n_errors) == (2, 2)


def test_a_closed_stream_holds_no_image_whoever_holds_the_stream(stream: VideoStream) -> None:
    stream(video_frame(GOOD))
    assert stream.status.closed_s is None
    stream.close()
    closed_s = stream.status.closed_s
    assert closed_s is not None
    assert stream.status.newest is None
    stream.close()
    assert stream.status.closed_s == closed_s
    stream(video_frame(GOOD))  # a frame that was under way
    assert stream.status.newest is None
    assert stream.status.closed_s is not None
    assert stream.status.n_frames == 2


def test_the_frame_rate_is_that_of_the_last_second(
    stream: VideoStream, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    rates = []
    for step_s in [0.0, *[1.0] * 10, *[0.05] * 40]:
        now_s += step_s
        stream(video_frame(GOOD))
        rates.append(stream.status.frame_rate)
    assert rates[:3] == [0, 1, 1]
    assert rates[-1] == pytest.approx(20)


def test_faces_are_recorded_where_that_is_wanted(stream: VideoStream) -> None:
    stream(video_frame(GOOD))
    recording = stream.recording = Recording(happy_if_white().labels)
    stream(video_frame(BAD))
    assert len(recording.timeline()) == 0
    stream(video_frame(GOOD))
    assert stream.status.newest is not None
    (face,) = recording.timeline().faces(0)
    assert face.box == stream.status.newest.faces[0].box


def test_a_closed_stream_records_nothing_more(stream: VideoStream) -> None:
    recording = stream.recording = Recording(happy_if_white().labels)
    stream.close()
    stream(video_frame(GOOD))
    assert len(recording.timeline()) == 0


def test_of_the_frames_that_wait_the_newest_is_shown_and_the_others_are_counted(
    stream: VideoStream,
) -> None:
    asyncio.run(stream.newest_of([video_frame(image) for image in (BAD, BAD, GOOD)]))
    (answer,) = asyncio.run(stream.newest_of([video_frame(GOOD)]))
    assert stream.status.newest is not None
    np.testing.assert_array_equal(pixels_of(answer), stream.status.newest.image)
    assert (stream.status.n_frames, stream.status.n_dropped, stream.status.n_errors) == (2, 2, 0)


@pytest.mark.parametrize(
    ("n_waiting", "share", "busy"),
    [((1, 1, 1), 0.0, False), ((1, 1, 2), 1 / 4, False), ((2, 2, 2), 1 / 2, True)],
)
def test_a_stream_that_drops_many_of_its_frames_says_that_it_is_busy(
    stream: VideoStream, n_waiting: tuple[int, int, int], share: float, busy: bool
) -> None:
    frame = video_frame(GOOD)
    asyncio.run(stream.newest_of([frame] * 100))  # some always wait while a stream starts
    for number in range(N_TIMED):
        assert not stream.status.is_busy
        asyncio.run(stream.newest_of([frame] * n_waiting[number % 3]))
    assert stream.status.dropped_share == pytest.approx(share)
    assert stream.status.is_busy is busy


def test_a_busy_stream_recovers(stream: VideoStream) -> None:
    frame = video_frame(GOOD)
    for _ in range(N_TIMED + 1):
        asyncio.run(stream.newest_of([frame] * 5))
    assert stream.status.is_busy
    for _ in range(N_TIMED):
        asyncio.run(stream.newest_of([frame]))
    assert stream.status.dropped_share == 0


def test_the_stages_of_a_frame_are_timed_and_those_of_a_failed_one_are_not(
    stream: VideoStream,
) -> None:
    stream(video_frame(GOOD))
    assert {"read", "follow", "search", "ask", "draw"} == stream.status.stage_ms.keys()
    assert all(ms >= 0 for ms in stream.status.stage_ms.values())
    stream(video_frame(BAD))
    assert stream.status.stage_ms == {}


class Witness:
    """Keeps what it is told of a stream."""

    def __init__(self) -> None:
        self.frames: list[StreamStatus] = []
        self.ends: list[StreamStatus] = []

    def frame(self, status: StreamStatus) -> None:
        self.frames.append(status)

    def ended(self, status: StreamStatus) -> None:
        self.ends.append(status)


def test_an_observer_is_told_of_each_frame_and_of_the_end_without_an_image() -> None:
    witness = Witness()
    analyzer = EmotionAnalyzer(SquareDetector(), happy_if_white())
    stream = VideoStream(FailingSession(analyzer, executor=InlineExecutor()), witness)
    for image in (GOOD, BAD):
        stream(video_frame(image))
    assert [(s.n_frames, s.n_errors) for s in witness.frames] == [(1, 0), (1, 1)]
    assert witness.ends == []
    stream.close()
    assert [(s.n_frames, s.newest) for s in witness.ends] == [(1, None)]
