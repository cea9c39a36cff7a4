"""Boxes and faces: the values that detection, classification and drawing hand to each other."""

from collections.abc import Mapping
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
        """The part inside an image of that size, None where there is none."""
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


@dataclass(frozen=True)
class DetectedFace:
    """A face that a detector found.

    Attributes:
        box: Where it is, inside the image.
        confidence: How sure the detector is that this is a face, from 0 to 1. It ranks faces of
            one detector; it is not a probability.
    """

    box: BoundingBox
    confidence: float


UNCERTAIN_BELOW = 0.4
"""An answer less probable than this is not named. The rule: the lowest twentieth from which on, in
each band of a twentieth, at least two answers of five are right on FER2013's PublicTest. With the
network `tutorial-cnn-augmented` 37 % are right from .35 to .40 and 43 % from .40 to .45. For a
calibrated network the probability is the share that is right, so that the rule gives .4 for any. A
network of soft votes is seldom so unsure: of `fer-resnet-ferplus` 1 % of the answers fall below."""


def probable_emotion(
    probabilities: Mapping[Emotion, float], least: float = UNCERTAIN_BELOW
) -> Emotion | None:
    """The most probable emotion, None where it is less probable than `least`."""
    best = max(probabilities, key=lambda emotion: probabilities[emotion])
    return best if probabilities[best] >= least else None


class Doubt(StrEnum):
    """Why the network's answer for a face is not to be relied on."""

    SMALL = "small"
    BLURRED = "blurred"
    DARK = "dark"
    TURNED = "turned or unevenly lit"
    AMBIGUOUS = "ambiguous"


UNCERTAIN = "uncertain"
"""What is shown in place of an emotion where none is named."""


@dataclass(frozen=True)
class FaceEmotion:
    """A face and its apparent emotion.

    Attributes:
        box: Where the face is, inside the image.
        confidence: The detector's, as in `DetectedFace`.
        probabilities: Probability of each emotion, summing to 1, in the order of the network's
            labels.
        doubts: Why the probabilities are not to be relied on; () where they are.
    """

    box: BoundingBox
    confidence: float
    probabilities: Mapping[Emotion, float]
    doubts: tuple[Doubt, ...] = field(default=(), kw_only=True)

    @property
    def emotion(self) -> Emotion:
        """The most probable emotion."""
        return max(self.probabilities, key=lambda emotion: self.probabilities[emotion])

    @property
    def probability(self) -> float:
        """Probability of `emotion`, from 0 to 1."""
        return self.probabilities[self.emotion]

    @property
    def named_emotion(self) -> Emotion | None:
        """The emotion to name, None where there is a doubt."""
        return None if self.doubts else self.emotion

    @property
    def answer(self) -> str:
        """What to show: the emotion to name, or `UNCERTAIN`."""
        return self.named_emotion or UNCERTAIN


@dataclass(frozen=True)
class TrackedFace(FaceEmotion):
    """A face of a live stream or a video file.

    Attributes:
        probabilities: Averaged over the last moments.
        track_id: Stays with the face from frame to frame; in a file they are counted from 1.
        steady_emotion: The emotion to name: in a stream, unlike `emotion`, it changes only once the
            evidence for another holds. None where there is none to name.
    """

    track_id: int
    steady_emotion: Emotion | None

    @property
    def named_emotion(self) -> Emotion | None:
        """`steady_emotion`."""
        return self.steady_emotion

    def scaled(self, factor: float) -> "TrackedFace":
        """The same face in an image of `factor` times the size."""
        return replace(self, box=self.box.scaled(factor))
