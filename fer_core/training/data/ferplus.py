"""FER+: what ten annotators saw in FER2013's faces, to train on and to evaluate with.

For evaluation, the protocol is that of Barsoum et al. 2016 (arXiv:1608.01041) in the mode
`majority`, as the authors' code has it (github.com/microsoft/FERPlus, `src/ferplus.py`,
`_process_data`):

1. An emotion with a single vote is an outlier and loses it.
2. The label is what has more than half of all the votes that are left, those for "unknown" and for
   "not a face" among them. A tie, or exactly half, gives none.
3. An image without a label, or whose label is "unknown" or "not a face", does not count.

Of PublicTest's 3,589 images 3,199 count in eight classes and 3,186 in seven, of PrivateTest's 3,589
images 3,153 and 3,137. One thing is not as in that code: its last version keeps only the labels
before `emotion_count - 2`, which with its eight classes loses fear and contempt too; its comment
and the paper mean "unknown" and "not a face", and so it is here.
"""

import numpy as np
import numpy.typing as npt

from fer_core.emotions import Emotion
from fer_core.training.data.batches import Targets
from fer_core.training.data.fer2013_csv import FERPLUS_CLASSES
from fer_core.training.data.labeled_faces import LabeledFaces

FERPLUS = "FER+"
"""The value of `labels` in the card of a model that predicts these votes."""


def majority(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The label of each image by the protocol above.

    Args:
        votes: Counts, uint8 of shape `(N, 10)`, in the order of `fer2013_csv.VOTE_COLUMNS`.

    Returns:
        Index in `FERPLUS_CLASSES`, int64 of shape `(N,)`; -1 if the image does not count.
    """
    kept = _without_outliers(votes)
    label = kept.argmax(axis=1)
    counts = (2 * kept.max(axis=1) > kept.sum(axis=1)) & (label < len(FERPLUS_CLASSES))
    return np.where(counts, label, -1)


def vote_targets(votes: npt.NDArray[np.uint8], emotions: tuple[Emotion, ...]) -> Targets:
    """The annotators' votes as shares, so that a model learns where they disagree.

    Outliers lose their vote as above. What remains for the model's emotions becomes shares.

    Args:
        votes: Counts, uint8 of shape `(N, 10)`.
        emotions: The model's, without contempt.

    Returns:
        Values `(N, K)`. A face counts by the share of its remaining votes that are for these
        emotions: 1 for most, 0 where nobody was asked or all saw something else, and then its
        values are even.
    """
    kept = _without_outliers(votes)
    columns = [FERPLUS_CLASSES.index(emotion) for emotion in emotions]
    named = kept[:, columns]
    n_named, n_kept = named.sum(axis=1), kept.sum(axis=1)
    values = np.full(named.shape, 1 / len(emotions))
    asked = n_named > 0
    values[asked] = named[asked] / n_named[asked, np.newaxis]
    weights = n_named / np.maximum(n_kept, 1)
    return Targets(values.astype(np.float32), weights.astype(np.float32))


def majority_faces(faces: LabeledFaces, emotions: tuple[Emotion, ...]) -> LabeledFaces:
    """Keep the faces that count in seven classes, labeled by their majority.

    Args:
        faces: Faces with votes.
        emotions: The model's, without contempt.
    """
    assert faces.votes is not None
    labels = labels_in_7(faces.votes, emotions)
    in_7 = labels >= 0
    return LabeledFaces(faces.images[in_7], labels[in_7], faces.votes[in_7])


def labels_in_7(
    votes: npt.NDArray[np.uint8], emotions: tuple[Emotion, ...]
) -> npt.NDArray[np.int64]:
    """The label of each image in seven classes.

    Args:
        votes: Counts, uint8 of shape `(N, 10)`.
        emotions: The model's, without contempt.

    Returns:
        Index in `emotions`, int64 of shape `(N,)`; -1 if the image does not count.
    """
    index = np.array(
        [emotions.index(emotion) if emotion in emotions else -1 for emotion in FERPLUS_CLASSES]
    )
    majorities = majority(votes)
    return np.where(majorities >= 0, index[majorities], -1)


def _without_outliers(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    return np.where(votes > 1, votes, 0).astype(np.int64)
