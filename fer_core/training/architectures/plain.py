"""Plain stacks of convolutions and pooling, as tutorials build them."""

import keras
from keras import layers, regularizers

from fer_core.training.architectures.output import probabilities


def tutorial_cnn(n_classes: int) -> keras.Model:
    """The plain CNN that most FER2013 tutorials share: 2,345,607 parameters for seven classes.

    Four 3x3 valid convolutions with ReLU (32, 64, 128, 128), three max-poolings, one dense layer
    of 1,024 with dropout.
    """
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(128, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(1024, activation="relu"),
            layers.Dropout(0.5),
            probabilities(n_classes),
        ],
        name="tutorial_cnn",
    )


def wide_cnn(n_classes: int) -> keras.Model:
    """Four wide 3x3 valid convolutions: 4,232,199 parameters for seven classes.

    128, 256, 512 and 512 filters with ReLU, each with max-pooling and dropout .4; dense layers of
    512 and 256 with dropout .4 and .3.
    """
    stages = [
        layer
        for width in (128, 256, 512, 512)
        for layer in (
            layers.Conv2D(width, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.4),
        )
    ]
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            *stages,
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.4),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.3),
            probabilities(n_classes),
        ],
        name="wide_cnn",
    )


def ck_cnn(n_classes: int) -> keras.Model:
    """A small CNN for the few faces of CK+48: 839,815 parameters for seven classes.

    Two 3x3 valid convolutions with ReLU (32, 64), each with max-pooling, and a dense layer of 128;
    L2 of .01 and batch normalization after the first convolution.
    """
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu", kernel_regularizer=regularizers.L2(0.01)),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu", kernel_regularizer=regularizers.L2(0.01)),
            layers.BatchNormalization(),
            probabilities(n_classes),
        ],
        name="ck_cnn",
    )
