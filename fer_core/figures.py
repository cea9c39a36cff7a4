"""What was measured of a network, read from its card into checked values."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fer_core.errors import ModelError
from fer_core.model_store import ModelCard

Interval = tuple[float, float]
"""Low and high end of a 95 % interval."""


@dataclass(frozen=True)
class Figures:
    """One network on one set of images; None or empty where something was not measured.

    Attributes:
        n_images: How many images.
        accuracy: Share of right answers, from 0 to 1.
        macro_f1: Mean of the classes' F1.
        ece: Expected calibration error, from 0 to 1.
        ece_before: The same before the network was calibrated; None where it was not.
        accuracy_interval: Where the accuracy may lie.
        macro_f1_interval: Where the macro F1 may lie.
        recall: Share of each class's images that was recognized.
        precision: Share of each class's answers that was right.
        f1: Harmonic mean of the two.
        confusion: Counts, a row a true class, a column an answered one, in the order of `recall`.
    """

    n_images: int
    accuracy: float
    macro_f1: float | None = None
    ece: float | None = None
    ece_before: float | None = None
    accuracy_interval: Interval | None = None
    macro_f1_interval: Interval | None = None
    recall: Mapping[str, float] | None = None
    precision: Mapping[str, float] | None = None
    f1: Mapping[str, float] | None = None
    confusion: tuple[tuple[int, ...], ...] = ()


def read_figures(card: ModelCard, split: str = "private") -> dict[str, Figures]:
    """What was measured on a split, by protocol: `all`, `leak_free`, `ferplus_7`, `ferplus_8`.

    Of `cross-dataset` that is `all` and `best_of_shared`.

    What cross-validation by subject gave for the network's recipe stands beside them, as
    `by_subject`.

    Args:
        card: The network's card.
        split: `public` for validation, `private` for test, `cross-dataset` for all of another data
            set than the network was trained on.

    Returns:
        The protocols that were measured, {} for none; what else the card notes is passed over.

    Raises:
        ModelError: The card holds something that cannot be a figure.
    """
    try:
        parts = dict(card.metrics.get(split, {}))
        if "crossvalidation" in card.metrics:
            parts["by_subject"] = card.metrics["crossvalidation"]["all"]
        figures = {name: _figures(part) for name, part in parts.items() if _is_protocol(part)}
        temperature = parts.get("temperature", card.trained_on.get("temperature", 1))
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"The figures of the network {card.name} are damaged: {error}.") from error
    if temperature == 1:  # older cards repeat the error as the one before
        return {name: replace(part, ece_before=None) for name, part in figures.items()}
    return figures


def _is_protocol(part: object) -> bool:
    return isinstance(part, dict) and "accuracy" in part


def _figures(part: Mapping[str, Any]) -> Figures:
    intervals = part.get("intervals") or {}
    recall = _by_class(part.get("recall"))
    confusion = tuple(tuple(int(n) for n in row) for row in part.get("confusion") or ())
    if confusion and {len(confusion), *map(len, confusion)} != {len(recall or ())}:
        raise ValueError("the confusion matrix has not a row and a column for each class")
    precision, f1 = _by_class(part.get("precision")), _by_class(part.get("f1"))
    if any(shares is not None and set(shares) != set(recall or ()) for shares in (precision, f1)):
        raise ValueError("precision and F1 are not of the classes that recall is of")
    return Figures(
        n_images=int(part["n_images"]),
        accuracy=_share(part["accuracy"]),
        macro_f1=_share_or_none(part.get("macro_f1")),
        ece=_share_or_none(part.get("ece")),
        ece_before=_share_or_none(part.get("ece_before")),
        accuracy_interval=_interval(intervals.get("accuracy")),
        macro_f1_interval=_interval(intervals.get("macro_f1")),
        recall=recall,
        precision=precision,
        f1=f1,
        confusion=confusion,
    )


def _share(value: Any) -> float:
    number = float(value)
    if not (math.isfinite(number) and 0 <= number <= 1):
        raise ValueError(f"expected a share from 0 to 1, not {value!r}")
    return number


def _share_or_none(value: Any) -> float | None:
    return None if value is None else _share(value)


def _interval(value: Sequence[Any] | None) -> Interval | None:
    if value is None:
        return None
    low, high = value
    return _share(low), _share(high)


def _by_class(value: Mapping[str, Any] | None) -> Mapping[str, float] | None:
    return None if value is None else {str(name): _share(share) for name, share in value.items()}
