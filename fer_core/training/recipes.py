"""Named ways to train a network: layers, augmentation, optimizer, batch size and epochs."""

from collections.abc import Callable
from dataclasses import dataclass

import keras

from fer_core.errors import UnknownRecipeError
from fer_core.training.architectures import tutorial_cnn
from fer_core.training.augmentation import flips_and_shifts


@dataclass(frozen=True)
class Recipe:
    """How to train one network.

    Attributes:
        name: What `--recipe` takes.
        summary: One line for people.
        build: Number of classes -> untrained network.
        optimizer: Total number of steps -> optimizer; a new one for each run.
        augment: Makes the layers that change training images at random; None for no change.
        batch_size: Images a step.
        epochs: Passes over the training split.
    """

    name: str
    summary: str
    build: Callable[[int], keras.Model]
    optimizer: Callable[[int], keras.optimizers.Optimizer]
    augment: Callable[[], keras.Sequential] | None
    batch_size: int
    epochs: int


def _adam_as_published(_n_steps: int) -> keras.optimizers.Optimizer:
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-4, 100_000, 0.96)
    return keras.optimizers.Adam(schedule)


def _adam_cosine(n_steps: int) -> keras.optimizers.Optimizer:
    warmup = max(1, n_steps // 20)
    schedule = keras.optimizers.schedules.CosineDecay(
        1e-4, max(1, n_steps - warmup), warmup_target=1e-3, warmup_steps=warmup
    )
    return keras.optimizers.Adam(schedule)


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="tutorial-cnn",
            summary="the tutorials' CNN, trained as they publish it (61.1 % on FER2013)",
            build=tutorial_cnn,
            optimizer=_adam_as_published,
            augment=None,
            batch_size=64,
            epochs=30,
        ),
        Recipe(
            name="tutorial-cnn-augmented",
            summary="the same layers with flips, small shifts and a cosine learning rate",
            build=tutorial_cnn,
            optimizer=_adam_cosine,
            augment=flips_and_shifts,
            batch_size=128,
            epochs=20,
        ),
    )
}
"""Every recipe by its name."""


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UnknownRecipeError: There is none; the sentence lists those there are.
    """
    try:
        return RECIPES[name]
    except KeyError:
        raise UnknownRecipeError(
            f"There is no recipe {name!r}; there are {', '.join(sorted(RECIPES))}."
        ) from None
