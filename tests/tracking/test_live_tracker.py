import pytest

from fer_core.emotions import Emotion
from fer_core.faces import BoundingBox, DetectedFace
from fer_core.tracking.live_tracker import LEAST_SHARE, Track, Tracks
from fer_core.tracking.optical_flow import SubpixelBox
from fer_core.tracking.smoothing import HALF_LIFE_S

Xyxy = tuple[int, int, int, int]


def face(*xyxy: int) -> DetectedFace:
    return DetectedFace(BoundingBox(*xyxy), 0.8)


def seen(tracks: Tracks) -> dict[int, Xyxy]:
    return {track.track_id: track.box.rounded().xyxy for track in tracks.in_sight}


@pytest.fixture
def tracks() -> Tracks:
    tracks = Tracks()
    tracks.admit([face(100, 100, 200, 200)], 0)
    return tracks


# --- a track's box ---


def test_a_box_is_the_mean_of_what_the_detector_found() -> None:
    track = Track(1, face(100, 100, 200, 200), 0)
    track.found(face(106, 100, 206, 200), 1)
    assert track.box.x == pytest.approx(153)
    track.found(face(90, 100, 190, 200), 2)
    assert track.box.x == pytest.approx((150 + 156 + 140) / 3)


def test_the_newest_box_always_counts_something() -> None:
    track = Track(1, face(100, 100, 200, 200), 0)
    for time_s in range(1000):
        track.found(face(100, 100, 200, 200), time_s)
    track.found(face(110, 100, 210, 200), 1000)
    assert track.box.x == pytest.approx(150 + 10 * LEAST_SHARE)


def test_a_box_that_jumps_is_believed_at_once() -> None:
    for take_in in (Track.found, Track.found_near):
        track = Track(1, face(100, 100, 200, 200), 0)
        take_in(track, face(130, 100, 230, 200), 1)  # IoU 70 / 130 = .54
        assert track.box == SubpixelBox(180, 150, 100, 100)


def test_a_box_found_near_says_that_the_face_is_there_and_no_more() -> None:
    track = Track(1, face(100, 100, 200, 200), 0)
    track.found_near(face(110, 110, 205, 205), 1)
    assert track.box == SubpixelBox(150, 150, 100, 100)
    assert (track.seen_s, track.confirmed_s, track.checked_s) == (1, 1, 1)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        pytest.param((0, 0, 100, 100), (0, 0, 100, 100), id="in the corner"),
        pytest.param((-50, 20, 50, 120), (0, 20, 50, 120), id="half outside"),
        pytest.param((-52, 20, 48, 120), None, id="more than half outside"),
        pytest.param((700, 20, 800, 120), None, id="outside"),
    ],
)
def test_what_is_shown_lies_inside_the_frame(box: Xyxy, expected: Xyxy | None) -> None:
    clipped = Track(1, face(*box), 0).clipped(640, 480)
    assert (clipped.xyxy if clipped else None) == expected


def test_an_unsure_face_has_no_name_but_probabilities() -> None:
    track = Track(7, face(0, 0, 50, 50), 0)
    assert track.is_new
    shares = {Emotion.HAPPY: 0.3, Emotion.SAD: 0.25, Emotion.FEAR: 0.25, Emotion.ANGRY: 0.2}
    track.classified(shares, 0, HALF_LIFE_S)
    assert not track.is_new
    shown = track.face(BoundingBox(0, 0, 50, 50))
    assert (shown.track_id, shown.steady_emotion, shown.emotion) == (7, None, Emotion.HAPPY)
    assert shown.probabilities == shares


# --- which face belongs to which track ---


@pytest.mark.parametrize(
    ("xyxy", "track_id"),
    [
        pytest.param((154, 100, 254, 200), 2, id="IoU 46 / 154 = .299: beside one in sight"),
        pytest.param((153, 100, 253, 200), 1, id="IoU 47 / 153 = .307"),
        pytest.param((120, 120, 180, 180), 1, id="IoU 36 / 100, smaller"),
        pytest.param((130, 130, 180, 180), 2, id="IoU 25 / 100, much smaller"),
    ],
)
def test_a_face_belongs_to_the_track_in_sight_that_it_overlaps(
    tracks: Tracks, xyxy: Xyxy, track_id: int
) -> None:
    tracks.admit([face(*xyxy)], 0.1)
    assert seen(tracks).get(track_id) is not None
    assert len(seen(tracks)) == track_id


@pytest.mark.parametrize(
    ("xyxy", "track_id"),
    [
        pytest.param((100, 100, 200, 200), 1, id="where it was"),
        pytest.param((200, 100, 300, 200), 1, id="its width away"),
        pytest.param((201, 100, 301, 200), 2, id="further away"),
        pytest.param((75, 75, 225, 225), 1, id="half as large again"),
        pytest.param((70, 70, 230, 230), 2, id="larger than that"),
        pytest.param((117, 117, 183, 183), 2, id="smaller than two thirds"),
    ],
)
def test_a_face_that_comes_back_keeps_its_track_near_where_it_was_lost(
    tracks: Tracks, xyxy: Xyxy, track_id: int
) -> None:
    tracks.in_sight[0].in_sight = False
    tracks.admit([face(*xyxy)], 0.1)
    assert seen(tracks) == {track_id: xyxy}


def test_a_track_in_sight_goes_before_one_that_was_lost(tracks: Tracks) -> None:
    tracks.admit([face(100, 100, 200, 200), face(260, 100, 360, 200)], 0.1)
    tracks.in_sight[0].in_sight = False
    tracks.admit([face(240, 100, 340, 200)], 0.2)  # nearer to the second, near to both
    assert list(seen(tracks)) == [2]


def test_of_two_lost_tracks_the_nearer_is_taken(tracks: Tracks) -> None:
    tracks.admit([face(100, 100, 200, 200), face(220, 100, 320, 200)], 0.1)
    for track in tracks.in_sight:
        track.in_sight = False
    tracks.admit([face(170, 100, 270, 200)], 0.2)
    assert list(seen(tracks)) == [2]


def test_a_track_that_was_not_found_stays(tracks: Tracks) -> None:
    tracks.admit([], 0.1)
    assert list(seen(tracks)) == [1]


@pytest.mark.parametrize(("time_s", "n"), [(1.0, 1), (1.001, 0)])
def test_a_track_is_kept_for_a_second(tracks: Tracks, time_s: float, n: int) -> None:
    tracks.expire(time_s)
    assert len(tracks.in_sight) == n


def test_of_two_tracks_on_one_face_the_older_stays(tracks: Tracks) -> None:
    tracks.admit([face(100, 100, 200, 200), face(300, 100, 400, 200)], 0.1)
    tracks.in_sight[1].box = SubpixelBox(170, 150, 100, 100)  # IoU 80 / 120
    tracks.drop_doubles()
    assert list(seen(tracks)) == [1]


def test_numbers_go_on_after_everything_was_forgotten(tracks: Tracks) -> None:
    tracks.forget()
    assert tracks.in_sight == []
    tracks.admit([face(100, 100, 200, 200)], 5)
    assert list(seen(tracks)) == [2]
