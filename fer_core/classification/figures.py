"""The figures in a model's card, read into checked values."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from fer_core.classification.model_store import ModelCard
from fer_core.errors import ModelError

T = TypeVar("T")

Interval = tuple[float, float]
"""Low and high end of a 95 % interval."""


@dataclass(frozen=True)
class Figures:
    """One model on one set of images: what a card holds of a protocol.

    The attributes bear the names of the keys in the card. Only the first two are sure to be there:
    cards of older versions hold fewer. Shares and errors are from 0 to 1.

    Attributes:
        n_images: Number of images.
        accuracy: Share of right predictions.
        macro_precision: Mean of the classes' precision.
        macro_recall: Mean of the classes' recall.
        macro_f1: Mean of the classes' F1.
        intervals: 95 % intervals of `accuracy` and `macro_f1`.
        precision: Share of the images predicted as a class that are of it.
        recall: Share of each class's images that the model recognized.
        f1: Harmonic mean of the two.
        class_counts: Number of images of each class.
        confusion: Counts, a row a true class, a column a predicted one, in the order of `recall`.
        ece: Expected calibration error.
        nll: Mean negative log likelihood, 0 at best.
        ece_before: Calibration error before temperature scaling; None for a model without it.
        nll_before: The same for the likelihood.
    """

    n_images: int
    accuracy: float
    macro_precision: float | None = None
    macro_recall: float | None = None
    macro_f1: float | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    precision: Mapping[str, float] | None = None
    recall: Mapping[str, float] | None = None
    f1: Mapping[str, float] | None = None
    class_counts: Mapping[str, int] | None = None
    confusion: tuple[tuple[int, ...], ...] = ()
    ece: float | None = None
    nll: float | None = None
    ece_before: float | None = None
    nll_before: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what the card holds, as JSON's types, without what was not measured."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        values["intervals"] = {name: list(ends) for name, ends in self.intervals.items()}
        values["confusion"] = list(map(list, self.confusion))
        measured = {name: value for name, value in values.items() if value not in (None, {}, [])}
        return {k: dict(v) if isinstance(v, Mapping) else v for k, v in measured.items()}

    @classmethod
    def from_dict(cls, part: Mapping[str, Any]) -> "Figures":
        """Read what `to_dict` wrote, in this version or an older one.

        Raises:
            KeyError, TypeError, ValueError, OverflowError: It holds something that is no figure.
        """
        others: dict[str, Any] = {k: _optional(part.get(k), _share) for k in _SHARES}
        others |= {k: _by_class(part.get(k), _share) for k in _SHARES_BY_CLASS}
        figures = cls(
            n_images=int(part["n_images"]),
            accuracy=_share(part["accuracy"]),
            intervals={k: _interval(ends) for k, ends in (part.get("intervals") or {}).items()},
            class_counts=_by_class(part.get("class_counts"), int),
            confusion=tuple(tuple(map(int, row)) for row in part.get("confusion") or ()),
            nll=_optional(part.get("nll"), _finite),
            nll_before=_optional(part.get("nll_before"), _finite),
            **others,
        )
        figures._check_classes()
        return figures

    def _check_classes(self) -> None:
        classes, confusion = set(self.recall or ()), self.confusion
        if confusion and {len(confusion), *map(len, confusion)} != {len(classes)}:
            raise ValueError("the confusion matrix has not a row and a column for each class")
        others = (self.precision, self.f1, self.class_counts)
        if any(by_class is not None and set(by_class) != classes for by_class in others):
            raise ValueError("precision, F1 and counts are not of the classes that recall is of")


_SHARES = ("macro_precision", "macro_recall", "macro_f1", "ece", "ece_before")
_SHARES_BY_CLASS = ("precision", "recall", "f1")


@dataclass(frozen=True)
class SplitFigures:
    """The figures of one model on one split of a data set: a part of its card's `metrics`.

    Attributes:
        dataset: Name of the data set.
        temperature: The model's, 1 without one.
        protocols: Figures by protocol: `all` after the published one; `leak_free` on the images
            that are not pixel for pixel in the training split; with FER+'s votes `ferplus_7` and
            `ferplus_8`. On another data set than the model's own `all`, whose macro means are over
            the emotions that both know, and `best_of_shared`.
        trained_on: The model's own data set, if the figures are of another one; else "".
        not_leak_free: The reason why there is no `leak_free`; "" for none.
        robustness: The accuracy under each kind of change; see `evaluation.robustness`.
    """

    dataset: str
    temperature: float
    protocols: Mapping[str, Figures]
    trained_on: str = ""
    not_leak_free: str = ""
    robustness: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return what the card holds, as JSON's types."""
        named = {"trained_on": self.trained_on, "not_leak_free": self.not_leak_free}
        return {
            "dataset": self.dataset,
            "temperature": self.temperature,
            **{name: text for name, text in named.items() if text},
            **{name: figures.to_dict() for name, figures in self.protocols.items()},
            **({"robustness": dict(self.robustness)} if self.robustness else {}),
        }

    @classmethod
    def from_dict(cls, part: Mapping[str, Any]) -> "SplitFigures":
        """Read what `to_dict` wrote, in this version or an older one.

        Raises:
            KeyError, TypeError, ValueError, OverflowError: It holds something that is no figure.
        """
        return cls(
            dataset=str(part.get("dataset", "")),
            temperature=float(part.get("temperature", 1)),
            protocols={k: Figures.from_dict(v) for k, v in part.items() if _is_protocol(v)},
            trained_on=str(part.get("trained_on", "")),
            not_leak_free=str(part.get("not_leak_free", "")),
            robustness=dict(part.get("robustness", {})),
        )


def read_figures(card: ModelCard, split: str = "private") -> dict[str, Figures]:
    """Read the figures of a split by protocol, see `SplitFigures.protocols`.

    Beside them stands `by_subject`: cross-validation by subject of the model's recipe.

    Args:
        card: The model's card.
        split: `public` for validation, `private` for test, `cross-dataset` for all of another data
            set than the model was trained on, `other-people` for the people of one beside it of
            whom the model learned nothing.

    Returns:
        The protocols that were measured, {} for none; what else the card notes is passed over.

    Raises:
        ModelError: The card holds something that cannot be a figure.
    """
    try:
        by_training = {"temperature": card.trained_on.get("temperature", 1)}
        read = SplitFigures.from_dict(by_training | card.metrics.get(split, {}))
        figures = dict(read.protocols)
        if "crossvalidation" in card.metrics:
            figures["by_subject"] = Figures.from_dict(card.metrics["crossvalidation"]["all"])
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"The figures of the model {card.name} are damaged: {error}.") from error
    if read.temperature == 1:  # older cards repeat the error as the one before
        return {k: replace(part, ece_before=None, nll_before=None) for k, part in figures.items()}
    return figures


def read_robustness(card: ModelCard) -> tuple[float, float] | None:
    """The mean accuracy on test faces as poor cameras show them, and its loss against clean ones.

    Both from 0 to 1; None before they were measured.

    Raises:
        ModelError: The card holds something that cannot be a figure.
    """
    try:
        measured = card.metrics.get("private", {}).get("robustness")
        return measured and (_share(measured["mean"]), _finite(measured["loss"]))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ModelError(f"The figures of the model {card.name} are damaged: {error}.") from error


def _is_protocol(part: object) -> bool:
    return isinstance(part, dict) and "accuracy" in part


def _optional(value: Any, read: Callable[[Any], T]) -> T | None:
    return None if value is None else read(value)


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"expected a finite number, not {value!r}")
    return number


def _share(value: Any) -> float:
    number = float(value)
    if not 0 <= number <= 1:  # refuses NaN, too
        raise ValueError(f"expected a share from 0 to 1, not {value!r}")
    return number


def _interval(value: Sequence[Any]) -> Interval:
    low, high = value
    return _share(low), _share(high)


def _by_class(value: Mapping[str, Any] | None, read: Callable[[Any], T]) -> dict[str, T] | None:
    return None if value is None else {str(name): read(each) for name, each in value.items()}
