"""How good a network is: figures on a split that it was not trained on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_core.emotions import Emotion
from fer_core.model_store import write_card
from fer_core.training.answers import Answers, Split, ask, is_own, why_not_own
from fer_core.training.calibration import at_temperature
from fer_core.training.cross_dataset import measure_best_of, shared_emotions
from fer_core.training.datasets import FaceDataset, rows_not_in
from fer_core.training.ferplus import measure_ferplus
from fer_core.training.figures import (
    class_counts,
    confusion_matrix,
    curves,
    reliability_diagram,
    surest_mistakes,
    write_figure,
)
from fer_core.training.labeled_faces import source_of
from fer_core.training.metrics import (
    expected_calibration_error,
    measure,
    negative_log_likelihood,
    reliability,
)
from fer_core.training.report import write_report


def evaluate(
    model: str | Path,
    dataset: FaceDataset,
    split: Split,
    report: Path | None = None,
    mistakes: Path | None = None,
) -> dict[str, Any]:
    """Judge a network through the classifier that the app uses.

    Args:
        model: Its name or folder.
        dataset: Where the split comes from.
        split: Which one.
        report: Folder for `metrics.json`, `report-<split>.txt` and the figures. `metrics.json`
            holds the split's figures beside those that the network's card has of others.
            None for `evaluation` in the network's folder; then the card takes the figures over.
            There nothing is written of a split of other data than the network was trained on,
            which may hold faces that it has seen, or without the votes by which it answers; see
            `answers.why_not_own`.
        mistakes: PNG file for the surest mistakes. It shows faces of the data set, most of which
            nobody may publish, so it is written nowhere unless asked for.

    Returns:
        The split's figures: `dataset`, its name; `temperature`, the network's, 1 without one;
        `all` after the published protocol and `leak_free` on those images that are not pixel for
        pixel in the training split, each as `metrics.measure` returns them; where the data set has
        FER+'s votes also `ferplus_7` and `ferplus_8`, see `ferplus.measure_ferplus`. For a network
        with a temperature all but the last have `ece_before` and `nll_before`, too, what they
        would be without it. What is drawn is by the labels that the network learned.
        In place of `leak_free` stands `not_leak_free`, a sentence, where no such image is left,
        where test is validation, on which the epoch was chosen, or where the network was trained
        on something else than the data set's training split.
        Of `cross-dataset` there are `all`, whose macro means are of the emotions that network and
        data set share, and `best_of_shared`, see `cross_dataset`; `trained_on` names the network's
        own data set.

    Raises:
        ModelError: There is no such network, or its files are damaged.
        DatasetError: The network's emotions are not those of the data set.
    """
    answers = ask(model, dataset, split)
    elsewhere = split == "cross-dataset"
    figures = _measure_elsewhere(answers, dataset) if elsewhere else _measure(answers, dataset)
    if report or elsewhere or why_not_own(answers.card, dataset) is None:
        _write(answers, dataset, split, figures, report)
    if mistakes is not None:
        judged = answers.by_learned_labels()
        sheet = surest_mistakes(judged.faces, judged.probabilities, judged.card.labels)
        write_figure(sheet, mistakes)
    return figures


def _write(
    answers: Answers,
    dataset: FaceDataset,
    split: Split,
    figures: dict[str, Any],
    report: Path | None,
) -> None:
    """Write what was measured into a folder, None for the network's own and its card."""
    card = replace(answers.card, metrics={**answers.card.metrics, split: figures})
    if report is None:
        report = answers.folder / "evaluation"
        write_card(card, answers.folder)
    write_report(card, [split], report)
    _draw(answers.by_learned_labels(), split, figures, report)
    if split != "cross-dataset" and is_own(answers.card, dataset):
        _draw_training(answers, dataset, report)


def _measure(answers: Answers, dataset: FaceDataset) -> dict[str, Any]:
    faces, probabilities = answers.faces, answers.probabilities
    figures: dict[str, Any] = {"dataset": dataset.name, "temperature": answers.temperature}
    figures["all"] = _measure_part(answers, np.ones(len(faces), dtype=np.bool_))
    unseen = rows_not_in(faces, dataset.train)
    if not is_own(answers.card, dataset):
        figures["not_leak_free"] = (
            "Not measured: the network was trained on other images than this training split."
        )
    elif dataset.test is dataset.validation:
        figures["not_leak_free"] = "Not measured: the epoch was chosen on the same images."
    elif not unseen.any():
        figures["not_leak_free"] = "Not measured: every image is in the training split, too."
    else:
        figures["leak_free"] = _measure_part(answers, unseen)
    if faces.votes is not None:
        figures |= measure_ferplus(probabilities, faces.votes, dataset.emotions)
        figures["ferplus_7"] |= _before(answers.by_majority())
    return figures


def _measure_elsewhere(answers: Answers, dataset: FaceDataset) -> dict[str, Any]:
    faces, card = answers.faces, answers.card
    shared = shared_emotions(card, dataset.emotions)
    return {
        "dataset": dataset.source,
        "trained_on": source_of(card.trained_on["dataset"]),
        "temperature": answers.temperature,
        "all": _measure_part(answers, np.ones(len(faces), dtype=np.bool_), shared),
        "best_of_shared": measure_best_of(answers.probabilities, faces.labels, card, shared),
    }


def _measure_part(
    answers: Answers, rows: npt.NDArray[np.bool_], judged: tuple[Emotion, ...] | None = None
) -> dict[str, Any]:
    part = replace(answers, faces=answers.faces[rows], probabilities=answers.probabilities[rows])
    found = measure(part.probabilities, part.faces.labels, part.card.labels, judged)
    return found | _before(part)


def _before(answers: Answers) -> dict[str, float]:
    """What the network's temperature has changed; empty for one without."""
    if answers.temperature == 1:
        return {}
    before = at_temperature(answers.probabilities, 1 / answers.temperature)
    labels = answers.faces.labels
    return {
        "ece_before": expected_calibration_error(before, labels),
        "nll_before": negative_log_likelihood(before, labels),
    }


def _draw(answers: Answers, split: Split, figures: dict[str, Any], folder: Path) -> None:
    """Write the figures; those of a split bear its name, so that both can lie in one folder."""
    card, labels = answers.card, answers.faces.labels
    before = None
    if answers.temperature != 1:
        before = reliability(at_temperature(answers.probabilities, 1 / answers.temperature), labels)
    by_votes = card.own_protocol in figures and card.learned_votes
    title = f"{card.name}, {split}" + (", FER+ majority" if by_votes else "")
    matrix = confusion_matrix(figures[card.own_protocol if by_votes else "all"], title)
    diagram = reliability_diagram(reliability(answers.probabilities, labels), before, title)
    write_figure(matrix, folder / f"confusion-{split}.png")
    write_figure(diagram, folder / f"reliability-{split}.png")


def _draw_training(answers: Answers, dataset: FaceDataset, folder: Path) -> None:
    """Write the figures of what the network was trained on and how."""
    write_figure(class_counts(dataset), folder / "class-counts.png")
    history, chosen_epoch = (
        answers.folder / "history.csv",
        answers.card.trained_on.get("chosen_epoch"),
    )
    if history.is_file() and chosen_epoch:  # a network from elsewhere comes without
        write_figure(curves(history, chosen_epoch), folder / "curves.png")
