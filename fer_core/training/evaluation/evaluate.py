"""Evaluates a model on a split that it was not trained on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.figures import Figures, SplitFigures
from fer_core.classification.model_store import ModelCard, write_card
from fer_core.emotions import Emotion
from fer_core.training.data.datasets import FaceDataset, rows_not_in
from fer_core.training.data.labeled_faces import source_of
from fer_core.training.evaluation.cross_dataset import (
    OTHER_PEOPLE,
    measure_best_of,
    shared_emotions,
)
from fer_core.training.evaluation.metrics import (
    expected_calibration_error,
    measure,
    negative_log_likelihood,
    reliability,
)
from fer_core.training.evaluation.plots import (
    class_counts,
    confusion_matrix,
    curves,
    reliability_diagram,
    surest_mistakes,
    write_figure,
)
from fer_core.training.evaluation.predictions import (
    Predictions,
    Split,
    is_own,
    predict,
    why_not_own,
)
from fer_core.training.evaluation.report import write_report
from fer_core.training.evaluation.robustness import measure_robustness
from fer_core.training.evaluation.temperature import at_temperature
from fer_core.training.evaluation.votes import measure_ferplus

ELSEWHERE = ("cross-dataset", OTHER_PEOPLE)
"""Splits of data sets whose labels are not those that a model's card names."""


def evaluate(
    model: str | Path,
    dataset: FaceDataset,
    split: Split,
    report: Path | None = None,
    mistakes: Path | None = None,
) -> SplitFigures:
    """Evaluate a model through the classifier that the app uses.

    Args:
        model: Its name or folder.
        dataset: The data set.
        split: The split of it.
        report: Folder for `metrics.json`, `report-<split>.txt` and the plots. `metrics.json` holds
            the split's figures beside those of other splits in the model's card. None for
            `evaluation` in the model's folder; then the figures go into the card, too, unless
            `predictions.why_not_own` has a reason against it.
        mistakes: PNG file for the most confident mistakes. It shows faces of the data set, most of
            which nobody may publish, so it is written only if asked for.

    Raises:
        ModelError: There is no such model, or its files are damaged.
        DatasetError: The model's emotions are not those of the data set.
    """
    predictions = predict(model, dataset, split)
    elsewhere = split in ELSEWHERE
    measured = (_measure_elsewhere if elsewhere else _measure)(predictions, dataset)
    if report or elsewhere or why_not_own(predictions.card, dataset) is None:
        if report is None:
            report = predictions.folder / "evaluation"
            write_card(_with(predictions.card, split, measured), predictions.folder)
        write_report(_with(predictions.card, split, measured), [split], report)
        _draw(predictions.by_learned_labels(), split, measured, report)
        if not elsewhere and is_own(predictions.card, dataset):
            _draw_training(predictions, dataset, report)
    if mistakes is not None:
        own = predictions.by_learned_labels()
        sheet = surest_mistakes(own.faces, own.probabilities, own.card.labels)
        write_figure(sheet, mistakes)
    return measured


def _with(card: ModelCard, split: Split, measured: SplitFigures) -> ModelCard:
    return replace(card, metrics={**card.metrics, split: measured.to_dict()})


def _measure(predictions: Predictions, dataset: FaceDataset) -> SplitFigures:
    faces = predictions.faces
    protocols = {"all": _measure_part(predictions, np.ones(len(faces), dtype=np.bool_))}
    unseen = rows_not_in(faces, dataset.train)
    not_leak_free = _why_not_leak_free(predictions.card, dataset, unseen)
    if not not_leak_free:
        protocols["leak_free"] = _measure_part(predictions, unseen)
    if faces.votes is not None:
        protocols |= measure_ferplus(predictions.probabilities, faces.votes, dataset.emotions)
        by_majority = predictions.by_majority()
        protocols["ferplus_7"] = _with_before(protocols["ferplus_7"], by_majority)
    return SplitFigures(
        dataset.name,
        predictions.temperature,
        protocols,
        not_leak_free=not_leak_free,
        robustness=_measure_robustness(predictions),
    )


def _why_not_leak_free(card: ModelCard, dataset: FaceDataset, unseen: npt.NDArray[np.bool_]) -> str:
    """Return the reason why no leak-free figures can be measured; "" if they can."""
    if not is_own(card, dataset):
        return "Not measured: the model was trained on other images than this training split."
    if dataset.test is dataset.validation:
        return "Not measured: the epoch was chosen on the same images."
    return "" if unseen.any() else "Not measured: every image is in the training split, too."


def _measure_robustness(predictions: Predictions) -> dict[str, Any]:
    """Measure robustness by the labels that the model learned."""
    own = predictions.by_learned_labels()
    right = own.probabilities.argmax(axis=1) == own.faces.labels
    classifier = EmotionClassifier.load(predictions.folder)
    return measure_robustness(
        classifier.probabilities, own.faces.images, own.faces.labels, float(right.mean())
    )


def _measure_elsewhere(predictions: Predictions, dataset: FaceDataset) -> SplitFigures:
    faces, card = predictions.faces, predictions.card
    shared = shared_emotions(card, dataset.emotions)
    best = measure_best_of(predictions.probabilities, faces.labels, card, shared)
    every = _measure_part(predictions, np.ones(len(faces), dtype=np.bool_), shared)
    return SplitFigures(
        dataset.source,
        predictions.temperature,
        {"all": every, "best_of_shared": best},
        trained_on=source_of(card.trained_on["dataset"]),
    )


def _measure_part(
    predictions: Predictions,
    rows: npt.NDArray[np.bool_],
    averaged: tuple[Emotion, ...] | None = None,
) -> Figures:
    faces, probabilities = predictions.faces[rows], predictions.probabilities[rows]
    figures = measure(probabilities, faces.labels, predictions.card.labels, averaged)
    return _with_before(figures, replace(predictions, faces=faces, probabilities=probabilities))


def _with_before(figures: Figures, predictions: Predictions) -> Figures:
    """Add the errors that the model would have without its temperature, if it has one."""
    if predictions.temperature == 1:
        return figures
    before = at_temperature(predictions.probabilities, 1 / predictions.temperature)
    labels = predictions.faces.labels
    return replace(
        figures,
        ece_before=expected_calibration_error(before, labels),
        nll_before=negative_log_likelihood(before, labels),
    )


def _draw(own: Predictions, split: Split, measured: SplitFigures, folder: Path) -> None:
    """Write a split's plots, which bear its name, so that all can lie in one folder."""
    card, labels = own.card, own.faces.labels
    before = None
    if own.temperature != 1:
        before = reliability(at_temperature(own.probabilities, 1 / own.temperature), labels)
    by_votes = card.own_protocol in measured.protocols and card.learned_votes
    title = f"{card.name}, {split}" + (", FER+ majority" if by_votes else "")
    matrix = confusion_matrix(measured.protocols[card.own_protocol if by_votes else "all"], title)
    diagram = reliability_diagram(reliability(own.probabilities, labels), before, title)
    write_figure(matrix, folder / f"confusion-{split}.png")
    write_figure(diagram, folder / f"reliability-{split}.png")


def _draw_training(predictions: Predictions, dataset: FaceDataset, folder: Path) -> None:
    """Write plots of the data set and of the training."""
    write_figure(class_counts(dataset), folder / "class-counts.png")
    history = predictions.folder / "history.csv"
    chosen_epoch = predictions.card.trained_on.get("chosen_epoch")
    if history.is_file() and chosen_epoch:  # a model from elsewhere comes without
        write_figure(curves(history, chosen_epoch), folder / "curves.png")
