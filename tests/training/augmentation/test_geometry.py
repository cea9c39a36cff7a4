from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt
import pytest

from fer_core.training.augmentation.geometry import (
    crops_and_erasing,
    flips_and_shifts,
    geometry,
    geometry_and_light,
)

EVERY = [
    pytest.param(flips_and_shifts, id="flips_and_shifts"),
    pytest.param(geometry, id="geometry"),
    pytest.param(lambda: geometry(shear=5), id="geometry with shear"),
    pytest.param(geometry_and_light, id="geometry_and_light"),
    pytest.param(crops_and_erasing, id="crops_and_erasing"),
]


def bar_faces(n: int) -> npt.NDArray[np.float32]:
    """The same image `n` times: black, with a white bar 8 to 15 pixels from the left."""
    image = np.zeros((n, 48, 48, 1), dtype=np.float32)
    image[:, :, 8:16] = 255
    return image


def augmented(
    augment: Callable[[], keras.Sequential], faces: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    keras.utils.set_random_seed(0)
    rows = augment()(faces, training=True)
    return np.asarray(keras.ops.convert_to_numpy(rows), dtype=np.float32)


@pytest.fixture(scope="module")
def changed() -> npt.NDArray[np.float32]:
    return augmented(flips_and_shifts, bar_faces(64))


@pytest.mark.parametrize("augment", EVERY)
def test_evaluation_sees_faces_as_they_are(augment: Callable[[], keras.Sequential]) -> None:
    rows = augment()(bar_faces(4), training=False)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(rows), bar_faces(4))


@pytest.mark.parametrize("augment", EVERY)
@pytest.mark.parametrize("n_channels", [1, 3])
def test_each_face_changes_in_its_own_way_and_stays_an_image(
    augment: Callable[[], keras.Sequential], n_channels: int
) -> None:
    rows = augmented(augment, np.repeat(bar_faces(16), n_channels, axis=3))
    assert rows.shape == (16, 48, 48, n_channels)
    assert rows.min() >= 0
    assert rows.max() <= 255.001
    assert rows.max() > 200, "the pixels are still raw"
    assert len(np.unique(rows.round(2), axis=0)) == 16
    np.testing.assert_array_equal(rows, np.repeat(rows[..., :1], n_channels, axis=3))


def test_shape_and_range_stay(changed: npt.NDArray[np.float32]) -> None:
    assert changed.shape == (64, 48, 48, 1)
    assert changed.min() >= 0
    assert changed.max() <= 255.001
    assert changed.max() > 250, "the pixels are still raw"


def test_about_half_of_the_faces_are_mirrored(changed: npt.NDArray[np.float32]) -> None:
    left = changed[:, :, :24].sum(axis=(1, 2, 3)) > changed[:, :, 24:].sum(axis=(1, 2, 3))
    assert 16 <= left.sum() <= 48


def test_faces_move_by_up_to_four_pixels_each_on_its_own(changed: npt.NDArray[np.float32]) -> None:
    columns = np.arange(48) + 0.5
    profile = changed[:, 24, :, 0]
    centers = (profile * columns).sum(axis=1) / profile.sum(axis=1)
    centers = np.where(centers > 24, 48 - centers, centers)  # undo the mirroring
    shifts = centers - 12  # the middle of the bar
    assert np.abs(shifts).max() <= 0.08 * 48 + 0.1
    assert np.abs(shifts).max() > 2
    assert len(np.unique(shifts.round(3))) > 32


def slopes(rows: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """By how many columns the bar's middle moves from row 12 to row 36, a number a face."""
    columns = np.arange(48) + 0.5
    profile = rows[..., 0][:, [12, 36]]
    centers = (profile * columns).sum(axis=2) / profile.sum(axis=2)
    return np.asarray(centers[:, 1] - centers[:, 0], dtype=np.float64)


def middle_bar(n: int) -> npt.NDArray[np.float32]:
    """As `bar_faces`, with the bar in the middle, which no change moves over an edge."""
    return np.roll(bar_faces(n), 12, axis=2)


def test_faces_are_turned_by_up_to_ten_degrees_both_ways() -> None:
    found = slopes(augmented(geometry, middle_bar(64)))
    # 24 rows at 10 degrees: 24 * tan(10 deg) = 4.2 columns; scaling by 10 % each way, 5.2.
    assert np.abs(found).max() < 5.3
    assert found.max() > 2.5
    assert found.min() < -2.5


def test_shear_leans_as_far_as_it_is_asked_to() -> None:
    # Beside the turn, 24 rows at 6 degrees: 2.5 columns.
    plain = np.abs(slopes(augmented(geometry, middle_bar(256)))).max()
    sheared = np.abs(slopes(augmented(lambda: geometry(shear=6), middle_bar(256)))).max()
    assert plain + 0.5 < sheared < 5.3 + 2.8


def test_light_changes_brightness_and_contrast() -> None:
    flat = np.full((64, 48, 48, 1), 100, np.float32)  # has no contrast, and no shape to move
    means = augmented(geometry_and_light, flat).mean(axis=(1, 2, 3))
    assert np.abs(means - 100).max() <= 0.2 * 255 + 0.1
    assert means.max() > 130
    assert means.min() < 70
    ranges = np.ptp(
        augmented(geometry_and_light, bar_faces(64) / np.float32(4) + np.float32(96)),
        axis=(1, 2, 3),
    )
    assert ranges.max() > 70  # 64 before
    assert ranges.min() < 58


def test_erasing_blackens_a_part_of_half_of_the_faces() -> None:
    white = np.full((200, 48, 48, 1), 255, np.float32)
    black = (augmented(crops_and_erasing, white) == 0).mean(axis=(1, 2, 3))
    assert 70 <= (black > 0).sum() <= 130
    assert black.max() <= 0.4  # .33 of the area, rounded up to whole pixels
    assert black[black > 0].min() > 0.01
