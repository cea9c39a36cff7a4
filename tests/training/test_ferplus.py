import numpy as np
import pytest

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.training.fer2013_csv import VOTE_COLUMNS
from fer_core.training.ferplus import FERPLUS_CLASSES, majority, measure_ferplus


def votes(**counts: int) -> list[int]:
    assert set(counts) <= set(VOTE_COLUMNS)
    return [counts.get(column, 0) for column in VOTE_COLUMNS]


@pytest.mark.parametrize(
    ("counts", "emotion"),
    [
        pytest.param(votes(), None, id="nobody was asked"),
        pytest.param(
            votes(neutral=1, happiness=1, surprise=1, sadness=1, anger=1, disgust=1, fear=1),
            None,
            id="nothing but outliers",
        ),
        pytest.param(votes(anger=5, fear=5), None, id="a tie"),
        pytest.param(votes(sadness=4, fear=2, neutral=2), None, id="a half and no more"),
        pytest.param(votes(sadness=5, fear=2, neutral=2), Emotion.SAD, id="more than a half"),
        # Four of ten at first, but of the four that two or more agreed on it has all.
        pytest.param(
            votes(surprise=4, neutral=1, sadness=1, anger=1, disgust=1, fear=1, contempt=1),
            Emotion.SURPRISE,
            id="a majority once outliers are gone",
        ),
        pytest.param(votes(fear=2, happiness=1), Emotion.FEAR, id="two votes are no outlier"),
        pytest.param(votes(disgust=5, unknown=5), None, id="unknown counts against it"),
        pytest.param(votes(disgust=5, NF=5), None, id="so does not a face"),
        pytest.param(votes(unknown=10), None, id="unknown"),
        pytest.param(votes(NF=10), None, id="not a face"),
        pytest.param(votes(contempt=6, anger=4), Emotion.CONTEMPT, id="contempt"),
        pytest.param(votes(neutral=200, sadness=190), Emotion.NEUTRAL, id="more than a byte holds"),
    ],
)
def test_the_majority_is_that_of_the_paper(counts: list[int], emotion: Emotion | None) -> None:
    (label,) = majority(np.array([counts], dtype=np.uint8))
    assert (FERPLUS_CLASSES[label] if label >= 0 else None) == emotion


def test_no_images_have_no_majorities() -> None:
    assert majority(np.zeros((0, 10), np.uint8)).shape == (0,)


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
    figures = measure_ferplus(np.array([happy, sad, happy, happy, sad]), table, FER2013_EMOTIONS)
    seven, eight = figures["ferplus_7"], figures["ferplus_8"]
    assert (seven["n_images"], seven["accuracy"]) == (3, pytest.approx(2 / 3))
    assert (eight["n_images"], eight["accuracy"]) == (4, pytest.approx(2 / 4))
    assert eight["class_counts"]["contempt"] == 1
    assert eight["recall"]["contempt"] == 0
    assert "contempt" not in seven["recall"]
    assert seven["recall"]["happy"] == 0.5


def test_where_no_image_counts_the_figures_are_of_none() -> None:
    figures = measure_ferplus(np.array([0, 1]), np.zeros((2, 10), np.uint8), FER2013_EMOTIONS)
    assert figures["ferplus_7"]["n_images"] == figures["ferplus_8"]["n_images"] == 0
