"""Callbacks that let a resumed run go on as if it had never been interrupted.

Weights and the optimizer with its learning rate come back from a file, what callbacks have counted
from the history, and the random numbers from the seed. An epoch counts once it has its row in the
history: what a run wrote after its last row is not looked at, and is overwritten.
"""

import io
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np

from fer_core.errors import OutputError
from fer_core.training.data.batches import FaceBatches


class StageIsOverError(Exception):
    """The epochs before an interruption have stopped the stage."""


class Recall(keras.callbacks.Callback):  # type: ignore[misc]
    """Shows earlier epochs to callbacks that count them, such as EarlyStopping.

    Must come after those callbacks, which forget everything when a run begins, and before
    Backup, which then puts the learning rate right that they may have lowered.
    """

    def __init__(
        self, counting: list[keras.callbacks.Callback], epochs: list[dict[str, float]]
    ) -> None:
        super().__init__()
        self._counting = counting
        self._epochs = epochs

    def on_train_begin(self, logs: object = None) -> None:
        """Replay the history.

        Raises:
            StageIsOverError: A callback stops the run; Keras would see to it only after a step.
        """
        for figures in self._epochs:
            for callback in self._counting:
                callback.on_epoch_end(int(figures["epoch"]), dict(figures))
        if self.model.stop_training:
            raise StageIsOverError


class Backup(keras.callbacks.Callback):  # type: ignore[misc]
    """Writes weights and the optimizer's state after each epoch, to a file of the epoch's own.

    Keras's BackupAndRestore overwrites the file that a resumed run needs, and so loses both where
    it is cut off.
    """

    def __init__(
        self, last: Path | None, weights: Callable[[int], Path], tidy: Callable[[], None]
    ) -> None:
        """Take the files to read and write.

        Args:
            last: The file to go on from; None to begin with the network as it is.
            weights: Number of an epoch -> file for it.
            tidy: Removes files that are no longer needed.
        """
        super().__init__()
        self._last = last
        self._weights = weights
        self._tidy = tidy

    def on_train_begin(self, logs: object = None) -> None:
        """Restore."""
        if self._last:
            self.model.optimizer.build(self.model.trainable_variables)  # else its state is left out
            self.model.load_weights(self._last)

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Back up.

        Raises:
            OutputError: The file cannot be written.
        """
        self._tidy()
        path, content = self._weights(epoch), _WeightsInMemory()
        self.model.save_weights(content)
        try:
            path.write_bytes(content.getbuffer())
        except OSError as error:
            raise OutputError(
                f"{path} cannot be written: {error.strerror}; once it can, --resume goes on with "
                f"epoch {epoch + 1}."
            ) from error


class _WeightsInMemory(io.BytesIO):
    """Looks to Keras like a file of weights: HDF5 crashes Python where a disk is full."""

    def __str__(self) -> str:
        return "memory.weights.h5"  # Keras looks at the ending


class Reseed(keras.callbacks.Callback):  # type: ignore[misc]
    """Draws the order of images, augmentation and dropout again from the seed and the epoch."""

    def __init__(self, seed: int, batches: FaceBatches) -> None:
        super().__init__()
        self._seed = seed
        self._batches = batches

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Shuffle, and set every layer's random generator."""
        rng = np.random.default_rng([self._seed, epoch])
        self._batches.shuffle(rng)
        for variable in self.model.variables:
            if variable.name == "seed_generator_state":
                variable.assign(rng.integers(2**32, size=2, dtype=np.uint32))
