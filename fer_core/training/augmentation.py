"""Random changes to training images that leave the expression as it is.

Built from Keras layers, so that they run inside the training step on any backend and are switched
off by themselves in evaluation.
"""

import keras
from keras import layers


def flips_and_shifts() -> keras.Sequential:
    """Mirror left and right, and shift by up to 8 % (4 of 48 pixels), the edge repeated."""
    return keras.Sequential(
        [
            layers.RandomFlip("horizontal"),
            layers.RandomTranslation(0.08, 0.08, fill_mode="nearest"),
        ],
        name="augmentation",
    )
