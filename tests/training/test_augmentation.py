import keras
import numpy as np
import numpy.typing as npt
import pytest

from fer_core.training.augmentation import flips_and_shifts


def bar_faces(n: int) -> npt.NDArray[np.float32]:
    """The same picture `n` times: black, with a white bar 8 to 15 pixels from the left."""
    image = np.zeros((n, 48, 48, 1), dtype=np.float32)
    image[:, :, 8:16] = 255
    return image


@pytest.fixture(scope="module")
def changed() -> npt.NDArray[np.float32]:
    keras.utils.set_random_seed(0)
    rows = flips_and_shifts()(bar_faces(64), training=True)
    return np.asarray(keras.ops.convert_to_numpy(rows), dtype=np.float32)


def test_evaluation_sees_faces_as_they_are() -> None:
    rows = flips_and_shifts()(bar_faces(4), training=False)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(rows), bar_faces(4))


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
