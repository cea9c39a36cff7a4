import logging
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from fer_core.errors import ImageDecodeError
from fer_core.live.frames import LiveFrame
from fer_core.live.stream import StreamStatus
from tests.faces import plain
from webapp.monitoring.activity import GIVEN_UP_S, Activity


@pytest.fixture
def activity(caplog: pytest.LogCaptureFixture) -> Activity:
    caplog.set_level(logging.INFO, "webapp")
    return Activity()


def counted(activity: Activity, name: str, **labels: str) -> float | None:
    value: float | None = activity.metrics.registry.get_sample_value(name, labels)
    return value


def test_a_stream_without_a_frame_was_no_session(
    activity: Activity, caplog: pytest.LogCaptureFixture
) -> None:
    stream = activity.stream()
    stream.ended(StreamStatus())
    stream.frame(StreamStatus(n_frames=1))  # one that was under way when the viewer left
    stream.ended(StreamStatus(n_frames=1))
    assert caplog.messages == []
    assert counted(activity, "fer_live_sessions_started_total") == 0
    assert counted(activity, "fer_live_sessions") == 0


def test_a_session_is_counted_from_its_first_frame_to_its_end(
    activity: Activity, caplog: pytest.LogCaptureFixture
) -> None:
    stream = activity.stream()
    now_s = time.monotonic()
    for n in (1, 2, 3):
        stream.frame(
            StreamStatus(n_frames=n, n_dropped=2 * n, time_s=now_s, stage_ms={"follow": 1.5})
        )
    assert counted(activity, "fer_live_sessions") == 1
    last = StreamStatus(n_frames=3, n_dropped=6, n_errors=1, time_s=now_s + 60)
    stream.frame(last)
    stream.ended(last)
    stream.ended(last)
    assert caplog.messages == [
        "live session started: number=1",
        "live session ended: number=1 reason=stopped seconds=60 frames=3 dropped=6 failed=1",
    ]
    assert counted(activity, "fer_live_sessions") == 0
    assert counted(activity, "fer_live_sessions_started_total") == 1
    assert counted(activity, "fer_live_sessions_ended_total", reason="stopped") == 1
    assert counted(activity, "fer_live_frames_total") == 3
    assert counted(activity, "fer_live_frames_dropped_total") == 6
    assert counted(activity, "fer_errors_total", kind="LiveFrame") == 1
    assert counted(activity, "fer_live_stage_seconds_count", stage="follow") == 3
    assert counted(activity, "fer_live_stage_seconds_sum", stage="follow") == pytest.approx(0.0045)
    assert counted(activity, "fer_live_stage_seconds_bucket", stage="follow", le="0.001") == 0
    assert counted(activity, "fer_live_stage_seconds_bucket", stage="follow", le="0.002") == 3


def test_a_stream_that_ends_long_after_its_last_frame_was_lost(
    activity: Activity, caplog: pytest.LogCaptureFixture
) -> None:
    stream = activity.stream()
    silent = StreamStatus(n_frames=1, time_s=time.monotonic() - GIVEN_UP_S - 1)
    stream.frame(silent)
    stream.ended(silent)
    assert "reason=lost " in caplog.messages[-1]
    assert counted(activity, "fer_live_sessions_ended_total", reason="lost") == 1


def test_a_stop_that_is_heard_of_late_is_a_stop(
    activity: Activity, caplog: pytest.LogCaptureFixture
) -> None:
    stream = activity.stream()
    then_s = time.monotonic() - GIVEN_UP_S - 1
    stopped = StreamStatus(n_frames=1, time_s=then_s, closed_s=then_s + 0.1)
    stream.frame(stopped)
    stream.ended(stopped)
    assert "reason=stopped " in caplog.messages[-1]


def test_an_older_status_after_a_newer_one_changes_nothing(activity: Activity) -> None:
    stream = activity.stream()
    stream.frame(StreamStatus(n_frames=5))
    stream.frame(StreamStatus(n_frames=4, n_errors=1))
    assert counted(activity, "fer_live_frames_total") == 5


def test_the_image_of_a_frame_is_not_kept(activity: Activity) -> None:
    stream = activity.stream()
    newest = LiveFrame(plain(8, 8, (1, 2, 3)), (), plain(8, 8))
    stream.frame(StreamStatus(newest, n_frames=1))
    assert newest not in [getattr(value, "newest", None) for value in vars(stream).values()]


def test_a_session_that_ends_in_two_threads_at_once_ends_once(activity: Activity) -> None:
    streams = [activity.stream() for _ in range(50)]
    status = StreamStatus(n_frames=1, time_s=time.monotonic())
    for stream in streams:
        stream.frame(status)
    with ThreadPoolExecutor(8) as pool:
        for stream in streams * 4:
            pool.submit(stream.ended, status)
    assert counted(activity, "fer_live_sessions") == 0
    assert counted(activity, "fer_live_sessions_ended_total", reason="stopped") == 50


def test_files_and_viewers_are_one_line_each(
    activity: Activity, caplog: pytest.LogCaptureFixture
) -> None:
    activity.photo(2, 0.1234)
    activity.photo(0, 0.1)
    activity.video(600, 3, 12.34)
    activity.failed(ImageDecodeError)
    activity.refused_viewer()
    assert caplog.messages == [
        "photo analyzed: faces=2 ms=123",
        "photo analyzed: faces=0 ms=100",
        "video analyzed: frames=600 faces=3 seconds=12.3",
        "failed: error=ImageDecodeError",
        "viewer waits: all live places taken",
    ]
    assert counted(activity, "fer_photos_total") == 2
    assert counted(activity, "fer_videos_total") == 1
    assert counted(activity, "fer_faces_total", source="photo") == 2
    assert counted(activity, "fer_faces_total", source="video") == 3
    assert counted(activity, "fer_errors_total", kind="ImageDecodeError") == 1
    assert counted(activity, "fer_live_refused_total") == 1
