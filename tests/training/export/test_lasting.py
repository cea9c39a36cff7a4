"""Files that other versions open: of Keras, from the oldest promised one on, and of LiteRT."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from fer_core.classification import DEFAULT_MODEL, MODELS_DIR
from fer_core.training.architectures.plain import tutorial_cnn
from fer_core.training.architectures.residual import fer_resnet, mini_xception
from fer_core.training.export.formats import find_format
from fer_core.training.export.lasting import make_lasting, model_json, without_defaults
from tests.conftest import takes_long

FACES = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 1)).astype(np.float32)

architectures = pytest.mark.parametrize("build", [tutorial_cnn, mini_xception, fer_resnet])


def settings_in(part: Any) -> set[str]:
    """The names of all settings of all layers."""
    if isinstance(part, list):
        return set().union(*map(settings_in, part))
    if not isinstance(part, dict):
        return set()
    own = set(part["config"]) if isinstance(part.get("config"), dict) else set()
    return own.union(*map(settings_in, part.values()))


def predictions(network: keras.Model) -> npt.NDArray[np.float32]:
    return np.asarray(network(FACES, training=False))


def test_what_has_its_default_value_is_left_out_and_nothing_else() -> None:
    layer = keras.layers.Conv2D(4, 5, strides=4, use_bias=True, name="first")
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    written = without_defaults(config)["config"]
    assert {name: written.get(name) for name in ("filters", "kernel_size", "strides")} == {
        "filters": 4,
        "kernel_size": [5, 5],
        "strides": [4, 4],
    }
    assert written["name"] == "first"
    left_out = {"use_bias", "padding", "groups", "activity_regularizer", "trainable"}
    assert not left_out & set(written)


def test_a_setting_of_another_kind_than_its_default_stays() -> None:
    dropout = keras.saving.serialize_keras_object(keras.layers.Dropout(0.5, seed=0))
    assert without_defaults(dropout)["config"].items() >= {"rate": 0.5, "seed": 0}.items()


def test_classes_that_keras_does_not_bring_are_left_as_they_are() -> None:
    config = {"module": "mine", "class_name": "Own", "config": {"trainable": True}}
    assert without_defaults(config) == config


@architectures
def test_a_lean_text_is_the_same_model(build: Callable[[int], keras.Model]) -> None:
    network = build(7)
    text = model_json(network)
    assert not settings_in(json.loads(text)) & {"input_axes", "quantization_config", "optional"}
    copy = keras.models.model_from_json(text)
    copy.set_weights(network.get_weights())
    np.testing.assert_array_equal(predictions(copy), predictions(network))


def test_a_lean_file_has_the_same_weights_and_leaves_no_other_file(tmp_path: Path) -> None:
    network = mini_xception(7)
    path = tmp_path / "model.keras"
    network.save(path)
    full = zipfile.ZipFile(path).read("config.json")
    make_lasting(path)
    once = path.read_bytes()
    assert len(zipfile.ZipFile(path).read("config.json")) < len(full)
    np.testing.assert_array_equal(predictions(keras.models.load_model(path)), predictions(network))
    make_lasting(path)
    assert path.read_bytes() == once
    assert [file.name for file in tmp_path.iterdir()] == ["model.keras"]


@pytest.mark.parametrize(
    "path", sorted(MODELS_DIR.glob("*/model.keras")), ids=lambda path: path.parent.name
)
def test_the_models_that_come_with_this_repository_are_lean(path: Path) -> None:
    config = json.loads(zipfile.ZipFile(path).read("config.json"))
    assert config == without_defaults(config)


# --- in environments of their own ---

KERAS = """
import json, sys
import keras, numpy as np
folder, faces = sys.argv[1], np.load(sys.argv[2])
network = keras.models.load_model(folder + "/model.keras", compile=False)
with open(folder + "/model.json") as file:
    other = keras.models.model_from_json(file.read())
other.load_weights(folder + "/model.weights.h5")
both = [np.asarray(each.predict(faces, verbose=0)) for each in (network, other)]
print(json.dumps([rows.tolist() for rows in both]))
"""

RUNTIMES = """
import json, sys
import numpy as np, onnxruntime
from tflite_runtime.interpreter import Interpreter
interpreter = Interpreter(sys.argv[1] + "/model.tflite")
interpreter.allocate_tensors()
rows = []
for face in np.load(sys.argv[2]):
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face[np.newaxis])
    interpreter.invoke()
    rows.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].tolist())
session = onnxruntime.InferenceSession(sys.argv[1] + "/model.onnx")
(other,) = session.run(None, {session.get_inputs()[0].name: np.load(sys.argv[2])})
print(json.dumps([rows, other.tolist()]))
"""


@pytest.fixture(scope="module")
def downloads() -> Iterator[Path]:
    """A folder for what these tests download, gone after them."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def elsewhere(
    program: str, packages: list[str], folder: Path, downloads: Path
) -> list[npt.NDArray[np.float32]]:
    """A program's predictions for `FACES` in an environment that has these packages alone."""
    np.save(folder / "faces.npy", FACES)
    uv = Path(sys.executable).with_name("uv")
    command = [str(uv), "run", "--quiet", "--isolated", "--no-project", "--python", "3.11"]
    for package in packages:
        command += ["--with", package]
    command += ["python", "-c", program, str(folder), str(folder / "faces.npy")]
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env = {**own, "KERAS_BACKEND": "jax", "UV_CACHE_DIR": str(downloads)}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [np.array(rows) for rows in json.loads(done.stdout.splitlines()[-1])]


@takes_long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", ["3.5.0", "3.10.0"])
def test_older_versions_of_keras_open_the_model_and_its_export(
    version: str, tmp_path: Path, downloads: Path
) -> None:
    shipped = MODELS_DIR / DEFAULT_MODEL / "model.keras"
    network = keras.models.load_model(shipped)
    (tmp_path / "model.keras").symlink_to(shipped)
    (tmp_path / "model.json").write_text(model_json(network), encoding="utf-8")
    network.save_weights(tmp_path / "model.weights.h5")
    packages = [f"keras=={version}", "jax[cpu]==0.4.38"]
    for came in elsewhere(KERAS, packages, tmp_path, downloads):
        np.testing.assert_allclose(came, predictions(network), atol=1e-4)


@takes_long
@pytest.mark.timeout(600)
def test_runtimes_of_2023_open_the_model_that_ships_and_its_export(
    tmp_path: Path, downloads: Path
) -> None:
    shipped = MODELS_DIR / DEFAULT_MODEL
    network = keras.models.load_model(shipped / "model.keras")
    (tmp_path / "model.tflite").symlink_to(shipped / "model.tflite")
    find_format("onnx").write(network, tmp_path, FACES)
    packages = ["tflite-runtime==2.14.0", "onnxruntime==1.15.1", "numpy<2"]
    for came in elsewhere(RUNTIMES, packages, tmp_path, downloads):
        np.testing.assert_allclose(came, predictions(network), atol=1e-3)
