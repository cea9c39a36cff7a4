import math

import numpy as np
import numpy.typing as npt
import pytest

from fer_core.emotions import Emotion
from fer_core.training.evaluation.metrics import (
    expected_calibration_error,
    intervals,
    measure,
    measure_predictions,
    negative_log_likelihood,
    reliability,
)

TWO = (Emotion.HAPPY, Emotion.SAD)
THREE = (*TWO, Emotion.FEAR)


def probabilities(*rows: tuple[float, ...]) -> npt.NDArray[np.float32]:
    return np.array(rows, dtype=np.float32).reshape(len(rows), -1)


# --- right or wrong ---


def test_no_images_have_no_accuracy_and_divide_by_nothing() -> None:
    figures = measure(np.zeros((0, 2), np.float32), np.zeros(0, np.int64), TWO)
    assert figures.n_images == 0
    assert figures.accuracy == figures.macro_f1 == figures.ece == figures.nll == 0
    assert figures.f1 == figures.precision == {"happy": 0, "sad": 0}
    assert figures.intervals == {"accuracy": (0, 1), "macro_f1": (0, 1)}


def test_figures_are_those_worked_out_by_hand() -> None:
    # Truth happy, happy, happy, sad; predicted happy, happy, sad, sad.
    rows = probabilities((0.9, 0.1), (0.8, 0.2), (0.3, 0.7), (0.4, 0.6))
    figures = measure(rows, np.array([0, 0, 0, 1]), TWO)
    assert figures.confusion == ((2, 1), (0, 1))
    assert figures.class_counts == {"happy": 3, "sad": 1}
    assert figures.accuracy == 0.75
    assert figures.precision == pytest.approx({"happy": 1, "sad": 1 / 2})
    assert figures.recall == pytest.approx({"happy": 2 / 3, "sad": 1})
    assert figures.f1 == pytest.approx({"happy": 0.8, "sad": 2 / 3})
    assert figures.macro_precision == pytest.approx(3 / 4)
    assert figures.macro_recall == pytest.approx(5 / 6)
    assert figures.macro_f1 == pytest.approx((0.8 + 2 / 3) / 2)
    # -ln of .9, .8, .3 and .6.
    assert figures.nll == pytest.approx(-math.log(0.9 * 0.8 * 0.3 * 0.6) / 4)


@pytest.mark.parametrize(
    ("predictions", "labels", "precision", "recall", "f1"),
    [
        pytest.param(
            [0, 1], [0, 1], [1, 1, 0], [1, 1, 0], [1, 1, 0], id="neither true nor predicted"
        ),
        pytest.param(
            [0, 2], [0, 1], [1, 0, 0], [1, 0, 0], [1, 0, 0], id="predicted but never true"
        ),
        pytest.param(
            [0, 1], [0, 2], [1, 0, 0], [1, 0, 0], [1, 0, 0], id="true but never predicted"
        ),
        pytest.param([1, 2, 0], [0, 1, 2], [0, 0, 0], [0, 0, 0], [0, 0, 0], id="all wrong"),
    ],
)
def test_a_missing_class_counts_as_nought_and_breaks_nothing(
    predictions: list[int],
    labels: list[int],
    precision: list[float],
    recall: list[float],
    f1: list[float],
) -> None:
    figures = measure_predictions(np.array(predictions), np.array(labels), THREE)
    assert list((figures.precision or {}).values()) == precision
    assert list((figures.recall or {}).values()) == recall
    assert list((figures.f1 or {}).values()) == f1
    assert figures.macro_f1 == pytest.approx(sum(f1) / 3)


def test_the_means_may_be_of_some_emotions_alone() -> None:
    # Truth happy, happy, sad, sad; predicted happy, fear, sad, sad.
    figures = measure_predictions(np.array([0, 2, 1, 1]), np.array([0, 0, 1, 1]), THREE, TWO)
    assert figures.accuracy == 3 / 4
    assert figures.macro_recall == pytest.approx((1 / 2 + 1) / 2)
    assert figures.macro_precision == 1
    assert figures.macro_f1 == pytest.approx((2 / 3 + 1) / 2)
    # Of all three, F1 is never above 2/3: nobody is afraid.
    assert figures.intervals["macro_f1"][1] == 1
    assert figures.recall == {"happy": 0.5, "sad": 1, "fear": 0}


# --- intervals ---


def test_an_interval_of_accuracy_is_that_of_the_binomial_distribution() -> None:
    # 1,000 images, 600 right: the normal approximation gives .6 +- 1.96 sqrt(.6 * .4 / 1000).
    low, high = intervals(np.array([[300, 200], [200, 300]]))["accuracy"]
    assert low == pytest.approx(0.6 - 0.03036, abs=0.003)
    assert high == pytest.approx(0.6 + 0.03036, abs=0.003)


def test_an_interval_is_as_if_images_were_drawn_again() -> None:
    confusion = np.array([[40, 7, 3], [9, 20, 1], [5, 2, 13]])
    true, predicted = (np.repeat(index.ravel(), confusion.ravel()) for index in np.indices((3, 3)))
    rng = np.random.default_rng(7)
    drawn = []
    for _ in range(2_000):
        rows = rng.integers(0, 100, 100)
        hits = [np.sum((true[rows] == k) & (predicted[rows] == k)) for k in range(3)]
        sizes = [np.sum(true[rows] == k) + np.sum(predicted[rows] == k) for k in range(3)]
        drawn.append(sum(2 * hit / size for hit, size in zip(hits, sizes, strict=True)) / 3)
    assert intervals(confusion)["macro_f1"] == pytest.approx(
        np.percentile(drawn, (2.5, 97.5)), abs=0.015
    )


@pytest.mark.parametrize(
    ("confusion", "ends"),
    [
        pytest.param([[5, 0], [0, 5]], (1, 1), id="all right"),
        pytest.param([[0, 5], [5, 0]], (0, 0), id="all wrong"),
    ],
)
def test_where_every_prediction_is_alike_an_interval_is_a_point(
    confusion: list[list[int]], ends: tuple[float, float]
) -> None:
    assert intervals(np.array(confusion))["accuracy"] == ends


def test_an_interval_is_the_same_every_time() -> None:
    confusion = np.array([[30, 10], [20, 40]])
    assert intervals(confusion) == intervals(confusion)


# --- calibration ---


@pytest.mark.parametrize(
    ("rows", "labels", "error"),
    [
        pytest.param([(1.0, 0.0), (0.0, 1.0)], [0, 1], 0.0, id="sure-and-right"),
        pytest.param([(1.0, 0.0), (0.0, 1.0)], [1, 0], 1.0, id="sure-and-wrong"),
        # Both in the bin from .667 to .733: 70 % sure on average and 50 % right.
        pytest.param([(0.7, 0.3), (0.7, 0.3)], [0, 1], 0.2, id="too-sure"),
        # Two bins, too sure by .1 and not sure enough by .4, weighed alike.
        pytest.param([(0.1, 0.9), (0.6, 0.4)], [0, 0], (0.9 + 0.4) / 2, id="two-bins"),
    ],
)
def test_calibration_error_is_the_gap_between_probability_and_accuracy(
    rows: list[tuple[float, ...]], labels: list[int], error: float
) -> None:
    found = expected_calibration_error(probabilities(*rows), np.array(labels))
    assert found == pytest.approx(error, abs=1e-6)


def test_reliability_sorts_predictions_into_15_bins_and_a_certain_one_into_the_last() -> None:
    bins = reliability(probabilities((1, 0), (0.98, 0.02), (0.3, 0.7)), np.array([0, 1, 1]))
    assert len(bins.n) == 15
    assert (bins.n[14], bins.n[10], bins.n.sum()) == (2, 1, 3)
    assert (bins.right[14], bins.right[10]) == (1, 1)
    assert bins.probability[14] == pytest.approx(1.98)


@pytest.mark.parametrize(
    ("row", "label", "loss"),
    [
        pytest.param((1.0, 0.0), 0, 0.0, id="certain and right"),
        pytest.param((0.5, 0.5), 1, math.log(2), id="a coin"),
        # Not infinite: it would hide all the other predictions in the mean.
        pytest.param((1.0, 0.0), 1, 12 * math.log(10), id="certain and wrong"),
    ],
)
def test_likelihood_is_of_what_is_true(row: tuple[float, ...], label: int, loss: float) -> None:
    found = negative_log_likelihood(probabilities(row), np.array([label]))
    assert found == pytest.approx(loss)
