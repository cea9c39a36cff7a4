from collections.abc import Iterator

import cv2
import pytest

from webapp.live.processors import Processors


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """Give OpenCV the threads of a machine with two processors."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    yield
    cv2.setNumThreads(before)


def test_opencv_has_its_threads_while_nobody_is_live() -> None:
    processors = Processors()
    assert cv2.getNumThreads() == 2
    processors.live_began()
    assert cv2.getNumThreads() == 1
    processors.live_ended()
    assert cv2.getNumThreads() == 2


def test_the_last_viewer_gives_them_back() -> None:
    processors = Processors()
    processors.live_began()
    processors.live_began()
    processors.live_ended()
    assert cv2.getNumThreads() == 1
    processors.live_ended()
    assert cv2.getNumThreads() == 2
