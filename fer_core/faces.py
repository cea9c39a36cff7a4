"""Boxes and faces: the values that detection, classification and drawing hand to each other."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from fer_core.emotions import Emotion


@dataclass(frozen=True)
class BoundingBox:
    """A rectangle in whole pixels of an image, right and bottom exclusive.

    Attributes:
        x1: Left edge, in it.
        y1: Top edge, in it.
        x2: Right edge, the first column no longer in it.
        y2: Bottom edge, the first row no longer in it.
    """

    x1: int
    y1: int
    x2: int
    y2: int

    def __post_init__(self) -> None:
        if self.x2 <= self.x1 or self.y2 <= self.y1:
            raise ValueError(f"A box must be at least one pixel wide and high. Received: {self}")

    @classmethod
    def square(cls, x: float, y: float, side_px: int) -> "BoundingBox":
        """The square of that size whose middle is at `(x, y)`, rounded to whole pixels."""
        left, top = round(x - side_px / 2), round(y - side_px / 2)
        return cls(left, top, left + side_px, top + side_px)

    @property
    def xyxy(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom."""
        return self.x1, self.y1, self.x2, self.y2

    @property
    def width(self) -> int:
        """Width in pixels, at least 1."""
        return self.x2 - self.x1

    @property
    def height(self) -> int:
        """Height in pixels, at least 1."""
        return self.y2 - self.y1

    def shifted(self, dx: int, dy: int) -> "BoundingBox":
        """The same box moved right by `dx` and down by `dy` pixels."""
        return BoundingBox(self.x1 + dx, self.y1 + dy, self.x2 + dx, self.y2 + dy)

    def turned(self, height: int) -> "BoundingBox":
        """The same box after an image of that height was turned clockwise by 90°."""
        return BoundingBox(height - self.y2, self.x1, height - self.y1, self.x2)

    def mirrored(self, width: int) -> "BoundingBox":
        """The same box in the mirror image of an image of that width."""
        return BoundingBox(width - self.x2, self.y1, width - self.x1, self.y2)

    def scaled(self, factor: float) -> "BoundingBox":
        """The same box in an image of `factor` times the size, at least one pixel large."""
        x1, y1, x2, y2 = (round(edge * factor) for edge in self.xyxy)
        return BoundingBox(x1, y1, max(x1 + 1, x2), max(y1 + 1, y2))

    def expanded(self, margin: float) -> "BoundingBox":
        """The box with `margin` of its width and height added on each side.

        A negative margin cuts into the box; the result may reach beyond the image.
        """
        dx, dy = round(self.width * margin), round(self.height * margin)
        return BoundingBox(self.x1 - dx, self.y1 - dy, self.x2 + dx, self.y2 + dy)

    def clipped(self, width: int, height: int) -> "BoundingBox | None":
        """The part inside an image of that size, None if there is none."""
        x1, x2 = max(self.x1, 0), min(self.x2, width)
        y1, y2 = max(self.y1, 0), min(self.y2, height)
        return BoundingBox(x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None


def box_iou(a: BoundingBox, b: BoundingBox) -> float:
    """Intersection over union of two boxes, in the range 0 (apart) to 1 (the same)."""
    width = min(a.x2, b.x2) - max(a.x1, b.x1)
    height = min(a.y2, b.y2) - max(a.y1, b.y1)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.width * a.height + b.width * b.height - shared)


class FaceSource(StrEnum):
    """The reason to take something for a face."""

    DETECTOR = "detector"
    WHOLE_IMAGE = "whole image"


def reading_order(boxes: Sequence[BoundingBox]) -> list[int]:
    """Positions of boxes row by row from the top, in each row from left to right.

    A box is in a row with another one where its middle is beside that one's middle half.
    """
    rows: list[list[int]] = []
    for index in sorted(range(len(boxes)), key=lambda i: boxes[i].y1 + boxes[i].y2):
        box = boxes[index]
        first = boxes[rows[-1][0]] if rows else box
        if rows and abs(box.y1 + box.y2 - first.y1 - first.y2) <= max(first.height, box.height):
            rows[-1].append(index)
        else:
            rows.append([index])
    return [index for row in rows for index in sorted(row, key=lambda i: boxes[i].x1)]


@dataclass(frozen=True)
class DetectedFace:
    """A face that was found.

    Attributes:
        box: Its box, inside the image.
        confidence: The detector's confidence that this is a face, from 0 to 1. It ranks faces of
            one detector; it is not a probability. 0 where no detector was asked or found it.
        source: `WHOLE_IMAGE` where the image is taken for a face that was cut out already.
        turned_deg: Its turn in the image, clockwise from upright: 0, 90, 180 or 270.
    """

    box: BoundingBox
    confidence: float
    source: FaceSource = field(default=FaceSource.DETECTOR, kw_only=True)
    turned_deg: int = field(default=0, kw_only=True)


UNCERTAIN_BELOW = 0.4
"""A face whose most probable emotion is less probable is labeled uncertain.

The rule: the lowest twentieth from which on, in each band of a twentieth, at least two predictions
of five are right on FER2013's PublicTest. With the model `tutorial-cnn-augmented` 37 % are right
from .35 to .40 and 43 % from .40 to .45. The probability of a calibrated model is the share that is
right, so the rule gives .4 for any. The app's model falls below for .6 % of the faces, and is
wrong there five times as often as elsewhere."""


def probable_emotion(
    probabilities: Mapping[Emotion, float], least: float = UNCERTAIN_BELOW
) -> Emotion | None:
    """The most probable emotion, None if it is less probable than `least`."""
    best = max(probabilities, key=lambda emotion: probabilities[emotion])
    return best if probabilities[best] >= least else None


class Doubt(StrEnum):
    """A reason not to rely on the prediction for a face."""

    SMALL = "small"
    BLURRED = "blurred"
    DARK = "dark"
    TURNED = "turned or unevenly lit"
    AMBIGUOUS = "ambiguous"


UNCERTAIN = "uncertain"
"""The label of a face that has no probable emotion."""


@dataclass(frozen=True)
class FaceEmotion:
    """A face and its apparent emotion.

    Attributes:
        box: The face's box, inside the image.
        confidence: The detector's, as in `DetectedFace`.
        probabilities: Probability of each emotion, summing to 1, in the order of the model's
            labels.
        doubts: Reasons not to rely on the probabilities; () for none.
        source: As in `DetectedFace`.
        turned_deg: As in `DetectedFace`.
    """

    box: BoundingBox
    confidence: float
    probabilities: Mapping[Emotion, float]
    doubts: tuple[Doubt, ...] = field(default=(), kw_only=True)
    source: FaceSource = field(default=FaceSource.DETECTOR, kw_only=True)
    turned_deg: int = field(default=0, kw_only=True)

    @property
    def emotion(self) -> Emotion:
        """The most probable emotion."""
        return max(self.probabilities, key=lambda emotion: self.probabilities[emotion])

    @property
    def probability(self) -> float:
        """Probability of `emotion`, from 0 to 1."""
        return self.probabilities[self.emotion]

    @property
    def shown_emotion(self) -> Emotion | None:
        """The emotion to show, None if there is a doubt."""
        return None if self.doubts else self.emotion

    @property
    def label(self) -> str:
        """The label to show: an emotion, or `UNCERTAIN`."""
        return self.shown_emotion or UNCERTAIN

    @property
    def answer(self) -> str:
        """The former name of `label`, kept for one release."""
        warnings.warn("FaceEmotion.answer is now label.", DeprecationWarning, stacklevel=2)
        return self.label

    @property
    def named_emotion(self) -> Emotion | None:
        """The former name of `shown_emotion`, kept for one release."""
        sentence = "FaceEmotion.named_emotion is now shown_emotion."
        warnings.warn(sentence, DeprecationWarning, stacklevel=2)
        return self.shown_emotion


@dataclass(frozen=True)
class TrackedFace(FaceEmotion):
    """A face of a live stream or a video file.

    Attributes:
        probabilities: Averaged over the last moments.
        track_id: Stays with the face from frame to frame; in a file they are counted from 1.
        steady_emotion: The emotion to show: in a stream, unlike `emotion`, it changes only once the
            evidence for another holds. None if there is none to show.
    """

    track_id: int
    steady_emotion: Emotion | None

    @property
    def shown_emotion(self) -> Emotion | None:
        """`steady_emotion`."""
        return self.steady_emotion

    def scaled(self, factor: float) -> "TrackedFace":
        """The same face in an image of `factor` times the size."""
        return replace(self, box=self.box.scaled(factor))
