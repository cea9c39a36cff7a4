"""One change at a time, held against what NumPy or a pencil gives."""

import math
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from fer_core.training.augmentation.affine import RandomAffine


def dots(n: int) -> npt.NDArray[np.float32]:
    """`n` times one soft white dot, 10 pixels right of the middle and 6 above it; 48x48."""
    y, x = np.mgrid[:48, :48]
    dot = 255 * np.exp(-((x - 33.5) ** 2 + (y - 17.5) ** 2) / 8)
    return np.repeat(dot[np.newaxis, :, :, np.newaxis], n, axis=0).astype(np.float32)


def places(images: Any) -> npt.NDArray[np.float64]:
    """Places of the dots, (x, y) from the middle, y downwards; shape `(N, 2)`."""
    rows = np.asarray(keras.ops.convert_to_numpy(images), dtype=np.float64)[..., 0]
    y, x = np.mgrid[:48, :48] - 23.5
    weights = rows.sum(axis=(1, 2))
    return np.stack([(rows * axis).sum(axis=(1, 2)) / weights for axis in (x, y)], axis=1)


def changed(**options: float) -> npt.NDArray[np.float64]:
    """Places of 300 dots after a change, mirrored ones put back."""
    keras.utils.set_random_seed(0)
    found = places(RandomAffine(**options)(dots(300), training=True))
    mirrored = found[:, 0] < 0
    assert 110 <= mirrored.sum() <= 190, "half of them are mirrored"
    found[mirrored, 0] *= -1
    return found


def test_evaluation_sees_images_as_they_are() -> None:
    layer = RandomAffine(degrees=45, shift=0.5, shear=20, zoom=0.5)
    np.testing.assert_array_equal(layer(dots(3), training=False), dots(3))


def test_without_any_change_images_are_mirrored_to_the_pixel_or_stay() -> None:
    keras.utils.set_random_seed(0)
    rows = np.asarray(keras.ops.convert_to_numpy(RandomAffine()(dots(20), training=True)))
    mirrored = [np.allclose(row, dots(1)[0, :, ::-1], atol=1e-3) for row in rows]
    stayed = [np.allclose(row, dots(1)[0], atol=1e-3) for row in rows]
    assert all(a != b for a, b in zip(mirrored, stayed, strict=True))
    assert 0 < sum(mirrored) < 20


def test_shifts_go_as_far_as_they_may_in_both_directions_independently() -> None:
    moved = changed(shift=0.1) - np.array([10, -6])
    assert np.abs(moved).max() <= 4.8 + 0.01
    assert (moved.max(axis=0) > 4.3).all()
    assert (moved.min(axis=0) < -4.3).all()
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.2


def test_turns_keep_the_distance_from_the_middle() -> None:
    found = changed(degrees=15)
    np.testing.assert_allclose(np.hypot(*found.T), math.hypot(10, 6), atol=0.1)
    angles = np.degrees(np.arctan2(found[:, 1], found[:, 0])) - math.degrees(math.atan2(-6, 10))
    assert np.abs(angles).max() <= 15.1
    assert angles.max() > 13.5
    assert angles.min() < -13.5


def test_scaling_changes_width_and_height_each_on_its_own() -> None:
    shares = changed(zoom=0.1) / np.array([10, -6])
    # What is taken from 1.1 times as far from the middle appears at 1 / 1.1.
    assert shares.min() == pytest.approx(1 / 1.1, abs=0.01)
    assert shares.max() == pytest.approx(1 / 0.9, abs=0.01)
    assert abs(np.corrcoef(shares.T)[0, 1]) < 0.2


def test_shear_moves_rows_by_their_height_and_no_column() -> None:
    moved = changed(shear=20) - np.array([10, -6])
    np.testing.assert_allclose(moved[:, 1], 0, atol=0.05)
    assert np.abs(moved[:, 0]).max() == pytest.approx(6 * math.tan(math.radians(20)), abs=0.15)


def test_edges_are_repeated() -> None:
    white = np.full((50, 48, 48, 1), 200, np.float32)
    layer = RandomAffine(degrees=30, shift=0.4, shear=10, zoom=0.4)
    np.testing.assert_allclose(layer(white, training=True), 200, atol=0.01)


def test_an_image_stays_as_sharp_as_one_resampling_leaves_it() -> None:
    keras.utils.set_random_seed(0)
    checkers = np.indices((48, 48)).sum(axis=0)[np.newaxis, :, :, np.newaxis] // 3 % 2
    rows = np.repeat(checkers, 64, axis=0).astype(np.float32) * 255
    spread = np.std(RandomAffine(degrees=10, shift=0.1, zoom=0.1)(rows, training=True))
    # One resampling after the other, as layers of Keras do it, left .59 of the contrast.
    assert spread > 0.75 * rows.std()
