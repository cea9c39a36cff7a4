"""The parts of a recipe."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import keras

from fer_core.training.data.batches import BatchChange


@dataclass(frozen=True)
class Stage:
    """A part of a run with one optimizer.

    Attributes:
        optimizer: Total number of the stage's steps -> optimizer; a new one for each run.
        epochs: Passes over the training split, fewer where a callback stops the stage.
        learns_from: Name of the backbone's first layer that learns; those before it are held
            still. None holds the whole backbone still, where there is one.
        mixup: Alpha of mixup, 0 for none; see `FaceBatches`.
        build: Instead of the recipe's own: the same layers on faces of another size, so that an
            early stage takes less time. None for the recipe's.
        change: Instead of the recipe's own; None for the recipe's.
    """

    optimizer: Callable[[int], keras.optimizers.Optimizer]
    epochs: int
    learns_from: str | None = None
    mixup: float = 0.0
    build: Callable[[int], keras.Model] | None = None
    change: BatchChange | None = None


@dataclass(frozen=True)
class FineTuning:
    """The training, in stages, of a network that contains another one, trained on something else.

    Attributes:
        backbone: Name of the layer that is the other network.
        load: Gives the backbone its weights: `imagenet`, or those of the file at a path.
        stages: One after the other, each from the best epoch so far.
    """

    backbone: str
    load: Callable[[keras.Model, str], None]
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Recipe:
    """A way to train a model.

    Attributes:
        name: Its name for `--recipe`.
        summary: One line for people.
        source: The work that layers and training come from.
        published: The accuracy published for it, with the data.
        build: Number of classes -> untrained network.
        optimizer: Number of the first stage's steps -> optimizer; a new one for each run.
        augment: Makes the layers that change training images at random; None for no change.
        batch_size: Images a step.
        epochs: Passes over the training split, all stages together.
        callbacks: Makes those that stop a stage or lower its rate, with their `mode` given.
        then: Stages after the one that `optimizer` trains, each from the best epoch so far; that
            one takes what they leave of `epochs`. Left out where `fine_tuning` has its own.
        chosen_by: The measure on the validation split by which the epoch to keep is chosen.
        fine_tuning: The use of pre-trained weights; None if there are none.
        learns_votes: True if the network has two outputs, `(N, 2, K)`: the data set's labels from
            its layer `labels`, and FER+'s votes from its layer `votes`. Each becomes a model of its
            own in the end.
        joins: True if the two predictions become one in place of that by votes alone; see
            `joining`.
        change: Changes batches of training images at random before they become floats; None for no
            change.
        first_build: As `Stage.build`, for the first stage.
    """

    name: str
    summary: str
    source: str
    published: str
    build: Callable[[int], keras.Model]
    optimizer: Callable[[int], keras.optimizers.Optimizer]
    augment: Callable[[], keras.Sequential] | None
    batch_size: int
    epochs: int
    callbacks: Callable[[], list[keras.callbacks.Callback]] = list
    then: tuple[Stage, ...] = ()
    chosen_by: Literal["val_accuracy", "val_loss"] = "val_accuracy"
    fine_tuning: FineTuning | None = None
    learns_votes: bool = False
    joins: bool = False
    change: BatchChange | None = None
    first_build: Callable[[int], keras.Model] | None = None

    def best(self, epochs: list[dict[str, float]]) -> dict[str, float]:
        """The best of several epochs, by their figures; the first of equals.

        One whose figures are no numbers is worse than any other.
        """
        sign = -1 if self.chosen_by == "val_loss" else 1

        def rank(figures: dict[str, float]) -> float:
            finite = all(map(math.isfinite, figures.values()))
            return sign * figures[self.chosen_by] if finite else -math.inf

        return max(epochs, key=rank)
