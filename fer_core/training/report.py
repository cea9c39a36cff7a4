"""What was measured of networks, as a file for programs and as plain text for people."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fer_core.model_store import ModelCard

_COLUMNS = ("precision", "recall", "f1")
_SPLITS = {
    "public": "validation (public)",
    "private": "test (private)",
    "cross-dataset": "all of it (trained on {trained_on})",
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
    """Write `metrics.json`, all that a card has of figures, and a `report-<split>.txt` of some.

    Args:
        card: The network's.
        splits: Those to report, which the card has figures of.
        folder: Made if need be.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(card.metrics, indent=2)
    (folder / "metrics.json").write_text(text + "\n", encoding="utf-8")
    for split in splits:
        text = report_text(card, split, card.metrics[split])
        (folder / f"report-{split}.txt").write_text(text, encoding="utf-8")


def report_text(card: ModelCard, split: str, figures: dict[str, Any]) -> str:
    """The classification report of one split: a summary of each part and a row an emotion.

    The rows are by the labels that the network learned, where these were measured. What its card
    has of a cross-validation stands above them.

    Args:
        card: The network's.
        split: `public`, `private` or `cross-dataset`.
        figures: The split's, as `evaluate` returns them.
    """
    lines = [f"{card.name} on {figures['dataset']}, {_SPLITS[split].format_map(figures)}", ""]
    parts = _CROSS_DATASET_PARTS if split == "cross-dataset" else _PARTS
    for part, title in parts.items():
        if part in figures:
            lines += [title, *_summary(figures[part]), ""]
        elif f"not_{part}" in figures:
            lines += [title, f"  {figures[f'not_{part}']}", ""]
    if split != "cross-dataset" and "crossvalidation" in card.metrics:
        lines.append(crossvalidation_text(card.metrics["crossvalidation"]))
    table = card.own_protocol if card.own_protocol in figures else "all"
    if table != "all":
        lines.append(f"each emotion, {parts[table]}")
    return "\n".join([*lines, *_table(figures[table]), ""])


def crossvalidation_text(result: dict[str, Any]) -> str:
    """What `crossvalidate` returns, and why it is not what a split by image gives."""
    accuracies, measured = result["fold_accuracies"], result["all"]
    return (
        f"people not seen in training: {measured['n_images']} images, accuracy "
        f"{measured['accuracy']:.2%} ({min(accuracies):.2%} to {max(accuracies):.2%} in "
        f"{len(accuracies)} folds), macro F1 {measured['macro_f1']:.3f}\n"
        "A split by image puts the same people, and frames of the same moment, on both sides; "
        "its figure tends to be too good.\n"
    )


def comparison_text(comparison: dict[str, Any]) -> str:
    """Two networks side by side, as `compare` returns them."""
    first, second = comparison["networks"]
    names = (f"A {first['name']}", f"B {second['name']}")
    part = _PARTS["ferplus_7"] if comparison["by_votes"] else "all images"
    lines = [f"{comparison['dataset']}, {_SPLITS[comparison['split']]}, {part}", ""]
    for name, network in zip(names, (first, second), strict=True):
        lines += [name, *_summary(network), ""]
    lines.append(f"{'':<12}{'recall A':>10}{'recall B':>10}{'F1 A':>10}{'F1 B':>10}{'images':>9}")
    for emotion, n in first["class_counts"].items():
        pairs = [network[key][emotion] for key in ("recall", "f1") for network in (first, second)]
        lines.append(f"{emotion:<12}" + "".join(f"{value:>10.3f}" for value in pairs) + f"{n:>9,}")
    counts = ("both_right", "only_a", "only_b", "both_wrong")
    labels = ("both right", "only A right", "only B right", "both wrong")
    lines += [
        "",
        *(f"{label:<14}{comparison[key]:>7,}" for key, label in zip(counts, labels, strict=True)),
    ]
    return "\n".join([*lines, "", _verdict(comparison), ""])


def _summary(part: dict[str, Any]) -> list[str]:
    accuracy, macro_f1 = (part["intervals"][key] for key in ("accuracy", "macro_f1"))
    lines = [
        f"  images {part['n_images']:,}",
        f"  accuracy {part['accuracy']:.2%} (95 % interval {accuracy[0]:.2%} to {accuracy[1]:.2%})",
        f"  macro F1 {part['macro_f1']:.3f} (95 % interval {macro_f1[0]:.3f} to {macro_f1[1]:.3f})",
    ]
    if "ece" in part:
        lines += [
            f"  calibration error {part['ece']:.2%}{_before(part, 'ece', '.2%')}",
            f"  negative log likelihood {part['nll']:.4f}{_before(part, 'nll', '.4f')}",
        ]
    return lines


def _before(part: dict[str, Any], key: str, form: str) -> str:
    before = part.get(f"{key}_before")
    return "" if before is None else f" (before temperature scaling {before:{form}})"


def _table(part: dict[str, Any]) -> list[str]:
    lines = [f"{'':<12}" + "".join(f"{name:>11}" for name in (*_COLUMNS, "images"))]
    for emotion, n in part["class_counts"].items():
        values = "".join(f"{part[column][emotion]:>11.3f}" for column in _COLUMNS)
        lines.append(f"{emotion:<12}{values}{n:>11,}")
    means = "".join(f"{part[f'macro_{column}']:>11.3f}" for column in _COLUMNS)
    return [*lines, f"{'mean':<12}{means}{part['n_images']:>11,}"]


def _verdict(comparison: dict[str, Any]) -> str:
    p = comparison["mcnemar_p"]
    said = "tells them apart" if p < 0.05 else "does not tell them apart"
    return f"McNemar's exact test {said} (p = {p:.3g})."
