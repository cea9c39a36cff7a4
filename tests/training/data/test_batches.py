from typing import Any

import numpy as np
import pytest

from fer_core.training.data.batches import FaceBatches, Targets, label_targets, pixels, side_by_side
from fer_core.training.data.labeled_faces import LabeledFaces


def numbered(n: int) -> LabeledFaces:
    """Faces of one gray each, whose value is their label."""
    labels = np.arange(n, dtype=np.int64)
    return LabeledFaces(np.full((n, 48, 48), labels[:, None, None], np.uint8), labels)


def batches_of(n: int, batch_size: int, **options: Any) -> FaceBatches:
    return FaceBatches(numbered(n), label_targets(numbered(n), n), batch_size, 1, **options)


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
    batches = batches_of(n, 4)
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
    batches = batches_of(50, 50)
    batches.shuffle(np.random.default_rng(0))
    images, targets, _weights = batches[0]
    labels = targets.argmax(axis=1).tolist()
    assert sorted(labels) == list(range(50))
    assert labels != list(range(50))
    assert images[:, 0, 0, 0].tolist() == labels


# --- faces that count differently ---


def test_a_face_of_a_class_of_average_size_counts_one_and_a_rare_one_more() -> None:
    labels = np.array([0] * 6 + [1] * 3 + [3] * 3)
    faces = LabeledFaces(np.zeros((12, 48, 48), np.uint8), labels)
    balanced = label_targets(faces, 4, balanced=True)
    assert balanced.weights.tolist() == [0.5] * 6 + [1.0] * 6
    assert balanced.weights.dtype == balanced.values.dtype == np.float32
    assert balanced.values.argmax(axis=1).tolist() == labels.tolist()
    assert label_targets(faces, 4).weights.tolist() == [1.0] * 12


def test_no_faces_can_be_balanced() -> None:
    balanced = label_targets(numbered(0), 7, balanced=True)
    assert (balanced.values.shape, balanced.weights.shape) == ((0, 7), (0,))


def test_a_face_keeps_its_targets_and_its_weight_in_any_order() -> None:
    targets, weights = label_targets(numbered(3), 3), np.array([0.5, 2, 7], np.float32)
    batches = FaceBatches(numbered(3), Targets(targets.values, weights), 3, 1)
    batches.shuffle(np.random.default_rng(1))
    images, _values, counted = batches[0]
    assert dict(zip(images[:, 0, 0, 0].tolist(), counted.tolist(), strict=True)) == {
        0: 0.5,
        1: 2,
        2: 7,
    }


# --- two sets of labels ---


def twice(n: int) -> Targets:
    """By the first labels a face is its number; by the second the last one, and counts half."""
    labels = label_targets(numbered(n), n)
    return side_by_side(labels, Targets(labels.values[::-1], np.full(n, 0.5, np.float32)))


def test_two_sets_of_labels_stand_side_by_side() -> None:
    images, values, weights = FaceBatches(numbered(4), twice(4), 4, 1)[0]
    assert images.shape == (4, 48, 48, 1)
    assert values.argmax(axis=2).tolist() == [[0, 3], [1, 2], [2, 1], [3, 0]]
    assert weights.tolist() == [[1, 0.5]] * 4


def test_faces_that_fill_a_batch_count_nothing_by_either_set() -> None:
    _images, values, weights = FaceBatches(numbered(3), twice(3), 8, 1, multiple_of=4)[0]
    assert values.shape == (4, 2, 3)
    assert weights.tolist() == [*[[1, 0.5]] * 3, [0, 0]]


def test_mixup_blends_both_sets_by_the_shares_of_the_pixels() -> None:
    batches = FaceBatches(numbered(60), twice(60), 60, 1, mixup=0.4)
    batches.shuffle(np.random.default_rng(0))
    images, values, weights = batches[0]
    first, second = values[:, 0] @ np.arange(60), values[:, 1] @ np.arange(60)[::-1]
    np.testing.assert_allclose(images[:, 5, 5, 0], first, atol=1e-3)
    np.testing.assert_allclose(first, second, atol=1e-3)
    np.testing.assert_allclose(weights, [[1, 0.5]] * 60, rtol=1e-6)


# --- several devices ---


@pytest.mark.parametrize(
    ("n", "multiple_of", "sizes"),
    [(9, 1, [8, 1]), (9, 2, [8, 2]), (9, 8, [8, 8]), (16, 8, [8, 8]), (13, 4, [8, 8])],
)
def test_a_batch_for_several_devices_is_filled_with_faces_that_count_nothing(
    n: int, multiple_of: int, sizes: list[int]
) -> None:
    batches = batches_of(n, 8, multiple_of=multiple_of)
    found = [batches[index] for index in range(len(batches))]
    assert [len(images) for images, _, _ in found] == sizes
    counted = np.concatenate([targets[weights == 1] for _, targets, weights in found])
    assert counted.argmax(axis=1).tolist() == list(range(n))
    assert sum(weights.sum() for _, _, weights in found) == n


# --- mixup ---


@pytest.fixture
def mixed() -> FaceBatches:
    batches = batches_of(100, 50, mixup=0.4)
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
