"""Figures of a model's predictions: how often they are right, and how well calibrated."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fer_core.classification.figures import Figures, Interval
from fer_core.emotions import Emotion

N_CALIBRATION_BINS = 15
"""Bins of equal width, as in Guo et al. 2017 (arXiv:1706.04599)."""

N_RESAMPLES = 2_000
"""Resamples of a bootstrap; a 95 % interval leaves out 50 of them at either end."""

LEAST_PROBABILITY = 1e-12
"""Stands for a probability of 0 in a logarithm."""


class Reliability(NamedTuple):
    """Predictions sorted by their probability into 15 bins of equal width, 0 to 1.

    Each attribute has shape `(15,)`, float64.

    Attributes:
        n: Number of predictions in each bin.
        probability: Sum of their probabilities.
        right: Number of them that are right.
    """

    n: npt.NDArray[np.float64]
    probability: npt.NDArray[np.float64]
    right: npt.NDArray[np.float64]


def measure(
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    emotions: tuple[Emotion, ...],
    averaged: tuple[Emotion, ...] | None = None,
) -> Figures:
    """Measure probabilities: `measure_predictions` of the likeliest emotions, `ece` and `nll`.

    Args:
        probabilities: Float32 of shape `(N, K)`, rows summing to 1.
        labels: Index of the true emotion of each row, shape `(N,)`.
        emotions: The K emotions, in order.
        averaged: Those of them over which the macro means are taken; None for all.
    """
    return replace(
        measure_predictions(probabilities.argmax(axis=1), labels, emotions, averaged),
        ece=expected_calibration_error(probabilities, labels),
        nll=negative_log_likelihood(probabilities, labels),
    )


def measure_predictions(
    predictions: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    emotions: tuple[Emotion, ...],
    averaged: tuple[Emotion, ...] | None = None,
) -> Figures:
    """Measure predictions, each of which is right or wrong.

    Args:
        predictions: Index of the emotion predicted for each of N images, shape `(N,)`.
        labels: Index of the true one, shape `(N,)`.
        emotions: The K emotions, in order.
        averaged: Those of them over which the macro means are taken; None for all.

    Returns:
        Figures without `ece` and `nll`. An emotion that never occurs has recall 0, one that is
        never predicted precision 0, one that is neither F1 0.
    """
    n = len(emotions)
    confusion = np.bincount(labels * n + predictions, minlength=n * n).reshape(n, n)
    columns = [emotions.index(emotion) for emotion in averaged or emotions]
    hits, true, predicted = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(true, 1)
    f1 = _f1(confusion)
    return Figures(
        n_images=len(labels),
        accuracy=float(hits.sum() / max(len(labels), 1)),
        macro_precision=float(precision[columns].mean()),
        macro_recall=float(recall[columns].mean()),
        macro_f1=float(f1[columns].mean()),
        intervals=intervals(confusion, columns),
        precision=_named(emotions, precision),
        recall=_named(emotions, recall),
        f1=_named(emotions, f1),
        class_counts=_named(emotions, true),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


def intervals(
    confusion: npt.NDArray[np.int64], columns: Sequence[int] | None = None
) -> dict[str, Interval]:
    """Return the range within which the choice of images may have moved accuracy and macro F1.

    Percentile bootstrap (Efron & Tibshirani 1993, chapter 13) with 2,000 resamples and a fixed
    seed. Both figures depend on the confusion matrix alone, so instead of drawing N images with
    replacement it draws how many fall into each of its cells, which is the same and takes a
    fraction of the time.

    Args:
        confusion: Counts, int64 of shape `(K, K)`, true by predicted.
        columns: The classes over which macro F1 is the mean; None for all.

    Returns:
        `accuracy` and `macro_f1`, each the lower and the upper end of its 95 % interval; 0 and 1
        without any image.
    """
    n_images = confusion.sum()
    if n_images == 0:
        return {"accuracy": (0.0, 1.0), "macro_f1": (0.0, 1.0)}
    rng = np.random.default_rng(0)
    cells = rng.multinomial(n_images, confusion.ravel() / n_images, size=N_RESAMPLES)
    resamples = cells.reshape(N_RESAMPLES, *confusion.shape)
    measured = {
        "accuracy": np.trace(resamples, axis1=1, axis2=2) / n_images,
        "macro_f1": _f1(resamples)[:, columns or slice(None)].mean(axis=1),
    }
    ends = {name: np.percentile(values, (2.5, 97.5)) for name, values in measured.items()}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


def expected_calibration_error(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> float:
    """Mean distance between probability and accuracy, by bins (Guo et al. 2017).

    Predictions are sorted by their probability into 15 bins of equal width. Each bin counts by its
    share of the predictions. From 0 to 1, lower is better; 0 without predictions.
    """
    bins = reliability(probabilities, labels)
    return float(np.abs(bins.probability - bins.right).sum() / max(len(labels), 1))


def negative_log_likelihood(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> float:
    """Mean of -ln of the probability of the true emotion; 0 at best, 0 without predictions.

    A model that says one in seven everywhere has ln 7 (1.95). Unlike the calibration error it is a
    proper score: only true probabilities make it least (Gneiting & Raftery 2007).
    """
    given = np.take_along_axis(probabilities, labels[:, np.newaxis], axis=1).astype(np.float64)
    return float(-np.log(np.maximum(given, LEAST_PROBABILITY)).sum() / max(len(labels), 1))


def reliability(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> Reliability:
    """Sort predictions into the bins of a reliability diagram.

    Args:
        probabilities: Float32 of shape `(N, K)`, rows summing to 1.
        labels: Index of the true emotion of each row, shape `(N,)`.
    """
    largest = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((largest * N_CALIBRATION_BINS).astype(int), N_CALIBRATION_BINS - 1)
    sums = (np.bincount(bins, weights, N_CALIBRATION_BINS) for weights in (None, largest, right))
    return Reliability(*(values.astype(np.float64) for values in sums))


def _f1(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """F1 of each class; of one confusion matrix `(K, K)`, or of several `(..., K, K)`."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    true_and_predicted = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1: npt.NDArray[np.float64] = 2 * hits / np.maximum(true_and_predicted, 1)
    return f1


def _named(emotions: tuple[Emotion, ...], values: npt.NDArray[Any]) -> dict[str, Any]:
    return dict(zip(map(str, emotions), values.tolist(), strict=True))
