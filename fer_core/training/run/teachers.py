"""Trained models whose predictions another one learns (Hinton et al. 2015, arXiv:1503.02531)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fer_core.classification.classifier import EmotionClassifier
from fer_core.errors import DatasetError, TrainingError
from fer_core.training.data.batches import Floats, Targets
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.evaluation.predictions import check_emotions, is_own
from fer_core.training.recipes.recipe import Recipe

SHARE = 0.5
"""The teachers' share in a target."""


@dataclass(frozen=True)
class Teachers:
    """Models by the labels that they teach; both empty without teachers.

    Attributes:
        by_labels: Those that learned a data set's labels.
        by_votes: Those that learned FER+'s votes.
    """

    by_labels: tuple[EmotionClassifier, ...] = ()
    by_votes: tuple[EmotionClassifier, ...] = ()

    @classmethod
    def load(cls, models: Sequence[str | Path], recipe: Recipe, dataset: FaceDataset) -> "Teachers":
        """Load models from their `model.keras`, which every backend reads.

        Args:
            models: Names or folders.
            recipe: The recipe of the model that will learn from them.
            dataset: The data set that it will be trained on, and on which they were trained.

        Raises:
            ModelError: There is no such model, or its files are damaged.
            DatasetError: One has other emotions, or has learned from other faces, which may be
                those that the new model is chosen or evaluated by.
            TrainingError: One learned FER+'s votes and the recipe does not.
        """
        teachers = [EmotionClassifier.load(model, runtime="keras") for model in models]
        for card in (teacher.card for teacher in teachers):
            check_emotions(card, dataset)
            if not is_own(card, dataset):
                raise DatasetError(
                    f"The model {card.name} was not trained on the training split of "
                    f"{dataset.name}, so it may have seen the faces by which the new model is "
                    "chosen or evaluated; leave it out of --teachers."
                )
            if card.learned_votes and not recipe.learns_votes:
                raise TrainingError(
                    f"The model {card.name} predicts FER+'s votes, which the recipe "
                    f"{recipe.name!r} does not learn; leave it out of --teachers."
                )
        return cls(
            by_labels=tuple(teacher for teacher in teachers if not teacher.card.learned_votes),
            by_votes=tuple(teacher for teacher in teachers if teacher.card.learned_votes),
        )

    def names(self) -> list[str]:
        """Name and version of each."""
        return [
            f"{teacher.card.name} {teacher.version}"
            for teacher in (*self.by_labels, *self.by_votes)
        ]


def taught(
    targets: Targets, teachers: tuple[EmotionClassifier, ...], faces: LabeledFaces
) -> Targets:
    """Blend targets with the teachers' mean prediction for each face and its mirror image.

    Args:
        targets: Values `(N, K)`.
        teachers: None leave the targets as they are.
        faces: The N faces.
    """
    if not teachers:
        return targets
    predictions: Floats = np.mean(
        [
            teacher.probabilities(images)
            for teacher in teachers
            for images in (faces.images, faces.images[:, :, ::-1])
        ],
        axis=0,
        dtype=np.float32,
    )
    return replace(targets, values=(1 - SHARE) * targets.values + SHARE * predictions)
