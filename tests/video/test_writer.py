"""Annotated videos: what is drawn, what is heard, what is left as it was."""

import io
from pathlib import Path

import av
import numpy as np
import pytest

from fer_core.errors import OutputError
from fer_core.faces import TrackedFace
from fer_core.timeline import Timeline, VideoEnd, VideoSample
from fer_core.video.reader import open_video
from fer_core.video.writer import faces_at, write_annotated
from tests.faces import face_emotion, plain
from tests.videos import CONTAINERS, size_changes, video_bytes

N = 20


def timeline(
    *boxes: tuple[int, int, int, int] | None,
    rate: float = 10,
    size_wh: tuple[int, int] = (320, 240),
    end: VideoEnd | None = None,
) -> Timeline:
    """One face, at these places in frames a tenth of a second apart."""
    happy = face_emotion((0, 0, 1, 1))
    told = Timeline(tuple(happy.probabilities), rate)
    for index, xyxy in enumerate(boxes):
        at = face_emotion(xyxy) if xyxy else None
        faces = (TrackedFace(at.box, 0.5, happy.probabilities, 1, happy.emotion),) if at else ()
        told.add(VideoSample(index / rate, faces, 0.0, size_wh, end))
    return told


def annotated(data: bytes, told: Timeline, target: Path) -> list[float]:
    return list(write_annotated(open_video(data), told, target))


def streams(path: Path) -> dict[str, tuple[str, float]]:
    """Codec and seconds of each stream."""
    with av.open(str(path)) as container:
        assert "mp4" in container.format.name
        return {
            stream.type: (
                stream.codec_context.codec.canonical_name,
                float((stream.duration or 0) * (stream.time_base or 0)),
            )
            for stream in container.streams
        }


HERE = (80, 60, 200, 180)


@pytest.mark.parametrize(
    ("container", "sound"),
    [("mp4", "aac"), ("mov", "aac"), ("webm", "opus"), ("mkv", "aac"), ("avi", "mp3")],
)
def test_every_container_becomes_mp4_with_its_sound(
    container: str, sound: str, tmp_path: Path
) -> None:
    data = video_bytes([plain(320, 240)] * N, container, audio=True)
    target = tmp_path / "annotated.mp4"
    shares = annotated(data, timeline(*[HERE] * N), target)
    assert shares == sorted(shares)
    assert shares[-1] > 0.9
    found = streams(target)
    assert (found["video"][0], found["audio"][0]) == ("h264", sound)
    assert found["video"][1] == pytest.approx(2.0, abs=0.11)
    assert found["audio"][1] == pytest.approx(2.0, abs=0.11)


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_silent_video_stays_silent(container: str, tmp_path: Path) -> None:
    data = video_bytes([plain(320, 240)] * 5, container)
    annotated(data, timeline(*[HERE] * 5), tmp_path / "annotated.mp4")
    assert list(streams(tmp_path / "annotated.mp4")) == ["video"]


def test_the_box_is_drawn_around_the_face_and_the_rest_stays(tmp_path: Path) -> None:
    target = tmp_path / "annotated.mp4"
    annotated(video_bytes([plain(320, 240)] * N), timeline(*[HERE] * N), target)
    for frame in open_video(target).frames(10):
        drawn = np.ptp(frame.image.astype(int), axis=2) > 60
        rows, columns = np.nonzero(drawn[70:])
        assert abs(int(columns.min()) - 80) <= 3
        assert abs(int(columns.max()) - 199) <= 3
        assert abs(int(rows.max()) + 70 - 179) <= 3
        assert not drawn[90:170, 90:190].any()


def test_sound_that_is_copied_is_the_same_to_the_byte(tmp_path: Path) -> None:
    data = video_bytes([plain(320, 240)] * N, audio=True)
    (tmp_path / "source.mp4").write_bytes(data)
    annotated(data, timeline(*[HERE] * N), tmp_path / "annotated.mp4")

    def sound(path: Path) -> bytes:
        with av.open(str(path)) as container:
            return b"".join(map(bytes, container.demux(container.streams.audio[0])))

    assert sound(tmp_path / "annotated.mp4") == sound(tmp_path / "source.mp4")


def test_times_of_variable_frame_rate_stay(tmp_path: Path) -> None:
    times_ms = [0, 40, 80, 1000, 1040, 1500]
    data = video_bytes([plain(64, 48)] * 6, "mkv", times_ms=times_ms)
    annotated(data, timeline(*[None] * 16, size_wh=(64, 48)), tmp_path / "annotated.mp4")
    seen = [round(f.time_s, 2) for f in open_video(tmp_path / "annotated.mp4").all_frames()]
    again = [0.28, 0.48, 0.68, 0.88, 1.24, 1.44]  # where a frame is held
    assert seen == sorted([0.0, 0.04, 0.08, 1.0, 1.04, 1.5, *again])


@pytest.mark.parametrize(("width", "height"), [(321, 241), (2, 2), (5, 65)])
def test_odd_sizes_become_even(width: int, height: int, tmp_path: Path) -> None:
    data = video_bytes([plain(width, height)] * 3, "mkv", codec="ffv1")
    annotated(data, timeline(None, size_wh=(width, height)), tmp_path / "annotated.mp4")
    info = open_video(tmp_path / "annotated.mp4").info
    assert (info.width % 2, info.height % 2) == (0, 0)
    assert abs(info.width - width) <= 1
    assert abs(info.height - height) <= 1


def test_a_turned_video_becomes_upright(tmp_path: Path) -> None:
    data = video_bytes([plain(320, 240)] * 3, rotation=90)
    annotated(data, timeline(None, size_wh=(240, 320)), tmp_path / "annotated.mp4")
    info = open_video(tmp_path / "annotated.mp4").info
    assert (info.width, info.height, info.quarter_turns) == (240, 320, 0)


def test_only_the_analyzed_part_is_written(tmp_path: Path) -> None:
    data = video_bytes([plain(320, 240)] * N, audio=True)
    annotated(data, timeline(*[HERE] * 5), tmp_path / "annotated.mp4")
    found = streams(tmp_path / "annotated.mp4")
    assert found["video"][1] == pytest.approx(0.5, abs=0.05)
    assert found["audio"][1] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("container", ["webm", "mkv", "avi"])
def test_a_cut_off_video_is_written_up_to_the_cut(container: str, tmp_path: Path) -> None:
    whole = video_bytes([plain(320, 240)] * N, container, audio=True)
    annotated(whole[: len(whole) // 2], timeline(*[HERE] * N), tmp_path / "annotated.mp4")
    assert 0.2 < streams(tmp_path / "annotated.mp4")["video"][1] < 2.1


def test_a_folder_that_is_gone_gets_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="could not be written"):
        annotated(video_bytes([plain(64, 48)] * 2), timeline(None), tmp_path / "gone" / "a.mp4")


def test_boxes_move_from_one_analyzed_frame_to_the_next() -> None:
    told = timeline((0, 0, 100, 100), (40, 20, 140, 120), None)
    assert faces_at(told, 0.0, (320, 240))[0].box.xyxy == (0, 0, 100, 100)
    assert faces_at(told, 0.05, (320, 240))[0].box.xyxy == (20, 10, 120, 110)
    assert faces_at(told, 0.15, (320, 240))[0].box.xyxy == (40, 20, 140, 120)
    assert faces_at(told, 0.2, (320, 240)) == []
    assert faces_at(told, 9.0, (320, 240)) == []


def test_a_file_in_memory_needs_no_folder() -> None:
    assert open_video(video_bytes([plain(64, 48)])).open_file().__class__ is io.BytesIO


def test_a_copy_ends_with_the_last_frame_and_keeps_longer_sound(tmp_path: Path) -> None:
    data = video_bytes([plain(320, 240)] * 10, "mkv", audio=4.0)
    told = timeline(*[HERE] * 10, end=VideoEnd(1.0, is_cut_off=False))
    annotated(data, told, tmp_path / "annotated.mp4")
    found = streams(tmp_path / "annotated.mp4")
    assert found["video"][1] == pytest.approx(1.0, abs=0.05)
    assert found["audio"][1] == pytest.approx(4.0, abs=0.05)


def test_a_copy_holds_the_last_frame(tmp_path: Path) -> None:
    data = video_bytes([plain(64, 48)] * 2, "mkv", times_ms=[0, 100], last_ms=8000)
    told = timeline(None, size_wh=(64, 48), end=VideoEnd(8.1, is_cut_off=False))
    annotated(data, told, tmp_path / "annotated.mp4")
    assert streams(tmp_path / "annotated.mp4")["video"][1] == pytest.approx(8.1, abs=0.05)


def test_sound_that_begins_long_before_the_frames_is_kept(tmp_path: Path) -> None:
    times_ms = [2000, 2100, 2200]
    data = video_bytes([plain(64, 48)] * 3, "mkv", times_ms=times_ms, audio=3.0)
    told = timeline(None, size_wh=(64, 48), end=VideoEnd(0.3, is_cut_off=False))
    annotated(data, told, tmp_path / "annotated.mp4")
    with av.open(str(tmp_path / "annotated.mp4")) as copy:
        assert float(copy.duration or 0) / av.time_base == pytest.approx(3.0, abs=0.1)
        (video,) = copy.streams.video
        start_s = float((video.start_time or 0) * (video.time_base or 0))
        assert start_s == pytest.approx(2.0, abs=0.05)


def test_frames_of_several_sizes_are_fitted_into_the_largest(tmp_path: Path) -> None:
    white = (255, 255, 255)
    data = size_changes([plain(320, 180, white)] * 3, [plain(180, 320, white)] * 3)
    told = timeline(*[None] * 3, size_wh=(320, 180))
    told.add(VideoSample(0.3, (), 0.0, (180, 320), VideoEnd(0.6, is_cut_off=False)))
    annotated(data, told, tmp_path / "annotated.mp4")
    *_, last = shown = [f.to_image() for f in open_video(tmp_path / "annotated.mp4").all_frames()]
    assert {image.shape for image in shown} == {(320, 320, 3)}
    assert shown[0][100:220, 20:300].min() > 200
    assert shown[0][:50].max() < 60
    assert last[20:300, 100:220].min() > 200
    assert last[:, :50].max() < 60
