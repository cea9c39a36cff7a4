"""A trained network as the file that the app serves."""

from pathlib import Path

import keras

from fer_core.errors import ModelError


def export_tflite(folder: Path) -> Path:
    """Write `model.tflite` in float32 beside `model.keras`, for one face a call.

    Returns:
        The file written.

    Raises:
        ModelError: There is no `model.keras` that can be read.
    """
    try:
        network = keras.models.load_model(folder / "model.keras")
    except Exception as error:  # what a damaged file raises differs with the damage
        raise ModelError(f"{folder / 'model.keras'} cannot be read: {error}") from error
    face = keras.Input(batch_shape=(1, *network.input_shape[1:]))
    one_by_one = keras.Model(face, network(face))
    target = folder / "model.tflite"
    one_by_one.export(target, format="litert", verbose=False)
    return target
