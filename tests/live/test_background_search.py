import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from fer_core.faces import DetectedFace
from fer_core.images import RgbImage
from fer_core.live.background_search import Frame, FullSearch, InlineExecutor, shared_threads
from fer_core.tracking.optical_flow import MotionFrame
from tests.faces import SquareDetector, plain, squares
from tests.waiting import wait_until


class SlowDetector(SquareDetector):
    """Searches only once it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.started, self.go = threading.Event(), threading.Event()

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        self.started.set()
        assert self.go.wait(30)
        return super().detect(image, min_face_px)


def searched(x: int) -> Frame:
    image = squares(320, 240, (x, 100, x + 40, 140))
    return Frame(image, MotionFrame(image), 0.0, 36)


def found(search: FullSearch) -> list[int]:
    """The left edges of the faces that a search finds, once it has."""
    results: list[tuple[MotionFrame, Sequence[DetectedFace]]] = []

    def take() -> bool:
        result = search.take()
        results.extend([result] if result else [])
        return bool(results)

    wait_until(take, 30, "a frame was searched")
    return [face.box.x1 for face in results[0][1]]


def test_nothing_is_found_before_anything_was_searched() -> None:
    search = FullSearch(SquareDetector(), InlineExecutor())
    assert search.take() is None
    assert not search.is_waiting
    assert not search.is_running


def test_a_result_comes_with_its_frame_and_only_once() -> None:
    search, frame = FullSearch(SquareDetector(), InlineExecutor()), searched(50)
    search.submit(frame)
    result = search.take()
    assert result is not None
    motion, faces = result
    assert motion is frame.motion
    assert [face.box.xyxy for face in faces] == [(50, 100, 90, 140)]
    assert search.take() is None


def test_one_frame_is_searched_at_a_time_and_of_those_that_wait_the_newest() -> None:
    detector, busy = SlowDetector(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(busy.wait, 30)  # another stream's search
        search = FullSearch(detector, threads)
        for x in (20, 60, 100):
            search.submit(searched(x))
            assert search.is_waiting
        busy.set()
        assert detector.started.wait(30)
        assert not search.is_waiting
        assert search.is_running
        assert search.take() is None
        detector.go.set()
        assert found(search) == [100]
    assert len(detector.searched) == 1


def test_each_stream_waits_in_line_once() -> None:
    detector, busy = SquareDetector(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(busy.wait, 30)
        eager, other = (FullSearch(detector, threads) for _ in range(2))
        for x in range(20, 120, 10):
            eager.submit(searched(x))
        other.submit(searched(200))
        busy.set()
    assert len(detector.searched) == 2


def test_what_is_cancelled_is_not_searched_and_gives_no_result() -> None:
    detector, busy = SquareDetector(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        threads.submit(busy.wait, 30)
        search = FullSearch(detector, threads)
        search.submit(searched(20))
        search.cancel()
        busy.set()
    assert detector.searched == []
    assert search.take() is None
    assert not search.is_waiting


def test_a_search_that_runs_while_it_is_cancelled_gives_no_result() -> None:
    detector = SlowDetector()
    with ThreadPoolExecutor(1) as threads:
        search = FullSearch(detector, threads)
        search.submit(searched(20))
        assert detector.started.wait(30)
        search.cancel()
        detector.go.set()
        search.submit(searched(60))
        assert found(search) == [60]


def test_an_error_of_the_detector_reaches_whoever_takes_the_result() -> None:
    class Failing(SquareDetector):
        def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
            raise RuntimeError("this frame cannot be searched")

    search = FullSearch(Failing(), InlineExecutor())
    search.submit(searched(20))
    with pytest.raises(RuntimeError, match="cannot be searched"):
        search.take()
    assert not search.is_running


def test_a_frame_without_a_face_is_a_result_too() -> None:
    search = FullSearch(SquareDetector(), InlineExecutor())
    image = plain(320, 240, (0, 0, 0))
    search.submit(Frame(image, MotionFrame(image), 0.0, 36))
    result = search.take()
    assert result is not None
    assert result[1] == []


def test_a_forked_process_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = shared_threads()
    assert shared_threads() is ours
    monkeypatch.setattr("os.getpid", lambda: -1)
    assert shared_threads() is not ours
