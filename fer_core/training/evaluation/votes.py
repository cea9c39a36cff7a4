"""Figures of a model's predictions against FER+'s majority; see `data.ferplus` for the protocol."""

import numpy as np
import numpy.typing as npt

from fer_core.classification.figures import Figures
from fer_core.emotions import Emotion
from fer_core.training.data.fer2013_csv import FERPLUS_CLASSES
from fer_core.training.data.ferplus import labels_in_7, majority
from fer_core.training.evaluation.metrics import measure, measure_predictions


def measure_ferplus(
    probabilities: npt.NDArray[np.float32],
    votes: npt.NDArray[np.uint8],
    emotions: tuple[Emotion, ...],
) -> dict[str, Figures]:
    """Measure a model without contempt against FER+'s majority.

    Args:
        probabilities: Float32 of shape `(N, 7)`, columns in the order of `emotions`.
        votes: Counts, uint8 of shape `(N, 10)`.
        emotions: The model's seven: FER2013's.

    Returns:
        `ferplus_7`, without the images labeled contempt; `ferplus_8` with them, on each of which
        the model is wrong, as it cannot predict contempt.
    """
    with_contempt = (*emotions, Emotion.CONTEMPT)
    index = np.array([with_contempt.index(emotion) for emotion in FERPLUS_CLASSES])
    majorities = majority(votes)
    in_8 = majorities >= 0
    labels = labels_in_7(votes, emotions)
    in_7 = labels >= 0
    return {
        "ferplus_7": measure(probabilities[in_7], labels[in_7], emotions),
        "ferplus_8": measure_predictions(
            probabilities[in_8].argmax(axis=1), index[majorities[in_8]], with_contempt
        ),
    }
