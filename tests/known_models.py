"""Models whose predictions a test knows, and a table to ask them about."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import read_card, write_card
from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.training.data.datasets import load_dataset
from tests.faces import card
from tests.fer2013 import VOTES_HEADER, face, pixel_text, row, vote_row, votes_for, write_table

HAPPY, SAD = FER2013_EMOTIONS.index(Emotion.HAPPY), FER2013_EMOTIONS.index(Emotion.SAD)
CK_EMOTIONS = tuple(emotion for emotion in Emotion if emotion != Emotion.NEUTRAL)


def reads_the_band(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """70 % sure of the emotion that the bright band of `tests.fer2013.face` tells."""
    rows = pixels[:, 2:44, :, 0].mean(axis=2).reshape(-1, 7, 6).mean(axis=2)
    sure = rows == rows.max(axis=1, keepdims=True)
    return np.where(sure, 0.7, 0.05).astype(np.float32)


def next_to_the_band(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """70 % sure of the emotion after that; so always wrong."""
    return np.roll(reads_the_band(pixels), 1, axis=1)


def knows_happy(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Happy for every face."""
    return np.tile(np.eye(7, dtype=np.float32)[HAPPY], (len(pixels), 1))


MODELS = {"right": reads_the_band, "wrong": next_to_the_band, "happy": knows_happy}


def put(folder: Path, learned_from: Path | None = None, **changes: Any) -> Path:
    """A model's folder whose name tells what it predicts; its files are the card alone.

    Its card says that it was trained on the training split of `learned_from`.
    """
    folder.mkdir()
    if learned_from:
        fingerprint = load_dataset(learned_from).fingerprint()
        changes["trained_on"] = changes.get("trained_on", {}) | {"fingerprint": fingerprint}
    write_card(replace(card(), name=folder.name, **changes), folder)
    return folder


def load_known_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let evaluation find these models in the folders that `put` makes."""

    def load(folder: Path) -> EmotionClassifier:
        return EmotionClassifier(MODELS[folder.name], read_card(folder))

    monkeypatch.setattr("fer_core.training.evaluation.predictions.EmotionClassifier.load", load)


def write_votes(table: Path) -> None:
    """The votes of ten people for the faces of `write_test_table`: the emotion after the label.

    Of the last one, half of them something else, so that it counts nowhere.
    """
    trained = [SAD, *(k for k in range(7) if k != SAD)]
    told = [*trained, *range(7), *range(7)]
    usages = [usage for usage in ("Training", "PublicTest", "PrivateTest") for _ in range(7)]
    votes = [vote_row(usage, votes_for((k + 1) % 7)) for k, usage in zip(told, usages, strict=True)]
    votes.append(vote_row("PrivateTest", "5,5,0,0,0,0,0,0,0,0"))
    write_table(table.parent / "fer2013new.csv", votes, VOTES_HEADER)


def write_test_table(folder: Path) -> Path:
    """8 test faces: one of each emotion and a sad one that is in the training split too."""
    known = pixel_text(face(SAD, 99))
    lines = [
        row(SAD, "Training", known),
        *(row(k, "Training", pixel_text(face(k, 20 + k))) for k in range(7) if k != SAD),
        *(row(k, "PublicTest", pixel_text(face(k, k))) for k in range(7)),
        *(row(k, "PrivateTest", pixel_text(face(k, 10 + k))) for k in range(7)),
        row(SAD, "PrivateTest", known),
    ]
    (folder / "data").mkdir()
    return write_table(folder / "data" / "fer2013.csv", lines)
