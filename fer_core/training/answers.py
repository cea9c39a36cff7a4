"""What a network answers to a split of a data set."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from fer_core.classification import EmotionClassifier
from fer_core.errors import DatasetError
from fer_core.model_store import ModelCard, find_model
from fer_core.training.cross_dataset import is_other, shared_faces
from fer_core.training.ferplus import labels_in_7, majority_faces
from fer_core.training.labeled_faces import FaceDataset, LabeledFaces

Split = Literal["public", "private", "cross-dataset"]
"""`public` is a data set's validation (FER2013's PublicTest), `private` its test (PrivateTest);
`cross-dataset` all of a data set that the network was not trained on, see `cross_dataset`."""


@dataclass(frozen=True)
class Answers:
    """A network's answers beside the truth.

    Attributes:
        folder: The network's.
        card: The network's.
        faces: What was asked, N faces, labeled in the order of the card's labels.
        probabilities: Float32 of shape `(N, K)`, a row a face, in the order of the card's labels.
    """

    folder: Path
    card: ModelCard
    faces: LabeledFaces
    probabilities: npt.NDArray[np.float32]

    @property
    def temperature(self) -> float:
        """What the network's logits are divided by already; 1 without temperature scaling."""
        return float(self.card.trained_on.get("temperature", 1))

    def by_learned_labels(self) -> "Answers":
        """Those that the labels which the network learned tell right from wrong.

        For a network that learned FER+'s votes, where the faces have them, the faces with a
        majority, labeled by it; else all.
        """
        votes = self.card.learned_votes and self.faces.votes is not None
        return self.by_majority() if votes else self

    def by_majority(self) -> "Answers":
        """Those to faces with a majority of FER+'s votes in seven classes, labeled by it."""
        votes, emotions = self.faces.votes, self.card.labels
        assert votes is not None
        return replace(
            self,
            faces=majority_faces(self.faces, emotions),
            probabilities=self.probabilities[labels_in_7(votes, emotions) >= 0],
        )


def ask(model: str | Path, dataset: FaceDataset, split: Split) -> Answers:
    """Let a network answer, through the classifier that the app uses.

    Args:
        model: Its name or folder.
        dataset: Where the split comes from.
        split: Which one.

    Raises:
        ModelError: There is no such network, or its files are damaged.
        DatasetError: The network's emotions are not those of the data set.
    """
    folder = find_model(model)
    classifier = EmotionClassifier.load(folder)
    if split == "cross-dataset":
        faces = shared_faces(classifier.card, dataset)
    else:
        check_emotions(classifier.card, dataset)
        faces = dataset.validation if split == "public" else dataset.test
    return Answers(folder, classifier.card, faces, classifier.probabilities(faces.images))


def split_for(card: ModelCard, dataset: FaceDataset, asked_for: Split | None) -> Split:
    """Which part of a data set a network is judged on.

    Args:
        card: The network's.
        dataset: It may be another one than the network was trained on.
        asked_for: `public` or `private`; None for what suits.

    Raises:
        DatasetError: A split was asked for, and the data set is another one.
    """
    if not is_other(card, dataset):
        return asked_for or "private"
    if asked_for:
        raise DatasetError(
            f"The network {card.name} was not trained on {dataset.source}, so all of it is asked "
            "about; leave out --split."
        )
    return "cross-dataset"


def is_own(card: ModelCard, dataset: FaceDataset) -> bool:
    """Whether a network has learned from just this training split.

    The same faces in another layout are split otherwise: nobody knows then which faces of the
    data set the network has seen.
    """
    return bool(card.trained_on.get("fingerprint") == dataset.fingerprint())


def why_not_own(card: ModelCard, dataset: FaceDataset) -> str | None:
    """Why figures on a data set's splits are not the network's own, as a sentence; None if so."""
    if not is_own(card, dataset):
        return (
            f"The network {card.name} was not trained on the training split of {dataset.name}, so "
            "these faces may be ones that it has seen"
        )
    if card.learned_votes and dataset.validation.votes is None:
        return (
            f"{dataset.source} comes without FER+'s votes, by which the network {card.name} answers"
        )
    return None


def check_emotions(card: ModelCard, dataset: FaceDataset) -> None:
    """Raise `DatasetError` unless network and data set have the same emotions in the same order."""
    if card.labels != dataset.emotions:
        raise DatasetError(
            f"The network {card.name} answers with {', '.join(card.labels)}; {dataset.name} has "
            f"{', '.join(dataset.emotions)}."
        )
