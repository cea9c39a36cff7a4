"""Plots of a training run and of a model's predictions, for pages and reports.

They are drawn through matplotlib's objects alone: no window, no global state, so that several
threads may draw at once.
"""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from fer_core.classification.figures import Figures
from fer_core.errors import ModelError
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.evaluation.metrics import N_CALIBRATION_BINS, Reliability

BLUE, GRAY, PALE = "#2b6cb0", "#8a94a3", "#d5dae1"
"""The subject of a plot, what it is compared with, and lines that only guide the eye."""

DOTS_PER_INCH = 150

MISTAKE_ROWS, MISTAKE_COLUMNS = 4, 8

MIN_BIN_SIZE = 10
"""A bin of fewer predictions says nothing of their calibration."""


def curves(history: Path, chosen_epoch: int) -> Figure:
    """Accuracy and loss by epoch, of training and of validation.

    Args:
        history: `history.csv` of a training run.
        chosen_epoch: The epoch whose weights were kept, counted from 1; it is marked.

    Raises:
        ModelError: The file is not what a training run writes.
    """
    try:
        with history.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        values = {
            name: [float(row[name]) for row in rows]
            for name in ("accuracy", "val_accuracy", "loss", "val_loss")
        }
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{history} is not the history of a training run: {error!r}.") from error
    epochs = range(1, len(rows) + 1)
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("accuracy", "loss"), strict=True):
        axes.axvline(chosen_epoch, color=PALE, linewidth=4, label="kept")
        axes.plot(epochs, values[name], color=GRAY, label="training")
        axes.plot(epochs, values[f"val_{name}"], color=BLUE, label="validation")
        axes.set(title=name.capitalize(), xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _quiet(axes)
    figure.axes[0].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    figure.axes[1].legend(framealpha=1, edgecolor="none", loc="upper right")
    return figure


def confusion_matrix(figures: Figures, title: str) -> Figure:
    """Plot true against predicted emotions: the share of each row, and below it the count.

    Args:
        figures: As `metrics.measure` returns them.
        title: Stands above it.
    """
    emotions = list(figures.class_counts or ())
    counts = np.array(figures.confusion)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(7.5, 6.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        style: dict[str, Any] = {
            "ha": "center",
            "color": "white" if share > 0.5 else "#1a202c",
        }
        axes.text(column, row, f"{share:.0%}", va="bottom", fontsize=11, **style)
        axes.text(column, row + 0.08, f"{counts[row, column]:,}", va="top", fontsize=8, **style)
    axes.set(title=title, xlabel="predicted", ylabel="true")
    axes.set_xticks(range(len(emotions)), emotions)
    axes.set_yticks(range(len(emotions)), emotions)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure


def class_counts(dataset: FaceDataset) -> Figure:
    """Plot the number of faces of each emotion in each split."""
    splits = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    for axes, (name, faces) in zip(panels, splits.items(), strict=True):
        counts = np.bincount(faces.labels, minlength=len(dataset.emotions))
        bars = axes.barh(list(dataset.emotions), counts, color=BLUE)
        axes.bar_label(bars, [f"{count:,}" for count in counts], padding=3, fontsize=9)
        axes.set(title=f"{name}: {len(faces):,}", xlim=(0, 1.3 * max(counts.max(), 1)))
        axes.set_xticks([])
        axes.tick_params(length=0)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
    panels[0].invert_yaxis()
    return figure


def reliability_diagram(after: Reliability, before: Reliability | None, title: str) -> Figure:
    """Plot accuracy against probability; a calibrated model lies on the diagonal.

    Bins of fewer than ten predictions have no point.

    Args:
        after: The model's predictions.
        before: Its predictions without its temperature; None if it has none.
        title: Stands above it.
    """
    figure = Figure(figsize=(6, 6), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    upper.plot([0, 1], [0, 1], color=PALE, linewidth=1.5)
    edges = np.linspace(0, 1, N_CALIBRATION_BINS + 1)
    lines = [(after, BLUE, "as it is")]
    if before is not None:
        lines = [(before, GRAY, "before temperature scaling"), (after, BLUE, "after")]
    for bins, color, label in lines:
        filled = bins.n >= MIN_BIN_SIZE
        error = np.abs(bins.probability - bins.right).sum() / max(bins.n.sum(), 1)
        upper.plot(
            bins.probability[filled] / bins.n[filled],
            bins.right[filled] / bins.n[filled],
            color=color,
            marker="o",
            markersize=5,
            label=f"{label}: calibration error {error:.1%}",
        )
        lower.stairs(bins.n, edges, color=color)
    lower.stairs(after.n, edges, color=BLUE, fill=True, alpha=0.15)
    upper.set(title=title, ylabel="right", xlim=(0, 1), ylim=(0, 1))
    lower.set(xlabel="probability of the prediction", ylabel="images", ylim=(0, None))
    for axes in (upper, lower):
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        _quiet(axes)
    upper.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    upper.legend(frameon=False, loc="lower right")
    return figure


def surest_mistakes(
    faces: LabeledFaces, probabilities: npt.NDArray[np.float32], emotions: tuple[str, ...]
) -> Figure:
    """Plot the wrong predictions with the highest probabilities: at most 32, the highest first.

    Args:
        faces: N faces with their labels.
        probabilities: Float32 of shape `(N, K)`.
        emotions: The K emotions, in order.
    """
    predictions = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predictions != faces.labels)
    highest_first = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    shown = wrong[highest_first[: MISTAKE_ROWS * MISTAKE_COLUMNS]]
    figure = Figure(figsize=(10, 6.6), layout="constrained")
    figure.suptitle("Most confident mistakes: label → prediction, and its probability")
    panels = figure.subplots(MISTAKE_ROWS, MISTAKE_COLUMNS).ravel()
    for axes in panels:
        axes.set_axis_off()
    for axes, row in zip(panels, shown, strict=False):  # a rest of the places may stay empty
        axes.imshow(faces.images[row], cmap="gray", vmin=0, vmax=255)
        label, predicted = emotions[faces.labels[row]], emotions[predictions[row]]
        axes.set_title(f"{label} →\n{predicted} {probabilities[row].max():.0%}", fontsize=9)
    return figure


def write_figure(figure: Figure, path: Path) -> None:
    """Write a PNG file of 150 dots an inch, replacing an older one."""
    figure.savefig(path, dpi=DOTS_PER_INCH, format="png")


def _quiet(axes: Axes) -> None:
    axes.grid(color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(GRAY)
    axes.tick_params(color=GRAY)
