"""Emotions of faces, by a model."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from fer_core.classification.model_files import check_file
from fer_core.classification.model_store import (
    DEFAULT_MODEL,
    MODELS_DIR,
    SERVED_FILE,
    ModelCard,
    find_model,
    read_card,
)
from fer_core.emotions import Emotion
from fer_core.errors import ModelError
from fer_core.pool import Pool, once_a_process

if TYPE_CHECKING:
    import keras
    from ai_edge_litert.interpreter import Interpreter

Model: TypeAlias = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""Gray pixels 0..255, float32 `(N, H, W, C)` with N above 0 -> probabilities, float32 `(N, K)`."""


class EmotionClassifier:
    """Gives the probability of each emotion for gray faces. Safe to share between threads."""

    def __init__(self, model: Model, card: ModelCard, version: str = "") -> None:
        """Wrap a model that is safe to call from several threads; see `load`.

        Args:
            model: Gives the probabilities.
            card: The model's.
            version: Tells apart models of the same name: of a loaded one the first twelve
                digits of its file's SHA-256.
        """
        self._model = model
        self.card = card
        self.version = version
        self._loaded_by: tuple[str, str] | None = None

    @classmethod
    def load(
        cls, model: str | Path = DEFAULT_MODEL, *, runtime: Literal["litert", "keras"] = "litert"
    ) -> "EmotionClassifier":
        """Load a model.

        Args:
            model: Its name, or its folder.
            runtime: `litert` runs `model.tflite`, in a fraction of the time and memory and
                without TensorFlow; `keras` runs `model.keras`, the source of the other.

        Raises:
            ModelError: There is no such model, or its files are damaged.
        """
        folder = find_model(model)
        card = read_card(folder)
        path = folder / (SERVED_FILE if runtime == "litert" else "model.keras")
        if not path.exists():
            raise ModelError(
                f"The model in {folder} cannot be loaded: it has no {path.name}. Of some models "
                f"only figures come along; fer-core train --recipe {card.recipe} makes one anew."
            )
        try:
            version = check_file(card, path)[:12]
            opened = open_model(path)
            check_fit(opened, card)
        except ModelError:
            raise
        except Exception as error:  # what a damaged file raises differs with its format
            raise ModelError(f"The model in {folder} cannot be loaded: {error}") from error
        classifier = cls(opened, card, version)
        known = folder.parent == MODELS_DIR
        classifier._loaded_by = (folder.name if known else str(folder.absolute()), runtime)
        return classifier

    def __reduce__(self) -> tuple[Any, ...]:
        if self._loaded_by is None:
            raise TypeError(
                "Expected a classifier that EmotionClassifier.load gave, which is pickled by its "
                f"model's name. Received: one made of another model, {self.card.name}"
            )
        return once_a_process, (_load_again, *self._loaded_by, self.version)

    @property
    def labels(self) -> tuple[Emotion, ...]:
        """The emotion of each column of `probabilities`."""
        return self.card.labels

    def warm_up(self) -> None:
        """Make and use once what a few callers at once need, so that their first faces do not wait.

        A model that is shared by all callers is ready as it is.
        """
        if isinstance(self._model, _LiteRtModel):
            self._model.warm_up()

    def probabilities(self, faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Classify faces.

        Args:
            faces: Gray faces, uint8 of shape `(N, H, W)` with the height and width of the card's
                input, 0 to 255. N may be 0.

        Returns:
            Float32 of shape `(N, K)`, a row a face, each row summing to 1. A row does not depend
            on the other faces.
        """
        shape = self.card.input
        if faces.dtype != np.uint8 or faces.shape[1:] != (shape.height, shape.width):
            raise ValueError(
                f"Expected uint8 of shape (N, {shape.height}, {shape.width}). "
                f"Received: {faces.dtype} of shape {faces.shape}"
            )
        if len(faces) == 0:
            return np.zeros((0, len(self.labels)), dtype=np.float32)
        pixels = np.repeat(faces[..., np.newaxis].astype(np.float32), shape.channels, axis=3)
        return self._model(pixels)


def _load_again(model: str, runtime: Literal["litert", "keras"], version: str) -> EmotionClassifier:
    """The classifier that was pickled.

    Raises:
        ModelError: There is no such model here, or another one of that name.
    """
    classifier = EmotionClassifier.load(model, runtime=runtime)
    if classifier.version != version:
        raise ModelError(
            f"The model {model} is another one here: version {classifier.version}, not {version}."
        )
    return classifier


def open_model(path: Path) -> Model:
    """Read a model's file, quantized or not: LiteRT runs `.tflite`, Keras `.keras`.

    What a missing or damaged file raises differs with its format.
    """
    if path.suffix == ".tflite":
        return _LiteRtModel(path.read_bytes())
    import keras

    return keras_model(keras.models.load_model(path))


def check_fit(model: Model, card: ModelCard) -> None:
    """Classify a black face, so that a damaged model shows here and not at the first face.

    Raises:
        ValueError: The output is not what the card promises. Models raise errors of their own
            where the input is not what they take.
    """
    shape = card.input
    blank = np.zeros((1, shape.height, shape.width, shape.channels), dtype=np.float32)
    output = model(blank)
    if output.shape != (1, len(card.labels)) or not np.isfinite(output).all():
        raise ValueError(
            f"its card promises {len(card.labels)} probabilities for {shape}, and it returned "
            f"{output.tolist()}"
        )


class _LiteRtModel:
    """A `.tflite` file of batch size 1.

    LiteRT takes as long for a batch as for its faces one by one, and several callers are served
    best by interpreters of one thread each. Two threads must not use the same interpreter at once,
    so each call borrows one.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._interpreters = Pool(self._make_interpreter, size=os.cpu_count() or 1)

    def warm_up(self) -> None:
        self._interpreters.warm_up(lambda interpreter: interpreter.invoke())

    def _make_interpreter(self) -> "Interpreter":
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_content=self._content, num_threads=1)
        interpreter.allocate_tensors()
        return interpreter

    def __call__(self, pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        with self._interpreters.borrow() as interpreter:
            source = interpreter.get_input_details()[0]["index"]
            target = interpreter.get_output_details()[0]["index"]
            rows = []
            for face in pixels:
                interpreter.set_tensor(source, face[np.newaxis])
                interpreter.invoke()
                rows.append(interpreter.get_tensor(target)[0])
        probabilities: npt.NDArray[np.float32] = np.stack(rows)
        # An 8-bit model returns steps of 1/256, whose sum can be 1 % off.
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities


def keras_model(model: "keras.Model") -> Model:
    """A Keras model as a function of pixels, given 256 faces at once."""
    import keras

    def run(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        batches = (pixels[start : start + 256] for start in range(0, len(pixels), 256))
        rows = [keras.ops.convert_to_numpy(model(batch, training=False)) for batch in batches]
        return np.concatenate(rows)

    return run
