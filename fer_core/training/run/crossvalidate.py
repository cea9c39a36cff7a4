"""Cross-validation: a recipe evaluated on people whom its models have never seen."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import read_card, write_card
from fer_core.errors import OutputError
from fer_core.training.data.labeled_faces import FaceDataset
from fer_core.training.evaluation.metrics import measure
from fer_core.training.evaluation.report import write_report
from fer_core.training.recipes.recipe import Recipe
from fer_core.training.run.files import RunFiles
from fer_core.training.run.models import calibration_sets
from fer_core.training.run.options import TrainingOptions
from fer_core.training.run.train import train
from fer_core.training.run.work_folder import WorkFolder


def crossvalidate(
    recipe: Recipe,
    folds: Sequence[FaceDataset],
    output: Path,
    *,
    epochs: int | None = None,
    seed: int = 0,
    resume: bool = False,
) -> dict[str, Any]:
    """Train a model on each fold and measure the predictions of all together.

    In each fold the epoch is chosen on its validation split, so that its test stays unseen.

    Args:
        recipe: The recipe to evaluate.
        folds: Data sets whose tests share no face; see `load_folds`.
        output: Folder for `evaluation/crossvalidation.json`; the models are in its `.folds`
            meanwhile. If it holds a model of that recipe, the figures go into its card,
            `metrics.json` and reports, too.
        epochs: Instead of the recipe's own number.
        seed: Of each run.
        resume: Go on with the interrupted cross-validation there.

    Returns:
        What the file holds: `recipe`, `data` (a fingerprint), `epochs`, `seed`,
        `fold_accuracies`, and under `all` the figures of all folds' tests; see `Figures.to_dict`.

    Raises:
        DatasetError: The recipe learns votes, which folders do not have.
        OutputError: The folder cannot be made; or there is nothing to resume in it, or only what
            other settings left.
        KeyboardInterrupt: Ctrl-C; `resume` takes it up.
    """
    calibration_sets(recipe, folds[0])  # refuses before an earlier cross-validation is removed
    settings = {
        "recipe": recipe.name,
        "data": _fingerprint(folds),
        "epochs": epochs or recipe.epochs,
        "seed": seed,
    }
    work = WorkFolder(output / ".folds", "cross-validation", "settings.json")
    _prepare(work, settings, resume)
    predictions = []
    for number, fold in enumerate(folds, start=1):
        folder = work.path / str(number)
        _train_fold(recipe, fold, folder, epochs, seed)
        classifier = EmotionClassifier.load(folder, runtime="keras")
        predictions.append(classifier.probabilities(fold.test.images))
    truths = [fold.test.labels for fold in folds]
    pairs = zip(predictions, truths, strict=True)
    hits = [probabilities.argmax(axis=1) == truth for probabilities, truth in pairs]
    figures = measure(np.concatenate(predictions), np.concatenate(truths), folds[0].emotions)
    result = {
        **settings,
        "fold_accuracies": [float(hit.mean()) for hit in hits],
        "all": figures.to_dict(),
    }
    _write(result, output)
    work.remove()
    return result


def _fingerprint(folds: Sequence[FaceDataset]) -> str:
    return hashlib.sha256("".join(fold.fingerprint() for fold in folds).encode()).hexdigest()


def _prepare(work: WorkFolder, settings: dict[str, Any], resume: bool) -> None:
    """Make the folder ready for a new cross-validation, or make sure that its own can go on."""
    if resume:
        if work.settings() != settings:
            raise OutputError(
                "The interrupted cross-validation had other data or settings; resume it with the "
                "same ones, or start a new one in another folder."
            )
        return
    if work.notes.exists():
        raise OutputError(
            f"{work.path.parent} holds an interrupted cross-validation; --resume goes on with it, "
            "or name another folder."
        )
    work.make(settings)


def _train_fold(
    recipe: Recipe, fold: FaceDataset, folder: Path, epochs: int | None, seed: int
) -> None:
    """Train a fold's model, or go on with it; a finished one stays as it is."""
    backup = RunFiles(folder).backup
    if backup.exists() or not (folder / "card.json").exists():
        options = TrainingOptions(epochs=epochs, seed=seed)
        train(recipe, fold, folder, options, resume=backup.exists())
        if backup.exists():  # Ctrl-C ended the run with its best epoch so far
            raise KeyboardInterrupt


def _write(result: dict[str, Any], output: Path) -> None:
    report = output / "evaluation"
    report.mkdir(exist_ok=True)
    text = json.dumps(result, indent=2)
    (report / "crossvalidation.json").write_text(text + "\n", encoding="utf-8")
    if (output / "card.json").exists():
        card = read_card(output)
        if card.recipe == result["recipe"]:
            card = replace(card, metrics={**card.metrics, "crossvalidation": result})
            write_card(card, output)
            write_report(card, card.metrics.keys() & {"public", "private"}, report)
