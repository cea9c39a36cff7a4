"""Two models on the same faces."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.training.data.labeled_faces import FaceDataset
from fer_core.training.evaluation.metrics import measure
from fer_core.training.evaluation.predictions import Split, predict


def compare(
    model_a: str | Path, model_b: str | Path, dataset: FaceDataset, split: Split
) -> dict[str, Any]:
    """Measure two models side by side, on the same faces and by the same labels.

    If one of them learned FER+'s votes and the data set has them, both are evaluated on the faces
    with a majority, by it; else on all, by the data set's own labels.

    Args:
        model_a: Name or folder of the first.
        model_b: Name or folder of the second.
        dataset: The data set.
        split: The split of it.

    Returns:
        `dataset` and `split`; `by_votes`, true if FER+'s majority is the truth; `models`, for each
        model its `name` and its figures, see `Figures.to_dict`; `networks`, the same under its
        former name, for one release; `both_right`, `only_a`, `only_b` and `both_wrong`, the
        numbers of images by who was right; `mcnemar_p`, see there.

    Raises:
        ModelError: There is no such model, or its files are damaged.
        DatasetError: The emotions of one of them are not those of the data set.
    """
    both = [predict(model, dataset, split) for model in (model_a, model_b)]
    learned_votes = any(each.card.learned_votes for each in both)
    by_votes = learned_votes and both[0].faces.votes is not None
    if by_votes:
        both = [each.by_majority() for each in both]
    right_a, right_b = (each.probabilities.argmax(axis=1) == each.faces.labels for each in both)
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    models = [
        {
            "name": each.card.name,
            **measure(each.probabilities, each.faces.labels, dataset.emotions).to_dict(),
        }
        for each in both
    ]
    return {
        "dataset": dataset.name,
        "split": split,
        "by_votes": by_votes,
        "models": models,
        "networks": models,
        "both_right": int(np.sum(right_a & right_b)),
        "only_a": only_a,
        "only_b": only_b,
        "both_wrong": int(np.sum(~right_a & ~right_b)),
        "mcnemar_p": mcnemar_p(only_a, only_b),
    }


def mcnemar_p(only_a: int, only_b: int) -> float:
    """Return the p-value of McNemar's test: exact, two-sided (McNemar 1947).

    Each image that only one of two equally good models gets right would be the first's or the
    second's like the toss of a coin. The p-value is the probability of a split at least as uneven.

    Args:
        only_a: Number of images that only the first got right.
        only_b: Number of images that only the second got right.

    Returns:
        0 to 1; 1 if they differ nowhere.
    """
    n = only_a + only_b
    # Python's whole numbers are exact at any size, and their quotient is rounded once.
    tail = sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / (1 << n))
