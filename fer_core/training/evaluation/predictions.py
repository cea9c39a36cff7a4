"""A model's predictions for a split of a data set."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import ModelCard, find_model
from fer_core.errors import DatasetError
from fer_core.training.data.ferplus import labels_in_7, majority_faces
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.evaluation.cross_dataset import (
    OTHER_PEOPLE,
    check_split_beside,
    is_beside,
    is_other,
    other_people,
    shared_faces,
)

Split = Literal["public", "private", "cross-dataset", "other-people"]
"""`public` is a data set's validation (FER2013's PublicTest), `private` its test (PrivateTest);
`cross-dataset` all of a data set that the model was not trained on, see `cross_dataset`;
`other-people` the test people of a data set of which it has learned other people."""


@dataclass(frozen=True)
class Predictions:
    """A model's predictions beside the truth.

    Attributes:
        folder: The model's.
        card: The model's.
        faces: N faces, labeled in the order of the card's labels.
        probabilities: Float32 of shape `(N, K)`, a row a face, in the order of the card's labels.
    """

    folder: Path
    card: ModelCard
    faces: LabeledFaces
    probabilities: npt.NDArray[np.float32]

    @property
    def temperature(self) -> float:
        """The number that divides the model's logits already; 1 without temperature scaling."""
        return float(self.card.trained_on.get("temperature", 1))

    def by_learned_labels(self) -> "Predictions":
        """Keep the faces that have a label of the kind that the model learned.

        For a model that learned FER+'s votes, where the faces have them: those with a majority,
        labeled by it. Otherwise all of them.
        """
        votes = self.card.learned_votes and self.faces.votes is not None
        return self.by_majority() if votes else self

    def by_majority(self) -> "Predictions":
        """Keep the faces with a majority of FER+'s votes in seven classes, labeled by it."""
        votes, emotions = self.faces.votes, self.card.labels
        assert votes is not None
        return replace(
            self,
            faces=majority_faces(self.faces, emotions),
            probabilities=self.probabilities[labels_in_7(votes, emotions) >= 0],
        )


def predict(model: str | Path, dataset: FaceDataset, split: Split) -> Predictions:
    """Predict the emotions of a split, through the classifier that the app uses.

    Args:
        model: Its name or folder.
        dataset: The data set.
        split: The split of it.

    Raises:
        ModelError: There is no such model, or its files are damaged.
        DatasetError: The model's emotions are not those of the data set.
    """
    folder = find_model(model)
    classifier = EmotionClassifier.load(folder)
    if split == "cross-dataset":
        faces = shared_faces(classifier.card, dataset)
    elif split == OTHER_PEOPLE:
        check_split_beside(classifier.card, dataset)
        faces = other_people(classifier.card, dataset)
    else:
        check_emotions(classifier.card, dataset)
        faces = dataset.validation if split == "public" else dataset.test
    return Predictions(folder, classifier.card, faces, classifier.probabilities(faces.images))


def split_for(card: ModelCard, dataset: FaceDataset, asked_for: Split | None) -> Split:
    """Return the part of a data set to evaluate a model on.

    Args:
        card: The model's.
        dataset: It may be another one than the model was trained on.
        asked_for: `public` or `private`; None to choose by the data set.

    Raises:
        DatasetError: A split is named, though the data set is not the model's main one.
    """
    beside = is_beside(card, dataset)
    if not beside and not is_other(card, dataset):
        return asked_for or "private"
    if asked_for:
        used = "its test people are" if beside else "all of it is"
        trained = "the main data set of" if beside else "what trained"
        raise DatasetError(
            f"{dataset.source} is not {trained} the model {card.name}, so {used} evaluated; "
            "leave out --split."
        )
    return "other-people" if beside else "cross-dataset"


def is_own(card: ModelCard, dataset: FaceDataset) -> bool:
    """True if a model was trained on exactly this training split.

    In another layout the same faces are split otherwise, and nobody knows which of them the model
    has seen.
    """
    return bool(card.trained_on.get("fingerprint") == dataset.fingerprint())


def why_not_own(card: ModelCard, dataset: FaceDataset) -> str | None:
    """Return the reason why a data set's figures are not the model's own; None if they are."""
    if not is_own(card, dataset):
        return (
            f"The model {card.name} was not trained on the training split of {dataset.name}, so "
            "these faces may be ones that it has seen"
        )
    if card.learned_votes and dataset.validation.votes is None:
        return f"{dataset.source} comes without FER+'s votes, which the model {card.name} predicts"
    return None


def check_emotions(card: ModelCard, dataset: FaceDataset) -> None:
    """Raise `DatasetError` unless model and data set have the same emotions in the same order."""
    if card.labels != dataset.emotions:
        raise DatasetError(
            f"The model {card.name} predicts {', '.join(card.labels)}; {dataset.name} has "
            f"{', '.join(dataset.emotions)}."
        )
