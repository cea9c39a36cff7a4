import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from fer_core.__main__ import main
from fer_core.classification.classifier import EmotionClassifier, open_model
from fer_core.classification.model_store import InputShape, write_card
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.errors import DatasetError, ExportError, ModelError, OutputError
from fer_core.training.architectures.residual import mini_xception
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.export.export import export_model
from fer_core.training.export.formats import FORMATS, ExportFormat, Pixels
from tests.conftest import takes_long
from tests.faces import card, gray_faces
from tests.fer2013 import rows, votes_for, write_table


def small_network(channels: int = 1, seed: int = 0) -> keras.Model:
    """A convolution and a dense layer with random weights: exported in a second."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.layers.Input((48, 48, channels)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(4, 5, strides=4, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Flatten(),
            keras.layers.Dense(7, activation="softmax"),
        ]
    )


def residual_network() -> keras.Model:
    """Mini-Xception with random weights, whose batch normalization has statistics as if trained."""
    keras.utils.set_random_seed(0)
    network = mini_xception(7)
    random = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 2, weight.shape) for weight in layer.weights])
    return network


def write_model(folder: Path, network: keras.Model) -> Path:
    """A model's folder as training leaves it, but for the history."""
    folder.mkdir()
    write_card(card(shape=InputShape(channels=network.input_shape[-1])), folder)
    network.save(folder / "model.keras")
    return folder


def faces(n: int, seed: int) -> LabeledFaces:
    return LabeledFaces(gray_faces(n, seed), np.arange(n) % 7)


def dataset(n_train: int = 20, n_test: int = 10) -> FaceDataset:
    return FaceDataset(
        "made-up", FER2013_EMOTIONS, faces(n_train, 0), faces(7, 1), faces(n_test, 2)
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """a small model's folder that a test may damage."""
    return write_model(tmp_path / "net", small_network())


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_table(tmp_path_factory.mktemp("data") / "fer2013.csv", rows(7, 7, 7))


# --- what cannot be exported ---


def test_a_network_that_is_unknown_missing_or_damaged_is_named(folder: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no model 'no-such-model'"):
        export_model("no-such-model")
    source = folder / "model.keras"
    content = source.read_bytes()
    for damaged in (b"", b"not a model", content[: len(content) // 2]):
        source.write_bytes(damaged)
        with pytest.raises(ModelError, match=r"^\S*model\.keras cannot be read: .+$"):
            export_model(folder)
    source.unlink()
    with pytest.raises(ModelError, match=r"net holds no model\.keras\."):
        export_model(folder)
    assert names(folder) == ["card.json"]


def test_a_network_that_is_not_what_its_card_says_is_refused(folder: Path) -> None:
    write_card(card(FER2013_EMOTIONS[:6]), folder)
    with pytest.raises(ModelError, match=r"promises 6 probabilities"):
        export_model(folder)
    write_card(card(shape=InputShape(channels=3)), folder)
    with pytest.raises(ModelError, match=r"model\.keras cannot be read"):
        export_model(folder)


def test_a_data_set_of_other_emotions_is_refused(folder: Path) -> None:
    others = replace(dataset(), emotions=FER2013_EMOTIONS[::-1])
    with pytest.raises(DatasetError, match=r"predicts angry, .* made-up has neutral, "):
        export_model(folder, "tflite", others)


def test_a_format_must_be_known_and_have_what_it_needs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ExportError, match=r"no format 'pb', only tflite, tflite-int8, json-h5, on"):
        export_model(folder, "pb")
    with pytest.raises(ExportError, match=r"calibrated on training faces; .* with --data\."):
        export_model(folder, "tflite-int8")
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ExportError, match=r'needs tf2onnx: .* its extra "export"\.'):
        export_model(folder, "onnx")
    assert names(folder) == ["card.json", "model.keras"]


def test_an_output_that_cannot_be_a_folder_is_named(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for output in (file, file / "below"):
        with pytest.raises(OutputError, match=rf"{output} cannot be written to: \w"):
            export_model(folder, "json-h5", output=output)


def change(monkeypatch: pytest.MonkeyPatch, name: str, **changes: Any) -> ExportFormat:
    """Replaces parts of a format for this test; returns it as it was."""
    original = FORMATS[name]
    monkeypatch.setitem(FORMATS, name, replace(original, **changes))
    return original


def not_a_number(pixels: Pixels) -> Pixels:
    return np.full((len(pixels), 7), np.nan, np.float32)


def test_a_format_that_answers_differently_leaves_what_was_there_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    earlier = folder / "model.json"
    earlier.write_text("earlier", encoding="utf-8")
    original = FORMATS["json-h5"]
    other = small_network(seed=1)
    change(monkeypatch, "json-h5", write=lambda _, *rest: original.write(other, *rest))
    for data in (None, dataset()):
        with pytest.raises(ExportError, match=r"differ by up to \d.*, where 1e-04 is allowed"):
            export_model(folder, "json-h5", data)
    change(monkeypatch, "json-h5", open=lambda _: not_a_number)
    with pytest.raises(ExportError, match=r"cannot be written as json-h5: its card promises 7 "):
        export_model(folder, "json-h5")
    assert names(folder) == ["card.json", "model.json", "model.keras"]
    assert earlier.read_text(encoding="utf-8") == "earlier"


@pytest.mark.parametrize(
    ("n_changed", "written"),
    [
        pytest.param(0, True, id="none"),
        pytest.param(1, True, id="as many as rounding may"),
        pytest.param(2, False, id="too many"),
        pytest.param(10, False, id="garbage"),
    ],
)
def test_an_8_bit_format_must_mostly_give_the_same_answer(
    folder: Path, monkeypatch: pytest.MonkeyPatch, n_changed: int, written: bool
) -> None:
    original = FORMATS["json-h5"]

    def changes_some(of: Path) -> Any:
        exported = original.open(of)

        def predict(pixels: Pixels) -> Pixels:
            probabilities = exported(pixels)
            # The rest of the calls are single faces, which are timed.
            n = n_changed if len(pixels) == 10 else 0
            probabilities[:n] = np.roll(probabilities[:n], 1, axis=1)
            return probabilities

        return predict

    change(monkeypatch, "json-h5", open=changes_some, calibrated=True)
    if written:
        export_model(folder, "json-h5", dataset())
        assert "model.json" in names(folder)
    else:
        with pytest.raises(
            ExportError, match=r"for \d+\.0% of the faces, where 90% is the least, "
        ):
            export_model(folder, "json-h5", dataset())
        assert names(folder) == ["card.json", "model.keras"]


@pytest.mark.parametrize(
    ("raised", "expected", "sentence"),
    [
        pytest.param(
            RuntimeError("cannot convert GELU\nat line 1"),
            ExportError,
            "The model cannot be written as tflite: cannot convert GELU",
            id="a-converter's-essay-is-cut-to-its-first-line",
        ),
        pytest.param(
            ValueError(),
            ExportError,
            "The model cannot be written as tflite: ValueError",
            id="a-converter-without-words",
        ),
        pytest.param(
            OSError(28, "No space left on device"),
            OutputError,
            "net cannot be written to: No space left on device.",
            id="a-full-disk",
        ),
    ],
)
def test_what_fails_while_writing_is_one_sentence(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    raised: Exception,
    expected: type[Exception],
    sentence: str,
) -> None:
    def write(_: keras.Model, scratch: Path, __: Pixels) -> None:
        (scratch / "model.tflite").touch()
        raise raised

    change(monkeypatch, "tflite", write=write)
    with pytest.raises(expected) as caught:
        export_model(folder)
    assert str(caught.value).endswith(sentence)
    assert names(folder) == ["card.json", "model.keras"]


# --- what is compared ---


def test_calibration_and_check_draw_the_same_faces_in_every_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = dataset(n_train=600, n_test=1_100)
    drawn: list[Pixels] = []

    def write(network: keras.Model, scratch: Path, pixels: Pixels) -> None:
        drawn.append(pixels)
        original.write(network, scratch, pixels)

    original = change(monkeypatch, "json-h5", write=write)
    checks = [export_model(folder, "json-h5", many).check for _ in range(2)]
    assert [check.n_faces for check in checks] == [1_000, 1_000]
    assert checks[0].accuracy == checks[1].accuracy
    assert drawn[0].shape == (500, 48, 48, 1)
    np.testing.assert_array_equal(drawn[0], drawn[1])
    known = {face.tobytes() for face in many.train.images.astype(np.float32)}
    assert {face.tobytes() for face in drawn[0]} <= known


def test_accuracies_and_agreement_are_shares_of_the_test_faces(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_two = [np.eye(7, dtype=np.float32)[index] for index in (0, 1)]

    def happy_or_angry(pixels: Pixels) -> Pixels:
        return np.stack([first_two[index % 2] for index in range(len(pixels))])

    monkeypatch.setattr("fer_core.training.export.export.MIN_AGREEMENT", 0)
    # Labels 0 1 2 3 4 5 6 0 1 2, predictions 0 1 0 1 0 1 0 1 0 1: the first two are right.
    change(monkeypatch, "json-h5", open=lambda _: happy_or_angry, calibrated=True)
    check = export_model(folder, "json-h5", dataset()).check
    assert check.accuracy == 0.2
    test = dataset().test
    source = EmotionClassifier.load(folder, runtime="keras").probabilities(test.images)
    predictions = source.argmax(axis=1)
    assert check.model_accuracy == np.mean(predictions == test.labels)
    assert check.agreement == np.mean(predictions == [0, 1] * 5)
    assert check.max_difference == pytest.approx(abs(source - happy_or_angry(source)).max())


@pytest.mark.parametrize(
    ("learned", "agreed", "n_faces", "accuracy"),
    [
        pytest.param("FER2013", True, 10, 0.2, id="by the labels"),
        pytest.param("FER+", True, 8, 1, id="by the majority"),
        pytest.param("FER+", False, 10, 0.2, id="there is none"),
    ],
)
def test_accuracy_is_by_the_labels_that_the_network_learned(
    folder: Path, learned: str, agreed: bool, n_faces: int, accuracy: float
) -> None:
    labels = EmotionClassifier.load(folder, runtime="keras").probabilities(faces(10, 2).images)
    seen = [votes_for(int(label)) for label in labels.argmax(axis=1)]
    votes = np.array([line.split(",") for line in seen], np.uint8)
    votes[8:] = 0
    others = (labels.argmax(axis=1) + 1) % 7
    others[:2] = (others[:2] - 1) % 7
    test = LabeledFaces(faces(10, 2).images, others, votes if agreed else np.zeros_like(votes))
    write_card(replace(card(), trained_on={"labels": learned}), folder)
    report = export_model(folder, "json-h5", replace(dataset(), test=test))
    assert (report.check.n_faces, report.check.accuracy) == (n_faces, accuracy)
    assert report.check.model_accuracy == accuracy
    assert report.checked_on.endswith(", by FER+'s majority") is (n_faces == 8)


# --- each format, of several architectures ---


@pytest.fixture(scope="module")
def residual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("nets") / "residual", residual_network())


@pytest.fixture(scope="module")
def three_channels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("nets") / "rgb", small_network(channels=3))


@pytest.mark.parametrize("name", ["tflite", "json-h5", "onnx"])
@pytest.mark.parametrize("network", ["residual", "three_channels"])
def test_a_float32_format_predicts_as_its_source(
    name: str, network: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder: Path = request.getfixturevalue(network)
    report = export_model(folder, name, dataset(), tmp_path)
    assert report.check.max_difference <= 1e-4
    assert report.check.agreement == 1
    assert report.check.accuracy == report.check.model_accuracy
    assert [file.name for file in report.files] == list(FORMATS[name].files)
    assert names(tmp_path) == sorted(FORMATS[name].files)
    assert names(folder) == ["card.json", "model.keras"]


def test_the_served_file_is_float32_for_one_face_and_the_classifier_loads_it(folder: Path) -> None:
    (served,) = export_model(folder).files
    # 104 + 3,395 weights of four bytes, and some kilobytes around them.
    assert 13_996 < served.stat().st_size < 20_000
    assert open_model(served)(np.zeros((3, 48, 48, 1), np.float32)).shape == (3, 7)
    images = np.concatenate([gray_faces(5), np.full((1, 48, 48), 255, np.uint8)])
    by_keras = EmotionClassifier.load(folder, runtime="keras").probabilities(images)
    np.testing.assert_allclose(
        EmotionClassifier.load(folder).probabilities(images), by_keras, atol=1e-4
    )


@takes_long
def test_an_8_bit_file_calculates_in_integers_and_takes_and_gives_float32(
    residual: Path, tmp_path: Path
) -> None:
    report = export_model(residual, "tflite-int8", dataset(), tmp_path)
    (file,) = report.files
    assert file == tmp_path / "model-int8.tflite"
    interpreter = Interpreter(model_path=str(file))
    (source,), (target,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (source["dtype"], source["shape"].tolist()) == (np.float32, [1, 48, 48, 1])
    assert (target["dtype"], target["shape"].tolist()) == (np.float32, [1, 7])
    tensors = interpreter.get_tensor_details()
    floats = {tensor["index"] for tensor in tensors if tensor["dtype"] == np.float32}
    assert floats == {source["index"], target["index"]}
    # Some 60,000 weights of one byte; the float32 file has four times as many.
    assert report.n_bytes < 150_000
    assert 0 < report.check.max_difference < 0.1
    predictions = open_model(file)(gray_faces(9)[..., np.newaxis].astype(np.float32))
    np.testing.assert_allclose(predictions.sum(axis=1), 1, atol=1e-6)


def test_architecture_and_weights_load_with_nothing_but_keras(folder: Path) -> None:
    architecture, weights = export_model(folder, "json-h5").files
    network = keras.models.model_from_json(architecture.read_text(encoding="utf-8"))
    network.load_weights(weights)
    pixels = gray_faces(4)[..., np.newaxis].astype(np.float32)
    source = keras.models.load_model(folder / "model.keras")
    np.testing.assert_array_equal(
        network.predict(pixels, verbose=0), source.predict(pixels, verbose=0)
    )


def test_an_onnx_file_takes_any_number_of_faces_at_once(folder: Path) -> None:
    import onnxruntime

    (file,) = export_model(folder, "onnx").files
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    pixels = gray_faces(5)[..., np.newaxis].astype(np.float32)
    together = session.run(None, {"pixels": pixels})[0]
    assert together.shape == (5, 7)
    source = keras.models.load_model(folder / "model.keras")
    np.testing.assert_allclose(together, source.predict(pixels, verbose=0), atol=1e-5)


# --- the command ---


@pytest.mark.parametrize("name", FORMATS)
def test_the_command_writes_each_format_into_a_new_folder_and_prints_json_alone(
    name: str, folder: Path, table: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "a" / "b"
    options = ["--model", str(folder), "--format", name, "--data", str(table), "--json"]
    assert main(["export", *options, "--output", str(output)]) == 0
    report = json.loads(capfd.readouterr().out)
    assert report["files"] == [str(output / file) for file in FORMATS[name].files]
    assert report["n_bytes"] == sum(file.stat().st_size for file in output.iterdir())
    assert report["model_bytes"] == (folder / "model.keras").stat().st_size
    assert report["checked_on"] == "7 test faces of FER2013"
    assert set(report["check"]) == {
        "n_faces",
        "max_difference",
        "ms_per_face",
        "agreement",
        "accuracy",
        "model_accuracy",
        "network_accuracy",
    }
    former = report["network_bytes"], report["check"]["network_accuracy"]
    assert former == (report["model_bytes"], report["check"]["model_accuracy"])
    assert all(value is not None for value in report["check"].values())
    assert report["check"]["ms_per_face"] > 0
    assert names(folder) == ["card.json", "model.keras"]


def test_the_command_prints_a_table_and_without_data_claims_no_accuracy(
    folder: Path, table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--model", str(folder), "--format", "json-h5"]) == 0
    lines = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    assert list(lines) == ["written", "checked on", "largest difference", "size", "one face"]
    assert lines["checked on"].strip() == "100 images of random pixels, for want of --data"
    assert lines["one face"].endswith(" ms (Keras, all threads)")

    options = ["--model", str(folder), "--format", "json-h5", "--data", str(table)]
    assert main(["export", *options]) == 0
    out = capsys.readouterr().out
    assert "checked on          7 test faces of FER2013\n" in out
    assert "same prediction     100.0%\n" in out
    assert "\naccuracy            " in out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(["--model", "no-such"], "There is no model 'no-such'", id="model"),
        pytest.param(["--data", "no-such"], "no-such does not exist", id="data"),
        pytest.param(["--format", "tflite-int8"], "tflite-int8 is calibrated", id="no data"),
        pytest.param(["--output", "/dev/null"], "/dev/null cannot be written to", id="output"),
    ],
)
def test_bad_input_exits_with_2_and_one_sentence(
    options: list[str], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "--model", str(folder), *options]) == 2
    err = capsys.readouterr().err
    assert err.startswith(sentence)
    assert err.count("\n") == 1


def test_an_unknown_format_exits_with_2_and_names_those_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["export", "--format", "pb"])
    assert caught.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "invalid choice: 'pb'" in last
    assert all(name in last for name in FORMATS)
