import numpy as np
import pytest

from fer_core.training.batches import FaceBatches, pixels
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
    batches = FaceBatches(numbered(n), 4, 1)
    labels = [batches[index][1] for index in range(len(batches))]
    assert [len(batch) for batch in labels] == sizes
    assert [label for batch in labels for label in batch] == list(range(n))


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
    batches = FaceBatches(numbered(50), 50, 1)
    batches.shuffle(np.random.default_rng(0))
    images, labels = batches[0]
    assert sorted(labels.tolist()) == list(range(50))
    assert labels.tolist() != list(range(50))
    assert images[:, 0, 0, 0].tolist() == labels.tolist()
