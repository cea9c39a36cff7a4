"""Labeled faces in three splits, for training and evaluation."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_core.emotions import Emotion

FACE_SIZE_PX = 48


@dataclass(frozen=True)
class LabeledFaces:
    """One split of a data set.

    Attributes:
        images: Gray faces, uint8 of shape `(N, 48, 48)`, 0 black to 255 white.
        labels: Index of each face's emotion in the data set's `emotions`, int64 of shape `(N,)`.
        votes: Votes of FER+'s ten annotators for each face, uint8 of shape `(N, 10)`,
            in the order of `fer2013_csv.VOTE_COLUMNS`; all zero where nobody was asked. None
            where the data set comes without votes.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]
    votes: npt.NDArray[np.uint8] | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(
        self, rows: slice | npt.NDArray[np.bool_] | npt.NDArray[np.int64]
    ) -> "LabeledFaces":
        votes = None if self.votes is None else self.votes[rows]
        return LabeledFaces(self.images[rows], self.labels[rows], votes)


@dataclass(frozen=True)
class FaceDataset:
    """A data set with its three splits.

    Attributes:
        name: Name for cards and reports; it says where validation and test are the same faces.
        emotions: The classes, in the order of the labels' numbers.
        train: For training.
        validation: For the choice of epochs and settings (FER2013's PublicTest).
        test: For the figures that are reported; nothing is chosen on it (FER2013's PrivateTest).
        n_skipped: Number of broken rows or images that were left out.
        notes: Conversions and omissions, as sentences for the log.
        main: Of several data sets in one, that whose protocols are reported; None for a single one.
        beside: The others, with the emotions of the main one; see `joined`.
    """

    name: str
    emotions: tuple[Emotion, ...]
    train: LabeledFaces
    validation: LabeledFaces
    test: LabeledFaces
    n_skipped: int = 0
    notes: tuple[str, ...] = ()
    main: "FaceDataset | None" = None
    beside: tuple["FaceDataset", ...] = ()

    @property
    def source(self) -> str:
        """The name without what it says of the splits, such as CK+48."""
        return source_of(self.name)

    def fingerprint(self) -> str:
        """SHA-256, in hex, over the pixels and labels of the training split."""
        return _digest(self.train.images, self.train.labels)

    def fingerprint_beside(self, *, votes: bool) -> str:
        """SHA-256, in hex, over what else a run looks at: the validation split.

        Args:
            votes: True to include the votes of both splits.
        """
        arrays: list[npt.NDArray[Any]] = [self.validation.images, self.validation.labels]
        if votes:
            splits = (self.train, self.validation)
            arrays += [split.votes for split in splits if split.votes is not None]
        return _digest(*arrays)


def _digest(*arrays: npt.NDArray[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()


def source_of(name: str) -> str:
    """A data set's name, as cards note it, without what it says of the splits."""
    return name.partition(" (")[0]


def rows_not_in(faces: LabeledFaces, others: LabeledFaces) -> npt.NDArray[np.bool_]:
    """True for each face whose pixels are not those of any face in `others`, shape `(N,)`.

    8 % of FER2013's test images stand pixel for pixel in its training split; the figure on the
    rows that remain is the leak-free one.
    """
    known = {image.tobytes() for image in others.images}
    return np.array([image.tobytes() not in known for image in faces.images], dtype=np.bool_)
