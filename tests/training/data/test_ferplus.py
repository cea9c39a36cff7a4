import numpy as np
import pytest

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.training.data.fer2013_csv import FERPLUS_CLASSES, VOTE_COLUMNS
from fer_core.training.data.ferplus import majority, majority_faces, vote_targets
from fer_core.training.data.labeled_faces import LabeledFaces


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


@pytest.mark.parametrize(
    ("counts", "shares", "weight"),
    [
        pytest.param(votes(), {}, 0, id="nobody was asked"),
        pytest.param(votes(happiness=1, NF=1), {}, 0, id="nothing but outliers"),
        pytest.param(votes(contempt=10), {}, 0, id="contempt alone"),
        pytest.param(votes(unknown=10), {}, 0, id="unknown alone"),
        pytest.param(votes(NF=10), {}, 0, id="not a face"),
        pytest.param(votes(unknown=4, NF=3, contempt=3), {}, 0, id="nothing it can predict"),
        pytest.param(votes(fear=10), {Emotion.FEAR: 1}, 1, id="all agree"),
        pytest.param(
            votes(anger=6, neutral=3, sadness=1),
            {Emotion.ANGRY: 6 / 9, Emotion.NEUTRAL: 3 / 9},
            1,
            id="shares without the outlier",
        ),
        pytest.param(
            votes(surprise=4, disgust=2, contempt=2, unknown=2),
            {Emotion.SURPRISE: 4 / 6, Emotion.DISGUST: 2 / 6},
            6 / 10,
            id="what it cannot predict lowers its weight",
        ),
        pytest.param(
            votes(happiness=200, sadness=200),
            {Emotion.HAPPY: 0.5, Emotion.SAD: 0.5},
            1,
            id="more than a byte holds",
        ),
    ],
)
def test_a_network_learns_the_shares_of_the_votes(
    counts: list[int], shares: dict[Emotion, float], weight: float
) -> None:
    targets = vote_targets(np.array([counts], dtype=np.uint8), FER2013_EMOTIONS)
    assert targets.values.dtype == targets.weights.dtype == np.float32
    expected = [shares.get(emotion, 0) for emotion in FER2013_EMOTIONS] if shares else [1 / 7] * 7
    np.testing.assert_allclose(targets.values, [expected], rtol=1e-6)
    assert targets.weights.tolist() == pytest.approx([weight])


def test_no_votes_have_no_targets() -> None:
    targets = vote_targets(np.zeros((0, 10), np.uint8), FER2013_EMOTIONS)
    assert (targets.values.shape, targets.weights.shape) == ((0, 7), (0,))


def test_faces_with_a_majority_are_labeled_by_it() -> None:
    table = np.array(
        [votes(), votes(sadness=9), votes(contempt=9), votes(NF=9), votes(anger=5, fear=5)],
        dtype=np.uint8,
    )
    images = np.arange(5, dtype=np.uint8).repeat(48 * 48).reshape(5, 48, 48)
    found = majority_faces(LabeledFaces(images, np.zeros(5, np.int64), table), FER2013_EMOTIONS)
    assert found.images[:, 0, 0].tolist() == [1]
    assert found.labels.tolist() == [FER2013_EMOTIONS.index(Emotion.SAD)]
    assert found.votes is not None
    assert found.votes.tolist() == [votes(sadness=9)]
