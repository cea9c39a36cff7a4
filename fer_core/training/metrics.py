"""Figures of a network's answers: how often they are right, and how far to trust their sureness."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fer_core.emotions import Emotion

N_CALIBRATION_BINS = 15
"""As in Guo et al. 2017 (arXiv:1706.04599)."""

N_RESAMPLES = 2_000
"""Resamples of a bootstrap; a 95 % interval leaves out 50 of them at either end."""

LEAST_PROBABILITY = 1e-12
"""What a probability of 0 counts as in a logarithm."""


class Reliability(NamedTuple):
    """Answers sorted by their probability into 15 bins of equal width, 0 to 1.

    Each attribute has shape `(15,)`, float64.

    Attributes:
        n: How many answers are in each bin.
        sureness: Sum of their probabilities.
        right: How many of them are right.
    """

    n: npt.NDArray[np.float64]
    sureness: npt.NDArray[np.float64]
    right: npt.NDArray[np.float64]


def measure(
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    emotions: tuple[Emotion, ...],
    judged: tuple[Emotion, ...] | None = None,
) -> dict[str, Any]:
    """Figures of one set of answers.

    Args:
        probabilities: Float32 of shape `(N, K)`, rows summing to 1.
        labels: Index of the true emotion of each row, shape `(N,)`.
        emotions: The K emotions, in order.
        judged: Those of them that the means are of; None for all.

    Returns:
        What `measure_answers` returns, and `ece` and `nll`; see `expected_calibration_error` and
        `negative_log_likelihood`.
    """
    return {
        **measure_answers(probabilities.argmax(axis=1), labels, emotions, judged),
        "ece": expected_calibration_error(probabilities, labels),
        "nll": negative_log_likelihood(probabilities, labels),
    }


def measure_answers(
    answers: npt.NDArray[np.int64],
    labels: npt.NDArray[np.int64],
    emotions: tuple[Emotion, ...],
    judged: tuple[Emotion, ...] | None = None,
) -> dict[str, Any]:
    """Figures that take an answer for right or wrong, however sure it is.

    Args:
        answers: Index of the emotion answered for each of N images, shape `(N,)`.
        labels: Index of the true one, shape `(N,)`.
        emotions: The K emotions, in order.
        judged: Those of them that the means are of; None for all.

    Returns:
        `n_images`; `accuracy`; `macro_precision`, `macro_recall` and `macro_f1`, the means over
        the emotions; `intervals`, see `intervals`; `precision`, `recall` and `f1` by emotion;
        `class_counts`, how many images each emotion has; `confusion`, K rows of true and K columns
        of answered emotions, as counts. All but counts from 0 to 1. An emotion that never occurs
        has recall 0, one that is never answered precision 0, one that is neither F1 0.
    """
    n = len(emotions)
    confusion = np.bincount(labels * n + answers, minlength=n * n).reshape(n, n)
    columns = [emotions.index(emotion) for emotion in judged or emotions]
    hits, true, answered = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    by_emotion = {
        "precision": hits / np.maximum(answered, 1),
        "recall": hits / np.maximum(true, 1),
        "f1": _f1(confusion),
    }
    return {
        "n_images": len(labels),
        "accuracy": float(hits.sum() / max(len(labels), 1)),
        **{f"macro_{name}": float(values[columns].mean()) for name, values in by_emotion.items()},
        "intervals": intervals(confusion, columns),
        **{name: _named(emotions, values) for name, values in by_emotion.items()},
        "class_counts": _named(emotions, true),
        "confusion": confusion.tolist(),
    }


def intervals(
    confusion: npt.NDArray[np.int64], columns: Sequence[int] | None = None
) -> dict[str, list[float]]:
    """How far chance in the choice of images may have moved accuracy and macro F1.

    Percentile bootstrap (Efron & Tibshirani 1993, chapter 13) with 2,000 resamples and a fixed
    seed. Both figures depend on the confusion matrix alone, so instead of drawing N images with
    replacement it draws how many fall into each of its cells, which is the same and takes a
    fraction of the time.

    Args:
        confusion: Counts, int64 of shape `(K, K)`, true by answered.
        columns: The classes that macro F1 is of; None for all.

    Returns:
        `accuracy` and `macro_f1`, each the lower and the upper end of its 95 % interval, 0 to 1;
        without any image all of 0 to 1.
    """
    n_images = confusion.sum()
    if n_images == 0:
        return {"accuracy": [0.0, 1.0], "macro_f1": [0.0, 1.0]}
    rng = np.random.default_rng(0)
    cells = rng.multinomial(n_images, confusion.ravel() / n_images, size=N_RESAMPLES)
    resamples = cells.reshape(N_RESAMPLES, *confusion.shape)
    measured = {
        "accuracy": np.trace(resamples, axis1=1, axis2=2) / n_images,
        "macro_f1": _f1(resamples)[:, columns or slice(None)].mean(axis=1),
    }
    return {name: np.percentile(values, (2.5, 97.5)).tolist() for name, values in measured.items()}


def expected_calibration_error(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> float:
    """Mean distance between how sure answers are and how often they are right (Guo et al. 2017).

    Answers are sorted by their probability into 15 bins of equal width; the distance of each bin
    counts by its share of the answers. From 0 to 1, lower is better; 0 without answers.
    """
    bins = reliability(probabilities, labels)
    return float(np.abs(bins.sureness - bins.right).sum() / max(len(labels), 1))


def negative_log_likelihood(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> float:
    """Mean of -ln of the probability given to what is true; 0 at best, 0 without answers.

    Log 7 (1.95) is what answering one in seven everywhere gives. Unlike the calibration error it
    is a proper score: only true probabilities make it least (Gneiting & Raftery 2007).
    """
    given = np.take_along_axis(probabilities, labels[:, np.newaxis], axis=1).astype(np.float64)
    return float(-np.log(np.maximum(given, LEAST_PROBABILITY)).sum() / max(len(labels), 1))


def reliability(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> Reliability:
    """What a reliability diagram shows: in each bin of sureness, how often answers are right.

    Args:
        probabilities: Float32 of shape `(N, K)`, rows summing to 1.
        labels: Index of the true emotion of each row, shape `(N,)`.
    """
    sure = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((sure * N_CALIBRATION_BINS).astype(int), N_CALIBRATION_BINS - 1)
    sums = (np.bincount(bins, weights, N_CALIBRATION_BINS) for weights in (None, sure, right))
    return Reliability(*(values.astype(np.float64) for values in sums))


def _f1(confusion: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """F1 of each class; of one confusion matrix `(K, K)`, or of several `(..., K, K)`."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    true_and_answered = confusion.sum(axis=-1) + confusion.sum(axis=-2)
    f1: npt.NDArray[np.float64] = 2 * hits / np.maximum(true_and_answered, 1)
    return f1


def _named(emotions: tuple[Emotion, ...], values: npt.NDArray[Any]) -> dict[str, Any]:
    return dict(zip(map(str, emotions), values.tolist(), strict=True))
