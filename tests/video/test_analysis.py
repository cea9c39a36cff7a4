"""Analysis of whole videos."""

from pathlib import Path

import numpy as np
import pytest

from fer_core.analysis import EmotionAnalyzer
from fer_core.emotions import Emotion
from fer_core.errors import VideoDecodeError
from fer_core.images import RgbImage
from fer_core.timeline import VideoSample
from fer_core.video.analysis import FRAMES_BEHIND, MOST_FRAMES, analyze_video
from fer_core.video.reader import VideoFile, open_video
from tests.faces import SquareDetector, happy_if_white, plain, squares
from tests.videos import CONTAINERS, moving_portrait, size_changes, video_bytes


class Found(SquareDetector):
    """A `SquareDetector` that does not mind what a codec does to black."""

    def detect(self, image: RgbImage, min_face_px: int | None = None):  # type: ignore[no-untyped-def]
        return super().detect(np.where(image > 100, image, 0).astype(np.uint8), min_face_px)


@pytest.fixture
def square_analyzer() -> EmotionAnalyzer:
    """Finds squares, for boxes that can be worked out by hand."""
    return EmotionAnalyzer(Found(), happy_if_white())


def going_square(n: int, size: int = 64, step: int = 4) -> list[RgbImage]:
    """A white square that goes to the right."""
    return [squares(640, 480, (k * step, 96, k * step + size, 96 + size)) for k in range(n)]


def analyzed(analyzer: EmotionAnalyzer, data: bytes, rate: float = 10) -> list[VideoSample]:
    return list(analyze_video(analyzer, open_video(data), rate))


def test_a_rate_of_nothing_is_a_mistake(square_analyzer: EmotionAnalyzer) -> None:
    video = open_video(video_bytes(going_square(2)))
    with pytest.raises(ValueError, match="above 0"):
        next(analyze_video(square_analyzer, video, 0))


def test_a_video_without_a_face_gives_samples_without_faces(
    square_analyzer: EmotionAnalyzer,
) -> None:
    samples = analyzed(square_analyzer, video_bytes([plain(64, 48, (0, 0, 0))] * 5))
    assert [round(sample.time_s, 3) for sample in samples] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert all(sample.faces == () for sample in samples)


def test_a_face_is_followed_and_keeps_its_number(square_analyzer: EmotionAnalyzer) -> None:
    samples = analyzed(square_analyzer, video_bytes(going_square(20)))
    assert len(samples) == 20
    for number, sample in enumerate(samples):
        (face,) = sample.faces
        assert face.track_id == 1
        assert face.emotion == Emotion.HAPPY
        expected = np.array((number * 4, 96, number * 4 + 64, 160))
        assert np.abs(np.array(face.box.xyxy) - expected).max() <= 2


def n_whole_searches(analyzer: EmotionAnalyzer) -> int:
    assert isinstance(analyzer.detector, Found)
    return sum(size[:2] == (640, 480) for size in analyzer.detector.searched)


def test_whole_frames_are_searched_now_and_then_and_at_the_end(
    square_analyzer: EmotionAnalyzer,
) -> None:
    analyzed(square_analyzer, video_bytes(going_square(40)))
    assert n_whole_searches(square_analyzer) == 5, "at 0, 1.2, 2.4, 3.6 and 3.9 s"


def test_a_new_scene_is_searched_at_once(square_analyzer: EmotionAnalyzer) -> None:
    here, there = (20, 20, 620, 300), (20, 200, 620, 460)
    frames = [squares(640, 480, here if k // 3 % 2 else there) for k in range(12)]
    samples = analyzed(square_analyzer, video_bytes(frames))
    assert all(len(sample.faces) == 1 for sample in samples)
    assert n_whole_searches(square_analyzer) == 5


def test_a_face_is_followed_back_to_where_it_came(square_analyzer: EmotionAnalyzer) -> None:
    first, second = (20, 96, 84, 160), (500, 300, 580, 380)
    frames = [squares(640, 480, first)] * 17 + [squares(640, 480, first, second)] * 13
    samples = analyzed(square_analyzer, video_bytes(frames))
    assert [len(sample.faces) for sample in samples] == [1] * 17 + [2] * 13


def test_a_face_that_goes_is_gone_at_once(square_analyzer: EmotionAnalyzer) -> None:
    frames = [squares(640, 480, (20, 96, 84, 160))] * 7 + [squares(640, 480)] * 13
    samples = analyzed(square_analyzer, video_bytes(frames))
    assert [len(sample.faces) for sample in samples] == [1] * 7 + [0] * 13


def test_a_frame_that_is_held_is_searched_and_classified_once_and_counts_for_as_long(
    square_analyzer: EmotionAnalyzer,
) -> None:
    frames = [*going_square(3), *going_square(2)]
    data = video_bytes(frames, "mkv", times_ms=[0, 100, 200, 4200, 4300])
    samples = analyzed(square_analyzer, data)
    assert len(samples) == 44
    assert {face.track_id for sample in samples for face in sample.faces} == {1}
    assert all(len(sample.faces) == 1 for sample in samples)
    detector = square_analyzer.detector
    assert isinstance(detector, Found)
    assert len(detector.searched) <= 7


def test_a_happy_face_that_holds_is_neutral_no_more(square_analyzer: EmotionAnalyzer) -> None:
    """The model is asked once about a frame that holds, and its prediction goes on to count."""
    sad, happy = (squares(640, 480, (96, 96, 160, 160), value=v) for v in (180, 255))
    data = video_bytes([sad, happy, happy], "mkv", times_ms=[0, 100, 1100])
    *_, last = analyzed(square_analyzer, data)
    (face,) = last.faces
    assert face.probabilities[Emotion.HAPPY] > 0.95


@pytest.mark.parametrize(
    ("before_wh", "now_wh"),
    [
        pytest.param((320, 240), (640, 480), id="grown"),
        pytest.param((640, 480), (320, 240), id="shrunk"),
        pytest.param((640, 360), (360, 640), id="turned"),
    ],
)
def test_a_face_goes_on_where_the_size_changes(
    square_analyzer: EmotionAnalyzer, before_wh: tuple[int, int], now_wh: tuple[int, int]
) -> None:
    scale = max(now_wh) / max(before_wh)
    frames = [middle_square(before_wh, 64)] * 10, [middle_square(now_wh, round(64 * scale))] * 10
    samples = analyzed(square_analyzer, size_changes(*frames))
    assert len(samples) == 20
    assert [sample.size_wh for sample in samples] == [before_wh] * 10 + [now_wh] * 10
    assert {face.track_id for sample in samples for face in sample.faces} == {1}
    for sample in samples:
        (face,) = sample.faces
        width, height = sample.size_wh
        assert face.box.x1 + face.box.x2 == pytest.approx(width, abs=8)
        assert face.box.y1 + face.box.y2 == pytest.approx(height, abs=8)
        assert face.box.width == pytest.approx(face.box.height, abs=8)


def middle_square(size_wh: tuple[int, int], side: int) -> RgbImage:
    x, y = (size_wh[0] - side) // 2, (size_wh[1] - side) // 2
    return squares(*size_wh, (x, y, x + side, y + side))


def test_a_face_that_comes_is_found_from_its_first_frame_on(
    square_analyzer: EmotionAnalyzer,
) -> None:
    frames = [squares(640, 480)] * 2 + going_square(10)
    samples = analyzed(square_analyzer, video_bytes(frames))
    assert [len(sample.faces) for sample in samples] == [0] * 2 + [1] * 10


def test_boxes_of_large_videos_are_in_their_own_pixels(square_analyzer: EmotionAnalyzer) -> None:
    frame = squares(2560, 320, (1280, 64, 1536, 256))
    (sample, *_) = analyzed(square_analyzer, video_bytes([frame] * 2))
    (face,) = sample.faces
    assert np.abs(np.array(face.box.xyxy) - (1280, 64, 1536, 256)).max() <= 4


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_real_face_is_found_in_every_container(analyzer: EmotionAnalyzer, container: str) -> None:
    samples = analyzed(analyzer, video_bytes(moving_portrait(12), container, audio=True), rate=5)
    assert len(samples) in {6, 7}
    assert all(len(sample.faces) == 1 for sample in samples)
    assert {face.track_id for sample in samples for face in sample.faces} == {1}


def test_the_answers_are_the_same_each_time(analyzer: EmotionAnalyzer) -> None:
    data = video_bytes(moving_portrait(15))
    assert analyzed(analyzer, data) == analyzed(analyzer, data)


def test_closing_ends_the_reading_and_nothing_is_read_far_ahead(
    square_analyzer: EmotionAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[float] = []
    ended: list[bool] = []
    frames_of = VideoFile.frames

    def counted(self: VideoFile, rate: float):  # type: ignore[no-untyped-def]
        try:
            for frame in frames_of(self, rate):
                read.append(frame.time_s)
                yield frame
        finally:
            ended.append(True)

    monkeypatch.setattr(VideoFile, "frames", counted)
    samples = analyze_video(square_analyzer, open_video(video_bytes(going_square(60))), 10)
    next(samples)
    assert len(read) <= MOST_FRAMES + FRAMES_BEHIND + 2
    samples.close()
    assert ended == [True]


def test_a_file_that_is_gone_on_the_way_raises_our_own_error(
    square_analyzer: EmotionAnalyzer, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(video_bytes(going_square(3)))
    video = open_video(path)
    path.unlink()
    with pytest.raises(VideoDecodeError, match="cannot be opened"):
        next(analyze_video(square_analyzer, video, 10))
