"""The layers of each network.

Every builder returns an untrained Keras model under the network file's contract: raw gray pixels
0..255 in, float32 `(N, 48, 48, C)`; probabilities out, float32 `(N, K)`; scaling inside; built-in
layers only.
"""

import keras
from keras import layers


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
            # Probabilities stay float32 under a mixed-precision policy.
            layers.Dense(n_classes, activation="softmax", dtype="float32"),
        ],
        name="tutorial_cnn",
    )
