"""Boxes, labels and probability bars, drawn on a copy of an image."""

from collections.abc import Sequence

import cv2
import numpy as np

from fer_core.drawing.captions import INK, PAPER, corners, free_place, paste, pill, words
from fer_core.emotions import DISPLAY_ORDER, Emotion
from fer_core.faces import BoundingBox, FaceEmotion, TrackedFace
from fer_core.image_input import Color as ImageColor
from fer_core.image_input import ImageInput, to_rgb
from fer_core.images import RgbImage

Color = tuple[int, int, int]

COLORS: dict[Emotion, Color] = {
    Emotion.HAPPY: (0xFC, 0xD7, 0x2E),
    Emotion.SURPRISE: (0xEE, 0x78, 0x0E),
    Emotion.NEUTRAL: (0x99, 0x97, 0x92),
    Emotion.SAD: (0x65, 0xBA, 0xFA),
    Emotion.FEAR: (0x97, 0x64, 0xED),
    Emotion.DISGUST: (0x87, 0xD1, 0x97),
    Emotion.ANGRY: (0xDF, 0x49, 0x5F),
    Emotion.CONTEMPT: (0xE5, 0x8B, 0xC8),
}
"""Red-green-blue color of each emotion, 0 to 255, on photos and on the pages alike."""

UNCLEAR = "too unclear to tell"
"""The word shown for a face whose emotion is uncertain."""

SHOWN_WH = 880, 660
"""Largest size at which an image is shown, in pixels of the screen, if nothing else is said."""

SMALLEST_SCALE = 0.55
"""Letters are never drawn smaller than at this many pixels for each pixel of the screen."""

LINE_PX, EDGE_PX, RADIUS_PX, DASH_PX = 3.5, 1.5, 10, 10
"""Width of a box's line and of the ink outside it, in pixels of the screen; its corners, dashes."""

_SHIFT = 4
"""OpenCV takes coordinates in sixteenths of a pixel."""


def drawing_scale(image: RgbImage, shown_width_px: int | None = None) -> float:
    """Pixels of the image for each pixel of the screen.

    Args:
        image: The image to draw on.
        shown_width_px: Width at which the screen shows it; None if it is not known.
    """
    height: int
    width: int
    height, width, _ = image.shape
    if shown_width_px is not None:
        return max(SMALLEST_SCALE, width / shown_width_px)
    return max(SMALLEST_SCALE, width / SHOWN_WH[0], height / SHOWN_WH[1])


def caption(face: FaceEmotion) -> str:
    """A face's emotion with its probability, or that it is too unclear."""
    emotion = face.shown_emotion
    return f"{emotion.adjective} {face.probabilities[emotion]:.0%}" if emotion else UNCLEAR


def draw_faces(
    image: ImageInput,
    faces: Sequence[FaceEmotion],
    *,
    show_probabilities: bool = False,
    color: ImageColor = "rgb",
    shown_width_px: int | None = None,
) -> RgbImage:
    """Draw each face's box with its emotion; dashed where it is too unclear to tell.

    Several faces are numbered: by their track, or else in the order given, from 1. A label covers
    no face and no other label; where there is no room for it, the face's number stands alone.

    Args:
        image: The image to draw on, as for `EmotionAnalyzer.analyze`; it stays as it is.
        faces: The faces to draw.
        show_probabilities: Also draw a bar for each emotion beside the box.
        color: The order of an array's colors: "rgb", "bgr" or "gray".
        shown_width_px: Width at which the image will be shown, so that letters are of one size on
            every screen; None for at most `SHOWN_WH`.

    Returns:
        An annotated copy, red-green-blue whatever `color` is.
    """
    annotated = to_rgb(image, color).copy()
    scale = drawing_scale(annotated, shown_width_px)
    for face in faces:
        _draw_box(annotated, face, scale)
    taken = [face.box for face in faces]
    for index, face in enumerate(faces, 1):  # above all boxes
        number = face.track_id if isinstance(face, TrackedFace) else index
        if show_probabilities:
            taken.append(_draw_bars(annotated, face, scale))
        taken.append(_draw_label(annotated, face, number if len(faces) > 1 else None, taken, scale))
    return annotated


def _draw_box(image: RgbImage, face: FaceEmotion, scale: float) -> None:
    """A box with round corners: outside an edge of ink, inside it a line in the face's color."""
    edge, line = max(1, round(EDGE_PX * scale)), max(1, round(LINE_PX * scale))
    if face.shown_emotion is None:
        _draw_dashes(image, face.box, edge, line, scale)
        return
    box, color = face.box, _color(face)
    radius = max(1, min(round(RADIUS_PX * scale), box.width // 2, box.height // 2))
    middle_x, middle_y = (
        (box.x1 + radius, box.x2 - radius - 1),
        (box.y1 + radius, box.y2 - radius - 1),
    )
    for near, far, tint in ((0, edge, INK), (edge, edge + line, color)):
        for y in ((box.y1 + near, box.y1 + far - 1), (box.y2 - far, box.y2 - near - 1)):
            _fill(image, middle_x, y, tint)
        for x in ((box.x1 + near, box.x1 + far - 1), (box.x2 - far, box.x2 - near - 1)):
            _fill(image, x, middle_y, tint)
    places = ((x, y) for y in (box.y1, box.y2 - radius) for x in (box.x1, box.x2 - radius))
    for stamp, (left, top) in zip(corners(color, radius, edge, line), places, strict=True):
        paste(image, stamp, left, top)


def _fill(image: RgbImage, x: tuple[int, int], y: tuple[int, int], color: Color) -> None:
    """Fill from the first to the last column and row, both in it; nothing where there is none."""
    if x[0] <= x[1] and y[0] <= y[1]:
        cv2.rectangle(image, (x[0], y[0]), (x[1], y[1]), color, cv2.FILLED)


def _draw_dashes(image: RgbImage, box: BoundingBox, edge: int, line: int, scale: float) -> None:
    dashes = _dashes(_outline(box, line / 2 + edge, RADIUS_PX * scale), DASH_PX * scale)
    for tint, width in ((INK, line + 2 * edge), (PAPER, line)):
        cv2.polylines(image, dashes, False, tint, width, cv2.LINE_AA, _SHIFT)


def _outline(box: BoundingBox, inset: float, radius: float) -> np.ndarray:
    """The points of a rectangle with round corners, clockwise, in sixteenths of a pixel."""
    x1, y1, x2, y2 = box.x1 + inset, box.y1 + inset, box.x2 - 1 - inset, box.y2 - 1 - inset
    x2, y2 = max(x1, x2), max(y1, y2)
    r = min(radius, (x2 - x1) / 2, (y2 - y1) / 2)
    angles = np.radians(np.arange(0, 91, 15))
    x, y = r * (1 - np.cos(angles)), r * (1 - np.sin(angles))
    corners = (
        np.stack([x1 + x, y1 + y], 1),
        np.stack([x2 - y, y1 + x], 1),
        np.stack([x2 - x, y2 - y], 1),
        np.stack([x1 + y, y2 - x], 1),
    )
    points = np.concatenate(corners) * (1 << _SHIFT)
    return np.rint(points).astype(np.int32)


def _dashes(outline: np.ndarray, length: float) -> list[np.ndarray]:
    """The outline cut into dashes with gaps as long."""
    closed = np.concatenate([outline, outline[:1]]).astype(float)
    steps = np.hypot(*np.diff(closed, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    n = max(4, round(along[-1] / (length * (1 << _SHIFT) * 2)))
    starts = np.arange(n) * along[-1] / n
    dashes = []
    for start in starts:
        at = np.linspace(start, start + along[-1] / n * 0.5, 4)
        points = np.stack([np.interp(at, along, closed[:, axis]) for axis in (0, 1)], 1)
        dashes.append(np.rint(points).astype(np.int32))
    return dashes


def _draw_label(
    image: RgbImage,
    face: FaceEmotion,
    number: int | None,
    taken: Sequence[BoundingBox],
    scale: float,
) -> BoundingBox:
    """The label beside the face, or its number where there is no room; where it was drawn."""
    height, width, _ = image.shape
    text = caption(face) if number is None else f"{number} | {caption(face)}"
    gap = max(1, round(2 * scale))
    stamps = [pill(text, _color(face), round(scale, 2))]
    if number is not None:
        stamps.append(pill(str(number), _color(face), round(scale, 2)))
    for stamp in stamps:
        place = free_place(stamp.size_wh, face.box, taken, (width, height), gap)
        if place is not None:
            break
    else:  # inside the box, at the chin
        stamp = stamps[-1]
        stamp_width, stamp_height = stamp.size_wh
        left = max(0, min(face.box.x1 + gap, width - stamp_width))
        top = max(0, min(face.box.y2 - stamp_height - gap, height - stamp_height))
        place = BoundingBox(left, top, left + stamp_width, top + stamp_height)
    paste(image, stamp, place.x1, place.y1)
    return place


def _draw_bars(image: RgbImage, face: FaceEmotion, scale: float) -> BoundingBox:
    """A panel of named bars to the right of the box, or to the left where there is no room."""
    emotions = [emotion for emotion in DISPLAY_ORDER if emotion in face.probabilities]
    names = [words(emotion.adjective, PAPER, max(5, round(12 * scale))) for emotion in emotions]
    pad, row = round(6 * scale), max(1, round(18 * scale))
    names_width, bar_width = max(name.size_wh[0] for name in names) + 2 * pad, round(72 * scale)
    width, height = names_width + bar_width + pad, row * len(names) + pad
    gap = round(4 * scale)
    left = face.box.x2 + gap
    if left + width > image.shape[1]:
        left = max(0, face.box.x1 - width - gap)
    top = max(0, min(face.box.y1, image.shape[0] - height))
    panel = image[top : top + height, left : left + width]
    panel //= 3  # darkened, so that the bars are readable on any photo
    for index, (emotion, name) in enumerate(zip(emotions, names, strict=True)):
        y = top + pad // 2 + index * row
        paste(image, name, left + pad, y + (row - name.size_wh[1]) // 2)
        if length := round(face.probabilities[emotion] * bar_width):
            start = left + names_width, y + row // 4
            end = start[0] + length - 1, y + row - row // 4
            cv2.rectangle(image, start, end, COLORS[emotion], cv2.FILLED)
    return BoundingBox(left, top, left + width, top + height)


def _color(face: FaceEmotion) -> Color:
    return COLORS[face.shown_emotion] if face.shown_emotion else PAPER
