"""Callbacks that let a resumed run go on as if it had never been interrupted.

Keras's BackupAndRestore brings back the weights and the optimizer with its learning rate. What
callbacks have counted, and where the random numbers stood, it does not.
"""

import keras
import numpy as np

from fer_core.training.batches import FaceBatches


class Recall(keras.callbacks.Callback):  # type: ignore[misc]
    """Shows earlier epochs to callbacks that count them, such as EarlyStopping.

    Must come after those callbacks, which forget everything when a run begins, and before
    BackupAndRestore, which then puts the learning rate right that they may have lowered.
    """

    def __init__(
        self, counting: list[keras.callbacks.Callback], epochs: list[dict[str, float]]
    ) -> None:
        super().__init__()
        self._counting = counting
        self._epochs = epochs

    def on_train_begin(self, logs: object = None) -> None:
        """Replay the history."""
        for figures in self._epochs:
            for callback in self._counting:
                callback.on_epoch_end(int(figures["epoch"]), dict(figures))


class Reseed(keras.callbacks.Callback):  # type: ignore[misc]
    """Draws the order of images, augmentation and dropout anew from the seed and the epoch."""

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
