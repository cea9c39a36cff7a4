"""The formats that a model is exported to: each can be written and opened again."""

import shutil
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import keras
import numpy as np
import numpy.typing as npt

from fer_core.classification.classifier import Model, keras_model, open_model
from fer_core.errors import ExportError
from fer_core.training.export.lasting import model_json

Pixels: TypeAlias = npt.NDArray[np.float32]
"""Faces as a model takes them: float32 of shape `(N, H, W, C)`, 0 to 255."""


@dataclass(frozen=True)
class ExportFormat:
    """One format.

    Attributes:
        name: Its name for `--format`.
        files: Names of the files it consists of.
        write: Model, folder for the files, faces to calibrate on (used where `calibrated`).
        open: Folder of the files -> the model in them.
        runtime: The runtime that `open` uses, and its number of threads.
        calibrated: True if it rounds to 8 bits and needs training faces to know the ranges. Any
            other must give the model's own probabilities.
        packages: The packages that it needs beyond `requirements.txt`.
    """

    name: str
    files: tuple[str, ...]
    write: Callable[[keras.Model, Path, Pixels], None]
    open: Callable[[Path], Model]
    runtime: str
    calibrated: bool = False
    packages: tuple[str, ...] = ()


def find_format(name: str) -> ExportFormat:
    """A format by its name.

    Raises:
        ExportError: There is none of that name; the sentence lists those there are.
    """
    if name not in FORMATS:
        raise ExportError(f"There is no format {name!r}, only {', '.join(FORMATS)}.")
    return FORMATS[name]


def remove_derived(folder: Path) -> None:
    """Remove what was made from a folder's model, because another one takes its place.

    That is its files in every format, and what `evaluate` measured.
    """
    shutil.rmtree(folder / "evaluation", ignore_errors=True)
    for export_format in FORMATS.values():
        for name in export_format.files:
            (folder / name).unlink(missing_ok=True)


def _for_inference(network: keras.Model, batch_size: int | None) -> keras.Model:
    """The network for a fixed number of faces a call, or for any."""
    pixels = keras.Input(batch_shape=(batch_size, *network.input_shape[1:]), name="pixels")
    # Left open, it is taken for True on the way to ONNX, where batch normalization then ignores
    # what it has learned.
    return keras.Model(pixels, network(pixels, training=False))


def _write_tflite(network: keras.Model, folder: Path, _: Pixels) -> None:
    _for_inference(network, 1).export(folder / "model.tflite", format="litert", verbose=False)


def _write_tflite_int8(network: keras.Model, folder: Path, faces: Pixels) -> None:
    import tensorflow as tf

    def one_by_one() -> Iterator[list[Pixels]]:
        for face in faces:
            yield [face[np.newaxis]]

    _for_inference(network, 1).export(
        folder / "model-int8.tflite",
        format="litert",
        verbose=False,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=one_by_one,
        # No other operations, so that one without 8 bits is an error and not silently float32.
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
    )


def _write_json_h5(network: keras.Model, folder: Path, _: Pixels) -> None:
    (folder / "model.json").write_text(model_json(network), encoding="utf-8")
    network.save_weights(folder / "model.weights.h5")


def _open_json_h5(folder: Path) -> Model:
    text = (folder / "model.json").read_text(encoding="utf-8")
    network = keras.models.model_from_json(text)
    network.load_weights(folder / "model.weights.h5")
    return keras_model(network)


def _write_onnx(network: keras.Model, folder: Path, _: Pixels) -> None:
    signature = keras.InputSpec(shape=network.input_shape, dtype="float32", name="pixels")
    with warnings.catch_warnings():
        # Keras looks whether NumPy still has np.object, which it lends to tf2onnx.
        warnings.filterwarnings("ignore", "In the future `np.object`", FutureWarning)
        _for_inference(network, None).export(
            folder / "model.onnx", format="onnx", verbose=False, input_signature=[signature]
        )


def _open_onnx(folder: Path) -> Model:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", options, providers=["CPUExecutionProvider"]
    )

    def run(pixels: Pixels) -> Pixels:
        rows = [session.run(None, {"pixels": face[np.newaxis]})[0] for face in pixels]
        return np.concatenate(rows)

    return run


FORMATS = {
    format_.name: format_
    for format_ in (
        ExportFormat(
            "tflite",
            files=("model.tflite",),
            write=_write_tflite,
            open=lambda folder: open_model(folder / "model.tflite"),
            runtime="LiteRT, one thread",
        ),
        ExportFormat(
            "tflite-int8",
            files=("model-int8.tflite",),
            write=_write_tflite_int8,
            open=lambda folder: open_model(folder / "model-int8.tflite"),
            runtime="LiteRT, one thread",
            calibrated=True,
        ),
        ExportFormat(
            "json-h5",
            files=("model.json", "model.weights.h5"),
            write=_write_json_h5,
            open=_open_json_h5,
            runtime="Keras, all threads",
        ),
        ExportFormat(
            "onnx",
            files=("model.onnx",),
            write=_write_onnx,
            open=_open_onnx,
            runtime="ONNX Runtime, one thread",
            packages=("onnx", "onnxruntime", "tf2onnx"),
        ),
    )
}
"""Every format by its name."""
