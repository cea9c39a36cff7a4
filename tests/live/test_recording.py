import pytest

from fer_core.emotions import FER2013_EMOTIONS
from fer_core.live import recording
from fer_core.live.recording import MOST_S, Recording
from tests.test_timeline import face


def recorded(*times_s: float) -> Recording:
    made = Recording(FER2013_EMOTIONS)
    for time_s in times_s:
        made.add((face(1),), time_s)
    return made


def times_s(made: Recording) -> list[float]:
    timeline = made.timeline()
    return [round(timeline.time_s(index), 3) for index in range(len(timeline))]


def test_nothing_is_recorded_before_the_first_frame() -> None:
    assert times_s(recorded()) == []


@pytest.mark.parametrize(
    ("frames_s", "expected_s"),
    [
        pytest.param([1000.0], [0.0], id="the-first-is-the-start"),
        pytest.param([5.0, 5.0, 5.05, 5.099], [0.0], id="faster-than-ten-a-second"),
        pytest.param([5 + n / 30 for n in range(10)], [0.0, 0.1, 0.2, 0.3], id="a-camera"),
        pytest.param([5 + n / 15 for n in range(7)], [0.0, 0.133, 0.2, 0.333, 0.4], id="uneven"),
        pytest.param([5.0, 5.25, 5.31, 5.39], [0.0, 0.25, 0.31], id="a-late-frame-delays-no-other"),
        pytest.param([5.0, 9.0, 9.01], [0.0, 4.0], id="a-gap"),
    ],
)
def test_a_recording_holds_ten_moments_a_second(
    frames_s: list[float], expected_s: list[float]
) -> None:
    assert times_s(recorded(*frames_s)) == expected_s


def test_moments_without_a_face_are_recorded_too() -> None:
    made = Recording(FER2013_EMOTIONS)
    made.add((), 0.0)
    made.add((face(1),), 0.1)
    assert (len(made.timeline()), made.timeline().n_faces) == (2, 1)


def test_a_recording_is_full_after_half_an_hour() -> None:
    made = recorded(0.0, MOST_S - 0.1)
    assert not made.is_full
    made.add((face(1),), MOST_S)
    made.add((face(1),), MOST_S + 1)
    assert made.is_full
    assert times_s(made) == [0.0, MOST_S - 0.1]


def test_a_recording_of_a_crowd_is_full_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_ROWS", 5)
    made = Recording(FER2013_EMOTIONS)
    for moment in range(3):
        made.add((face(1), face(2)), moment)
    assert made.is_full
    assert made.timeline().n_faces == 4


def test_what_was_read_does_not_change_while_the_recording_goes_on() -> None:
    made = recorded(0.0)
    before = made.timeline()
    made.add((face(1),), 1.0)
    assert (len(before), len(made.timeline())) == (1, 2)
