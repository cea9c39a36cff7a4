"""Random changes that cameras, light and a detector's boxes make to a face.

They are made to whole batches of gray pixels before these become floats, by OpenCV: a face takes
some 140 microseconds of one busy core. `evaluation.robustness`
measures a model under the same kinds of change at fixed strengths.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

GrayFaces: TypeAlias = npt.NDArray[np.uint8]
"""Gray faces, uint8 of shape `(N, 48, 48)`, 0 black to 255 white."""

GrayFace: TypeAlias = npt.NDArray[np.uint8]
"""One gray face, uint8 of shape `(48, 48)`."""

Change: TypeAlias = Callable[[GrayFace, np.random.Generator], GrayFace]

SHARE_CHANGED = 0.5
"""Share of faces that have a change of light or quality on top of the geometry."""


def as_by_cameras(
    faces: GrayFaces, rng: np.random.Generator, share: float = SHARE_CHANGED
) -> GrayFaces:
    """Every face moved as a detector might frame it, some of them as a poor camera might show it.

    Args:
        faces: N faces; they stay as they are.
        rng: Draws the changes; the same generator state gives the same changes.
        share: Share of faces that have a change of light or quality on top.

    Returns:
        N faces of the same size.
    """
    changed = faces.copy()
    for index, face in enumerate(faces):
        changed[index] = framed(face, rng)
    for row in np.flatnonzero(rng.random(len(faces)) < share):
        n_changes = 1 + int(rng.random() < 0.3)
        for kind in rng.choice(len(CHANGES), size=n_changes, replace=False):
            changed[row] = CHANGES[kind](changed[row], rng)
    return changed


def framed(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    """Mirror half of the faces; turn, shift, lean and scale each, resampled once.

    Up to 15 degrees, 10 % of the side, 5 degrees and 15 %, evenly drawn. The detector's boxes lie
    around a face's middle with a deviation of 5 % of its side, and differ from its size with one
    of 16 % (`python -m benchmarks.crop_margin`). The edge is repeated.
    """
    angle = math.radians(rng.uniform(-15, 15))
    lean = math.tan(math.radians(rng.uniform(-5, 5)))
    wide, high = rng.uniform(0.85, 1.15, size=2)
    mirror = rng.choice((-1.0, 1.0))
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = np.array(
        [
            [wide * (cos + lean * sin) * mirror, wide * (lean * cos - sin), 0],
            [high * sin * mirror, high * cos, 0],
        ]
    )
    middle = (np.array(face.shape[::-1]) - 1) / 2
    shift = rng.uniform(-0.1, 0.1, size=2) * face.shape[::-1]
    matrix[:, 2] = middle - matrix[:, :2] @ middle + shift
    return cv2.warpAffine(
        face,
        matrix,
        face.shape[::-1],
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    ).astype(np.uint8, copy=False)


def lit_from_one_side(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    """Darken towards a side drawn at random, to 15 to 70 % of the light there."""
    return side_light(face, rng.uniform(0, 2 * math.pi), rng.uniform(0.15, 0.7))


def side_light(face: GrayFace, angle: float, least: float) -> GrayFace:
    """Darken a face evenly from full light on one side to a share of it on the other.

    Args:
        face: The face.
        angle: Direction of the dark side, in radians.
        least: Share of the light that is left there, 0 to 1.
    """
    height, width = face.shape
    x, y = np.linspace(-1, 1, width), np.linspace(-1, 1, height)[:, np.newaxis]
    along = (x * math.cos(angle) + y * math.sin(angle)) / math.sqrt(2)
    return _as_gray(face * (least + (1 - least) * (1 - along) / 2))


def with_gamma(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    """Raise gray values to a power from 0.45 to 2.2: washed out or murky."""
    return gamma(face, math.exp(rng.uniform(math.log(0.45), math.log(2.2))))


def gamma(face: GrayFace, power: float) -> GrayFace:
    """Raise gray values, as shares of white, to a power."""
    return _as_gray(255 * (face / 255) ** power)


def from_afar(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    """Show the face as if it had only 16 to 32 pixels."""
    return low_resolution(face, int(rng.integers(16, 33)))


def low_resolution(face: GrayFace, size_px: int) -> GrayFace:
    """Shrink a face to that many pixels and enlarge it again."""
    small = cv2.resize(face, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return _as_gray(cv2.resize(small, face.shape[::-1], interpolation=cv2.INTER_LINEAR))


def out_of_focus(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    """Blur by a standard deviation of 0.5 to 1.6 pixels."""
    return blur(face, rng.uniform(0.5, 1.6))


def blur(face: GrayFace, sigma_px: float) -> GrayFace:
    """Blur by a standard deviation in pixels."""
    return _as_gray(cv2.GaussianBlur(face, (0, 0), sigma_px, borderType=cv2.BORDER_REPLICATE))


def compressed(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    """Store as a JPEG of quality 10 to 50, as a poor video call does."""
    return jpeg(face, int(rng.integers(10, 51)))


def jpeg(face: GrayFace, quality: int) -> GrayFace:
    """Store as a JPEG of a quality from 0 to 100, and read it again."""
    _, coded = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)


def in_the_dark(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    """Add the noise of a sensor in the dark, of a standard deviation of 4 to 20 grays."""
    return noise(face, rng.uniform(4, 20), rng)


def noise(face: GrayFace, sigma: float, rng: np.random.Generator) -> GrayFace:
    """Add normal noise of a standard deviation in grays."""
    return _as_gray(face + rng.normal(0, sigma, face.shape))


def partly_hidden(face: GrayFace, rng: np.random.Generator) -> GrayFace:
    """Cover 4 to 20 % of the face by a rectangle of one gray."""
    area = rng.uniform(0.04, 0.2) * face.size
    height = math.sqrt(area * math.exp(rng.uniform(-0.7, 0.7)))
    middle = rng.uniform(0, 1, size=2) * face.shape
    return occlusion(face, middle, (height, area / height), int(rng.integers(256)))


def occlusion(
    face: GrayFace,
    middle: npt.NDArray[np.float64],
    size: tuple[float, float],
    gray: int,
) -> GrayFace:
    """Cover a rectangle.

    Args:
        face: The face.
        middle: Of the rectangle, `(y, x)` in pixels; the rectangle may reach past the edge.
        size: Its height and width in pixels.
        gray: Its gray, 0 to 255.
    """
    covered = face.copy()
    (top, left), (bottom, right) = (
        np.clip(np.rint(middle + sign * np.array(size) / 2), 0, face.shape).astype(int)
        for sign in (-1, 1)
    )
    covered[top:bottom, left:right] = gray
    return covered


CHANGES: tuple[Change, ...] = (
    lit_from_one_side,
    with_gamma,
    from_afar,
    out_of_focus,
    compressed,
    in_the_dark,
    partly_hidden,
)
"""The kinds of change, each as likely as any other."""


def _as_gray(values: npt.NDArray[np.generic]) -> GrayFace:
    gray: GrayFace = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return gray
