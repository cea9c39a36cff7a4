"""Makes one prediction of two heads: by a data set's labels, and by FER+'s votes.

The two sets of labels teach different halves of the truth: votes call half-hearted expressions
neutral, labels name them. Both heads are dense layers over the same features, so a weighted mean
of their logits is a single dense layer, and costs nothing. Nor does the bias of each emotion, which
is fitted on validation faces (vector scaling's, Guo et al. 2017, arXiv:1706.04599): a network that
learned posed faces and labels calls more faces sad than voters do.
"""

from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from fer_core.training.data.batches import FaceBatches, Floats, label_targets
from fer_core.training.data.ferplus import labels_in_7
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.evaluation.temperature import fit_temperature

SHARES_OF_VOTES = tuple(round(0.4 + 0.05 * step, 2) for step in range(13))
"""The values tried for `Joining.votes`: 0.4 to 1."""

BIAS_STEPS, BIAS_RATE = 500, 2.0
"""Steps of gradient descent to each bias, which come to within a hundredth, and their size."""

BATCH_SIZE = 64


@dataclass(frozen=True)
class Joining:
    """The way in which two heads give one prediction.

    Attributes:
        votes: Share of the votes' logits, 0 to 1; the labels' logits have the rest.
        panel: The number by which it was chosen; see `panel`.
    """

    votes: float
    panel: float


def panel(probabilities: Floats, dataset: FaceDataset) -> float:
    """The number by which a joined model is chosen, on validation faces alone.

    The mean of one figure for each set of labels: on the main data set's validation split the
    accuracy by FER+'s majority in seven classes, which counts twice because the app is asked what
    people see, and the accuracy by its own labels; and on the validation people of the data sets
    beside it the mean recall, which is left out where there are none.

    Args:
        probabilities: Float32 of shape `(N, K)`, for `dataset.validation`.
        dataset: With votes.
    """
    main = dataset.main or dataset
    n_main = len(main.validation)
    assert main.validation.votes is not None
    votes = labels_in_7(main.validation.votes, dataset.emotions)
    predicted = probabilities.argmax(axis=1)
    of_main, of_others = predicted[:n_main], predicted[n_main:]
    counted = votes >= 0
    by_votes = float((of_main[counted] == votes[counted]).mean())
    figures = [by_votes, by_votes, float((of_main == main.validation.labels).mean())]
    if len(of_others):
        figures.append(_mean_recall(of_others, dataset.validation.labels[n_main:]))
    return float(np.mean(figures))


def join(network: keras.Model, dataset: FaceDataset) -> tuple[keras.Model, Joining]:
    """Return a network with one output, joined in the way that is best on the panel.

    Args:
        network: A trained network with the heads `labels` and `votes`.
        dataset: The data set that it was trained on, with votes.

    Returns:
        The network `(N, 48, 48, C)` -> `(N, K)`, and the way its heads were joined.
    """
    logits = {name: _logits(network, name, dataset.validation) for name in ("labels", "votes")}
    tried: list[tuple[Joining, Floats]] = []
    for votes in SHARES_OF_VOTES:
        # Joined logits order the emotions as joined probabilities do.
        joined = votes * logits["votes"] + (1 - votes) * logits["labels"]
        bias = _bias(joined, dataset)
        tried.append((Joining(votes, panel(joined + bias, dataset)), bias))
    joining, bias = max(tried, key=lambda each: each[0].panel)
    return _joined_network(network, joining, bias), joining


def _bias(logits: Floats, dataset: FaceDataset) -> Floats:
    """The biases of joined logits under which FER+'s majority is likeliest on validation faces."""
    main = dataset.main or dataset
    assert main.validation.votes is not None
    labels = labels_in_7(main.validation.votes, dataset.emotions)
    counted = labels >= 0
    of_main, labels = logits[: len(labels)][counted], labels[counted]
    temperature = fit_temperature(_softmax(of_main), labels)
    bias = np.zeros(logits.shape[1], np.float32)
    for _ in range(BIAS_STEPS):
        bias += BIAS_RATE * (
            np.eye(len(bias))[labels] - _softmax(of_main / temperature + bias)
        ).mean(axis=0)
    fitted: Floats = temperature * bias
    return fitted


def _joined_network(network: keras.Model, joining: Joining, bias: Floats) -> keras.Model:
    labels, votes = (network.get_layer(name) for name in ("labels", "votes"))
    output = keras.layers.Dense(len(bias), activation="softmax", dtype="float32", name="joined")
    joined = keras.Model(network.input, output(votes.input), name=network.name)
    kernel, joined_bias = (
        joining.votes * of_votes + (1 - joining.votes) * of_labels
        for of_votes, of_labels in zip(votes.get_weights(), labels.get_weights(), strict=True)
    )
    output.set_weights([kernel, joined_bias + bias])
    return joined


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _logits(network: keras.Model, head: str, faces: LabeledFaces) -> Floats:
    """A head's logits, up to a constant of each face."""
    one_head = keras.Model(network.input, network.get_layer(head).output)
    targets = label_targets(faces, one_head.output_shape[-1])
    batches = FaceBatches(faces, targets, BATCH_SIZE, network.input_shape[-1])
    probabilities: Floats = one_head.predict(batches, verbose=0)
    return np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))


def _mean_recall(predicted: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    """Mean over the emotions that are there of the share of their faces that are found."""
    return float(np.mean([(predicted[labels == label] == label).mean() for label in set(labels)]))
