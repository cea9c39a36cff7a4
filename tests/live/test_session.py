import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, InvalidStateError
from contextlib import suppress
from dataclasses import FrozenInstanceError
from itertools import count
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from fer_core.analysis import EmotionAnalyzer
from fer_core.classification.classifier import EmotionClassifier
from fer_core.detection.haar import HaarFaceDetector
from fer_core.drawing import draw_faces
from fer_core.emotions import Emotion
from fer_core.faces import DetectedFace
from fer_core.images import RgbImage
from fer_core.live.background_search import InlineExecutor
from fer_core.live.frames import LiveFrame, LiveSettings
from fer_core.live.session import LiveSession
from tests.faces import (
    ASTRONAUT_NOSE_XY,
    SquareDetector,
    astronaut,
    happy_if_white,
    noise,
    plain,
    squares,
)
from tests.waiting import wait_until

T = TypeVar("T")
Xyxy = tuple[int, int, int, int]

WIDTH, HEIGHT = 320, 240
"""Faces are at least 36 pixels in such a frame, .15 of 240."""


def frame(*boxes: Xyxy, value: int = 255) -> RgbImage:
    return squares(WIDTH, HEIGHT, *boxes, value=value)


@pytest.fixture
def detector() -> SquareDetector:
    return SquareDetector()


@pytest.fixture
def session(detector: SquareDetector) -> LiveSession:
    return LiveSession(EmotionAnalyzer(detector, happy_if_white()), executor=InlineExecutor())


def ids(live: LiveFrame) -> list[int]:
    return [face.track_id for face in live.faces]


def boxes(live: LiveFrame) -> list[Xyxy]:
    return [face.box.xyxy for face in live.faces]


# --- the real cascade and the real model ---


def test_the_first_frame_gives_what_search_and_model_give(
    analyzer: EmotionAnalyzer,
) -> None:
    image = astronaut()
    live = LiveSession(analyzer, executor=InlineExecutor()).process(image, 12.5)
    expected = analyzer.classify(image, analyzer.detector.detect(image, 77))  # .15 of 512: 76.8
    assert len(expected) == 1
    assert boxes(live) == [face.box.xyxy for face in expected]
    assert [face.probabilities for face in live.faces] == [f.probabilities for f in expected]
    assert [face.confidence for face in live.faces] == [face.confidence for face in expected]


def test_a_real_face_that_moves_keeps_its_track(analyzer: EmotionAnalyzer) -> None:
    session = LiveSession(analyzer, executor=InlineExecutor())
    photo = astronaut()
    for step in range(10):
        left, top = 90 + 6 * step, 10 + 2 * step  # the camera pans, so the face goes to the left
        window = photo[top : top + 240, left : left + 320]
        live = session.process(window, 100 + 0.1 * step)
        assert ids(live) == [1]
        in_photo = live.faces[0].box.shifted(left, top)
        assert abs((in_photo.x1 + in_photo.x2) / 2 - ASTRONAUT_NOSE_XY[0]) < 15
        assert abs((in_photo.y1 + in_photo.y2) / 2 - ASTRONAUT_NOSE_XY[1]) < 20


# --- the mirror ---


def test_a_mirror_shows_another_image_of_the_same_faces(session: LiveSession) -> None:
    image = frame((20, 30, 100, 110), (200, 50, 260, 110))
    plain_faces = session.process(image, 0).faces
    session.settings = LiveSettings(mirror=True)
    live = session.process(image, 0.01)
    assert boxes(live) == [(60, 50, 120, 110), (220, 30, 300, 110)]
    assert ids(live) == [face.track_id for face in reversed(plain_faces)]
    readable = draw_faces(np.ascontiguousarray(image[:, ::-1]), live.faces)
    np.testing.assert_array_equal(live.image, readable)


def test_a_mirrored_face_gets_the_same_answer(analyzer: EmotionAnalyzer) -> None:
    image = astronaut()
    answers = [
        LiveSession(analyzer, LiveSettings(mirror=mirror), InlineExecutor()).process(image, 0)
        for mirror in (False, True)
    ]
    plain_face, mirrored = (live.faces[0] for live in answers)
    assert mirrored.probabilities == plain_face.probabilities
    assert mirrored.box == plain_face.box.mirrored(image.shape[1])


# --- frames ---


def test_a_frame_without_a_face_comes_back_unchanged(session: LiveSession) -> None:
    image = plain(WIDTH, HEIGHT, (0, 0, 0))
    live = session.process(image, 0)
    assert live.faces == ()
    np.testing.assert_array_equal(live.image, image)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3)])
def test_a_frame_too_small_for_a_face_is_no_error(
    analyzer: EmotionAnalyzer, size: tuple[int, int]
) -> None:
    session = LiveSession(analyzer, executor=InlineExecutor())
    for step in range(3):
        assert session.process(noise(*size), 0.1 * step).faces == ()


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(np.zeros((480, 640), np.uint8), id="gray"),
        pytest.param(np.zeros((480, 640, 4), np.uint8), id="with transparency"),
        pytest.param(np.zeros((480, 640, 3), np.float32), id="other pixels"),
        pytest.param(np.zeros((0, 640, 3), np.uint8), id="empty"),
    ],
)
def test_anything_but_an_rgb_image_is_refused(session: LiveSession, wrong: RgbImage) -> None:
    with pytest.raises(ValueError, match="Received"):
        session.process(wrong, 0)


def test_the_frame_itself_is_not_drawn_on(session: LiveSession) -> None:
    image = frame((100, 100, 140, 140))
    live = session.process(image, 0)
    np.testing.assert_array_equal(image, frame((100, 100, 140, 140)))
    assert (live.image != image).any()


def test_a_live_frame_cannot_be_changed(session: LiveSession) -> None:
    live = session.process(frame((100, 100, 140, 140)), 0)
    with pytest.raises(FrozenInstanceError):
        live.faces = ()  # type: ignore[misc]


# --- tracks ---


def test_a_face_that_moves_keeps_its_track(session: LiveSession) -> None:
    for step in range(12):
        x = 20 + 15 * step
        live = session.process(frame((x, 100, x + 40, 140)), 0.1 * step)
        assert ids(live) == [1]
        assert boxes(live) == [(x, 100, x + 40, 140)]


@pytest.mark.parametrize(
    ("shift", "expected_id"),
    [
        pytest.param(20, 1, id="half its width: IoU 800 / 2400 = .33, the same face"),
        pytest.param(40, 1, id="its whole width, lost and come back"),
        pytest.param(41, 2, id="more than its width, another face"),
        pytest.param(100, 2, id="apart"),
    ],
)
def test_a_face_is_the_same_no_further_than_its_width_from_where_it_was(
    session: LiveSession, shift: int, expected_id: int
) -> None:
    session.process(frame((100, 100, 140, 140)), 0)
    live = session.process(frame((100 + shift, 100, 140 + shift, 140)), 0.5)
    assert ids(live) == [expected_id]


@pytest.mark.parametrize(
    ("back_at_s", "expected_id"),
    [
        pytest.param(0.5, 1, id="after half a second"),
        pytest.param(1.0, 1, id="after exactly a second"),
        pytest.param(1.0625, 2, id="after more than a second"),
    ],
)
def test_a_face_out_of_sight_is_forgotten_after_a_second(
    session: LiveSession, back_at_s: float, expected_id: int
) -> None:
    seen = frame((100, 100, 140, 140))
    assert ids(session.process(seen, 50)) == [1]
    assert ids(session.process(frame(), 50.25)) == []
    assert ids(session.process(seen, 50 + back_at_s)) == [expected_id]


def test_a_second_is_counted_from_when_the_face_was_last_seen(session: LiveSession) -> None:
    seen = frame((100, 100, 140, 140))
    for time_s in (0, 0.75, 1.5):
        session.process(seen, time_s)
    session.process(frame(), 2.0)
    assert ids(session.process(seen, 2.5)) == [1]


def test_a_stalled_stream_does_not_blend_with_what_was_long_ago(session: LiveSession) -> None:
    session.process(frame((100, 100, 140, 140)), 0)
    live = session.process(frame((100, 100, 140, 140), value=128), 60)
    assert ids(live) == [2]
    assert live.faces[0].probabilities == {Emotion.HAPPY: 0, Emotion.SAD: 1}


def test_faces_are_numbered_from_left_to_right_and_never_share_a_track(
    session: LiveSession,
) -> None:
    live = session.process(frame((200, 100, 240, 140), (50, 100, 90, 140)), 0)
    assert list(zip(ids(live), boxes(live), strict=True)) == [
        (1, (50, 100, 90, 140)),
        (2, (200, 100, 240, 140)),
    ]


def test_a_number_is_not_given_again(session: LiveSession) -> None:
    session.process(frame((50, 100, 90, 140), (200, 100, 240, 140)), 0)
    session.process(frame((50, 100, 90, 140)), 0.5)
    live = session.process(frame((50, 100, 90, 140), (200, 20, 240, 60)), 1.0)
    assert ids(live) == [1, 3]


def test_the_face_that_stays_keeps_its_number_when_another_goes(session: LiveSession) -> None:
    session.process(frame((50, 100, 90, 140), (200, 100, 240, 140)), 0)
    assert ids(session.process(frame((200, 100, 240, 140)), 0.1)) == [2]
    assert ids(session.process(frame((205, 100, 245, 140)), 0.2)) == [2]


def test_a_face_that_comes_in_at_the_left_is_shown_first_under_a_new_number(
    session: LiveSession,
) -> None:
    session.process(frame((200, 100, 240, 140)), 0)
    both = frame((50, 100, 90, 140), (200, 100, 240, 140))
    for time_s in (0.5, 0.6):  # a full search, then a search around each
        live = session.process(both, time_s)
        assert ids(live) == [2, 1]
        assert boxes(live) == [(50, 100, 90, 140), (200, 100, 240, 140)]


def test_of_two_faces_near_one_track_the_nearer_takes_it(session: LiveSession) -> None:
    session.process(frame((100, 100, 160, 160)), 0)
    # Both overlap the old box enough: 26 / 74 = .35 above, 32 / 68 = .47 below.
    live = session.process(frame((100, 86, 160, 126), (100, 128, 160, 168)), 0.5)
    assert dict(zip(ids(live), boxes(live), strict=True)) == {
        1: (100, 128, 160, 168),
        2: (100, 86, 160, 126),
    }


def test_two_tracks_that_drift_onto_one_face_show_it_once(session: LiveSession) -> None:
    session.settings = LiveSettings(min_face_share=0.01)
    session.process(frame((50, 50, 90, 90), (94, 50, 134, 90)), 0)
    # The left face goes and the right one comes between: around either old box there is a face.
    live = session.process(frame((76, 50, 116, 90)), 0.1)
    assert len(live.faces) == 1


def test_another_frame_size_starts_again(session: LiveSession, detector: SquareDetector) -> None:
    session.process(squares(320, 240, (100, 100, 140, 140)), 0)
    live = session.process(squares(240, 320, (100, 100, 140, 140), value=128), 0.1)
    assert ids(live) == [2]
    assert live.faces[0].probabilities == {Emotion.HAPPY: 0, Emotion.SAD: 1}
    assert [call[:2] for call in detector.searched] == [(320, 240), (240, 320)]


@pytest.mark.parametrize("size", [(480, 360), (320, 240), (240, 180), (640, 478)])
def test_a_face_keeps_its_number_and_place_when_the_resolution_changes(
    analyzer: EmotionAnalyzer, size: tuple[int, int]
) -> None:
    executor = ByHand()
    session = LiveSession(analyzer, executor=executor)
    photo = cv2.resize(portrait(), (640, 480))
    before = session.process(np.asarray(photo, dtype=np.uint8), 0)
    assert before.faces == ()
    executor.run()
    before = session.process(np.asarray(photo, dtype=np.uint8), 1 / 30)
    executor.run()
    smaller = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    after = session.process(smaller, 2 / 30)
    assert ids(after) == ids(before) == [1]
    scale = size[0] / 640
    expected = [edge * scale for edge in before.faces[0].box.xyxy]
    assert after.faces[0].box.xyxy == pytest.approx(expected, abs=2)
    assert ids(session.process(smaller, 3 / 30)) == [1], "it is followed on from there"


def test_a_session_told_to_forget_starts_again_at_another_resolution(
    session: LiveSession,
) -> None:
    session.forget()
    assert ids(session.process(frame((100, 100, 140, 140)), 0)) == [1]
    session.forget()
    assert ids(session.process(squares(640, 480, (200, 200, 280, 280)), 0.1)) == [2]


def test_two_viewers_do_not_share_their_faces(detector: SquareDetector) -> None:
    analyzer = EmotionAnalyzer(detector, happy_if_white())
    first, second = (LiveSession(analyzer, executor=InlineExecutor()) for _ in range(2))
    assert ids(first.process(frame((50, 100, 90, 140)), 0)) == [1]
    assert ids(second.process(frame((200, 100, 240, 140)), 0)) == [1]
    assert ids(first.process(frame((50, 100, 90, 140)), 0.1)) == [1]


# --- where is searched ---


class Watched(HaarFaceDetector):
    """The real detector; `searched` holds width, height and smallest face of every call."""

    def __init__(self) -> None:
        super().__init__()
        self.searched: list[tuple[int, int, int | None]] = []

    def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
        self.searched.append((image.shape[1], image.shape[0], min_face_px))
        return super().detect(image, min_face_px)

    @property
    def whole(self) -> list[bool]:
        """True for each of the calls that searched a whole frame."""
        return [width == WIDTH for width, _, _ in self.searched]


def watched(analyzer: EmotionAnalyzer) -> tuple[LiveSession, Watched]:
    detector = Watched()
    whole = EmotionAnalyzer(detector, analyzer.classifier)
    return LiveSession(whole, executor=InlineExecutor()), detector


ASTRONAUT = astronaut()


def portrait(left: int = 90, top: int = 10) -> RgbImage:
    """A cut of the astronaut's portrait with her face in it."""
    return ASTRONAUT[top : top + HEIGHT, left : left + WIDTH]


def test_a_face_that_flow_follows_is_looked_for_five_times_a_second(
    analyzer: EmotionAnalyzer,
) -> None:
    session, detector = watched(analyzer)
    for step in range(28):  # nine tenths of a second
        assert ids(session.process(portrait(), step / 30)) == [1]
    assert detector.whole == [True, False, False, False, False]


def test_a_face_that_flow_cannot_follow_is_looked_for_in_each_frame(
    session: LiveSession, detector: SquareDetector
) -> None:
    for step in range(4):  # plain squares have nothing that flow could hold on to
        session.process(frame((100, 100, 140, 140)), step / 30)
    whole, around = (320, 240, 36), (80, 80, 30)  # .5 of 40 is 20 more on each side; .75 of 40
    assert detector.searched == [whole, around, around, around]


def test_the_surroundings_end_where_the_frame_ends(
    session: LiveSession, detector: SquareDetector
) -> None:
    corner = frame((280, 200, 320, 240))
    session.process(corner, 0)
    live = session.process(corner, 0.125)
    assert detector.searched[-1] == (60, 60, 30)
    assert boxes(live) == [(280, 200, 320, 240)]


def test_around_a_large_face_nothing_much_smaller_is_searched_for(
    session: LiveSession, detector: SquareDetector
) -> None:
    session.process(frame((100, 100, 180, 180)), 0)
    session.process(frame((100, 100, 180, 180)), 0.125)
    assert detector.searched[-1] == (160, 160, 60)


def test_a_frame_without_change_is_searched_once_a_second_beside_a_face(
    analyzer: EmotionAnalyzer,
) -> None:
    session, detector = watched(analyzer)
    for step in range(76):
        session.process(portrait(), step / 30)
    assert detector.whole.count(True) == 3  # at 0, 1 and 2 s


def test_an_empty_frame_is_searched_twice_a_second(
    session: LiveSession, detector: SquareDetector
) -> None:
    for step in range(31):
        session.process(frame(), step / 30)
    assert detector.searched == [(320, 240, 36)] * 3  # at 0, .5 and 1 s


def test_a_face_that_comes_into_an_empty_frame_is_searched_for_at_once(
    session: LiveSession,
) -> None:
    session.process(frame(), 0)
    assert ids(session.process(frame((100, 100, 140, 140)), 0.05)) == []  # searched just before
    assert ids(session.process(frame((100, 100, 140, 140)), 0.1)) == [1]


def test_a_face_that_comes_beside_another_is_found_within_a_fifth_of_a_second(
    session: LiveSession,
) -> None:
    both = frame((50, 100, 90, 140), (200, 100, 240, 140))
    session.process(frame((50, 100, 90, 140)), 0)
    assert ids(session.process(both, 0.1)) == [1]
    assert ids(session.process(both, 0.2)) == [1, 2]


def test_a_face_that_is_lost_is_searched_for_everywhere_at_once(
    session: LiveSession, detector: SquareDetector
) -> None:
    session.process(frame((50, 100, 90, 140)), 0)
    live = session.process(frame((200, 100, 240, 140)), 0.1)
    assert boxes(live) == [(200, 100, 240, 140)]
    assert [call[:2] for call in detector.searched] == [(320, 240), (80, 80), (320, 240)]


def test_another_scene_is_searched_at_once(analyzer: EmotionAnalyzer) -> None:
    session, _ = watched(analyzer)
    assert ids(session.process(portrait(), 0)) == [1]
    other = cv2.resize(astronaut(), (240, 240))  # the face is elsewhere, and half as large
    scene = np.asarray(np.hstack([plain(80, 240), other]), dtype=np.uint8)
    assert ids(session.process(scene, 1 / 30)) == [2]


def test_a_face_that_the_detector_does_not_see_any_more_is_followed_for_half_a_second(
    analyzer: EmotionAnalyzer,
) -> None:
    class Blinded(HaarFaceDetector):
        blind = False

        def detect(self, image: RgbImage, min_face_px: int | None = None) -> list[DetectedFace]:
            return [] if self.blind else super().detect(image, min_face_px)

    detector = Blinded()
    session = LiveSession(EmotionAnalyzer(detector, analyzer.classifier), executor=InlineExecutor())
    assert ids(session.process(portrait(), 0)) == [1]
    detector.blind = True
    in_sight = [len(session.process(portrait(), step / 30).faces) for step in range(1, 31)]
    assert in_sight[:15] == [1] * 15
    assert in_sight[-1] == 0
    detector.blind = False
    assert ids(session.process(portrait(), 1.4)) == [1]


# --- where frames are searched ---


class ByHand(Executor):
    """Runs what was submitted when a test says so."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def submit(self, fn: Callable[..., T], /, *args: object, **kwargs: object) -> Future[T]:
        future: Future[T] = Future()
        self.jobs.append(lambda: future.set_result(fn(*args, **kwargs)))
        return future

    def run(self) -> None:
        while self.jobs:
            self.jobs.pop(0)()


def test_a_face_found_in_an_older_frame_is_shown_where_it_is_now(analyzer: EmotionAnalyzer) -> None:
    executor = ByHand()
    session = LiveSession(analyzer, executor=executor)
    session.process(portrait(90), 0)
    executor.run()
    (face,) = session.process(portrait(106, 14), 0.1).faces
    (expected,) = analyzer.detector.detect(portrait(90), 36)
    dx, dy = (a - b for a, b in zip(face.box.xyxy[:2], expected.box.xyxy[:2], strict=True))
    assert abs(dx + 16) <= 1
    assert abs(dy + 4) <= 1


def test_no_frame_waits_for_a_search_and_the_newest_is_searched(
    analyzer: EmotionAnalyzer,
) -> None:
    executor = ByHand()
    session = LiveSession(analyzer, executor=executor)
    for step in range(10):
        image = plain(WIDTH, HEIGHT) if step < 9 else portrait()
        assert session.process(image, step / 30).faces == ()
    assert len(executor.jobs) == 1
    executor.run()
    assert ids(session.process(portrait(), 10 / 30)) == [1]


def test_a_search_does_not_see_what_is_written_into_a_frame_later(
    analyzer: EmotionAnalyzer,
) -> None:
    executor = ByHand()
    session = LiveSession(analyzer, executor=executor)
    image = portrait().copy()
    session.process(image, 0)
    image[:] = 0
    executor.run()
    assert ids(session.process(portrait(), 1 / 30)) == [1]


def test_what_was_searched_for_another_frame_size_is_not_shown(
    analyzer: EmotionAnalyzer,
) -> None:
    executor = ByHand()
    session = LiveSession(analyzer, executor=executor)
    session.process(portrait(), 0)
    executor.run()
    assert session.process(plain(HEIGHT, WIDTH), 0.1).faces == ()


def test_a_session_told_to_forget_does_not_search_the_frame_that_waits(
    detector: SquareDetector,
) -> None:
    executor = ByHand()
    session = LiveSession(EmotionAnalyzer(detector, happy_if_white()), executor=executor)
    session.process(frame((100, 100, 140, 140)), 0)
    session.forget()
    for job in executor.jobs:
        with suppress(InvalidStateError):  # a cancelled future takes no result
            job()
    assert detector.searched == []


def test_faces_are_found_by_the_threads_that_all_sessions_share(analyzer: EmotionAnalyzer) -> None:
    sessions = [LiveSession(analyzer) for _ in range(3)]
    waiting = list(sessions)
    steps = count()

    def all_found() -> bool:
        time_s = next(steps) / 30
        waiting[:] = [each for each in waiting if not each.process(portrait(), time_s).faces]
        return not waiting

    wait_until(all_found, 60, "each session has found its face")
    searching = [t.name for t in threading.enumerate() if t.name.startswith("face search")]
    assert len(searching) <= max(1, (os.cpu_count() or 1) // 2)


# --- smoothing ---


@pytest.mark.parametrize(
    ("times_s", "happy"),
    [
        pytest.param([0.2], 0.5, id="one half-life"),
        pytest.param([0.1, 0.2], 0.5, id="one half-life in two frames"),
        pytest.param([0.05, 0.1, 0.15, 0.2], 0.5, id="one half-life in four frames"),
        pytest.param([0.2, 0.6], 0.125, id="three half-lives"),
        pytest.param([0.0], 1.0, id="no time at all"),
    ],
)
def test_what_was_seen_before_counts_half_after_a_fifth_of_a_second(
    session: LiveSession, times_s: Sequence[float], happy: float
) -> None:
    live = session.process(frame((100, 100, 140, 140)), 0)
    assert live.faces[0].probabilities == {Emotion.HAPPY: 1, Emotion.SAD: 0}
    for time_s in times_s:
        live = session.process(frame((100, 100, 140, 140), value=128), time_s)
    expected = {Emotion.HAPPY: happy, Emotion.SAD: 1 - happy}
    assert live.faces[0].probabilities == pytest.approx(expected)


# --- settings ---


def test_with_another_half_life_that_time_counts_half(session: LiveSession) -> None:
    session.settings = LiveSettings(half_life_s=0.8)
    for time_s, value in ((0, 255), (0.8, 128)):
        live = session.process(frame((100, 100, 140, 140), value=value), time_s)
    assert live.faces[0].probabilities[Emotion.SAD] == pytest.approx(0.5)


@pytest.mark.parametrize("half_life_s", [0.0, -0.2, float("nan")])
def test_a_half_life_that_is_no_time_is_refused(half_life_s: float) -> None:
    with pytest.raises(ValueError, match="Expected a half-life above 0 s"):
        LiveSettings(half_life_s=half_life_s)


def test_settings_apply_from_the_next_frame_on(
    session: LiveSession, detector: SquareDetector
) -> None:
    image = frame((100, 100, 140, 140))
    without_bars = session.process(image, 0).image
    session.settings = LiveSettings(show_probabilities=True)
    assert (session.process(image, 0.1).image != without_bars).any()
    session.settings = LiveSettings(min_face_share=0.25)  # 60 of 240 pixels
    assert session.process(image, 0.2).faces == ()
    assert detector.searched[-1] == (320, 240, 60)
    session.settings = LiveSettings()
    assert ids(session.process(image, 0.3)) == [1]


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_a_smallest_face_that_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="Expected a share above 0, up to 1"):
        LiveSettings(min_face_share=share)


def test_a_session_told_to_forget_starts_with_new_tracks(analyzer: EmotionAnalyzer) -> None:
    session = LiveSession(analyzer, executor=InlineExecutor())
    (before,) = session.process(astronaut(), 0.0).faces
    session.forget()
    (after,) = session.process(astronaut(), 0.1).faces
    assert after.track_id == before.track_id + 1


def test_where_half_a_face_is_in_sight_the_whole_frame_is_searched(
    session: LiveSession, detector: SquareDetector
) -> None:
    session.process(frame((100, 100, 160, 160)), 0)
    # Half of it lies beyond where is looked, so what is found there is a part of the face.
    live = session.process(frame((150, 150, 210, 210)), 0.1)
    assert detector.searched[-1][:2] == (WIDTH, HEIGHT)
    assert boxes(live) == [(150, 150, 210, 210)]


def test_a_face_at_the_size_limit_does_not_come_and_go(session: LiveSession) -> None:
    session.process(frame((100, 100, 140, 140)), 0)
    session.settings = LiveSettings(min_face_share=0.2)  # 48 of 240 pixels
    assert ids(session.process(frame((100, 100, 140, 140)), 0.1)) == [1]


# --- how often faces are classified ---


def counting(n_faces: list[int]) -> EmotionClassifier:
    classifier = happy_if_white()

    def model(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        n_faces.append(len(pixels))
        return np.tile(np.array([1, 0], np.float32), (len(pixels), 1))

    return EmotionClassifier(model, classifier.card)


@pytest.mark.parametrize(
    ("n", "most", "least"),
    [
        pytest.param(1, 10, 9, id="one face: ten times a second"),
        pytest.param(4, 30, 25, id="four: each frame one of them"),
    ],
)
def test_the_model_is_asked_about_one_face_in_a_frame(
    detector: SquareDetector, n: int, most: int, least: int
) -> None:
    calls: list[int] = []
    session = LiveSession(EmotionAnalyzer(detector, counting(calls)), executor=InlineExecutor())
    image = frame(*((20 + 70 * i, 100, 60 + 70 * i, 140) for i in range(n)))
    for step in range(31):
        assert len(session.process(image, step / 30).faces) == n
    first, *later = calls
    assert first == n
    assert set(later) == {1}
    assert least <= len(later) <= most
