"""The epochs of a training run, in one stage or several, with all that a resumed run needs."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import keras

from fer_core.errors import OutputError
from fer_core.model_store import read_history
from fer_core.training.batches import FaceBatches, balancing_weights, equal_weights
from fer_core.training.devices import n_devices
from fer_core.training.labeled_faces import FaceDataset
from fer_core.training.recipe import FineTuning, Recipe, Stage
from fer_core.training.resuming import Recall, Reseed


@dataclass(frozen=True)
class RunFiles:
    """What a run writes while it is under way."""

    output: Path

    @property
    def backup(self) -> Path:
        """Holds the run's settings and a numbered folder for each stage that was begun."""
        return self.output / ".backup"

    @property
    def best(self) -> Path:
        """Weights of the best epoch so far."""
        return self.output / ".best.weights.h5"

    @property
    def history(self) -> Path:
        """A row an epoch; stays."""
        return self.output / "history.csv"

    def make_folder(self) -> None:
        """Make the network's folder if need be.

        Raises:
            OutputError: It cannot be made.
        """
        try:
            self.output.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{self.output} cannot be made a folder: {error.strerror}."
            ) from error

    def settings(self) -> dict[str, str]:
        """Those of the interrupted run.

        Raises:
            OutputError: There is no interrupted run here.
        """
        if not self._settings.exists():
            raise OutputError(
                f"{self.output} holds no interrupted run; leave out --resume to start anew."
            )
        settings: dict[str, str] = json.loads(self._settings.read_text(encoding="utf-8"))
        return settings

    def begin_run(self, settings: dict[str, str]) -> None:
        """Remove what an earlier run left, so that nothing of it is taken for the new network's.

        Args:
            settings: What a run that resumes this one must have in common with it.
        """
        self.forget()
        shutil.rmtree(self.output / "evaluation", ignore_errors=True)
        for name in ("history.csv", "model.keras", "model.tflite", "card.json"):
            (self.output / name).unlink(missing_ok=True)
        self.backup.mkdir()
        self._settings.write_text(json.dumps(settings), encoding="utf-8")

    @property
    def _settings(self) -> Path:
        return self.backup / "run.json"

    def forget(self) -> None:
        """Remove what only a resumed run needs."""
        shutil.rmtree(self.backup, ignore_errors=True)
        self.best.unlink(missing_ok=True)

    def begin_stage(self, number: int) -> Path:
        """The folder in which a stage is backed up; from now on a resumed run begins with it."""
        folder = self.backup / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def stage(self) -> int:
        """Number of the stage that was begun last, 0 where there is none."""
        return max((int(folder.name) for folder in self.backup.glob("[0-9]*")), default=0)

    def epochs(self) -> list[dict[str, float]]:
        """Figures of the epochs so far."""
        return read_history(self.output)


@dataclass(frozen=True)
class Run:
    """A recipe at work.

    Attributes:
        recipe: How to train.
        dataset: What to train on.
        files: Where the run stands.
        seed: For the order of images, their augmentation and dropout.
        fine_tuning: The recipe's; None to train all of the network at once.
        network: What to train.
        balanced: Whether the faces of rare emotions count more, so that all emotions count alike.
        tensorboard: Folder for TensorBoard's logs, None for none.
    """

    recipe: Recipe
    dataset: FaceDataset
    files: RunFiles
    seed: int
    fine_tuning: FineTuning | None
    network: keras.Model
    balanced: bool
    tensorboard: Path | None

    def fit(self, epochs: int | None) -> bool:
        """Train from the stage that was begun last to the end.

        Args:
            epochs: Instead of the recipe's own number; stages beyond it are left out.

        Returns:
            True, or False if Ctrl-C ended the run after its first epoch.

        Raises:
            KeyboardInterrupt: Ctrl-C before the first epoch was over.
        """
        single = Stage(self.recipe.optimizer, epochs or self.recipe.epochs, None)
        stages = self.fine_tuning.stages if self.fine_tuning else (single,)
        last = epochs or sum(stage.epochs for stage in stages)
        start = 0
        try:
            for number, stage in enumerate(stages):
                end = min(start + stage.epochs, last)
                if number >= self.files.stage() and start < end:
                    self._fit_stage(number, stage, start, end)
                # Stages keep their numbers of epochs, so that a resumed run needs to know nothing
                # but the stage: where one is stopped early, the numbers in the history leap.
                start += stage.epochs
        except KeyboardInterrupt:
            if not self.files.best.exists():
                raise
            return False
        return True

    def _fit_stage(self, number: int, stage: Stage, start: int, end: int) -> None:
        # A model that was resumed once would begin each later `fit` at the epoch of its backup.
        trainer = behind_augmentation(self.recipe, self.network)
        if self.files.best.exists():
            trainer.load_weights(self.files.best)
        if self.fine_tuning:
            _hold_still(self.network.get_layer(self.fine_tuning.backbone), stage.learns_from)
        batches = self._training_batches()
        trainer.compile(
            _scaled(stage.optimizer((end - start) * len(batches)), self.network),
            loss="categorical_crossentropy",
            weighted_metrics=["accuracy"],
        )
        callbacks = self._callbacks(batches, number, start)
        try:
            trainer.fit(
                batches,
                validation_data=self._validation_batches(),
                initial_epoch=start,
                epochs=end,
                shuffle=False,  # the batches do it themselves
                callbacks=callbacks,
            )
        finally:
            callbacks[-1].on_train_end()  # closes history.csv, which Keras leaves open on Ctrl-C
        self.files.begin_stage(number + 1)

    def _training_batches(self) -> FaceBatches:
        faces, n_classes = self.dataset.train, self.network.output_shape[-1]
        return FaceBatches(
            faces,
            self.recipe.batch_size,
            self.network.input_shape[-1],
            balancing_weights(faces.labels, n_classes)
            if self.balanced
            else equal_weights(n_classes),
            mixup=self.recipe.mixup,
            multiple_of=n_devices(),
        )

    def _validation_batches(self) -> FaceBatches:
        return FaceBatches(
            self.dataset.validation,
            self.recipe.batch_size,
            self.network.input_shape[-1],
            equal_weights(self.network.output_shape[-1]),
            multiple_of=n_devices(),
        )

    def _callbacks(
        self, batches: FaceBatches, number: int, start: int
    ) -> list[keras.callbacks.Callback]:
        so_far = self.files.epochs()
        measure, better = self.recipe.chosen_by, self.recipe.better
        counting = self.recipe.callbacks()
        return [
            keras.callbacks.ModelCheckpoint(
                self.files.best,
                monitor=measure,
                mode=better.__name__,
                save_best_only=True,
                save_weights_only=True,
                initial_value_threshold=better((row[measure] for row in so_far), default=None),
            ),
            Reseed(self.seed, batches),
            *counting,
            Recall(counting, [row for row in so_far if row["epoch"] >= start]),
            keras.callbacks.BackupAndRestore(
                self.files.begin_stage(number), delete_checkpoint=False
            ),
            *([keras.callbacks.TensorBoard(self.tensorboard)] if self.tensorboard else []),
            keras.callbacks.CSVLogger(self.files.history, append=True),
        ]


def behind_augmentation(recipe: Recipe, network: keras.Model) -> keras.Model:
    """The network with its recipe's augmentation, which Keras leaves out of evaluation by itself.

    Augmentation stays float32 whatever the network's precision: bfloat16 holds a position among
    48 pixels no better than to a quarter of a pixel.
    """
    augmentation = [recipe.augment()] if recipe.augment else []
    return keras.Sequential([keras.layers.Input(network.input_shape[1:]), *augmentation, network])


def _hold_still(backbone: keras.Model, learns_from: str | None) -> None:
    """Let the backbone's layers from that one on learn, and no others; None for none at all."""
    learns = False
    for layer in backbone.layers:
        learns = learns or layer.name == learns_from
        layer.trainable = learns


def _scaled(
    optimizer: keras.optimizers.Optimizer, network: keras.Model
) -> keras.optimizers.Optimizer:
    """The optimizer, with its loss scaled up where float16 would lose small gradients."""
    if network.dtype_policy.name == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(optimizer)
    return optimizer
