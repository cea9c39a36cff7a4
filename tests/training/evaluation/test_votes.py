import numpy as np
import numpy.typing as npt
import pytest

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.training.evaluation.votes import measure_ferplus
from tests.training.data.test_ferplus import votes


def certain(*predictions: int) -> npt.NDArray[np.float32]:
    return np.eye(7, dtype=np.float32)[list(predictions)]


def test_contempt_is_left_out_of_seven_classes_and_wrong_in_eight() -> None:
    happy, sad = FER2013_EMOTIONS.index(Emotion.HAPPY), FER2013_EMOTIONS.index(Emotion.SAD)
    table = np.array(
        [
            votes(happiness=10),
            votes(sadness=9, fear=1),
            votes(contempt=8, neutral=2),
            votes(anger=5, fear=5),
            votes(happiness=10),
        ],
        dtype=np.uint8,
    )
    predictions = certain(happy, sad, happy, happy, sad)
    figures = measure_ferplus(predictions, table, FER2013_EMOTIONS)
    seven, eight = figures["ferplus_7"], figures["ferplus_8"]
    assert seven.n_images == 3
    assert seven.accuracy == pytest.approx(2 / 3)
    assert eight.n_images == 4
    assert eight.accuracy == 2 / 4
    assert seven.recall
    assert eight.recall
    assert eight.class_counts
    assert eight.class_counts["contempt"] == 1
    assert eight.recall["contempt"] == 0
    assert "contempt" not in seven.recall
    assert seven.recall["happy"] == 0.5
    # Certain of three and right in two.
    assert seven.ece == pytest.approx(1 / 3)
    assert eight.ece is None


def test_where_no_image_counts_the_figures_are_of_none() -> None:
    figures = measure_ferplus(certain(0, 1), np.zeros((2, 10), np.uint8), FER2013_EMOTIONS)
    assert figures["ferplus_7"].n_images == figures["ferplus_8"].n_images == 0
