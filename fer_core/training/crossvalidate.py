"""How good a recipe is on people whom its networks have never seen."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.classification import EmotionClassifier
from fer_core.errors import OutputError
from fer_core.model_store import read_card, write_card
from fer_core.training.labeled_faces import FaceDataset
from fer_core.training.metrics import measure
from fer_core.training.recipe import Recipe
from fer_core.training.report import write_report
from fer_core.training.run_files import RunFiles
from fer_core.training.train import calibration_sets, train

SETTINGS_NAME = "settings.json"
"""What an interrupted cross-validation notes, that only the same one goes on with it."""


def crossvalidate(
    recipe: Recipe,
    folds: Sequence[FaceDataset],
    output: Path,
    *,
    epochs: int | None = None,
    seed: int = 0,
    resume: bool = False,
) -> dict[str, Any]:
    """Train a network on each fold and judge all their answers together.

    In each fold the epoch is chosen on its validation split, so that its test stays unseen.

    Args:
        recipe: What to train and how.
        folds: Data sets whose tests share no face; see `load_folds`.
        output: Folder for `evaluation/crossvalidation.json`; the networks are in its `.folds`
            meanwhile. The card, `metrics.json` and reports of a network of that recipe in it take
            the figures over.
        epochs: Instead of the recipe's own number.
        seed: Of each run.
        resume: Go on with what an interrupted cross-validation left there.

    Returns:
        What the file holds: `recipe`, `data` (a fingerprint), `epochs`, `seed`,
        `fold_accuracies`, and under `all` the figures of all folds' tests together; see `measure`.

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
    work = output / ".folds"
    _prepare(work, settings, resume)
    answers = []
    for number, fold in enumerate(folds, start=1):
        folder = work / str(number)
        _train_fold(recipe, fold, folder, epochs, seed)
        classifier = EmotionClassifier.load(folder, runtime="keras")
        answers.append(classifier.probabilities(fold.test.images))
    truths = [fold.test.labels for fold in folds]
    hits = [answer.argmax(axis=1) == truth for answer, truth in zip(answers, truths, strict=True)]
    result = {
        **settings,
        "fold_accuracies": [float(hit.mean()) for hit in hits],
        "all": measure(np.concatenate(answers), np.concatenate(truths), folds[0].emotions),
    }
    _write(result, output)
    shutil.rmtree(work.rename(_aside(work)))
    return result


def _fingerprint(folds: Sequence[FaceDataset]) -> str:
    return hashlib.sha256("".join(fold.fingerprint() for fold in folds).encode()).hexdigest()


def _prepare(work: Path, settings: dict[str, Any], resume: bool) -> None:
    """Make the folder ready for a new cross-validation, or make sure that its own can go on."""
    if resume:
        if _settings(work) != settings:
            raise OutputError(
                "The interrupted cross-validation had other data or settings; resume it with the "
                "same ones, or start anew in another folder."
            )
        return
    if (work / SETTINGS_NAME).exists():
        raise OutputError(
            f"{work.parent} holds an interrupted cross-validation; --resume goes on with it, or "
            "name another folder."
        )
    aside = _aside(work)
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        (aside / SETTINGS_NAME).write_text(json.dumps(settings), encoding="utf-8")
        aside.rename(work)
    except OSError as error:
        raise OutputError(f"{work} cannot be made: {error.strerror}.") from error


def _settings(work: Path) -> Any:
    """Those of the interrupted cross-validation."""
    try:
        return json.loads((work / SETTINGS_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise OutputError(
            f"{work.parent} holds no interrupted cross-validation; leave out --resume to start "
            "anew."
        ) from error
    except ValueError as error:
        raise OutputError(
            f"The interrupted cross-validation's notes in {work} are damaged; start anew in "
            "another folder."
        ) from error


def _aside(work: Path) -> Path:
    """Where the folder is made and taken apart, so that it is whole wherever it is."""
    return work.with_name(f"{work.name}-aside")


def _train_fold(
    recipe: Recipe, fold: FaceDataset, folder: Path, epochs: int | None, seed: int
) -> None:
    """Train a fold's network, or go on with it, or leave it where it is finished."""
    backup = RunFiles(folder).backup
    if backup.exists() or not (folder / "card.json").exists():
        train(recipe, fold, folder, epochs=epochs, seed=seed, resume=backup.exists())
        if backup.exists():  # Ctrl-C ends a run with its best epoch so far: no fold to judge by
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
