import io

import pytest

from fer_core.video.wholeness import is_whole
from tests.faces import plain
from tests.videos import video_bytes

FRAMES = [plain(64, 48)] * 5


def whole(data: bytes) -> bool | None:
    return is_whole(io.BytesIO(data))


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv", "webm", "avi", "wmv", "flv", "3gp"])
def test_a_file_that_lacks_its_last_part_is_not_whole(container: str) -> None:
    frames = FRAMES if container != "3gp" else [plain(352, 288)] * 5
    data = video_bytes(frames, container, fps=25)
    assert whole(data) is True
    assert whole(data[: len(data) * 2 // 3]) is False


@pytest.mark.parametrize("container", ["ts", "mpg"])
def test_containers_without_an_end_do_not_say(container: str) -> None:
    assert whole(video_bytes([plain(352, 288)] * 5, container, fps=25)) is None


def test_a_recording_of_unknown_length_does_not_say() -> None:
    live = video_bytes(FRAMES, "webm", container_options={"live": "1"})
    assert whole(live) is None
    assert whole(live[: len(live) // 2]) is None


def test_a_file_that_was_filled_up_with_zeros_does_not_say() -> None:
    data = video_bytes(FRAMES, "mkv")
    assert whole(data[: len(data) // 2] + bytes(len(data) - len(data) // 2)) is None


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Dear reader,", id="text"),
        pytest.param(b"\x1aE\xdf\xa3", id="MKV's first bytes"),
        pytest.param(b"\x1aE\xdf\xa3\xff", id="MKV's header of unknown size"),
    ],
)
def test_what_is_no_container_does_not_say(data: bytes) -> None:
    assert whole(data) is None


def test_fragments_are_whole_up_to_the_last_one() -> None:
    fragments = {"movflags": "frag_keyframe+empty_moov"}
    data = video_bytes(FRAMES, options={"g": "1"}, container_options=fragments)
    assert whole(data) is True
    assert whole(data[:-100]) is False
