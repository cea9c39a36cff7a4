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
from fer_core.training.export_formats import remove_derived
from fer_core.training.labeled_faces import FaceDataset
from fer_core.training.recipe import FineTuning, Recipe, Stage
from fer_core.training.resuming import Backup, Recall, Reseed


@dataclass(frozen=True)
class RunFiles:
    """What a run writes while it is under way."""

    output: Path

    @property
    def backup(self) -> Path:
        """Holds the run's settings, weights, and a numbered folder for each stage begun."""
        return self.output / ".backup"

    def weights(self, epoch: int) -> Path:
        """Weights after an epoch, numbered as in the history, with the optimizer's state."""
        return self.backup / f"epoch-{epoch}.weights.h5"

    def best(self, recipe: Recipe) -> Path:
        """Weights of the epoch in the history that is best by the recipe's measure."""
        epochs = self.epochs()
        measures = [row[recipe.chosen_by] for row in epochs]
        return self.weights(int(epochs[measures.index(recipe.better(measures))]["epoch"]))

    def check_weights(self, recipe: Recipe) -> None:
        """Raise `OutputError` unless there are the weights that a resumed run needs."""
        if not all(path.exists() for path in self._needed(recipe)):
            raise self._damaged()

    def tidy(self, recipe: Recipe) -> None:
        """Remove the weights that a resumed run does not need."""
        needed = self._needed(recipe)
        for path in self.backup.glob("epoch-*.weights.h5"):
            if path not in needed:
                path.unlink()

    def _needed(self, recipe: Recipe) -> set[Path]:
        """Weights of the best and of the last epoch in the history."""
        epochs = self.epochs()
        return {self.best(recipe), self.weights(int(epochs[-1]["epoch"]))} if epochs else set()

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
            OutputError: There is no interrupted run here, or what is noted of it is damaged.
        """
        if not self._settings.exists():
            raise OutputError(
                f"{self.output} holds no interrupted run; leave out --resume to start anew."
            )
        try:
            settings: dict[str, str] = json.loads(self._settings.read_text(encoding="utf-8"))
        except ValueError as error:
            raise self._damaged() from error
        return settings

    def _damaged(self) -> OutputError:
        """What to raise where the interrupted run cannot be taken up."""
        return OutputError(
            f"The interrupted run's notes in {self.backup} are damaged; leave out --resume to "
            "start anew."
        )

    def begin_run(self, settings: dict[str, str]) -> None:
        """Remove what an earlier run left, so that nothing of it is taken for the new network's.

        Args:
            settings: What a run that resumes this one must have in common with it.
        """
        self.forget()
        remove_derived(self.output)
        for name in ("history.csv", "model.keras", "card.json"):
            (self.output / name).unlink(missing_ok=True)
        self._aside.mkdir()
        (self._aside / self._settings.name).write_text(json.dumps(settings), encoding="utf-8")
        self._aside.rename(self.backup)

    @property
    def _settings(self) -> Path:
        return self.backup / "run.json"

    @property
    def _aside(self) -> Path:
        """Where the backup is made and taken apart, so that it is whole wherever it is."""
        return self.output / ".backup-aside"

    def forget(self) -> None:
        """Remove what only a resumed run needs."""
        shutil.rmtree(self._aside, ignore_errors=True)
        if self.backup.exists():
            self.backup.rename(self._aside)
            shutil.rmtree(self._aside)

    def begin_stage(self, number: int) -> None:
        """From now on a resumed run begins with this stage."""
        (self.backup / str(number)).mkdir(exist_ok=True)

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
            if not self.files.epochs():
                raise
            return False
        return True

    def _fit_stage(self, number: int, stage: Stage, start: int, end: int) -> None:
        trainer = behind_augmentation(self.recipe, self.network)
        so_far = self.files.epochs()
        if so_far:
            trainer.load_weights(self.files.best(self.recipe))
        of_stage = [row for row in so_far if row["epoch"] >= start]
        self.files.begin_stage(number)
        if self.fine_tuning:
            _hold_still(self.network.get_layer(self.fine_tuning.backbone), stage.learns_from)
        batches = self._training_batches()
        trainer.compile(
            _scaled(stage.optimizer((end - start) * len(batches)), self.network),
            loss="categorical_crossentropy",
            weighted_metrics=["accuracy"],
        )
        callbacks = self._callbacks(batches, of_stage)
        try:
            trainer.fit(
                batches,
                validation_data=self._validation_batches(),
                initial_epoch=int(of_stage[-1]["epoch"]) + 1 if of_stage else start,
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
        self, batches: FaceBatches, of_stage: list[dict[str, float]]
    ) -> list[keras.callbacks.Callback]:
        counting = self.recipe.callbacks()
        last = self.files.weights(int(of_stage[-1]["epoch"])) if of_stage else None
        return [
            Reseed(self.seed, batches),
            *counting,
            Recall(counting, of_stage),
            Backup(last, self.files.weights, lambda: self.files.tidy(self.recipe)),
            *([keras.callbacks.TensorBoard(self.tensorboard)] if self.tensorboard else []),
            # Last, for an epoch counts from its row on: whatever is cut off before it is done anew.
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
