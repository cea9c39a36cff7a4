"""A recipe that trains a network of a few weights, in a blink."""

from dataclasses import replace

import keras
from keras import layers

from fer_core.training.recipes.recipe import Recipe


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


def tiny_network_that_answers_twice(n_classes: int) -> keras.Model:
    inputs = layers.Input((48, 48, 1))
    x = layers.AveragePooling2D(6)(layers.Rescaling(1 / 255)(inputs))
    x = layers.Flatten()(x)
    heads = [
        layers.Dense(n_classes, activation="softmax", name=name)(x) for name in ("labels", "votes")
    ]
    pair = [layers.Reshape((1, n_classes))(head) for head in heads]
    return keras.Model(inputs, layers.Concatenate(axis=1)(pair))


def impatient() -> list[keras.callbacks.Callback]:
    """Lowers the learning rate after each epoch that is not better, stops after three of them."""
    return [
        keras.callbacks.ReduceLROnPlateau("val_accuracy", mode="max", factor=0.5, patience=1),
        keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=3),
    ]


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

TINY_WITH_VOTES = replace(
    TINY, name="tiny-with-votes", build=tiny_network_that_answers_twice, learns_votes=True
)
"""The same for a network that also learns FER+'s votes."""
