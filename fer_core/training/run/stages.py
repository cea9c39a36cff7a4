"""The epochs of a training run, in one stage or several, with all that a resumed run needs."""

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import keras

from fer_core.errors import TrainingError
from fer_core.training.backend.batch_norm import one_pass
from fer_core.training.backend.devices import n_devices
from fer_core.training.backend.precision import build_under
from fer_core.training.data.batches import FaceBatches, Targets, label_targets, side_by_side
from fer_core.training.data.ferplus import vote_targets
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.recipes.recipe import FineTuning, Recipe, Stage
from fer_core.training.run.files import RunFiles
from fer_core.training.run.options import TrainingOptions
from fer_core.training.run.resuming import Backup, Recall, Reseed, StageIsOverError
from fer_core.training.run.teachers import Teachers, taught


@dataclass(frozen=True)
class Run:
    """A recipe at work.

    Attributes:
        recipe: The recipe.
        dataset: The data set to train on.
        files: The run's files.
        options: The user's choices.
        fine_tuning: The recipe's; None to train all of the network at once.
        network: The network to train.
        teachers: The models whose predictions the network learns beside the labels.
    """

    recipe: Recipe
    dataset: FaceDataset
    files: RunFiles
    options: TrainingOptions
    fine_tuning: FineTuning | None
    network: keras.Model
    teachers: Teachers

    def fit(self) -> bool:
        """Train from the stage that was begun last to the end.

        Where there are fewer epochs than the recipe's, stages beyond them are left out.

        Returns:
            True, or False if Ctrl-C ended the run after its first epoch.

        Raises:
            TrainingError: The loss is no finite number any more.
            KeyboardInterrupt: Ctrl-C before the first epoch was over.
        """
        stages = self._stages()
        last = self.options.epochs or sum(stage.epochs for stage in stages)
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

    def _stages(self) -> tuple[Stage, ...]:
        if self.fine_tuning:
            return self.fine_tuning.stages
        then = self.recipe.then
        own = self.recipe.epochs - sum(stage.epochs for stage in then)
        # A single stage may be made longer; several keep theirs and are cut off by `fit`.
        n_first = own if then else self.options.epochs or own
        return (Stage(self.recipe.optimizer, n_first, build=self.recipe.first_build), *then)

    def _fit_stage(self, number: int, stage: Stage, start: int, end: int) -> None:
        network = self._network_of(stage)
        trainer = behind_augmentation(self.recipe, network)
        so_far = self.files.epochs()
        if so_far:
            trainer.load_weights(self.files.best(self.recipe))
        of_stage = [row for row in so_far if row["epoch"] >= start]
        self.files.begin_stage(number)
        if self.fine_tuning:
            _hold_still(network.get_layer(self.fine_tuning.backbone), stage.learns_from)
        batches = self._batches(self.dataset.train, self._training_targets, stage)
        trainer.compile(
            _scaled(stage.optimizer((end - start) * len(batches)), network),
            loss="categorical_crossentropy",
            weighted_metrics=["accuracy"],
        )
        callbacks = self._callbacks(batches, of_stage)
        try:
            with suppress(StageIsOverError):
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

    def _network_of(self, stage: Stage) -> keras.Model:
        if stage.build is None:
            return self.network
        build = stage.build
        n_classes = len(self.dataset.emotions)
        network = build_under(self.network.dtype_policy.name, lambda: build(n_classes))
        one_pass(network)
        return network

    @cached_property
    def _training_targets(self) -> Targets:
        """The same in all stages: teachers take their time."""
        return self._targets(self.dataset.train, self.options.balanced, self.teachers)

    def _validation_batches(self) -> FaceBatches:
        faces = self.dataset.validation
        return self._batches(faces, self._targets(faces, False, Teachers()))

    def _batches(
        self, faces: LabeledFaces, targets: Targets, stage: Stage | None = None
    ) -> FaceBatches:
        """A split in batches, changed as a stage of training has it, or as it is."""
        return FaceBatches(
            faces,
            targets,
            self.recipe.batch_size,
            self.network.input_shape[-1],
            mixup=stage.mixup if stage else 0.0,
            change=(stage.change or self.recipe.change) if stage else None,
            multiple_of=n_devices(),
        )

    def _targets(self, faces: LabeledFaces, balanced: bool, teachers: Teachers) -> Targets:
        emotions = self.dataset.emotions
        labels = label_targets(faces, len(emotions), balanced=balanced)
        labels = taught(labels, teachers.by_labels, faces)
        if not self.recipe.learns_votes:
            return labels
        assert faces.votes is not None  # checked before the run
        votes = taught(vote_targets(faces.votes, emotions), teachers.by_votes, faces)
        return side_by_side(labels, votes)

    def _callbacks(
        self, batches: FaceBatches, of_stage: list[dict[str, float]]
    ) -> list[keras.callbacks.Callback]:
        counting, logs = self.recipe.callbacks(), self.options.tensorboard
        last = self.files.weights(int(of_stage[-1]["epoch"])) if of_stage else None
        return [
            Reseed(self.options.seed, batches),
            _FiniteLoss(),
            *counting,
            Recall(counting, of_stage),
            Backup(last, self.files.weights, lambda: self.files.tidy(self.recipe)),
            *([keras.callbacks.TensorBoard(logs)] if logs else []),
            # Last: an epoch counts from its row on, and one cut off before it is done again.
            keras.callbacks.CSVLogger(self.files.history, append=True),
        ]


class _FiniteLoss(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends a run whose loss is no finite number: its weights are beyond repair."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Look at the epoch before it counts."""
        for name in ("loss", "val_loss"):
            if not math.isfinite(logs[name]):
                raise TrainingError(
                    f"The {name.replace('val_', 'validation ')} of epoch {epoch + 1} is "
                    f"{logs[name]}, so training ends here; try another --seed, or a recipe with a "
                    "lower learning rate, in another folder."
                )


def behind_augmentation(recipe: Recipe, network: keras.Model) -> keras.Model:
    """The network with its recipe's augmentation, which Keras applies in training alone.

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
