import numpy as np
import pytest

from fer_core.emotions import Emotion
from fer_core.faces import BoundingBox, TrackedFace
from fer_core.live.challenge import APART_S, ASPECT, LASTS_S, Challenge, around
from fer_core.live.frames import LiveFrame
from tests.faces import noise, plain

IMAGE = noise(60, 40)


def frame(*shares: float, width: int = 10) -> LiveFrame:
    """Faces that are happy by these shares, each one narrower than the one before."""
    faces = tuple(
        TrackedFace(
            BoundingBox(0, 0, width - place, 10),
            1.0,
            {Emotion.HAPPY: share, Emotion.SAD: 1 - share},
            place + 1,
            None,
        )
        for place, share in enumerate(shares)
    )
    return LiveFrame(plain(60, 40), faces, IMAGE)


def tried(*seen: tuple[float, float]) -> Challenge:
    """A challenge that saw a happy face by a share at a time, again and again."""
    challenge = Challenge(Emotion.HAPPY)
    for time_s, share in seen:
        challenge.see(frame(share), time_s)
    return challenge


def scores(challenge: Challenge) -> list[int]:
    return [moment.score for moment in challenge.moments]


def test_it_waits_for_its_first_frame_and_ends_five_seconds_later() -> None:
    challenge = Challenge(Emotion.HAPPY)
    assert (challenge.left_s, challenge.is_over, challenge.best) == (LASTS_S, False, 0)
    challenge.see(frame(0.5), 1000.0)
    assert challenge.left_s == LASTS_S
    challenge.see(frame(0.5), 1000.0 + LASTS_S - 0.5)
    assert (challenge.left_s, challenge.is_over) == (0.5, False)
    challenge.see(frame(0.7), 1000.0 + LASTS_S + 3)
    assert (challenge.left_s, challenge.is_over) == (0.0, True)


def test_nothing_counts_after_the_end() -> None:
    challenge = tried((0.0, 0.5), (LASTS_S, 0.6), (LASTS_S + 0.1, 1.0))
    assert (challenge.score, challenge.best) == (60, 60)


def test_the_largest_face_counts_and_no_face_is_no_moment() -> None:
    challenge = Challenge(Emotion.HAPPY)
    challenge.see(frame(0.4, 0.9), 0.0)
    assert (challenge.score, challenge.best) == (40, 40)
    challenge.see(frame(), 1.0)
    assert (challenge.score, scores(challenge)) == (0, [40])


def test_a_model_that_does_not_know_the_target_scores_nothing() -> None:
    challenge = Challenge(Emotion.CONTEMPT)
    challenge.see(frame(1.0), 0.0)
    assert challenge.score == 0


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param([(0.0, 0.5), (0.1, 0.9), (0.2, 0.7)], [90], id="the best of close ones"),
        pytest.param([(0.0, 0.5), (1.0, 0.9), (2.0, 0.7)], [90, 70, 50], id="the best one first"),
        pytest.param([(0, 0.5), (1, 0.9), (2, 0.7), (3, 0.6)], [90, 70, 60], id="three at most"),
        pytest.param([(0, 0.5), (1, 0.9), (2, 0.7), (3, 0.4)], [90, 70, 50], id="a worse fourth"),
        pytest.param([(0.0, 0.5), (APART_S, 0.5)], [50, 50], id="equal ones far enough apart"),
        pytest.param([(n / 30, 0.8) for n in range(150)], [80, 80, 80], id="a face that is held"),
    ],
)
def test_the_three_best_moments_are_kept(
    seen: list[tuple[float, float]], expected: list[int]
) -> None:
    assert scores(tried(*seen)) == expected


def test_a_moment_is_a_copy_of_the_frame_without_what_is_drawn() -> None:
    (moment,) = tried((0.0, 0.5)).moments
    np.testing.assert_array_equal(moment.image, IMAGE[:15, :22])
    assert not np.shares_memory(moment.image, IMAGE)


@pytest.mark.parametrize(
    "box",
    [
        pytest.param(BoundingBox(0, 0, 10, 10), id="upper left"),
        pytest.param(BoundingBox(50, 30, 60, 40), id="lower right"),
        pytest.param(BoundingBox(0, 0, 60, 40), id="the whole image"),
        pytest.param(BoundingBox(30, 20, 31, 21), id="one pixel"),
    ],
)
def test_a_moments_image_lies_inside_the_frame(box: BoundingBox) -> None:
    height, width, _ = around(IMAGE, box).shape
    assert 1 <= width <= 60
    assert 1 <= height <= 40
    assert width == pytest.approx(ASPECT * height, abs=1)


def test_a_narrow_image_is_enough() -> None:
    assert around(plain(1, 400), BoundingBox(0, 0, 1, 10)).shape == (1, 1, 3)
