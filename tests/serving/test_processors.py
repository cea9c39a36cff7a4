from collections.abc import Iterator

import cv2
import pytest

from serving.processors import Processors


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    """What OpenCV has on a machine with two processors."""
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


@pytest.mark.parametrize(
    ("n_processors", "n_live", "expected"),
    [
        pytest.param(2, 0, 1, id="nobody"),
        pytest.param(2, 2, 1, id="one for each processor"),
        pytest.param(2, 3, 1.5, id="one more"),
        pytest.param(2, 50, 4, id="far too many"),
        pytest.param(None, 2, 2, id="a machine that does not tell"),
    ],
)
def test_it_is_crowded_where_viewers_share_processors(
    monkeypatch: pytest.MonkeyPatch, n_processors: int | None, n_live: int, expected: float
) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: n_processors)
    processors = Processors()
    for _ in range(n_live):
        processors.live_began()
    assert processors.crowding() == expected


def test_the_last_viewer_gives_them_back() -> None:
    processors = Processors()
    processors.live_began()
    processors.live_began()
    processors.live_ended()
    assert cv2.getNumThreads() == 1
    processors.live_ended()
    assert cv2.getNumThreads() == 2
