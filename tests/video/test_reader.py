"""Reading of video files: what cameras, phones, browsers and mishaps make of them."""

import io
import struct
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from fer_core.errors import VideoDecodeError
from fer_core.images import RgbImage
from fer_core.timeline import VideoEnd
from fer_core.video import containers, frames, reader
from fer_core.video.frame_times import Claims, FrameClock
from fer_core.video.reader import VideoFile, open_video
from tests.conftest import takes_long
from tests.faces import grace_hopper_jpeg, noise, plain
from tests.videos import CONTAINERS, audio_bytes, moving_portrait, portrait, video_bytes

ROOT = Path(__file__).resolve().parents[2]


def gray_levels(n: int, width: int = 64, height: int = 48) -> list[RgbImage]:
    """Plain frames whose brightness tells their number: 8 a step."""
    return [plain(width, height, (8 * k, 8 * k, 8 * k)) for k in range(n)]


def level(image: RgbImage) -> int:
    return round(float(image.mean()) / 8)


def times_s(video: VideoFile, rate: float) -> list[float]:
    return [round(frame.time_s, 3) for frame in video.frames(rate)]


def own_times_s(video: VideoFile) -> list[float]:
    """Time of each frame of the file."""
    return [round(frame.time_s, 3) for frame in video.all_frames()]


def levels(video: VideoFile) -> list[int]:
    """The number of each frame of the file."""
    return [level(frame.to_image()) for frame in video.all_frames()]


def end_of(video: VideoFile, rate: float = 5) -> VideoEnd:
    """The video's end, which only its last moment tells."""
    *others, last = video.frames(rate)
    assert all(frame.end is None for frame in others)
    assert last.end is not None
    return last.end


# --- what can be read ---


@pytest.mark.parametrize("audio", [False, True], ids=["silent", "with sound"])
@pytest.mark.parametrize("container", CONTAINERS)
def test_every_container_is_read_to_its_end(container: str, audio: bool) -> None:
    video = open_video(video_bytes(gray_levels(12), container, audio=audio))
    assert (video.info.width, video.info.height, video.info.has_audio) == (64, 48, audio)
    assert video.info.duration_s == pytest.approx(1.2, abs=0.11)
    assert levels(video) == list(range(12))
    taken = list(video.frames(10))
    assert all(0 <= frame.progress <= 1 for frame in taken)
    assert taken[-1].progress > 0.8
    assert end_of(video).time_s == pytest.approx(1.2, abs=0.11)
    assert not end_of(video).is_cut_off


@pytest.mark.parametrize("codec", ["libx264", "libx265", "mpeg4", "libvpx-vp9", "ffv1"])
def test_codecs_that_cameras_write_are_read(codec: str) -> None:
    frames = gray_levels(4)
    video = open_video(video_bytes(frames, "mkv", codec=codec))
    assert levels(video) == [0, 1, 2, 3]


def test_a_file_on_disk_is_read_as_its_bytes_are(tmp_path: Path) -> None:
    path = tmp_path / "http:||host:1|clip.mp4"
    path.write_bytes(video_bytes(gray_levels(3)))
    assert open_video(str(path)).info == open_video(path).info
    assert times_s(open_video(path), 10) == [0.0, 0.1, 0.2]


def test_two_readings_at_once_do_not_disturb_each_other() -> None:
    video = open_video(video_bytes(gray_levels(6)))
    both = zip(video.frames(10), video.frames(10), strict=True)
    assert all(level(one.image) == level(other.image) for one, other in both)


def test_colors_are_red_green_blue() -> None:
    red = video_bytes([plain(64, 48, (255, 0, 0))] * 2)
    r, g, b = open_video(red).frame_at(0).mean(axis=(0, 1))
    assert r > 240
    assert g < 15
    assert b < 15


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_phone_held_another_way_gives_upright_frames(turns: int) -> None:
    upright = portrait(320, 240)
    stored = np.ascontiguousarray(np.rot90(upright, -turns))
    video = open_video(video_bytes([stored] * 2, rotation=(turns * 90 + 180) % 360 - 180))
    assert (video.info.width, video.info.height) == (320, 240)
    shown = video.frame_at(0)
    assert shown.shape == upright.shape
    assert np.abs(shown.astype(int) - upright).mean() < 5


def test_pixels_that_are_not_square_are_stretched() -> None:
    video = open_video(video_bytes([plain(64, 48)] * 2, aspect=Fraction(2, 1)))
    assert (video.info.width, video.info.height) == (128, 48)
    assert video.frame_at(0).shape == (48, 128, 3)


def test_large_frames_are_scaled_down() -> None:
    video = open_video(video_bytes([plain(2560, 64)] * 2))
    assert (video.info.width, video.info.height) == (2560, 64)
    assert video.frame_at(0).shape == (48, 1920, 3)


@pytest.mark.parametrize(("default", "width"), [(0, 64), (1, 128), (None, 128)])
def test_of_several_videos_the_default_or_else_the_largest_is_read(
    default: int | None, width: int
) -> None:
    with av.open(io.BytesIO(two_videos(default)), "r") as container:
        if default is None:  # the writer would make the first one the default
            for stream in container.streams.video:
                stream.disposition = Disposition(0)
        assert containers.pick_video(container).width == width


def test_a_cover_image_is_no_video() -> None:
    with av.open(io.BytesIO(two_videos(1)), "r") as container:
        container.streams.video[1].disposition = Disposition.attached_pic
        assert containers.pick_video(container).width == 64
        container.streams.video[0].disposition = Disposition.attached_pic
        with pytest.raises(VideoDecodeError, match="holds no video"):
            containers.pick_video(container)


def two_videos(default: int | None) -> bytes:
    """A video of 64 and one of 128 pixels' width in one file."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as output:
        streams = [output.add_stream("mpeg4", rate=10) for _ in range(2)]
        for number, stream in enumerate(streams):
            stream.width, stream.height, stream.pix_fmt = 64 * (number + 1), 48, "yuv420p"
            stream.disposition = Disposition.default if number == default else Disposition(0)
        for number, stream in enumerate(streams):
            frame = av.VideoFrame.from_ndarray(plain(64 * (number + 1), 48), format="rgb24")
            output.mux([*stream.encode(frame), *stream.encode()])
    return buffer.getvalue()


# --- which frames ---


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (20, [0.05 * k for k in range(20)]),
        (10, [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]),
        (5, [0.0, 0.2, 0.4, 0.6, 0.8]),
        (4, [0.0, 0.3, 0.5, 0.8]),
        (1, [0.0]),
    ],
)
def test_frames_are_taken_at_the_rate_from_the_first_on(rate: float, expected: list[float]) -> None:
    options = {"bf": "0"}
    video = open_video(video_bytes(gray_levels(10), options=options))
    assert times_s(video, rate) == pytest.approx(expected)


def test_where_frames_are_skipped_frames_are_late_by_three_frames_at_most() -> None:
    video = open_video(video_bytes(gray_levels(30) * 4, fps=30))
    taken = list(video.frames(5))
    assert len(taken) == 20
    for number, frame in enumerate(taken):
        assert 0 <= frame.time_s - number / 5 <= 3 / 30 + 1e-3
        assert level(frame.image) == round(frame.time_s * 30) % 30


def test_variable_frame_rate_keeps_the_times() -> None:
    times_ms = [0, 40, 80, 1000, 1040, 1300]
    video = open_video(video_bytes(gray_levels(6), "mkv", times_ms=times_ms))
    assert own_times_s(video) == [ms / 1000 for ms in times_ms]
    assert levels(video) == list(range(6))


def test_a_frame_holds_until_the_next_one_and_is_one_image_for_as_long() -> None:
    times_ms = [0, 100, 850, 900]
    video = open_video(video_bytes(gray_levels(4), "mkv", times_ms=times_ms))
    taken = list(video.frames(5))
    assert [round(frame.time_s, 3) for frame in taken] == [0.0, 0.2, 0.4, 0.6, 0.85]
    assert [level(frame.image) for frame in taken] == [0, 1, 1, 1, 2]
    assert taken[1].image is taken[2].image is taken[3].image


def test_a_video_that_starts_late_starts_at_zero() -> None:
    late = video_bytes(gray_levels(4), "mkv", times_ms=[5000, 5100, 5200, 5300])
    assert times_s(open_video(late), 10) == [0.0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize(("time_s", "number"), [(0.0, 0), (0.64, 6), (1.1, 11), (99.0, 11)])
def test_the_frame_at_a_time_is_found_again(container: str, time_s: float, number: int) -> None:
    options = {} if container == "webm" else {"g": "5"}
    video = open_video(video_bytes(gray_levels(12), container, options=options))
    expected = [f.to_image() for f in video.all_frames() if f.time_s <= time_s + 1e-3][-1]
    assert level(video.frame_at(time_s)) == level(expected)
    if container != "avi":  # PyAV's AVI files have a gap after the first frame
        assert level(expected) == number


# --- where it ends ---


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm"])
def test_a_last_frame_that_stays_is_no_missing_end(container: str) -> None:
    times_ms, options = [0, 100, 200], {} if container == "webm" else {"bf": "0"}
    data = video_bytes(gray_levels(3), container, times_ms=times_ms, last_ms=3000, options=options)
    video = open_video(data)
    assert end_of(video) == VideoEnd(pytest.approx(3.2), is_cut_off=False)  # type: ignore[arg-type]
    assert times_s(video, 2) == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0])


def test_the_length_of_another_frame_is_not_the_last_ones() -> None:
    times_ms = [0, 100, 200, 300, 5000, 5100, 5200, 5300, 9000, 9100, 9200, 9300]
    data = video_bytes(gray_levels(12), times_ms=times_ms, options={"bf": "3"})
    assert end_of(open_video(data)).time_s == pytest.approx(9.4, abs=0.11)


@pytest.mark.parametrize("container", ["mp4", "mkv", "webm", "ts", "flv"])
def test_sound_that_is_longer_is_no_missing_end(container: str) -> None:
    end = end_of(open_video(video_bytes(gray_levels(10), container, audio=4.0)))
    assert end.time_s == pytest.approx(1.0, abs=0.11)
    assert not end.is_cut_off


def test_a_video_that_begins_late_ends_as_much_earlier() -> None:
    times_ms = [4000 + 100 * k for k in range(10)]
    video = open_video(video_bytes(gray_levels(10), "mkv", times_ms=times_ms))
    assert video.info.duration_s == pytest.approx(1.0)
    assert end_of(video) == VideoEnd(pytest.approx(1.0), is_cut_off=False)  # type: ignore[arg-type]


def test_a_joined_recording_goes_on_where_its_times_begin_again() -> None:
    part = video_bytes(gray_levels(10), "ts")
    video = open_video(part + part)
    assert own_times_s(video) == pytest.approx([k / 10 for k in range(20)], abs=0.02)
    assert levels(video) == [*range(10), *range(10)]


def test_where_time_stands_still_no_more_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "MAX_PIXELS_A_SECOND", 10 * frames.LEAST_PIXELS)
    video = open_video(video_bytes(gray_levels(30), "mkv", fps=30))
    assert len(own_times_s(video)) == 10
    assert end_of(video).is_cut_off
    assert level(video.frame_at(0.9)) == 9


# --- what cannot ---


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "The file is empty.", id="empty"),
        pytest.param(b"\x00", "This is not an MP4", id="one byte"),
        pytest.param(b"Dear reader, " * 100, "This is not an MP4", id="text"),
        pytest.param(grace_hopper_jpeg(), "This is not an MP4", id="photo"),
        pytest.param(b"GIF89a" + bytes(500), "This is not an MP4", id="broken GIF"),
        pytest.param(b"ID3\x04" + bytes(500), "This is not an MP4", id="MP3"),
        pytest.param(
            b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
            "This is not an MP4",
            id="playlist",
        ),
        pytest.param(
            b"ffconcat version 1.0\nfile /etc/passwd\n", "This is not an MP4", id="concat"
        ),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is not an MP4", id="SVG"),
        pytest.param(
            b"\0\0\0\x18ftypisom" + bytes(12), "broken or cut off", id="MP4's first bytes"
        ),
        pytest.param(b"\x1aE\xdf\xa3" + bytes(100), "broken or cut off", id="MKV's first bytes"),
        pytest.param(b"RIFF\xff\xff\xff\xffAVI LIST", "broken or cut off", id="AVI's first bytes"),
        pytest.param(audio_bytes(), "holds no video, only sound", id="sound alone"),
    ],
)
def test_what_is_no_video_gets_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(VideoDecodeError, match=sentence):
        open_video(data)


def test_a_path_that_is_no_file_gets_a_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone.mp4"):
        with pytest.raises(VideoDecodeError, match=r"cannot be opened \(.+\)\."):
            open_video(path)


def test_a_video_whose_index_is_missing_gets_a_sentence() -> None:
    whole = video_bytes(gray_levels(12))
    with pytest.raises(VideoDecodeError, match="broken or cut off"):
        open_video(whole[: len(whole) // 2])


def test_a_video_without_a_frame_gets_a_sentence() -> None:
    data = bytearray(video_bytes([noise(64, 48)] * 2))
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    with pytest.raises(VideoDecodeError, match="no frame that can be read"):
        open_video(bytes(data))


def test_a_file_that_claims_more_frames_than_it_has_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = bytearray(video_bytes([noise(64, 48)] * 3))
    n = struct.pack(">I", reader.MAX_FIRST_PACKETS + 1000)
    sizes, chunks = data.index(b"stsz") + 8, data.index(b"stsc") + 16
    data[sizes : sizes + 8] = struct.pack(">I", 1) + n
    data[chunks : chunks + 4] = n
    tried: list[object] = []
    decoded = frames._decoded

    def counted(packet: Any) -> Any:
        tried.append(packet)
        return decoded(packet)

    monkeypatch.setattr(frames, "_decoded", counted)
    with pytest.raises(VideoDecodeError, match="no frame that can be read"):
        open_video(bytes(data))
    assert 0 < len(tried) <= reader.MAX_FIRST_PACKETS


def test_a_codec_that_nobody_knows_gets_a_sentence() -> None:
    data = video_bytes(gray_levels(3))
    with pytest.raises(VideoDecodeError, match="coded in a way that cannot be read here"):
        open_video(data.replace(b"avc1", b"zzz1").replace(b"avcC", b"zzzC"))


def test_huge_frames_are_refused_before_they_are_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(containers, "MAX_PIXELS", 64 * 48 - 1)
    with pytest.raises(VideoDecodeError, match=r"too large|broken|no frame"):
        open_video(video_bytes(gray_levels(3)))


def test_frames_that_turn_huge_on_the_way_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = (video_bytes(gray_levels(3, *size), "avi") for size in ((64, 48), (640, 480)))
    # The large video's frames under the small one's headers: decoders believe the frames.
    data = bytearray(small)
    start = large.index(b"movi")
    data = bytearray(small[: small.index(b"movi")] + large[start:])
    monkeypatch.setattr(containers, "MAX_PIXELS", 100 * 100)
    try:
        frames = list(open_video(bytes(data)).frames(10))
    except VideoDecodeError:
        return
    assert all(frame.image.shape == (48, 64, 3) for frame in frames)


@pytest.mark.parametrize("container", ["webm", "mkv", "avi"])
def test_a_cut_off_video_is_read_up_to_the_cut(container: str) -> None:
    whole = video_bytes(moving_portrait(30), container, audio=True)
    video = open_video(whole[: len(whole) // 2])
    assert 3 <= len(own_times_s(video)) < 30
    assert end_of(video).is_cut_off


def test_damage_in_the_middle_costs_that_part_alone() -> None:
    data = bytearray(video_bytes(moving_portrait(40), "mkv", options={"g": "5"}))
    middle = len(data) // 2
    data[middle : middle + 300] = bytes(300)
    seen = own_times_s(open_video(bytes(data)))
    assert seen[0] == 0.0
    assert seen[-1] == pytest.approx(3.9)


def test_a_video_that_asks_for_other_files_does_not_get_them() -> None:
    with pytest.raises(PermissionError):
        containers._refuse_to_open("file:///etc/passwd", 1, {})


def test_odd_bytes_in_titles_do_no_harm() -> None:
    data = video_bytes(gray_levels(2), "mkv", metadata_errors="strict")
    assert open_video(data.replace(b"Lavf", b"\xff\xfe\x00\x07")).info.width == 64


def test_a_time_that_only_damage_explains_is_left_out() -> None:
    times_ms = [0, 100, 200, 10**9, 300, 400]
    clock = FrameClock(Claims(0.0, 0.1, 10.0, None, spliced=False, holds_to_end=False))
    found = []
    for ms in times_ms:
        frame = av.VideoFrame(16, 16, "gray")
        frame.pts, frame.time_base = ms, Fraction(1, 1000)
        found.append(clock.time_of(frame))
    assert found == [0.0, 0.1, 0.2, None, 0.3, 0.4]


# --- damage at random ---


@takes_long
def test_many_damaged_videos_are_read_or_refused() -> None:
    """In a process of its own: what a damaged file does to memory or to Python shows there."""
    command = [sys.executable, "-m", "tests.fuzz", "videos", "--n", "500"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    n_of = {
        words[1]: int(words[0].replace(",", ""))
        for words in (line.split(maxsplit=1) for line in done.stdout.splitlines()[:-1])
    }
    assert sum(n_of.values()) == 500
    assert n_of["read"] > 50, "not all of them are refused"
