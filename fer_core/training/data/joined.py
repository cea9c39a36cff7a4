"""Several data sets in one run: a main one, and others that teach the same emotions beside it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from fer_core.errors import DatasetError
from fer_core.training.data.fer2013_csv import FERPLUS_CLASSES
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces

N_REPEATED = 4
"""Number of times that each face of a data set beside the main one is shown in an epoch."""

N_VOTES = 10
"""A label of a data set without votes counts as if all ten annotators had agreed on it."""


def joined(main: FaceDataset, beside: Sequence[FaceDataset]) -> FaceDataset:
    """Join several data sets into one, with the emotions of the main one.

    Faces of other emotions, such as CK+'s contempt, are left out. The others are small, so each of
    their faces stands four times in training and in validation, the panel on which epochs are
    chosen. Their labels stand in for votes where the main data set has votes. The test split is
    that of the main data set alone; `FaceDataset.beside` keeps the others for figures of their own.

    Args:
        main: The data set whose protocols are reported, such as FER2013.
        beside: Others, split by person, such as CK+48; none gives the main one as it is.

    Raises:
        DatasetError: One of them shares no emotion with the main one.
    """
    if not beside:
        return main
    known = [in_emotions_of(main, other) for other in beside]
    return replace(
        main,
        train=_stacked([main.train, *(_repeated(other.train) for other in known)]),
        validation=_stacked([main.validation, *(_repeated(other.validation) for other in known)]),
        n_skipped=main.n_skipped + sum(other.n_skipped for other in beside),
        notes=main.notes + tuple(note for other in beside for note in other.notes),
        main=main,
        beside=tuple(known),
    )


def in_emotions_of(main: FaceDataset, other: FaceDataset) -> FaceDataset:
    """A data set with the labels of another one, without the faces that have none there."""
    index = np.array(
        [
            main.emotions.index(emotion) if emotion in main.emotions else -1
            for emotion in other.emotions
        ]
    )
    if (index < 0).all():
        raise DatasetError(f"{other.name} shows no emotion of {main.name}.")
    splits = (
        _relabeled(split, index, main, other)
        for split in (other.train, other.validation, other.test)
    )
    train, validation, test = splits
    return replace(other, emotions=main.emotions, train=train, validation=validation, test=test)


def _relabeled(
    split: LabeledFaces, index: np.ndarray, main: FaceDataset, other: FaceDataset
) -> LabeledFaces:
    labels = index[split.labels]
    known = labels >= 0
    votes = None
    if main.train.votes is not None:
        votes = np.zeros((int(known.sum()), main.train.votes.shape[1]), dtype=np.uint8)
        columns = [FERPLUS_CLASSES.index(main.emotions[label]) for label in labels[known]]
        votes[np.arange(len(votes)), columns] = N_VOTES
    return LabeledFaces(split.images[known], labels[known], votes)


def _repeated(split: LabeledFaces) -> LabeledFaces:
    return split[np.repeat(np.arange(len(split)), N_REPEATED)]


def _stacked(splits: list[LabeledFaces]) -> LabeledFaces:
    votes = [split.votes for split in splits if split.votes is not None]
    return LabeledFaces(
        np.concatenate([split.images for split in splits]),
        np.concatenate([split.labels for split in splits]),
        np.concatenate(votes) if votes else None,
    )
