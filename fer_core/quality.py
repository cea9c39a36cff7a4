"""Doubts about a face, from its crop alone."""

import cv2
import numpy as np

from fer_core.faces import Doubt
from fer_core.images import GrayImage, RgbImage, to_gray_face

# Chosen so that the app's model is wrong for small, blurred and turned faces at least twice as
# often as for others; for dark ones that was not reached down to light x .18.
# `python -m benchmarks.face_quality` measures it; benchmarks/README.md has its figures.

LEAST_SIDE_PX = 20
"""Smaller faces are small."""

LEAST_SHARPNESS = 0.12
"""Least `sharpness` of a face that is not blurred."""

DARK_BELOW = 64.0
LEAST_CONTRAST = 4.0
"""A face is dark where its mean gray and its standard deviation are below these. Both, since a dark
skin in good light has a low mean, but as much light and shade as any."""

LEAST_SYMMETRY = -0.5
"""Least `symmetry`. Below it a face is turned away, or lit from one side, which looks alike."""

_SIDE_PX = 48
"""Sharpness and symmetry are measured on what a model sees, so that neither depends on how large
the face was."""


def face_doubts(crop: RgbImage) -> tuple[Doubt, ...]:
    """Reasons not to rely on the prediction for a face.

    Args:
        crop: The face as it was cut from the photo, not scaled.

    Returns:
        The reasons, () if there is none.
    """
    face = to_gray_face(crop, _SIDE_PX, _SIDE_PX)
    found = {
        Doubt.SMALL: min(crop.shape[:2]) < LEAST_SIDE_PX,
        Doubt.BLURRED: sharpness(face) < LEAST_SHARPNESS,
        Doubt.DARK: face.mean() < DARK_BELOW and face.std() < LEAST_CONTRAST,
        Doubt.TURNED: symmetry(face) < LEAST_SYMMETRY,
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


def sharpness(face: GrayImage) -> float:
    """Deviation of the Laplacian as a share of the pixels' own, 0 for a face of one gray.

    The variance of the Laplacian is the usual measure of focus (Pech-Pacheco et al. 2000); divided
    by the face's contrast it does not take a pale photo for a blurred one.
    """
    pixels = face.astype(np.float32)
    return float(cv2.Laplacian(pixels, cv2.CV_32F).std() / max(1.0, float(pixels.std())))


def symmetry(face: GrayImage) -> float:
    """Correlation of a face with its mirror image, from -1 to 1; 0 for a face of one gray."""
    pixels = face - face.mean()
    return float((pixels * pixels[:, ::-1]).sum() / max(1.0, float((pixels**2).sum())))
