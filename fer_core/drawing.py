"""Boxes, labels and probability bars, drawn on a copy of an image."""

from collections.abc import Sequence

import cv2
import numpy as np

from fer_core.emotions import Emotion
from fer_core.faces import UNCERTAIN, FaceEmotion, TrackedFace
from fer_core.images import RgbImage

Color = tuple[int, int, int]

COLORS: dict[Emotion, Color] = {
    Emotion.ANGRY: (229, 72, 77),
    Emotion.DISGUST: (102, 168, 15),
    Emotion.FEAR: (151, 94, 222),
    Emotion.HAPPY: (245, 184, 0),
    Emotion.SAD: (62, 123, 250),
    Emotion.SURPRISE: (247, 107, 21),
    Emotion.NEUTRAL: (0, 188, 212),
    Emotion.CONTEMPT: (214, 64, 159),
}
"""Red-green-blue color of each emotion, 0 to 255, on photos and on the pages alike."""

UNCERTAIN_COLOR: Color = (134, 142, 150)
"""Of a face whose emotion is not named."""

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)


def line_width_px(image: RgbImage) -> int:
    """Width of a box's lines: a 240th of the shorter side, at least 2 pixels."""
    height, width, _ = image.shape
    return max(2, int(min(height, width) / 240 + 0.5))


def caption(face: FaceEmotion) -> str:
    """A face's emotion with its probability, or that it is uncertain."""
    emotion = face.named_emotion
    return f"{emotion} {face.probabilities[emotion]:.0%}" if emotion else UNCERTAIN


def draw_faces(
    image: RgbImage, faces: Sequence[FaceEmotion], *, show_probabilities: bool = False
) -> RgbImage:
    """Draw each face's box with its emotion, or that it is uncertain.

    Several faces are numbered: by their track, or else in the order given, from 1.

    Args:
        image: What to draw on; it stays as it is.
        faces: What to draw.
        show_probabilities: Also draw a bar for each emotion beside the box.

    Returns:
        An annotated copy.
    """
    annotated = image.copy()
    line = line_width_px(image)
    for face in faces:
        # OpenCV draws to both sides of the coordinates; inset, lines stay on the box's edge.
        inset = (line + 1) // 2
        top_left = face.box.x1 + inset, face.box.y1 + inset
        bottom_right = face.box.x2 - 1 - inset, face.box.y2 - 1 - inset
        cv2.rectangle(annotated, top_left, bottom_right, _color(face), line)
    for index, face in enumerate(faces, 1):  # above all boxes
        number = face.track_id if isinstance(face, TrackedFace) else index
        text = f"{number}: {caption(face)}" if len(faces) > 1 else caption(face)
        _draw_label(annotated, face, text, line)
        if show_probabilities:
            _draw_bars(annotated, face, line)
    return annotated


def _draw_label(image: RgbImage, face: FaceEmotion, text: str, line: int) -> None:
    """The text on a filled strip, above the face's box or, at the top edge, inside it."""
    scale = 0.26 * line
    thickness = max(1, line // 2)
    (width, height), baseline = cv2.getTextSize(text, _FONT, scale, thickness)
    pad = 2 * line
    strip_height = height + baseline + pad
    left = max(0, min(face.box.x1, image.shape[1] - width - 2 * pad))
    top = face.box.y1 - strip_height if face.box.y1 >= strip_height else face.box.y1
    color = _color(face)
    bottom_right = left + width + 2 * pad - 1, top + strip_height - 1
    cv2.rectangle(image, (left, top), bottom_right, color, cv2.FILLED)
    origin = left + pad, top + height + pad // 2
    cv2.putText(image, text, origin, _FONT, scale, _ink(color), thickness, cv2.LINE_AA)


def _draw_bars(image: RgbImage, face: FaceEmotion, line: int) -> None:
    """A panel of named bars to the right of the box, or to the left where there is no room."""
    scale = 0.2 * line
    thickness = max(1, line // 3)
    sizes = [cv2.getTextSize(emotion, _FONT, scale, thickness)[0] for emotion in face.probabilities]
    row = max(height for _, height in sizes) + 4 * line
    label_width, bar_width = max(width for width, _ in sizes) + 3 * line, 24 * line
    width, height = label_width + bar_width + line, row * len(sizes) + line
    left = face.box.x2 + line
    if left + width > image.shape[1]:
        left = max(0, face.box.x1 - width - line)
    top = max(0, min(face.box.y1, image.shape[0] - height))
    panel = image[top : top + height, left : left + width]
    panel //= 3  # darkened, so that the bars are readable on any photo
    for index, (emotion, probability) in enumerate(face.probabilities.items()):
        y = top + line + index * row
        origin = left + line, y + row - 2 * line
        cv2.putText(image, emotion, origin, _FONT, scale, _WHITE, thickness, cv2.LINE_AA)
        if length := round(probability * bar_width):
            start = left + label_width, y + line
            end = start[0] + length - 1, y + row - 2 * line
            cv2.rectangle(image, start, end, COLORS[emotion], cv2.FILLED)


def _color(face: FaceEmotion) -> Color:
    return COLORS[face.named_emotion] if face.named_emotion else UNCERTAIN_COLOR


def _ink(background: Color) -> Color:
    """Black or white, whichever reads better on that color."""
    return _BLACK if float(np.dot(background, (0.299, 0.587, 0.114))) > 125 else _WHITE
