"""A recipe that trains a network of a few weights, in a blink."""

import keras
from keras import layers

from fer_core.training.recipe import Recipe


def tiny_network(n_classes: int) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(6),
            layers.Flatten(),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


TINY = Recipe(
    name="tiny",
    summary="a network for tests",
    source="these tests",
    published="nothing",
    build=tiny_network,
    optimizer=lambda _n_steps: keras.optimizers.SGD(0.5, momentum=0.5),
    augment=None,
    batch_size=14,
    epochs=3,
)
