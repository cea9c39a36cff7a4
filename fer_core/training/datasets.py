"""The former place of `fer_core.training.data.datasets`, kept for scripts for one release."""

import warnings

from fer_core.training.data.datasets import FaceDataset, LabeledFaces, load_dataset, load_folds

__all__ = ["FaceDataset", "LabeledFaces", "load_dataset", "load_folds"]

warnings.warn(
    "fer_core.training.datasets is now fer_core.training.data.datasets.",
    DeprecationWarning,
    stacklevel=2,
)
