"""The figures of models, as a file for programs and as plain text for people."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fer_core.classification.figures import Figures, SplitFigures
from fer_core.classification.model_store import ModelCard

_COLUMNS = ("precision", "recall", "f1")
_SPLITS = {
    "public": "validation (public)",
    "private": "test (private)",
    "cross-dataset": "all of it (trained on {trained_on})",
    "other-people": "people of whom it has learned nothing",
}
_PARTS = {
    "all": "all images, published protocol",
    "leak_free": "leak-free: images that are not pixel for pixel in the training split",
    "ferplus_7": "FER+ majority, 7 classes",
    "ferplus_8": "FER+ majority, 8 classes: contempt counts as wrong",
}
_CROSS_DATASET_PARTS = {
    "all": "images of the emotions that both know; any other answer is wrong, means are of these",
    "best_of_shared": "the same images, the best of these emotions being the answer",
}


def write_report(card: ModelCard, splits: Iterable[str], folder: Path) -> None:
    """Write `metrics.json`, all figures of a card, and a `report-<split>.txt` for some splits.

    Args:
        card: The model's.
        splits: Those to report; the card has their figures.
        folder: Made if need be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(card.metrics, indent=2)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    for split in splits:
        text = report_text(card, split, SplitFigures.from_dict(card.metrics[split]))
        (folder / f"report-{split}.txt").write_text(text, encoding="utf-8")


def report_text(card: ModelCard, split: str, figures: SplitFigures) -> str:
    """Return the report of one split: a summary of each protocol and a row for each emotion.

    The rows are by the labels that the model learned, where these were measured. The figures of a
    cross-validation, if the card has them, stand above them.

    Args:
        card: The model's.
        split: `public`, `private`, `cross-dataset` or `other-people`.
        figures: The split's.
    """
    lines = [f"{card.name} on {figures.dataset}, {_SPLITS[split].format_map(vars(figures))}", ""]
    elsewhere = split in ("cross-dataset", "other-people")
    parts = _CROSS_DATASET_PARTS if elsewhere else _PARTS
    for part, title in parts.items():
        if part in figures.protocols:
            lines += [title, *_summary(figures.protocols[part]), ""]
        elif part == "leak_free" and figures.not_leak_free:
            lines += [title, f"  {figures.not_leak_free}", ""]
    if not elsewhere and "crossvalidation" in card.metrics:
        lines.append(crossvalidation_text(card.metrics["crossvalidation"]))
    if figures.robustness:
        lines += _robustness_lines(figures.robustness)
    table = card.own_protocol if card.own_protocol in figures.protocols else "all"
    if table != "all":
        lines.append(f"each emotion, {parts[table]}")
    return "\n".join([*lines, *_table(figures.protocols[table]), ""])


def _robustness_lines(robustness: Mapping[str, Any]) -> list[str]:
    return [
        "as poor cameras, light and framing show them",
        *(f"  {kind:<22}{share:.2%}" for kind, share in robustness["accuracies"].items()),
        f"  {'mean':<22}{robustness['mean']:.2%}, {100 * robustness['loss']:.1f} points lost",
        "",
    ]


def crossvalidation_text(result: dict[str, Any]) -> str:
    """Return the result of `crossvalidate` in words, and why a split by image gives another."""
    accuracies, measured = result["fold_accuracies"], Figures.from_dict(result["all"])
    return (
        f"people not seen in training: {measured.n_images} images, accuracy "
        f"{measured.accuracy:.2%} ({min(accuracies):.2%} to {max(accuracies):.2%} in "
        f"{len(accuracies)} folds), macro F1 {measured.macro_f1:.3f}\n"
        "A split by image puts the same people, and frames of the same moment, on both sides; "
        "its figure tends to be too good.\n"
    )


def comparison_text(comparison: dict[str, Any]) -> str:
    """Return two models side by side, as `compare` measured them, in a table."""
    models = comparison["models"]
    names = [f"{side} {model['name']}" for side, model in zip("AB", models, strict=True)]
    first, second = pair = [Figures.from_dict(model) for model in models]
    part = _PARTS["ferplus_7"] if comparison["by_votes"] else "all images"
    lines = [f"{comparison['dataset']}, {_SPLITS[comparison['split']]}, {part}", ""]
    for name, figures in zip(names, pair, strict=True):
        lines += [name, *_summary(figures), ""]
    lines.append(f"{'':<12}{'recall A':>10}{'recall B':>10}{'F1 A':>10}{'F1 B':>10}{'images':>9}")
    for emotion, n in (first.class_counts or {}).items():
        columns = (first.recall, second.recall, first.f1, second.f1)
        pairs = [column[emotion] for column in columns if column]
        lines.append(f"{emotion:<12}" + "".join(f"{value:>10.3f}" for value in pairs) + f"{n:>9,}")
    counts = ("both_right", "only_a", "only_b", "both_wrong")
    labels = ("both right", "only A right", "only B right", "both wrong")
    lines += [
        "",
        *(f"{label:<14}{comparison[key]:>7,}" for key, label in zip(counts, labels, strict=True)),
    ]
    return "\n".join([*lines, "", _verdict(comparison), ""])


def _summary(figures: Figures) -> list[str]:
    accuracy, macro_f1 = (figures.intervals[key] for key in ("accuracy", "macro_f1"))
    lines = [
        f"  images {figures.n_images:,}",
        f"  accuracy {figures.accuracy:.2%} (95 % interval {accuracy[0]:.2%} to {accuracy[1]:.2%})",
        f"  macro F1 {figures.macro_f1:.3f} (95 % interval {macro_f1[0]:.3f} to {macro_f1[1]:.3f})",
    ]
    if figures.ece is not None:
        lines += [
            f"  calibration error {figures.ece:.2%}{_before(figures.ece_before, '.2%')}",
            f"  negative log likelihood {figures.nll:.4f}{_before(figures.nll_before, '.4f')}",
        ]
    return lines


def _before(value: float | None, form: str) -> str:
    return "" if value is None else f" (before temperature scaling {value:{form}})"


def _table(figures: Figures) -> list[str]:
    part = figures.to_dict()
    lines = [f"{'':<12}" + "".join(f"{name:>11}" for name in (*_COLUMNS, "images"))]
    for emotion, n in part["class_counts"].items():
        values = "".join(f"{part[column][emotion]:>11.3f}" for column in _COLUMNS)
        lines.append(f"{emotion:<12}{values}{n:>11,}")
    means = "".join(f"{part[f'macro_{column}']:>11.3f}" for column in _COLUMNS)
    return [*lines, f"{'mean':<12}{means}{figures.n_images:>11,}"]


def _verdict(comparison: dict[str, Any]) -> str:
    p = comparison["mcnemar_p"]
    said = "tells them apart" if p < 0.05 else "does not tell them apart"
    return f"McNemar's exact test {said} (p = {p:.3g})."
