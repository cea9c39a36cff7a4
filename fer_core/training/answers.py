"""What a network answers to a split of a data set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from fer_core.classification import EmotionClassifier
from fer_core.errors import DatasetError
from fer_core.model_store import ModelCard, find_model
from fer_core.training.labeled_faces import FaceDataset, LabeledFaces

Split = Literal["public", "private"]
"""`public` is a data set's validation (FER2013's PublicTest), `private` its test (PrivateTest)."""


@dataclass(frozen=True)
class Answers:
    """A network's answers beside the truth.

    Attributes:
        folder: The network's.
        card: The network's.
        faces: What was asked, N faces.
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
    check_emotions(classifier.card, dataset)
    faces = dataset.validation if split == "public" else dataset.test
    return Answers(folder, classifier.card, faces, classifier.probabilities(faces.images))


def check_emotions(card: ModelCard, dataset: FaceDataset) -> None:
    """Raise `DatasetError` unless network and data set have the same emotions in the same order."""
    if card.labels != dataset.emotions:
        raise DatasetError(
            f"The network {card.name} answers with {', '.join(card.labels)}; {dataset.name} has "
            f"{', '.join(dataset.emotions)}."
        )
