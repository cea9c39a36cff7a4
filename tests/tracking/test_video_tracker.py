from dataclasses import replace

import pytest

from fer_core.emotions import Emotion
from fer_core.faces import Doubt
from fer_core.tracking.video_tracker import FaceTracker
from tests.faces import face_emotion

HERE, THERE = (100, 100, 200, 200), (400, 100, 500, 200)


def ids(tracker: FaceTracker, time_s: float, *boxes: tuple[int, int, int, int]) -> list[int]:
    return [f.track_id for f in tracker.update([face_emotion(box) for box in boxes], time_s)]


def test_no_face_is_no_track() -> None:
    assert FaceTracker().update([], 0) == ()


def test_faces_are_numbered_from_one_in_the_order_given() -> None:
    assert ids(FaceTracker(), 0, HERE, THERE) == [1, 2]


@pytest.mark.parametrize(
    ("box", "number"),
    [
        pytest.param((180, 100, 280, 200), 1, id="four fifths of its width further"),
        pytest.param((290, 100, 390, 200), 2, id="nearly two widths further"),
        pytest.param((110, 110, 190, 190), 1, id="smaller"),
        pytest.param((140, 140, 160, 160), 2, id="a fifth as wide"),
    ],
)
def test_a_face_keeps_its_number_where_it_moves_little(
    box: tuple[int, int, int, int], number: int
) -> None:
    tracker = FaceTracker()
    ids(tracker, 0, HERE)
    assert ids(tracker, 0.2, box) == [number]


def test_neighbors_that_change_their_order_keep_their_numbers() -> None:
    tracker = FaceTracker()
    ids(tracker, 0, HERE, THERE)
    assert ids(tracker, 0.2, THERE, HERE) == [2, 1]


def test_the_nearer_of_two_faces_gets_the_number() -> None:
    tracker = FaceTracker()
    ids(tracker, 0, HERE)
    assert ids(tracker, 0.2, (30, 100, 130, 200), (110, 100, 210, 200)) == [2, 1]


@pytest.mark.parametrize(("away_s", "number"), [(1.0, 1), (1.1, 2)])
def test_a_face_that_was_away_too_long_is_a_new_one(away_s: float, number: int) -> None:
    tracker = FaceTracker()
    ids(tracker, 0, HERE)
    ids(tracker, 0.1)
    assert ids(tracker, away_s, HERE) == [number]


def test_probabilities_have_half_the_weight_after_a_fifth_of_a_second() -> None:
    tracker = FaceTracker()
    tracker.update([face_emotion(HERE, Emotion.HAPPY, 1.0)], 0)
    (face,) = tracker.update([face_emotion(HERE, Emotion.SAD, 1.0)], 0.2)
    assert face.probabilities[Emotion.HAPPY] == pytest.approx(0.5)
    assert sum(face.probabilities.values()) == pytest.approx(1)


def test_smoothing_goes_by_time_and_not_by_the_number_of_frames() -> None:
    often, seldom = FaceTracker(), FaceTracker()
    for tracker, times_s in ((often, (0.1, 0.2, 0.3, 0.4)), (seldom, (0.4,))):
        tracker.update([face_emotion(HERE, Emotion.HAPPY, 1.0)], 0)
        for time_s in times_s:
            (face,) = tracker.update([face_emotion(HERE, Emotion.SAD, 1.0)], time_s)
        assert face.probabilities[Emotion.HAPPY] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("probability", "doubts", "kept"),
    [
        pytest.param(0.7, (), (), id="none"),
        pytest.param(0.7, (Doubt.BLURRED,), (Doubt.BLURRED,), id="blurred"),
        pytest.param(0.3, (), (Doubt.AMBIGUOUS,), id="ambiguous over time"),
        pytest.param(0.7, (Doubt.DARK, Doubt.AMBIGUOUS), (Doubt.DARK,), id="probable over time"),
    ],
)
def test_a_face_has_its_frames_doubts_and_is_named_where_there_are_none(
    probability: float, doubts: tuple[Doubt, ...], kept: tuple[Doubt, ...]
) -> None:
    found = replace(face_emotion(HERE, Emotion.SAD, probability), doubts=doubts)
    (face,) = FaceTracker().update([found], 0)
    assert face.doubts == kept
    assert face.shown_emotion == (None if kept else Emotion.SAD)
