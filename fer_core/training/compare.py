"""Two networks on the same faces."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.training.answers import Split, ask
from fer_core.training.labeled_faces import FaceDataset
from fer_core.training.metrics import measure


def compare(
    model_a: str | Path, model_b: str | Path, dataset: FaceDataset, split: Split
) -> dict[str, Any]:
    """Measure two networks side by side, on the same faces and by the same labels.

    If one of them learned FER+'s votes and the data set has them, both are judged on the faces
    with a majority, by it; else on all, by the data set's own labels.

    Args:
        model_a: Name or folder of the one.
        model_b: Name or folder of the other.
        dataset: Where the split comes from.
        split: Which one.

    Returns:
        `dataset` and `split`; `by_votes`, whether they are judged by FER+'s majority; `networks`,
        for A and B its `name` and what `metrics.measure` returns; `both_right`, `only_a`, `only_b`
        and `both_wrong`, how many images which of them got right; `mcnemar_p`, see `mcnemar_p`.

    Raises:
        ModelError: There is no such network, or its files are damaged.
        DatasetError: The emotions of one of them are not those of the data set.
    """
    both = [ask(model, dataset, split) for model in (model_a, model_b)]
    learned_votes = any(answers.card.learned_votes for answers in both)
    by_votes = learned_votes and both[0].faces.votes is not None
    if by_votes:
        both = [answers.by_majority() for answers in both]
    right_a, right_b = (
        answers.probabilities.argmax(axis=1) == answers.faces.labels for answers in both
    )
    only_a, only_b = int(np.sum(right_a & ~right_b)), int(np.sum(right_b & ~right_a))
    return {
        "dataset": dataset.name,
        "split": split,
        "by_votes": by_votes,
        "networks": [
            {
                "name": answers.card.name,
                **measure(answers.probabilities, answers.faces.labels, dataset.emotions),
            }
            for answers in both
        ],
        "both_right": int(np.sum(right_a & right_b)),
        "only_a": only_a,
        "only_b": only_b,
        "both_wrong": int(np.sum(~right_a & ~right_b)),
        "mcnemar_p": mcnemar_p(only_a, only_b),
    }


def mcnemar_p(only_a: int, only_b: int) -> float:
    """How probable so uneven a split, or a more uneven one, is between equally good networks.

    The exact, two-sided form of McNemar's test (McNemar 1947): of the images that just one of two
    networks gets right, each would be the one's or the other's like the toss of a coin.

    Args:
        only_a: How many images only the one got right.
        only_b: How many images only the other got right.

    Returns:
        0 to 1; 1 where they differ nowhere.
    """
    n = only_a + only_b
    # Python's whole numbers are exact at any size, and their quotient is rounded once.
    tail = sum(math.comb(n, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / (1 << n))
