"""Temperature scaling: probabilities that are neither too high nor too low.

Guo et al. 2017 (arXiv:1706.04599): dividing a model's logits by one number, its temperature,
changes the probabilities, but never which emotion is the likeliest. The temperature is the one
under which the labels of a validation split are most likely. Probabilities are enough to find it:
they give the logits back but for a constant, which softmax ignores.
"""

import math

import numpy as np
import numpy.typing as npt

LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.1, 10.0
"""The range in which a temperature is looked for."""

_TOLERANCE = 1e-5
_GOLDEN = (math.sqrt(5) - 1) / 2


def at_temperature(
    probabilities: npt.NDArray[np.float32], temperature: float
) -> npt.NDArray[np.float32]:
    """Return the probabilities with a model's logits divided by a temperature.

    To take the temperature of a model back, divide by its reciprocal.

    Args:
        probabilities: Float32 of shape `(N, K)`, rows summing to 1.
        temperature: Above 0; more than 1 brings probabilities closer together.

    Returns:
        Float32 of shape `(N, K)`, rows summing to 1, with the same order in each row.
    """
    return np.exp(_log_softmax(_logits(probabilities) / temperature)).astype(np.float32)


def fit_temperature(probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> float:
    """The temperature under which the labels are most likely.

    Golden-section search (Kiefer 1953) over its logarithm: the negative log likelihood is convex
    in the reciprocal of the temperature, so it has one minimum.

    Args:
        probabilities: A model's, float32 of shape `(N, K)` with N above 0.
        labels: Index of what is true of each, shape `(N,)`.

    Returns:
        From 0.1 to 10; 1 if there is no minimum between, as if all predictions are right, so
        that a lower temperature is always better.
    """
    if len(labels) == 0:
        raise ValueError("Expected at least one label to fit a temperature on. Received: none")

    logits = _logits(probabilities)

    def loss(log_temperature: float) -> float:
        scaled = _log_softmax(logits / math.exp(log_temperature))
        return -float(np.take_along_axis(scaled, labels[:, np.newaxis], axis=1).mean())

    ends = math.log(LEAST_TEMPERATURE), math.log(MOST_TEMPERATURE)
    low, high = ends
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    loss_left, loss_right = loss(left), loss(right)
    while high - low > _TOLERANCE:
        if loss_left <= loss_right:
            high, right, loss_right = right, left, loss_left
            left = high - _GOLDEN * (high - low)
            loss_left = loss(left)
        else:
            low, left, loss_left = left, right, loss_right
            right = low + _GOLDEN * (high - low)
            loss_right = loss(right)
    if low == ends[0] or high == ends[1]:
        return 1.0
    return math.exp((low + high) / 2)


def _logits(probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """The model's logits but for a constant in each row."""
    least = np.finfo(np.float32).tiny  # stands for a probability that was rounded to 0
    return np.log(np.maximum(probabilities, least).astype(np.float64))


def _log_softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    below_top = logits - logits.max(axis=1, keepdims=True)
    found: npt.NDArray[np.float64] = below_top - np.log(
        np.exp(below_top).sum(axis=1, keepdims=True)
    )
    return found
