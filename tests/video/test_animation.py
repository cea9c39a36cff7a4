import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core.analysis import EmotionAnalyzer
from fer_core.errors import VideoDecodeError
from fer_core.images import RgbImage
from fer_core.timeline import VideoEnd
from fer_core.video import animation
from fer_core.video.animation import look_at_animation
from fer_core.video.reader import holds_video, open_video
from tests.faces import plain

FORMATS = ("GIF", "WEBP", "AVIF", "PNG")
GRAYS = (0, 80, 160, 240)


def animated(
    file_format: str, *, durations_ms: tuple[int, ...] = (100, 2000, 300, 400), **options: object
) -> bytes:
    """Four plain frames, each lighter than the one before."""
    frames = [Image.fromarray(plain(64, 48, (gray,) * 3)) for gray in GRAYS]
    return saved(frames, file_format, duration=list(durations_ms), **options)


def saved(frames: list[Image.Image], file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    frames[0].save(buffer, file_format, save_all=True, append_images=frames[1:], **options)
    return buffer.getvalue()


def gray(image: RgbImage) -> int:
    return min(GRAYS, key=lambda value: abs(value - float(image.mean())))


@pytest.mark.parametrize("file_format", FORMATS)
def test_an_animation_is_a_video_with_its_own_times(file_format: str) -> None:
    data = animated(file_format)
    assert holds_video(io.BytesIO(data))
    video = open_video(data)
    assert (video.info.width, video.info.height, video.info.has_audio) == (64, 48, False)
    frames = list(video.all_frames())
    assert [frame.time_s for frame in frames] == pytest.approx([0.0, 0.1, 2.1, 2.4])
    assert [gray(frame.to_image()) for frame in frames] == list(GRAYS)
    assert gray(video.frame_at(2.0)) == GRAYS[1]
    *_, last = video.frames(5)
    assert last.end == VideoEnd(pytest.approx(2.8), is_cut_off=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("transparent", [False, True])
def test_large_frames_are_shown_smaller_and_upright(orientation: int, transparent: bool) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    corner = np.full((1000, 4800, 3 + transparent), 40, np.uint8)
    corner[:500, :2400, :3] = 220
    corner[..., 3:] = 255
    frames = [Image.fromarray(corner), Image.fromarray(corner[::-1])]
    data = saved(frames, "WEBP", exif=exif.tobytes(), lossless=True, quality=0)
    first, _ = open_video(data).all_frames()
    size_wh = (4800, 1000) if orientation == 1 else (1000, 4800)
    assert first.size_wh == size_wh
    shown = first.to_image()
    assert max(shown.shape) == 1920
    right, bottom = shown.shape[1] - 5, shown.shape[0] - 5
    light = shown[5, 5] if orientation == 1 else shown[5, right]
    assert (light > 200).all()
    assert (shown[bottom, 5] < 60).all()


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_still_is_no_video(file_format: str) -> None:
    data = saved([Image.fromarray(plain(64, 48))], file_format)
    assert not holds_video(io.BytesIO(data))
    with pytest.raises(VideoDecodeError, match="This is not an MP4"):
        open_video(data)


@pytest.mark.parametrize("duration_ms", [0, 10])
def test_frames_that_say_no_time_last_as_long_as_in_browsers(duration_ms: int) -> None:
    data = animated("GIF", durations_ms=(duration_ms,) * 4)
    times_s = [frame.time_s for frame in open_video(data).all_frames()]
    assert times_s == pytest.approx([0.0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
def test_a_cut_off_animation_is_read_up_to_the_cut(file_format: str) -> None:
    noise = [Image.effect_noise((64, 48), 80).convert("RGB") for _ in range(6)]
    data = saved(noise, file_format, duration=100)
    *_, last = open_video(data[: len(data) * 2 // 3]).frames(10)
    assert last.end is not None
    assert last.end.is_cut_off
    assert 0.3 <= last.end.time_s < 0.6


def test_of_a_webp_that_is_cut_off_in_its_first_frame_nothing_is_an_animation() -> None:
    data = animated("WEBP")
    start = data.index(b"ANMF")
    for end in (13, start, start + 4, start + 20):
        assert not holds_video(io.BytesIO(data[:end]))


def test_what_is_transparent_is_white() -> None:
    frames = [Image.new("RGBA", (64, 48), (level, 0, 0, 0)) for level in (0, 255)]
    video = open_video(saved(frames, "WEBP", duration=100, lossless=True))
    assert video.frame_at(0).min() == 255


def test_huge_frames_are_refused_before_they_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(animation, "MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(VideoDecodeError, match="too large"):
        open_video(animated("GIF"))


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x18ftypavis"])
def test_broken_headers_are_no_animations(data: bytes) -> None:
    assert look_at_animation(io.BytesIO(data)) is None


def test_a_file_is_told_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(animated("WEBP"))
    assert open_video(path).info.width == 64


@pytest.mark.parametrize(
    "text", [b"The free software song", b"# A wide net", b"Now skip this", b"int free(void);"]
)
def test_words_of_a_text_make_no_video(text: bytes) -> None:
    assert not holds_video(io.BytesIO(text + b" and so on" * 100))


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), 1001])
def test_a_rate_out_of_range_is_refused(rate: float, analyzer: EmotionAnalyzer) -> None:
    with pytest.raises(ValueError, match="up to 1000"):
        analyzer.analyze_video(animated("GIF"), rate)
