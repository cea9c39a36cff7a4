import io
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest
from ai_edge_litert.interpreter import Interpreter

from fer_core.analysis import EmotionAnalyzer
from fer_core.classification.classifier import EmotionClassifier, _LiteRtModel
from fer_core.classification.model_files import record_files
from fer_core.classification.model_store import (
    DEFAULT_MODEL,
    InputShape,
    find_model,
    read_card,
    write_card,
)
from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.errors import ModelError
from tests.faces import card, gray_faces


@pytest.fixture(scope="module")
def classifier(analyzer: EmotionAnalyzer) -> EmotionClassifier:
    return analyzer.classifier


# --- the model that comes with this repository, run by LiteRT ---


@pytest.mark.parametrize("n", [0, 1, 2, 17])
def test_there_is_a_row_of_seven_for_each_face(classifier: EmotionClassifier, n: int) -> None:
    rows = classifier.probabilities(gray_faces(n))
    assert rows.shape == (n, 7)
    assert rows.dtype == np.float32


def test_each_row_sums_to_one_and_differs_from_face_to_face(classifier: EmotionClassifier) -> None:
    rows = classifier.probabilities(gray_faces(5))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    assert rows.min() >= 0
    assert len(np.unique(rows, axis=0)) == 5


def test_a_row_does_not_depend_on_the_other_faces(classifier: EmotionClassifier) -> None:
    faces = gray_faces(6)
    together = classifier.probabilities(faces)
    one_by_one = np.concatenate([classifier.probabilities(faces[i : i + 1]) for i in range(6)])
    np.testing.assert_array_equal(together, one_by_one)
    np.testing.assert_array_equal(classifier.probabilities(faces[::-1]), together[::-1])


@pytest.mark.parametrize(
    "faces",
    [
        pytest.param(np.zeros((2, 48, 47), np.uint8), id="too narrow"),
        pytest.param(np.zeros((0, 24, 24), np.uint8), id="too small, though there is none"),
        pytest.param(np.zeros((48, 48), np.uint8), id="a face that is not in a batch"),
        pytest.param(np.zeros((2, 48, 48, 1), np.uint8), id="a channel too many"),
        pytest.param(np.zeros((2, 48, 48), np.float32), id="pixels that may be scaled already"),
    ],
)
def test_faces_of_another_shape_or_type_are_refused(
    classifier: EmotionClassifier, faces: npt.NDArray[Any]
) -> None:
    with pytest.raises(ValueError, match=r"uint8 of shape \(N, 48, 48\).*Received"):
        classifier.probabilities(faces)


def test_many_threads_sharing_a_classifier_answer_as_one_thread(
    classifier: EmotionClassifier,
) -> None:
    batches = [gray_faces(1 + seed % 3, seed) for seed in range(10)]
    alone = [classifier.probabilities(batch) for batch in batches]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(classifier.probabilities, batches * 8))
    for expected, rows in zip(alone * 8, together, strict=True):
        np.testing.assert_array_equal(rows, expected)


# --- the contract of a model's files ---


def test_a_warm_classifier_makes_no_interpreter_when_two_ask_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[Interpreter] = []

    def make(**options: Any) -> Interpreter:
        made.append(Interpreter(**options))
        return made[-1]

    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("ai_edge_litert.interpreter.Interpreter", make)
    warm = EmotionClassifier.load()
    warm.warm_up()
    assert len(made) == 2
    model = warm._model
    assert isinstance(model, _LiteRtModel)
    with model._interpreters.borrow():  # another viewer's face is being classified
        assert warm.probabilities(gray_faces(1)).shape == (1, 7)
    assert len(made) == 2


def test_a_network_that_all_callers_share_is_warm_as_it_is(
    keras_classifier: EmotionClassifier,
) -> None:
    before = keras_classifier.probabilities(gray_faces(1))
    keras_classifier.warm_up()
    np.testing.assert_array_equal(keras_classifier.probabilities(gray_faces(1)), before)


def test_the_served_file_answers_as_the_network_it_was_exported_from(
    classifier: EmotionClassifier, keras_classifier: EmotionClassifier
) -> None:
    faces = np.concatenate(
        [
            gray_faces(255),
            np.zeros((1, 48, 48), np.uint8),
            np.full((1, 48, 48), 255, np.uint8),
        ]
    )  # 257, one more than Keras is given at once
    served, source = classifier.probabilities(faces), keras_classifier.probabilities(faces)
    assert source.shape == (257, 7)
    assert source.dtype == np.float32
    np.testing.assert_allclose(served, source, atol=1e-4)


def test_the_network_file_takes_raw_pixels_and_returns_probabilities() -> None:
    import keras

    network = keras.models.load_model(find_model(DEFAULT_MODEL) / "model.keras")
    assert network.input_shape == (None, 48, 48, 1)
    assert network.output_shape == (None, 7)
    assert network.count_params() == read_card(find_model(DEFAULT_MODEL)).n_parameters
    faces = gray_faces(4)[..., np.newaxis].astype(np.float32)
    rows = keras.ops.convert_to_numpy(network(faces, training=False))
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    (scaling,) = [layer for layer in network.layers if type(layer).__name__ == "Rescaling"]
    assert scaling.scale == 1 / 255


def test_keras_answers_no_face_with_no_row(keras_classifier: EmotionClassifier) -> None:
    assert keras_classifier.probabilities(gray_faces(0)).shape == (0, 7)


def test_the_labels_are_those_of_the_card(classifier: EmotionClassifier) -> None:
    assert classifier.labels == classifier.card.labels == FER2013_EMOTIONS


# --- what a model is given ---


def recorded(shape: InputShape) -> tuple[EmotionClassifier, list[npt.NDArray[np.float32]]]:
    calls: list[npt.NDArray[np.float32]] = []

    def model(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        calls.append(pixels)
        return np.ones((len(pixels), 1), np.float32)

    return EmotionClassifier(model, card((Emotion.HAPPY,), shape)), calls


@pytest.mark.parametrize("channels", [1, 3])
def test_a_network_is_given_unscaled_pixels_in_as_many_channels_as_its_card_says(
    channels: int,
) -> None:
    classifier, calls = recorded(InputShape(height=2, width=3, channels=channels))
    classifier.probabilities(np.array([[[0, 1, 2], [100, 200, 255]]], np.uint8))
    (pixels,) = calls
    assert pixels.dtype == np.float32
    assert pixels.shape == (1, 2, 3, channels)
    for channel in range(channels):
        assert pixels[0, :, :, channel].tolist() == [[0, 1, 2], [100, 200, 255]]


def test_a_network_is_not_asked_about_no_face() -> None:
    classifier, calls = recorded(InputShape())
    assert classifier.probabilities(gray_faces(0)).shape == (0, 1)
    assert calls == []


# --- damaged files ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the model's folder that a test may damage."""
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("card.json", "model.tflite"):
        shutil.copy(find_model(DEFAULT_MODEL) / name, copy)
    return copy


def zip_of_nothing() -> bytes:
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    return buffer.getvalue()


def zip_with_a_flipped_bit() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("config.json", "{" + " " * 500 + "}")
        archive.writestr("metadata.json", "{}")
    data = bytearray(buffer.getvalue())
    data[data.index(b"    ")] ^= 1
    return bytes(data)


@pytest.mark.parametrize(
    ("runtime", "content"),
    [
        pytest.param("litert", None, id="missing"),
        pytest.param("litert", b"", id="empty"),
        pytest.param("litert", b"not a model", id="text"),
        pytest.param("litert", "half", id="cut off"),
        pytest.param("keras", None, id="missing, Keras"),
        pytest.param("keras", b"", id="empty, Keras"),
        pytest.param("keras", b"not a model", id="text, Keras"),
        pytest.param("keras", zip_of_nothing(), id="an archive of nothing, Keras"),
        pytest.param("keras", zip_with_a_flipped_bit(), id="an archive with a flipped bit, Keras"),
    ],
)
def test_a_damaged_network_is_a_model_error(
    folder: Path, runtime: Literal["litert", "keras"], content: bytes | str | None
) -> None:
    file = folder / {"litert": "model.tflite", "keras": "model.keras"}[runtime]
    if content == "half":
        content = file.read_bytes()[: file.stat().st_size // 2]
    file.unlink(missing_ok=True)
    if isinstance(content, bytes):
        file.write_bytes(content)
    record_files(folder)  # as where it was damaged from the start
    with pytest.raises(ModelError, match=r"copy cannot be loaded"):
        EmotionClassifier.load(folder, runtime=runtime)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"labels": tuple(Emotion)}, id="eight labels, seven outputs"),
        pytest.param({"labels": FER2013_EMOTIONS[:6]}, id="six labels, seven outputs"),
        pytest.param({"input": InputShape(height=64, width=64)}, id="another size"),
        pytest.param({"input": InputShape(channels=3)}, id="another number of channels"),
    ],
)
def test_a_network_that_does_not_fit_its_card_is_a_model_error(
    folder: Path, changes: dict[str, Any]
) -> None:
    write_card(replace(read_card(folder), **changes), folder)
    with pytest.raises(ModelError, match="copy"):
        EmotionClassifier.load(folder)


def test_a_folder_without_a_network_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no model"):
        EmotionClassifier.load(tmp_path)
