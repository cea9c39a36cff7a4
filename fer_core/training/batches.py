"""Faces as a network takes them, a batch at a time."""

import keras
import numpy as np
import numpy.typing as npt

from fer_core.training.labeled_faces import LabeledFaces

Floats = npt.NDArray[np.float32]


def pixels(faces: LabeledFaces, n_channels: int = 1) -> Floats:
    """What a network takes: float32 of shape `(N, 48, 48, n_channels)`, gray repeated, 0..255."""
    return np.repeat(faces.images[..., np.newaxis].astype(np.float32), n_channels, axis=3)


def balancing_weights(labels: npt.NDArray[np.int64], n_classes: int) -> Floats:
    """How much a face of each class must count so that all classes count alike.

    Returns:
        `N / (n_classes * faces of the class)`, float32 of shape `(n_classes,)`: 1 for a class of
        average size, and 1 on average over the faces. A class without faces has 0.
    """
    counts = np.bincount(labels, minlength=n_classes)
    return np.divide(
        len(labels), n_classes * counts, out=np.zeros(n_classes), where=counts > 0
    ).astype(np.float32)


def equal_weights(n_classes: int) -> Floats:
    """Each face counts 1, whatever its class: float32 of shape `(n_classes,)`."""
    return np.ones(n_classes, dtype=np.float32)


class FaceBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """A split in batches, which become floats and channels only when they are needed.

    Held as floats in three channels FER2013's training split would take 800 MB instead of 66.
    A batch is three arrays of float32: pixels `(n, 48, 48, C)` 0..255, targets `(n, K)` with rows
    summing to 1, and how much each face counts, `(n,)`.
    """

    def __init__(
        self,
        faces: LabeledFaces,
        batch_size: int,
        n_channels: int,
        class_weights: Floats,
        *,
        mixup: float = 0.0,
        multiple_of: int = 1,
    ) -> None:
        """Take the faces in the order in which they are, until `shuffle` is called.

        Args:
            faces: The split.
            batch_size: Faces a batch; the last one may have fewer.
            n_channels: C.
            class_weights: How much a face of each class counts; its length is K.
            mixup: Alpha of mixup (Zhang et al. 2018, arXiv:1710.09412): each face is blended with
                another one of its batch, and their targets alike, by shares drawn from
                Beta(alpha, alpha). 0 for none.
            multiple_of: Fill the last batch with faces that count nothing until its size can be
                divided by this, the number of devices that share a batch.
        """
        super().__init__()
        self._faces = faces
        self._batch_size = batch_size
        self._n_channels = n_channels
        self._class_weights = class_weights
        self._mixup = mixup
        self._multiple_of = multiple_of
        self._order = np.arange(len(faces))
        self._epoch_seed = 0

    def __len__(self) -> int:
        return -(-len(self._faces) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Floats, Floats, Floats]:
        start = index * self._batch_size
        rows = self._order[start : start + self._batch_size]
        n_filling = -len(rows) % self._multiple_of
        batch = self._faces[np.concatenate([rows, np.repeat(rows[:1], n_filling)])]
        images = pixels(batch, self._n_channels)
        targets = np.eye(len(self._class_weights), dtype=np.float32)[batch.labels]
        if self._mixup:
            images, targets = self._mixed(images, targets, index)
        weights = targets @ self._class_weights
        weights[len(rows) :] = 0
        return images, targets, weights

    def shuffle(self, rng: np.random.Generator) -> None:
        """Let the next epoch have the faces in an order, and mixed in a way, that `rng` draws."""
        self._order = rng.permutation(len(self._faces))
        self._epoch_seed = int(rng.integers(2**32))

    def _mixed(self, images: Floats, targets: Floats, index: int) -> tuple[Floats, Floats]:
        rng = np.random.default_rng([self._epoch_seed, index])
        others = rng.permutation(len(targets))
        share = rng.beta(self._mixup, self._mixup, len(targets)).astype(np.float32)[:, np.newaxis]
        pixel_share = share[:, :, np.newaxis, np.newaxis]
        return (
            pixel_share * images + (1 - pixel_share) * images[others],
            share * targets + (1 - share) * targets[others],
        )
