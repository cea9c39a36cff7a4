"""Faces in the form that models take, a batch at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from fer_core.training.data.labeled_faces import LabeledFaces

Floats = npt.NDArray[np.float32]

BatchChange: TypeAlias = Callable[
    [npt.NDArray[np.uint8], np.random.Generator], npt.NDArray[np.uint8]
]
"""A random change of gray faces, uint8 of shape `(N, 48, 48)`, that leaves their shape as it is."""


def pixels(faces: LabeledFaces, n_channels: int = 1) -> Floats:
    """Pixels as a model takes them: float32 `(N, 48, 48, n_channels)`, gray repeated, 0..255."""
    return np.repeat(faces.images[..., np.newaxis].astype(np.float32), n_channels, axis=3)


@dataclass(frozen=True)
class Targets:
    """The prediction wanted for each face of a split, and its weight in the loss.

    Attributes:
        values: Float32 of shape `(N, K)`, rows summing to 1; `(N, L, K)` where a model learns
            from L sets of labels at once.
        weights: Float32 of shape `(N,)`, or `(N, L)`.
    """

    values: Floats
    weights: Floats


def label_targets(faces: LabeledFaces, n_classes: int, *, balanced: bool = False) -> Targets:
    """Each face's label, for certain.

    Args:
        faces: N faces.
        n_classes: K.
        balanced: Count each face `N / (K * faces of its class)`, so that all classes count alike
            and a face 1 on average. Otherwise each counts 1.
    """
    weights = np.ones(len(faces), dtype=np.float32)
    if balanced:
        counts = np.bincount(faces.labels, minlength=n_classes)[faces.labels]
        weights = (len(faces) / (n_classes * counts)).astype(np.float32)
    return Targets(np.eye(n_classes, dtype=np.float32)[faces.labels], weights)


def side_by_side(*targets: Targets) -> Targets:
    """Targets `(N, K)` of several sets of labels as one `(N, L, K)`."""
    return Targets(
        np.stack([target.values for target in targets], axis=1),
        np.stack([target.weights for target in targets], axis=1),
    )


class FaceBatches(keras.utils.PyDataset):  # type: ignore[misc]
    """A split in batches, which become floats and channels only when they are needed.

    Held as floats in three channels FER2013's training split would take 800 MB instead of 66.
    A batch is three arrays of float32: pixels `(n, 48, 48, C)` 0..255, and of the targets the
    values and the weights of these n faces.
    """

    def __init__(
        self,
        faces: LabeledFaces,
        targets: Targets,
        batch_size: int,
        n_channels: int,
        *,
        mixup: float = 0.0,
        change: BatchChange | None = None,
        multiple_of: int = 1,
    ) -> None:
        """Take the faces in the order in which they are, until `shuffle` is called.

        Args:
            faces: The split.
            targets: The prediction wanted for each of them.
            batch_size: Faces a batch; the last one may have fewer.
            n_channels: C.
            mixup: Alpha of mixup (Zhang et al. 2018, arXiv:1710.09412): each face is blended with
                another one of its batch, and their targets alike, by shares drawn from
                Beta(alpha, alpha). 0 for none.
            change: Changes the gray faces of a batch at random, differently in each epoch; see
                `camera`. None leaves them as they are.
            multiple_of: Fill the last batch with faces that count nothing until its size can be
                divided by this, the number of devices that share a batch.
        """
        super().__init__()
        self._faces = faces
        self._targets = targets
        self._batch_size = batch_size
        self._n_channels = n_channels
        self._mixup = mixup
        self._change = change
        self._multiple_of = multiple_of
        self._order = np.arange(len(faces))
        self._epoch_seed = 0

    def __len__(self) -> int:
        return -(-len(self._faces) // self._batch_size)

    def __getitem__(self, index: int) -> tuple[Floats, Floats, Floats]:
        start = index * self._batch_size
        rows = self._order[start : start + self._batch_size]
        n_filling = -len(rows) % self._multiple_of
        filled = np.concatenate([rows, np.repeat(rows[:1], n_filling)])
        faces = self._faces[filled]
        if self._change:
            rng = np.random.default_rng([self._epoch_seed, index, 1])
            faces = replace(faces, images=self._change(faces.images, rng))
        arrays = (
            pixels(faces, self._n_channels),
            self._targets.values[filled],
            self._targets.weights[filled],
        )
        images, values, weights = self._mixed(arrays, index) if self._mixup else arrays
        weights[len(rows) :] = 0
        return images, values, weights

    def shuffle(self, rng: np.random.Generator) -> None:
        """Let the next epoch have the faces in an order, and mixed in a way, that `rng` draws."""
        self._order = rng.permutation(len(self._faces))
        self._epoch_seed = int(rng.integers(2**32))

    def _mixed(self, arrays: tuple[Floats, ...], index: int) -> tuple[Floats, ...]:
        rng = np.random.default_rng([self._epoch_seed, index])
        n = len(arrays[0])
        others = rng.permutation(n)
        share = rng.beta(self._mixup, self._mixup, n).astype(np.float32)
        shares = (share.reshape(-1, *[1] * (array.ndim - 1)) for array in arrays)
        return tuple(
            share * array + (1 - share) * array[others]
            for share, array in zip(shares, arrays, strict=True)
        )
