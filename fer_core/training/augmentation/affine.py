"""A random change of position, size and angle that resamples each image once."""

import math
from typing import Any

import keras
from keras import ops


class RandomAffine(keras.layers.Layer):  # type: ignore[misc]
    """Mirrors half of the images, and turns, shifts, shears and scales each in its own way.

    Layer after layer, as Keras has them, each change would blur the image once more, until
    training images look softer than those of evaluation. Here all changes make one matrix an
    image, as in the field's `ImageDataGenerator`, and pixels are interpolated linearly once.

    Takes and returns float `(N, H, W, C)`; where a change looks past the edge, the edge is
    repeated. In evaluation images pass unchanged.
    """

    def __init__(
        self, *, degrees: float = 0.0, shift: float = 0.0, shear: float = 0.0, zoom: float = 0.0
    ) -> None:
        """Set how far each change may go, both ways and evenly drawn.

        Args:
            degrees: To turn by.
            shift: To shift by, as a share of the width and of the height.
            shear: To lean by, in degrees.
            zoom: To scale width and height by, each on its own, as a share of 1.
        """
        super().__init__()
        self._radians = math.radians(degrees)
        self._shift = shift
        self._shear = math.tan(math.radians(shear))
        self._zoom = zoom
        self._seed_generator = keras.random.SeedGenerator()

    def call(self, images: Any, training: bool = False) -> Any:
        """Change the images, in training alone."""
        if not training:
            return images
        _, height, width, _ = images.shape
        n = ops.shape(images)[0]
        # Where the pixel at (x, y), counted from the middle, is taken from:
        # zoom * shear * turn * mirror * (x, y) + shift.
        angle, lean = self._draw(n, self._radians), self._draw(n, self._shear)
        wide, high = 1 + self._draw(n, self._zoom), 1 + self._draw(n, self._zoom)
        mirror = ops.where(self._draw(n, 1.0) < 0, -1.0, 1.0)
        cos, sin = ops.cos(angle), ops.sin(angle)
        a, b = wide * (cos + lean * sin) * mirror, wide * (lean * cos - sin)
        d, e = high * sin * mirror, high * cos
        x, y = (width - 1) / 2, (height - 1) / 2
        c = x - a * x - b * y + self._draw(n, self._shift) * width
        f = y - d * x - e * y + self._draw(n, self._shift) * height
        matrices = ops.stack([a, b, c, d, e, f, ops.zeros_like(a), ops.zeros_like(a)], axis=1)
        return ops.image.affine_transform(
            images, matrices, interpolation="bilinear", fill_mode="nearest"
        )

    def _draw(self, n: Any, most: float) -> Any:
        return keras.random.uniform((n,), -most, most, seed=self._seed_generator)
