"""Random changes to training images that leave the expression as it is.

Built from Keras layers, so that they run inside the training step on any backend and are switched
off by themselves in evaluation. They take and return raw pixels 0..255; where a change looks past
the edge, the edge is repeated. Mixup, which changes targets too, is in `batches`.
"""

import keras
from keras import layers

from fer_core.training.augmentation.affine import RandomAffine


def flips_and_shifts() -> keras.Sequential:
    """Mirror left and right, and shift by up to 8 % (4 of 48 pixels)."""
    return _changes(RandomAffine(shift=0.08))


def geometry(shear: float = 0.0) -> keras.Sequential:
    """Mirror, turn by up to 10 degrees, shift and scale by up to 10 %.

    Args:
        shear: Also lean, by up to as many degrees.
    """
    return _changes(RandomAffine(degrees=10, shift=0.1, shear=shear, zoom=0.1))


def strong_geometry() -> keras.Sequential:
    """Mirror, turn by up to 15 degrees, shift by up to 10 %, lean by 5 degrees, scale by 15 %."""
    return _changes(RandomAffine(degrees=15, shift=0.1, shear=5, zoom=0.15))


def geometry_and_light() -> keras.Sequential:
    """The same without shear, and brightness and contrast changed by up to 20 %."""
    return _changes(
        geometry(),
        layers.RandomBrightness(0.2),
        layers.RandomContrast((0.2, 0.2)),  # a single number only ever raises it
    )


def crops_and_erasing() -> keras.Sequential:
    """The changes of Khaireddin & Chen 2021 (arXiv:2105.03588), for networks that crop 40 pixels.

    Mirror, turn by up to 10 degrees, shift and scale by up to 20 %; a shift by up to 4 pixels,
    which before the network's own crop is a random crop; a black rectangle of 2 to 33 % of the
    area in half of the images. All changes but the rectangle are made to every image.
    """
    return _changes(
        RandomAffine(degrees=10, shift=0.2, zoom=0.2),
        layers.RandomTranslation(4 / 48, 4 / 48, fill_mode="nearest"),
        layers.RandomErasing((0.5, 0.5), scale=(0.02, 0.33), fill_value=0),
    )


def _changes(*changes: layers.Layer) -> keras.Sequential:
    return keras.Sequential(list(changes), name="augmentation")
