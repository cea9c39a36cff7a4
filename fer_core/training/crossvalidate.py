"""How good a recipe is on people whom its networks have never seen."""

import json
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from fer_core.classification import EmotionClassifier
from fer_core.emotions import Emotion
from fer_core.model_store import read_card, write_card
from fer_core.training.labeled_faces import FaceDataset
from fer_core.training.metrics import measure
from fer_core.training.recipe import Recipe
from fer_core.training.running import RunFiles
from fer_core.training.train import train


def crossvalidate(
    recipe: Recipe,
    folds: Iterable[FaceDataset],
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
        output: Folder for `evaluation/crossvalidation.json`; the networks are in its `folds`
            meanwhile. The card of a network of that recipe in it takes the figures over.
        epochs: Instead of the recipe's own number.
        seed: Of each run.
        resume: Go on with what an interrupted cross-validation left there.

    Returns:
        What the file holds: `recipe`, `seed`, `fold_accuracies`, and under `all` the figures of
        all folds' tests together; see `measure`.

    Raises:
        OutputError: The folder cannot be made; or an interrupted fold had other settings.
        KeyboardInterrupt: Ctrl-C; `resume` takes it up.
    """
    if not resume:
        shutil.rmtree(output / "folds", ignore_errors=True)
    answers, truths = [], []
    emotions: tuple[Emotion, ...] = ()
    for number, fold in enumerate(folds, start=1):
        folder = output / "folds" / str(number)
        _train_fold(recipe, fold, folder, epochs, seed)
        classifier = EmotionClassifier.load(folder, runtime="keras")
        answers.append(classifier.probabilities(fold.test.images))
        truths.append(fold.test.labels)
        emotions = fold.emotions
    hits = [answer.argmax(axis=1) == truth for answer, truth in zip(answers, truths, strict=True)]
    result = {
        "recipe": recipe.name,
        "seed": seed,
        "fold_accuracies": [float(hit.mean()) for hit in hits],
        "all": measure(np.concatenate(answers), np.concatenate(truths), emotions),
    }
    report = output / "evaluation"
    report.mkdir(exist_ok=True)
    text = json.dumps(result, indent=2)
    (report / "crossvalidation.json").write_text(text + "\n", encoding="utf-8")
    if (output / "card.json").exists():
        card = read_card(output)
        if card.recipe == recipe.name:
            write_card(replace(card, metrics={**card.metrics, "crossvalidation": result}), output)
    shutil.rmtree(output / "folds")
    return result


def _train_fold(
    recipe: Recipe, fold: FaceDataset, folder: Path, epochs: int | None, seed: int
) -> None:
    """Train a fold's network, or go on with it, or leave it where it is finished."""
    backup = RunFiles(folder).backup
    if backup.exists() or not (folder / "card.json").exists():
        train(recipe, fold, folder, epochs=epochs, seed=seed, resume=backup.exists())
        if backup.exists():  # Ctrl-C ends a run with its best epoch so far: no fold to judge by
            raise KeyboardInterrupt
