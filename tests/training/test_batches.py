import numpy as np
import pytest

from fer_core.training.batches import FaceBatches, balancing_weights, equal_weights, pixels
from fer_core.training.labeled_faces import LabeledFaces


def numbered(n: int) -> LabeledFaces:
    """Faces of one gray each, whose value is their label."""
    labels = np.arange(n, dtype=np.int64)
    return LabeledFaces(np.full((n, 48, 48), labels[:, None, None], np.uint8), labels)


@pytest.mark.parametrize(
    ("n", "sizes"),
    [
        pytest.param(0, [], id="none"),
        pytest.param(1, [1], id="one"),
        pytest.param(4, [4], id="one full batch"),
        pytest.param(9, [4, 4, 1], id="a rest of one"),
    ],
)
def test_every_face_is_in_one_batch(n: int, sizes: list[int]) -> None:
    batches = FaceBatches(numbered(n), 4, 1, equal_weights(9))
    found = [batches[index] for index in range(len(batches))]
    assert [len(targets) for _images, targets, _weights in found] == sizes
    assert [row for _, targets, _ in found for row in targets.argmax(axis=1)] == list(range(n))
    for images, targets, weights in found:
        assert images[:, 0, 0, 0].tolist() == targets.argmax(axis=1).tolist()
        assert targets.sum(axis=1).tolist() == [1] * len(targets)
        assert weights.tolist() == [1] * len(targets)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_pixels_stay_raw_and_are_repeated_in_each_channel(n_channels: int) -> None:
    faces = LabeledFaces(np.full((1, 48, 48), 255, np.uint8), np.zeros(1, np.int64))
    faces.images[0, 0, 0] = 7
    found = pixels(faces, n_channels)
    assert found.shape == (1, 48, 48, n_channels)
    assert found.dtype == np.float32
    assert found[0, 0, 0].tolist() == [7.0] * n_channels
    assert found[0, 0, 1].tolist() == [255.0] * n_channels


def test_shuffling_keeps_each_face_with_its_label() -> None:
    batches = FaceBatches(numbered(50), 50, 1, equal_weights(50))
    batches.shuffle(np.random.default_rng(0))
    images, targets, _weights = batches[0]
    labels = targets.argmax(axis=1).tolist()
    assert sorted(labels) == list(range(50))
    assert labels != list(range(50))
    assert images[:, 0, 0, 0].tolist() == labels


# --- classes that count differently ---


def test_a_class_of_average_size_counts_one_and_a_rare_one_more() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [3] * 3)
    assert balancing_weights(labels, 4).tolist() == [0.5, 1.0, 0.0, 1.0]


def test_a_face_counts_as_much_as_its_class() -> None:
    batches = FaceBatches(numbered(3), 3, 1, np.array([0.5, 2.0, 7.0], np.float32))
    assert batches[0][2].tolist() == [0.5, 2.0, 7.0]


# --- several devices ---


@pytest.mark.parametrize(
    ("n", "multiple_of", "sizes"),
    [(9, 1, [8, 1]), (9, 2, [8, 2]), (9, 8, [8, 8]), (16, 8, [8, 8]), (13, 4, [8, 8])],
)
def test_a_batch_for_several_devices_is_filled_with_faces_that_count_nothing(
    n: int, multiple_of: int, sizes: list[int]
) -> None:
    batches = FaceBatches(numbered(n), 8, 1, equal_weights(n), multiple_of=multiple_of)
    found = [batches[index] for index in range(len(batches))]
    assert [len(images) for images, _, _ in found] == sizes
    counted = np.concatenate([targets[weights == 1] for _, targets, weights in found])
    assert counted.argmax(axis=1).tolist() == list(range(n))
    assert sum(weights.sum() for _, _, weights in found) == n


# --- mixup ---


@pytest.fixture
def mixed() -> FaceBatches:
    batches = FaceBatches(numbered(100), 50, 1, equal_weights(100), mixup=0.4)
    batches.shuffle(np.random.default_rng(0))
    return batches


def test_mixup_blends_pixels_and_targets_by_the_same_shares(mixed: FaceBatches) -> None:
    images, targets, weights = mixed[1]
    np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    assert ((targets > 0).sum(axis=1) <= 2).all()
    assert ((targets > 0.01) & (targets < 0.99)).sum() > 50, "most of them are blended"
    # Each face has one gray, its label: blended faces have the mean of their targets.
    np.testing.assert_allclose(images[:, 5, 5, 0], targets @ np.arange(100), atol=1e-3)
    np.testing.assert_allclose(weights, 1, rtol=1e-6)


def test_mixup_draws_by_the_epoch_and_the_batch_alone(mixed: FaceBatches) -> None:
    first = mixed[0][1].copy()
    np.testing.assert_array_equal(mixed[0][1], first)
    assert not np.array_equal(mixed[1][1], first)
    mixed.shuffle(np.random.default_rng(1))
    assert not np.array_equal(mixed[0][1], first)
    mixed.shuffle(np.random.default_rng(0))
    np.testing.assert_array_equal(mixed[0][1], first)
