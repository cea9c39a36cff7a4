"""Stages of 3x3 same convolutions, each halved by max-pooling, after VGG (arXiv:1409.1556)."""

import keras
from keras import layers

from fer_core.training.architectures.output import probabilities


def rgb_vgg(n_classes: int) -> keras.Model:
    """A small VGG that takes three channels: 1,328,743 parameters for seven classes.

    Four stages of two convolutions (32, 64, 128, 256), ReLU and batch normalization after each;
    two dense layers of 64.
    """
    stages = [
        layer
        for width in (32, 64, 128, 256)
        for layer in (
            layers.Conv2D(width, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(width, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Dropout(0.2),
        )
    ]
    head = [
        layer
        for _ in range(2)
        for layer in (
            layers.Dense(64, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
        )
    ]
    return keras.Sequential(
        [
            layers.Input((48, 48, 3)),
            layers.Rescaling(1 / 255),
            *stages,
            layers.Flatten(),
            *head,
            probabilities(n_classes),
        ],
        name="rgb_vgg",
    )


def deepfer_cnn(n_classes: int) -> keras.Model:
    """DeepFER's own CNN: 3,491,335 parameters for seven classes.

    Three stages of two convolutions (32 and 64, 128, 256) with batch normalization and ReLU, each
    with dropout .25; one dense layer of 256.
    """
    stages = [
        layer
        for widths in ((32, 64), (128, 128), (256, 256))
        for layer in (
            *_convolutions(*widths),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
        )
    ]
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            *stages,
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            probabilities(n_classes),
        ],
        name="deepfer_cnn",
    )


def khaireddin_vgg(n_classes: int) -> keras.Model:
    """The VGG of Khaireddin & Chen 2021 (arXiv:2105.03588): 29,894,599 parameters.

    Four stages of two convolutions (64, 128, 256, 512) and two dense layers of 4,096. It sees the
    inner 40x40 pixels; published figures average over ten such crops, which no layer here does.
    """
    stages = [
        layer
        for width in (64, 128, 256, 512)
        for layer in (*_convolutions(width, width), layers.MaxPooling2D())
    ]
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.CenterCrop(40, 40),
            layers.Rescaling(1 / 255),
            *stages,
            layers.Flatten(),
            layers.Dense(4096, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(4096, activation="relu"),
            layers.Dropout(0.2),
            probabilities(n_classes),
        ],
        name="khaireddin_vgg",
    )


def _convolutions(*widths: int) -> list[layers.Layer]:
    """A 3x3 same convolution of each width, with batch normalization and ReLU."""
    return [
        layer
        for width in widths
        for layer in (
            layers.Conv2D(width, 3, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
        )
    ]
