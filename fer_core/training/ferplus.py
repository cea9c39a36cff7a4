"""Accuracy on FER+: what most of ten annotators saw, in place of FER2013's own label.

The protocol is that of Barsoum et al. 2016 (arXiv:1608.01041) in the mode `majority`, as the
authors' code has it (github.com/microsoft/FERPlus, `src/ferplus.py`, `_process_data`):

1. An emotion with a single vote is an outlier and loses it.
2. The label is what has more than half of all the votes that are left, those for "unknown" and for
   "not a face" among them. A tie, or a half and no more, gives none.
3. An image without a label, or whose label is "unknown" or "not a face", does not count.

Of PublicTest's 3,589 images 3,199 count in eight classes and 3,186 in seven, of PrivateTest's 3,589
images 3,153 and 3,137. One thing is not as in that code: its last version keeps only the labels
before `emotion_count - 2`, which with its eight classes loses fear and contempt too; its comment
and the paper mean "unknown" and "not a face", and so it is here.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from fer_core.emotions import Emotion
from fer_core.training.metrics import measure_answers

FERPLUS_CLASSES = (
    Emotion.NEUTRAL,
    Emotion.HAPPY,
    Emotion.SURPRISE,
    Emotion.SAD,
    Emotion.ANGRY,
    Emotion.DISGUST,
    Emotion.FEAR,
    Emotion.CONTEMPT,
)
"""What the first eight of `fer2013_csv.VOTE_COLUMNS` stand for; the other two are no emotions."""


def majority(votes: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The label of each image by the protocol above.

    Args:
        votes: Counts, uint8 of shape `(N, 10)`, in the order of `fer2013_csv.VOTE_COLUMNS`.

    Returns:
        Index in `FERPLUS_CLASSES`, int64 of shape `(N,)`; -1 where the image does not count.
    """
    kept = np.where(votes > 1, votes, 0).astype(np.int64)
    label = kept.argmax(axis=1)
    counts = (2 * kept.max(axis=1) > kept.sum(axis=1)) & (label < len(FERPLUS_CLASSES))
    return np.where(counts, label, -1)


def measure_ferplus(
    answers: npt.NDArray[np.int64],
    votes: npt.NDArray[np.uint8],
    emotions: tuple[Emotion, ...],
) -> dict[str, Any]:
    """Figures against FER+'s majority, for a network without contempt.

    Args:
        answers: Index in `emotions` of what the network answers for each image, shape `(N,)`.
        votes: Counts, uint8 of shape `(N, 10)`.
        emotions: The network's seven: FER2013's.

    Returns:
        `ferplus_7`, where images labeled contempt do not count; `ferplus_8`, where they do and
        the network, which cannot say so, is wrong on each. See `metrics.measure_answers`.
    """
    with_contempt = (*emotions, Emotion.CONTEMPT)
    index = np.array([with_contempt.index(emotion) for emotion in FERPLUS_CLASSES])
    majorities = majority(votes)
    labels = index[majorities]
    in_8 = majorities >= 0
    in_7 = in_8 & (labels < len(emotions))
    return {
        "ferplus_7": measure_answers(answers[in_7], labels[in_7], emotions),
        "ferplus_8": measure_answers(answers[in_8], labels[in_8], with_contempt),
    }
