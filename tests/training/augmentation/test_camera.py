import math

import numpy as np
import pytest

from fer_core.training.augmentation import camera
from fer_core.training.augmentation.camera import CHANGES, Change, as_by_cameras
from tests.fer2013 import face

FLAT = np.full((48, 48), 100, dtype=np.uint8)


def faces(n: int) -> np.ndarray:
    return np.stack([face(index % 7, seed=index) for index in range(n)])


def test_the_same_random_numbers_make_the_same_changes_and_the_faces_stay_as_they_are() -> None:
    given = faces(20)
    before = given.copy()
    first = as_by_cameras(given, np.random.default_rng(3))
    again = as_by_cameras(given, np.random.default_rng(3))
    other = as_by_cameras(given, np.random.default_rng(4))
    assert first.dtype == np.uint8
    assert first.shape == given.shape
    assert (first == again).all()
    assert (first != other).any()
    assert (given == before).all()


def test_no_faces_stay_no_faces() -> None:
    none = np.empty((0, 48, 48), dtype=np.uint8)
    assert as_by_cameras(none, rng()).shape == (0, 48, 48)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_every_change_changes_a_face_and_keeps_its_shape(change: Change) -> None:
    given = face(3)
    before = given.copy()
    changed = change(given, rng())
    assert changed.dtype == np.uint8
    assert changed.shape == (48, 48)
    assert (changed != given).any()
    assert (given == before).all()


def test_light_from_one_side_leaves_the_lit_side_and_dims_the_other() -> None:
    lit = camera.side_light(FLAT, angle=0.0, least=0.2)
    # The dark side lies to the right; along the axis the ramp spans 1 / sqrt(2) of its range.
    assert lit[0, 0] > 85
    assert lit[0, -1] < 35
    assert (camera.side_light(FLAT, math.pi, 0.2) == lit[:, ::-1]).all()


def test_a_gamma_above_one_darkens_and_leaves_black_and_white() -> None:
    ends = np.array([[0, 255, 128]], dtype=np.uint8)
    assert camera.gamma(ends, 2.0).tolist() == [[0, 255, 64]]


def test_low_resolution_leaves_a_flat_face_and_blurs_a_line() -> None:
    assert (camera.low_resolution(FLAT, 16) == 100).all()
    line = np.zeros((48, 48), dtype=np.uint8)
    line[24] = 255
    assert camera.low_resolution(line, 16).max() < 128


def test_what_hides_a_face_may_reach_past_its_edge() -> None:
    covered = camera.occlusion(FLAT, np.array([0.0, 47.0]), (20, 10), 255)
    assert (covered == 255).sum() == 10 * 6
    assert (covered[:10, 42:] == 255).all()


def test_framing_repeats_the_edge_and_invents_no_black_corner() -> None:
    assert all(
        (camera.framed(FLAT, np.random.default_rng(seed)) == 100).all() for seed in range(20)
    )


def test_framing_mirrors_half_of_the_faces() -> None:
    left = np.zeros((48, 48), dtype=np.uint8)
    left[:, :16] = 255
    framed = [camera.framed(left, np.random.default_rng(seed)) for seed in range(60)]
    stayed = sum(int(face[:, :24].sum() > face[:, 24:].sum()) for face in framed)
    assert 15 < stayed < 45
