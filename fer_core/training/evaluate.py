"""How good a network is: figures on a split that it was not trained on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from fer_core.classification import EmotionClassifier
from fer_core.emotions import Emotion
from fer_core.errors import DatasetError
from fer_core.model_store import find_model, write_card
from fer_core.training.datasets import FaceDataset, rows_not_in

Split = Literal["public", "private"]

N_CALIBRATION_BINS = 15


def evaluate(
    model: str | Path, dataset: FaceDataset, split: Split, report: Path | None = None
) -> dict[str, Any]:
    """Judge a network through the classifier that the app uses.

    Args:
        model: Its name or folder.
        dataset: Where the split comes from.
        split: `public` is the data set's validation (FER2013's PublicTest), `private` its test
            (FER2013's PrivateTest).
        report: Folder for `metrics.json`, which holds the split's figures beside those that the
            network's card has of the other split. None for `evaluation` in the network's folder;
            then the card takes the figures over.

    Returns:
        The split's figures: `all` after the published protocol, `leak_free`
        on those images that are not pixel for pixel in the training split; see `measure`.

    Raises:
        ModelError: There is no such network, or its files are damaged.
        DatasetError: The network's emotions are not those of the data set.
    """
    folder = find_model(model)
    classifier = EmotionClassifier.load(folder)
    if classifier.labels != dataset.emotions:
        raise DatasetError(
            f"The network answers with {', '.join(classifier.labels)}; {dataset.name} has "
            f"{', '.join(dataset.emotions)}."
        )
    faces = dataset.validation if split == "public" else dataset.test
    probabilities = classifier.probabilities(faces.images)
    unseen = rows_not_in(faces, dataset.train)
    figures = {
        "all": measure(probabilities, faces.labels, dataset.emotions),
        "leak_free": measure(probabilities[unseen], faces.labels[unseen], dataset.emotions),
    }
    metrics = {**classifier.card.metrics, split: figures}
    if report is None:
        report = folder / "evaluation"
        write_card(replace(classifier.card, metrics=metrics), folder)
    report.mkdir(parents=True, exist_ok=True)
    text = json.dumps(metrics, indent=2)
    (report / "metrics.json").write_text(text + "\n", encoding="utf-8")
    return figures


def measure(
    probabilities: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    emotions: tuple[Emotion, ...],
) -> dict[str, Any]:
    """Figures of one set of answers.

    Args:
        probabilities: Float32 of shape `(N, K)`, rows summing to 1.
        labels: Index of the true emotion of each row, shape `(N,)`.
        emotions: The K emotions, in order.

    Returns:
        `n_images`; `accuracy`; `macro_f1`, the mean of the emotions' F1; `ece`, the expected
        calibration error in 15 bins; `recall` and `f1` by emotion; `confusion`, K rows of true
        and K columns of answered emotions, as counts. All but counts from 0 to 1. An emotion
        that neither occurs nor is answered has recall and F1 0.
    """
    answers = probabilities.argmax(axis=1)
    n = len(emotions)
    confusion = np.bincount(labels * n + answers, minlength=n * n).reshape(n, n)
    hits, true, answered = confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0)
    recall = hits / np.maximum(true, 1)
    f1 = 2 * hits / np.maximum(true + answered, 1)
    return {
        "n_images": len(labels),
        "accuracy": float(hits.sum() / max(len(labels), 1)),
        "macro_f1": float(f1.mean()),
        "ece": expected_calibration_error(probabilities, labels),
        "recall": dict(zip(map(str, emotions), recall.tolist(), strict=True)),
        "f1": dict(zip(map(str, emotions), f1.tolist(), strict=True)),
        "confusion": confusion.tolist(),
    }


def expected_calibration_error(
    probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]
) -> float:
    """Mean distance between how sure answers are and how often they are right (Guo et al. 2017).

    Answers are sorted by their probability into 15 bins of equal width; the distance of each bin
    counts by its share of the answers. From 0 to 1, lower is better; 0 without answers.
    """
    if len(labels) == 0:
        return 0.0
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((sure * N_CALIBRATION_BINS).astype(int), N_CALIBRATION_BINS - 1)
    gaps = np.bincount(bins, weights=sure - right, minlength=N_CALIBRATION_BINS)
    return float(np.abs(gaps).sum() / len(labels))
