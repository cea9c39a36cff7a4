"""Emotions of faces, by a network."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from fer_core.emotions import Emotion
from fer_core.errors import ModelError
from fer_core.model_store import DEFAULT_MODEL, SERVED_FILE, ModelCard, find_model, read_card
from fer_core.pool import Pool

if TYPE_CHECKING:
    import keras
    from ai_edge_litert.interpreter import Interpreter

Network: TypeAlias = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""Gray pixels 0..255, float32 `(N, H, W, C)` with N above 0 -> probabilities, float32 `(N, K)`."""


class EmotionClassifier:
    """Gives the probability of each emotion for gray faces. Safe to share between threads."""

    def __init__(self, network: Network, card: ModelCard, version: str = "") -> None:
        """Wrap a network that is safe to call from several threads; see `load`.

        Args:
            network: Gives the probabilities.
            card: What it is.
            version: Tells apart networks of the same name: of a loaded one the first twelve
                digits of its file's SHA-256.
        """
        self._network = network
        self.card = card
        self.version = version

    @classmethod
    def load(
        cls, model: str | Path = DEFAULT_MODEL, *, runtime: Literal["litert", "keras"] = "litert"
    ) -> "EmotionClassifier":
        """Load a network.

        Args:
            model: Its name, or its folder.
            runtime: `litert` runs `model.tflite`, in a fraction of the time and memory and
                without TensorFlow; `keras` runs `model.keras`, the source of the other.

        Raises:
            ModelError: There is no such network, or its files are damaged.
        """
        folder = find_model(model)
        card = read_card(folder)
        path = folder / (SERVED_FILE if runtime == "litert" else "model.keras")
        try:
            network = open_network(path)
            check_fit(network, card)
            version = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        except Exception as error:  # what a damaged file raises differs with its format
            raise ModelError(f"The network in {folder} cannot be loaded: {error}") from error
        return cls(network, card, version)

    @property
    def labels(self) -> tuple[Emotion, ...]:
        """What each column of `probabilities` means."""
        return self.card.labels

    def warm_up(self) -> None:
        """Make and use once what a few callers at once need, so that their first faces do not wait.

        A network that is shared by all callers is ready as it is.
        """
        if isinstance(self._network, _LiteRtNetwork):
            self._network.warm_up()

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
        return self._network(pixels)


def open_network(path: Path) -> Network:
    """Read a network's file, quantized or not: LiteRT runs `.tflite`, Keras `.keras`.

    What a missing or damaged file raises differs with its format.
    """
    if path.suffix == ".tflite":
        return _LiteRtNetwork(path.read_bytes())
    import keras

    return keras_network(keras.models.load_model(path))


def check_fit(network: Network, card: ModelCard) -> None:
    """Answer for a black face, so that a damaged network shows here and not at the first face.

    Raises:
        ValueError: The answer is not what the card promises. Networks raise errors of their own
            where the input is not what they take.
    """
    shape = card.input
    blank = np.zeros((1, shape.height, shape.width, shape.channels), dtype=np.float32)
    answer = network(blank)
    if answer.shape != (1, len(card.labels)) or not np.isfinite(answer).all():
        raise ValueError(
            f"its card promises {len(card.labels)} probabilities for {shape}, and it answered "
            f"{answer.tolist()}"
        )


class _LiteRtNetwork:
    """A `.tflite` file of batch size 1.

    Face by face costs LiteRT no more than a batch, and one thread an interpreter serves several
    callers best. An interpreter must not be used by two threads at once, so each call borrows one.
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
        answers: npt.NDArray[np.float32] = np.stack(rows)
        # An 8-bit network answers in steps of 1/256, whose sum can be 1 % off.
        answers /= answers.sum(axis=1, keepdims=True)
        return answers


def keras_network(model: "keras.Model") -> Network:
    """A Keras model as a network, given 256 faces at once."""
    import keras

    def run(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        batches = (pixels[start : start + 256] for start in range(0, len(pixels), 256))
        rows = [keras.ops.convert_to_numpy(model(batch, training=False)) for batch in batches]
        return np.concatenate(rows)

    return run
