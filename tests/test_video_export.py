"""Annotated videos: what is drawn, what is heard, what is left as it was."""

import io
from pathlib import Path

import av
import numpy as np
import pytest

from fer_core.errors import OutputError
from fer_core.faces import TrackedFace
from fer_core.timeline import Timeline
from fer_core.video import VideoSample
from fer_core.video_export import faces_at, write_annotated
from fer_core.video_file import open_video
from tests.faces import face_emotion, plain
from tests.videos import CONTAINERS, video_bytes

N = 20


def timeline(*boxes: tuple[int, int, int, int] | None, rate: float = 10) -> Timeline:
    """One face, at these places in pictures a tenth of a second apart."""
    happy = face_emotion((0, 0, 1, 1))
    told = Timeline(tuple(happy.probabilities), rate)
    for index, xyxy in enumerate(boxes):
        at = face_emotion(xyxy) if xyxy else None
        faces = (TrackedFace(at.box, 0.5, happy.probabilities, 1, happy.emotion),) if at else ()
        told.add(VideoSample(index / rate, faces, 0.0))
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
    for picture in open_video(target).pictures(10):
        drawn = np.ptp(picture.image.astype(int), axis=2) > 60
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
    annotated(data, timeline(*[None] * 16), tmp_path / "annotated.mp4")
    seen = [round(p.time_s, 2) for p in open_video(tmp_path / "annotated.mp4").pictures(1000)]
    assert seen == [0.0, 0.04, 0.08, 1.0, 1.04, 1.5]


@pytest.mark.parametrize(("width", "height"), [(321, 241), (2, 2), (5, 65)])
def test_odd_sizes_become_even(width: int, height: int, tmp_path: Path) -> None:
    data = video_bytes([plain(width, height)] * 3, "mkv", codec="ffv1")
    annotated(data, timeline(None, None, None), tmp_path / "annotated.mp4")
    info = open_video(tmp_path / "annotated.mp4").info
    assert (info.width % 2, info.height % 2) == (0, 0)
    assert abs(info.width - width) <= 1
    assert abs(info.height - height) <= 1


def test_a_turned_video_becomes_upright(tmp_path: Path) -> None:
    data = video_bytes([plain(320, 240)] * 3, rotation=90)
    annotated(data, timeline(None, None, None), tmp_path / "annotated.mp4")
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


def test_boxes_move_from_one_analyzed_picture_to_the_next() -> None:
    told = timeline((0, 0, 100, 100), (40, 20, 140, 120), None)
    assert faces_at(told, 0.0)[0].box.xyxy == (0, 0, 100, 100)
    assert faces_at(told, 0.05)[0].box.xyxy == (20, 10, 120, 110)
    assert faces_at(told, 0.15)[0].box.xyxy == (40, 20, 140, 120)
    assert faces_at(told, 0.2) == []
    assert faces_at(told, 9.0) == []


def test_a_file_in_memory_needs_no_folder() -> None:
    assert open_video(video_bytes([plain(64, 48)])).open_file().__class__ is io.BytesIO
