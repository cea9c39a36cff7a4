"""Explains a prediction: the parts of a face that it depends on."""

import cv2
import numpy as np
import numpy.typing as npt

from fer_core.classification.classifier import EmotionClassifier
from fer_core.emotions import Emotion
from fer_core.images import GrayImage, RgbImage

PATCH_SHARE = 0.25
STEP_SHARE = 1 / 12


def occlusion_map(
    classifier: EmotionClassifier, face: GrayImage, emotion: Emotion
) -> npt.NDArray[np.float32]:
    """Measure how much each part of a face speaks for an emotion.

    A gray patch is moved over the face; where it lowers the emotion's probability, what it covers
    spoke for the emotion (Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2). It serves the same
    purpose as Grad-CAM, which needs gradients and so TensorFlow. This takes any model that gives
    probabilities.

    Args:
        classifier: The classifier that made the prediction.
        face: The face, of the height and width of the model's input.
        emotion: The emotion whose probability is to be explained.

    Returns:
        Float32 of the face's shape: the mean fall of the probability, from -1 to 1, over the
        patches that cover a pixel. Below 0 where covering it raises the probability.
    """
    height, width = face.shape
    patch = max(1, round(min(height, width) * PATCH_SHARE))
    step = max(1, round(min(height, width) * STEP_SHARE))
    corners = [
        (y, x)
        for y in range(-patch + step, height, step)
        for x in range(-patch + step, width, step)
    ]
    covered = np.repeat(face[np.newaxis], 1 + len(corners), axis=0)
    masks = np.zeros((len(corners), height, width), dtype=bool)
    for mask, (y, x) in zip(masks, corners, strict=True):
        mask[max(0, y) : y + patch, max(0, x) : x + patch] = True
    covered[1:][masks] = round(float(face.mean()))
    whole, *rest = classifier.probabilities(covered)[:, classifier.labels.index(emotion)]
    falls = np.float32(whole) - np.array(rest, dtype=np.float32)
    total = np.tensordot(falls, masks.astype(np.float32), axes=1)
    result: npt.NDArray[np.float32] = (total / masks.sum(axis=0)).astype(np.float32)
    return result


def draw_heat(crop: RgbImage, falls: npt.NDArray[np.float32]) -> RgbImage:
    """A copy of a crop with the parts that spoke for the prediction glowing red over gray.

    Args:
        crop: The face.
        falls: The map that `occlusion_map` gave for it, of any size.
    """
    height, width = crop.shape[:2]
    heat = falls.clip(min=0) / max(float(falls.max()), 1e-6)
    large = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)[..., np.newaxis]
    gray = crop.mean(axis=2, keepdims=True) * 0.8
    red = np.array((255, 60, 20), dtype=np.float32)
    return np.asarray((1 - 0.75 * large) * gray + 0.75 * large * red, dtype=np.uint8)
