"""Pixels of more than eight bits, or of floating point, in the range of bytes."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Values: TypeAlias = npt.NDArray[np.integer[Any] | np.floating[Any]]
"""Pixels of any shape and range."""

Bytes: TypeAlias = npt.NDArray[np.uint8]
"""The same in the range 0 to 255."""

WHITES = tuple(float(2**n_bits - 1) for n_bits in (8, 10, 12, 14, 16))
ONE_AT_MOST = 2.0
"""Floating-point values up to this are taken for shares of white: sharpening makes some of them a
little larger than 1. A photo whose values go to 255 and which has none above 2 would be black."""

NO_LIGHT = 1e30
"""Floating-point values as large as this mean that there is none."""


def full_range(values: Values) -> Bytes:
    """Values of any range as 0 to 255.

    White is the largest number of 8, 10, 12, 14 or 16 bits that the values need, as cameras and
    microscopes give them whatever the file could hold; 1 for floating-point values of up to about
    1. Negative integers are black. Where there are negative floating-point values, the smallest is
    black and the largest white.

    Args:
        values: Of any shape, integers or floating point; what is no number, or beyond `NO_LIGHT`,
            counts as 0.

    >>> full_range(np.array([0, 2048, 4095], np.uint16)).tolist()
    [0, 127, 255]
    >>> full_range(np.array([0.0, 0.5, 1.0], np.float32)).tolist()
    [0, 127, 255]
    """
    if values.dtype.kind == "f":
        return _of_floats(values.astype(np.float32))
    white = _white(int(values.max()))
    return np.asarray(values.clip(min=0).astype(np.float64) * 255 / white, np.uint8)


def _of_floats(values: npt.NDArray[np.float32]) -> Bytes:
    numbers = np.where(np.abs(values) < NO_LIGHT, values, np.float32(0))
    lowest, highest = float(numbers.min()), float(numbers.max())
    if lowest < 0:
        black, white = lowest, highest
    elif highest <= ONE_AT_MOST:
        black, white = 0.0, 1.0
    else:
        black, white = 0.0, _white(highest)
    shares = (numbers - black) / max(white - black, 1e-30)
    return np.asarray(shares.clip(0, 1) * 255, np.uint8)


def _white(highest: float) -> float:
    """The largest number of as many bits as cameras have, or of what is beyond them itself."""
    return next((white for white in WHITES if highest <= white), highest)
