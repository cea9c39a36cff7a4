"""Temperature scaling: the search, a network's weights, and the command."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers

from fer_core.__main__ import main
from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import read_card, write_card
from fer_core.emotions import Emotion
from fer_core.errors import ModelError
from fer_core.training.data.batches import pixels
from fer_core.training.data.datasets import load_dataset
from fer_core.training.data.labeled_faces import LabeledFaces
from fer_core.training.evaluation.metrics import expected_calibration_error, negative_log_likelihood
from fer_core.training.evaluation.temperature import at_temperature, fit_temperature
from fer_core.training.export.formats import FORMATS
from fer_core.training.run.calibrate import give_temperature
from tests.faces import card, gray_faces
from tests.fer2013 import (
    VOTES_HEADER,
    face,
    pixel_text,
    row,
    rows,
    vote_row,
    votes_for,
    write_table,
)


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
    return shares.astype(np.float32)


def calibrated(n: int = 20_000, seed: int = 0) -> tuple[npt.NDArray[np.float64], Any]:
    """Logits of four classes, and labels that occur just as often as the logits say."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (n, 4))
    draws = rng.random((n, 1))
    labels = (softmax(logits).cumsum(axis=1) < draws).sum(axis=1).clip(0, 3)
    return logits, labels


# --- the search ---


@pytest.mark.parametrize("temperature", [0.2, 0.7, 1.0, 2.5, 8.0])
def test_the_temperature_that_was_put_in_is_found(temperature: float) -> None:
    logits, labels = calibrated()
    predictions = softmax(logits * temperature)
    found = fit_temperature(predictions, labels)
    assert found == pytest.approx(temperature, rel=0.03)
    scaled = at_temperature(predictions, found)
    assert expected_calibration_error(scaled, labels) < 0.02
    assert negative_log_likelihood(scaled, labels) <= negative_log_likelihood(predictions, labels)


def test_two_classes_have_the_temperature_worked_out_by_hand() -> None:
    # Always 90 % sure and 3 times of 4 right: ln 9 / T must be ln 3, so T is 2.
    predictions = np.array([[0.9, 0.1]] * 4, dtype=np.float32)
    assert fit_temperature(predictions, np.array([0, 0, 0, 1])) == pytest.approx(2, rel=1e-4)


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param([0, 0, 0], id="all right: the surer the better"),
        pytest.param([1, 1, 1], id="all wrong: the less sure the better"),
    ],
)
def test_without_a_minimum_the_temperature_stays_one(labels: list[int]) -> None:
    predictions = np.array([[0.8, 0.2], [0.7, 0.3], [0.9, 0.1]], dtype=np.float32)
    assert fit_temperature(predictions, np.array(labels)) == 1


def test_answers_that_say_nothing_have_temperature_one() -> None:
    predictions = np.full((6, 3), 1 / 3, dtype=np.float32)
    assert fit_temperature(predictions, np.array([0, 1, 2, 0, 1, 1])) == 1


def test_no_labels_are_a_mistake_of_the_programmer() -> None:
    with pytest.raises(ValueError, match="at least one label"):
        fit_temperature(np.zeros((0, 7), np.float32), np.zeros(0, np.int64))


def test_a_temperature_is_taken_back_by_its_reciprocal() -> None:
    predictions = softmax(np.random.default_rng(0).normal(0, 2, (50, 7)))
    for temperature in (0.5, 1, 3):
        scaled = at_temperature(predictions, temperature)
        np.testing.assert_allclose(scaled.sum(axis=1), 1, atol=1e-6)
        assert (scaled.argmax(axis=1) == predictions.argmax(axis=1)).all()
        np.testing.assert_allclose(at_temperature(scaled, 1 / temperature), predictions, atol=1e-5)


def test_certain_answers_stay_finite_at_any_temperature() -> None:
    certain = np.array([[1, 0], [0, 1]], dtype=np.float32)
    for temperature in (0.1, 10):
        assert np.isfinite(at_temperature(certain, temperature)).all()


# --- a network's weights ---


def dense(*after: layers.Layer, n_classes: int = 3) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(12),
            layers.Flatten(),
            layers.Dense(
                n_classes, kernel_initializer=keras.initializers.RandomNormal(0, 4, seed=1)
            ),
            *after,
        ]
    )


def convolution() -> keras.Model:
    """Ends as mini-Xception does."""
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(
                3,
                9,
                padding="same",
                kernel_initializer=keras.initializers.RandomNormal(0, 1, seed=1),
            ),
            layers.GlobalAveragePooling2D(),
            layers.Softmax(),
        ]
    )


def predictions_of(network: keras.Model) -> npt.NDArray[np.float32]:
    images = LabeledFaces(gray_faces(60), np.zeros(60, np.int64))
    found: npt.NDArray[np.float32] = network.predict(pixels(images), verbose=0)
    return found


def mostly_right(network: keras.Model) -> LabeledFaces:
    """Faces with labels by which the model is right three times of four."""
    labels = predictions_of(network).argmax(axis=1)
    labels[::4] = (labels[::4] + 1) % 3
    return LabeledFaces(gray_faces(60), labels)


@pytest.mark.parametrize(
    "network",
    [
        pytest.param(dense(layers.Softmax()), id="dense"),
        pytest.param(convolution(), id="convolution under a global average"),
    ],
)
def test_a_network_predicts_as_if_its_logits_were_divided(network: keras.Model) -> None:
    before, faces = predictions_of(network), mostly_right(network)
    temperature = give_temperature(network, faces)
    assert temperature == pytest.approx(fit_temperature(before, faces.labels), rel=1e-3)
    assert abs(temperature - 1) > 0.1, "else the next line shows nothing"
    np.testing.assert_allclose(
        predictions_of(network), at_temperature(before, temperature), atol=1e-4
    )


def test_a_network_has_been_given_its_temperature_once_for_all() -> None:
    network = dense(layers.Softmax())
    faces = mostly_right(network)
    assert abs(give_temperature(network, faces) - 1) > 0.1
    assert give_temperature(network, faces) == pytest.approx(1, abs=1e-3)


def test_a_network_that_does_not_end_in_softmax_is_refused_and_stays_as_it_was() -> None:
    network = dense(layers.Activation("sigmoid"))
    before = predictions_of(network)
    with pytest.raises(ModelError, match="does not end in a softmax"):
        give_temperature(network, mostly_right(network))
    np.testing.assert_array_equal(predictions_of(network), before)


# --- the command ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small model that is far too sure of itself, with figures of an evaluation."""
    network = dense(layers.Softmax(), n_classes=7)
    network.save(tmp_path / "model.keras")
    write_card(card(), tmp_path)
    (tmp_path / "evaluation").mkdir()
    return tmp_path


@pytest.fixture
def table(folder: Path, tmp_path: Path) -> Path:
    """FER2013's layout, with labels by which that model is right three times of four."""
    images = [face(index % 7, index) for index in range(70)]
    network = EmotionClassifier.load(folder, runtime="keras")
    labels = network.probabilities(np.stack(images)).argmax(axis=1)
    labels[::4] = (labels[::4] + 1) % 7
    validation = [
        row(int(label), "PublicTest", pixel_text(image))
        for label, image in zip(labels, images, strict=True)
    ]
    path = write_table(tmp_path / "fer2013.csv", [*validation, *rows(7, 0, 1)])
    learned_from(folder, path)
    return path


def learned_from(folder: Path, table: Path, **trained_on: Any) -> None:
    """Let a model's card say that it was trained on a table."""
    fingerprint = load_dataset(table).fingerprint()
    write_card(replace(card(), trained_on={"fingerprint": fingerprint, **trained_on}), folder)


def test_calibrating_twice_changes_nothing_more(folder: Path, table: Path) -> None:
    faces = gray_faces(5)
    before = EmotionClassifier.load(folder, runtime="keras").probabilities(faces)
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 0
    first = read_card(folder).trained_on["temperature"]
    assert first > 1.5
    served = EmotionClassifier.load(folder).probabilities(faces)
    np.testing.assert_allclose(served, at_temperature(before, first), atol=1e-4)
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 0
    # The card has the product, by which the first logits are divided.
    assert read_card(folder).trained_on["temperature"] == pytest.approx(first, rel=1e-3)
    np.testing.assert_allclose(
        EmotionClassifier.load(folder).probabilities(faces), served, atol=1e-3
    )


def test_a_network_that_predicts_by_votes_is_calibrated_by_their_majority(
    folder: Path, table: Path
) -> None:
    lines = table.read_text().splitlines()[1:]
    emotions, usages = ([line.split(",")[n] for line in lines] for n in (0, 2))
    # By its labels the model is never right, so that there would be no temperature to find.
    images = np.stack([np.fromstring(line.split(",")[1], np.uint8, sep=" ") for line in lines])
    network = EmotionClassifier.load(folder, runtime="keras")
    predictions = network.probabilities(images.reshape(-1, 48, 48)).argmax(axis=1)
    wrong = [
        row(int((predicted + 1) % 7), usage, pixel_text(image))
        for predicted, usage, image in zip(predictions, usages, images, strict=True)
        if usage != "Training"
    ]
    votes = [
        vote_row(usage, votes_for(int(emotion)))
        for usage, emotion in zip(usages, emotions, strict=True)
    ]
    votes[1] = vote_row("PublicTest", "0,0,0,0,0,0,0,0,0,0")  # nobody was asked about this one
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 0
    by_labels = read_card(folder).trained_on["temperature"]
    dense(layers.Softmax(), n_classes=7).save(folder / "model.keras")
    write_table(table, [*wrong[:-1], *rows(7, 0, 0), wrong[-1]])
    learned_from(folder, table, labels="FER+")
    write_table(table.parent / "fer2013new.csv", votes, VOTES_HEADER)
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 0
    assert read_card(folder).trained_on["temperature"] == pytest.approx(by_labels, rel=0.1)


def test_a_network_that_predicts_by_votes_needs_them(
    folder: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learned_from(folder, table, labels="FER+")
    before = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 2
    assert capsys.readouterr().err.startswith("FER2013 comes without FER+'s votes, which the")
    assert {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")} == before


@pytest.mark.parametrize("known", [True, False], ids=["other faces", "a card that does not say"])
def test_a_network_is_not_calibrated_on_faces_that_it_may_have_seen(
    folder: Path, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], known: bool
) -> None:
    other = write_table(tmp_path / "other.csv", rows(14, 7, 7))
    if not known:
        write_card(card(), folder)
    before = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
    assert main(["calibrate", "--model", str(folder), "--data", str(other)]) == 2
    err = capsys.readouterr().err
    assert "was not trained on the training split of FER2013, so the validation split may" in err
    assert err.count("\n") == 1
    assert {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")} == before


def test_figures_that_hold_no_more_are_removed(
    folder: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = (folder / "card.json").read_text()
    (folder / "card.json").write_text(
        content.replace('"metrics": {}', '"metrics": {"public": {"all": {}}}')
    )
    assert read_card(folder).metrics
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 0
    assert read_card(folder).metrics == {}
    assert not (folder / "evaluation").exists()
    assert "evaluate it again" in capsys.readouterr().out


def test_formats_of_the_old_temperature_are_removed(folder: Path, table: Path) -> None:
    others = ["model-int8.tflite", "model.json", "model.onnx", "model.weights.h5"]
    for name in others:
        (folder / name).touch()
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 0
    assert not {path.name for path in folder.iterdir()} & set(others)


def test_a_network_that_cannot_be_exported_stays_as_it_was(
    folder: Path, table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(*_: object) -> None:
        raise RuntimeError("only with TensorFlow")

    monkeypatch.setitem(FORMATS, "tflite", replace(FORMATS["tflite"], write=write))
    (folder / "evaluation" / "metrics.json").write_text("{}")
    (folder / "model.onnx").touch()
    before = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 2
    assert "only with TensorFlow" in capsys.readouterr().err
    assert {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")} == before


def test_a_network_of_other_emotions_is_refused(
    folder: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_card(card((Emotion.HAPPY, Emotion.SAD)), folder)
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 2
    assert "predicts happy, sad; FER2013 has angry" in capsys.readouterr().err


def test_a_network_without_its_source_is_refused(
    folder: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "model.keras").unlink()
    assert main(["calibrate", "--model", str(folder), "--data", str(table)]) == 2
    err = capsys.readouterr().err
    assert "holds no model.keras" in err
    assert err.count("\n") == 1
