"""The last layer that the networks share."""

from keras import layers


def probabilities(n_classes: int) -> layers.Layer:
    """Features -> probabilities, which stay float32 under a mixed-precision policy."""
    return layers.Dense(n_classes, activation="softmax", dtype="float32")
