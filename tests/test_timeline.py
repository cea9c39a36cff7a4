from dataclasses import replace
from itertools import pairwise

import pytest

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.faces import Doubt, TrackedFace
from fer_core.timeline import Timeline, VideoSample
from tests.faces import face_emotion


def face(track: int, emotion: Emotion = Emotion.HAPPY, probability: float = 0.7) -> TrackedFace:
    plain = face_emotion((track * 100, 10, track * 100 + 50, 60), emotion, probability)
    return TrackedFace(plain.box, plain.confidence, plain.probabilities, track, emotion)


def timeline(*samples: tuple[float, list[TrackedFace]], rate: float = 10) -> Timeline:
    made = Timeline(FER2013_EMOTIONS, rate)
    for time_s, faces in samples:
        made.add(VideoSample(time_s, tuple(faces), 0.0))
    return made


def test_an_empty_timeline_has_nothing_to_tell() -> None:
    empty = timeline()
    assert (len(empty), empty.n_faces, empty.end_s, empty.first_face_s) == (0, 0, 0, 0)
    assert empty.summary() is None
    assert empty.tracks() == {}
    assert empty.binned(10, 0, 1) == []
    assert list(empty.frames()) == []


def test_frames_without_a_face_count_as_frames() -> None:
    none = timeline((0.0, []), (0.1, []))
    assert (len(none), none.n_faces) == (2, 0)
    assert none.faces(1) == ()
    assert none.summary() is None
    assert none.binned(10, 0, 1) == []


def test_faces_come_back_as_they_were() -> None:
    told = timeline((0.0, [face(1), face(2, Emotion.SAD)]), (0.1, []), (0.2, [face(2)]))
    assert [[f.track_id for f in told.faces(i)] for i in range(3)] == [[1, 2], [], [2]]
    back = told.faces(0)[1]
    assert back.box == face(2).box
    assert back.emotion == Emotion.SAD
    assert back.probabilities == pytest.approx(face(2, Emotion.SAD).probabilities)
    assert back.confidence == pytest.approx(face(2).confidence)
    assert (told.n_faces, told.n_tracks) == (3, 2)


@pytest.mark.parametrize(
    "doubts", [(), (Doubt.SMALL,), (Doubt.DARK, Doubt.AMBIGUOUS), tuple(Doubt)]
)
def test_doubts_come_back_as_they_were(doubts: tuple[Doubt, ...]) -> None:
    (back,) = timeline((0.0, [replace(face(1), doubts=doubts)])).faces(0)
    assert back.doubts == doubts
    assert back.shown_emotion == (None if doubts else Emotion.HAPPY)


@pytest.mark.parametrize(
    ("time_s", "index"), [(-1, 0), (0.0, 0), (0.09, 0), (0.1, 1), (0.35, 1), (99, 2)]
)
def test_the_frame_at_a_time_is_the_last_that_began(time_s: float, index: int) -> None:
    assert timeline((0.0, []), (0.1, []), (0.5, [])).index_at(time_s) == index


def test_the_first_face_is_found_behind_frames_without_one() -> None:
    assert timeline((0.0, []), (0.1, []), (0.2, [face(1)]), (0.3, [])).first_face_s == 0.2


def test_time_is_shared_by_how_long_each_frame_is_seen() -> None:
    # Happy for .3 s until the next frame, sad for the last tenth.
    told = timeline((0.0, [face(1)]), (0.3, [face(1, Emotion.SAD)]))
    share = told.summary()
    assert share is not None
    assert share.seconds == pytest.approx(0.4)
    assert share.shares[Emotion.HAPPY] == pytest.approx(0.75)
    assert share.shares[Emotion.SAD] == pytest.approx(0.25)
    assert share.emotion == Emotion.HAPPY


def test_each_face_has_its_own_share_and_those_seen_longest_come_first() -> None:
    told = timeline((0.0, [face(1), face(2)]), (0.1, [face(2, Emotion.SAD)]), (0.2, [face(2)]))
    tracks = told.tracks()
    assert list(tracks) == [2, 1]
    assert (tracks[1].first_s, tracks[1].end_s) == (0.0, 0.1)
    assert (tracks[2].first_s, tracks[2].end_s) == (0.0, told.end_s)
    assert tracks[2].shares[Emotion.SAD] == pytest.approx(1 / 3)


def test_bins_hold_means_and_leave_out_time_without_a_face() -> None:
    told = timeline(
        (0.0, [face(1, probability=1.0)]),
        (0.1, [face(1, Emotion.SAD, 1.0)]),
        (0.2, []),
        (0.3, []),
        (0.4, [face(2)]),
    )
    first, second = told.binned(2, 0.0, 0.8)
    assert first[:2] == pytest.approx((0.0, 0.4))
    assert first[2][Emotion.HAPPY] == pytest.approx(0.5)
    assert second[:2] == pytest.approx((0.4, 0.8))


def test_bins_of_one_face_and_of_a_part_leave_the_rest_out() -> None:
    told = timeline((0.0, [face(1)]), (0.5, [face(1), face(2)]), (1.0, [face(2)]))
    second = told.binned(10, 0.0, 1.1, track=2)
    assert [second[0][0], second[-1][1]] == pytest.approx([0.44, 1.1])
    assert [part[:2] for part in told.binned(10, 0.45, 0.55)] == [pytest.approx((0.45, 0.55))]


@pytest.mark.parametrize("frame_rate", [7, 15, 24])
def test_a_face_in_every_frame_leaves_no_gap_in_a_video_of_fewer_frames_than_asked_for(
    frame_rate: int,
) -> None:
    samples = [(k / frame_rate, [face(1)]) for k in range(6 * frame_rate)]
    told = timeline(*samples, rate=25)
    bins = told.binned(240, 0.0, told.end_s, track=1)
    assert [bins[0][0], bins[-1][1]] == pytest.approx([0.0, told.end_s])
    assert all(one[1] == pytest.approx(other[0]) for one, other in pairwise(bins))


def test_a_frame_without_the_face_ends_it_and_nothing_follows_the_video() -> None:
    told = timeline((0.0, [face(1)]), (0.5, []), (1.0, [face(1)]), (1.1, []))
    assert [part[:2] for part in told.binned(20, 0.0, 2.0)] == [
        pytest.approx((k / 10, (k + 1) / 10)) for k in (0, 1, 2, 3, 4, 10)
    ]


def test_no_bin_is_shorter_than_the_time_between_two_frames() -> None:
    told = timeline(*((k / 10, [face(1)]) for k in range(30)))
    bins = told.binned(1000, 0.0, 3.0)
    assert len(bins) == 30
    assert all(end_s - start_s == pytest.approx(0.1) for start_s, end_s, _ in bins)


def test_an_hour_with_a_face_takes_a_few_megabytes() -> None:
    told = timeline(*((k / 10, [face(1)]) for k in range(36_000)))
    columns = [value for value in vars(told).values() if hasattr(value, "itemsize")]
    assert len(columns) == 7
    assert sum(len(c) * c.itemsize for c in columns) < 36_000 * 100
