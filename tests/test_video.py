"""Analysis of whole videos."""

from pathlib import Path

import numpy as np
import pytest

from fer_core.analysis import EmotionAnalyzer
from fer_core.emotions import Emotion
from fer_core.errors import VideoDecodeError
from fer_core.images import RgbImage
from fer_core.video import VideoSample, analyze_video
from fer_core.video_file import VideoFile, open_video
from tests.faces import SquareDetector, happy_if_white, plain, squares
from tests.videos import CONTAINERS, moving_portrait, video_bytes


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


def test_whole_pictures_are_searched_twice_a_second_only(square_analyzer: EmotionAnalyzer) -> None:
    analyzed(square_analyzer, video_bytes(going_square(20)))
    detector = square_analyzer.detector
    assert isinstance(detector, Found)
    whole = [size for size in detector.searched if size[:2] == (640, 480)]
    assert len(whole) == 4
    assert len(detector.searched) == 20


def test_a_face_that_comes_is_found_within_half_a_second(square_analyzer: EmotionAnalyzer) -> None:
    pictures = [squares(640, 480)] * 2 + going_square(10)
    samples = analyzed(square_analyzer, video_bytes(pictures))
    assert [len(sample.faces) for sample in samples] == [0] * 5 + [1] * 7


def test_boxes_of_large_videos_are_in_their_own_pixels(square_analyzer: EmotionAnalyzer) -> None:
    picture = squares(2560, 320, (1280, 64, 1536, 256))
    (sample, *_) = analyzed(square_analyzer, video_bytes([picture] * 2))
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
    pictures = VideoFile.pictures

    def counted(self: VideoFile, rate: float):  # type: ignore[no-untyped-def]
        try:
            for picture in pictures(self, rate):
                read.append(picture.time_s)
                yield picture
        finally:
            ended.append(True)

    monkeypatch.setattr(VideoFile, "pictures", counted)
    samples = analyze_video(square_analyzer, open_video(video_bytes(going_square(60))), 10)
    next(samples)
    assert len(read) <= 12
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
