"""An expression to make for five seconds: the score, and the moments that came closest."""

from dataclasses import dataclass

from fer_core.emotions import Emotion
from fer_core.faces import BoundingBox
from fer_core.images import RgbImage
from fer_core.live.frames import LiveFrame

LASTS_S = 5.0
"""Length of a challenge from its first frame on, in seconds."""

MOST_MOMENTS = 3

APART_S = 0.7
"""Shortest time between two moments, so that they are not three times the same."""

ROOM = 1.5
"""Height of a moment's image, in heights of its face."""

ASPECT = 1.5
"""Width of a moment's image by its height."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A moment that is kept.

    Attributes:
        score: Smoothed probability of the target, in percent, 0 to 100.
        time_s: Its time on the stream's clock.
        image: The face and some of what is around it, without anything drawn.
    """

    score: int
    time_s: float
    image: RgbImage


class Challenge:
    """One viewer's try at one expression; one thread gives it frames, others read.

    Attributes:
        target: The expression to make.
        score: That of the newest frame, 0 to 100.
        left_s: Seconds left; `LASTS_S` until the first frame.
        moments: At most three, the best one first.
    """

    def __init__(self, target: Emotion) -> None:
        """Wait for the first frame."""
        self.target = target
        self.score = 0
        self.left_s = LASTS_S
        self.moments: tuple[Moment, ...] = ()
        self._start_s: float | None = None

    @property
    def is_over(self) -> bool:
        """True once the time is up."""
        return self.left_s <= 0

    @property
    def best(self) -> int:
        """The highest score so far, 0 to 100."""
        return self.moments[0].score if self.moments else 0

    def see(self, frame: LiveFrame, time_s: float) -> None:
        """Take in the next frame; one that comes after the end changes nothing.

        Args:
            frame: Its largest face counts.
            time_s: The time in seconds, on a clock that never goes back.
        """
        if self.is_over:
            return
        if self._start_s is None:
            self._start_s = time_s
        face = frame.largest_face
        self.score = round(100 * face.probabilities.get(self.target, 0.0)) if face else 0
        if face is not None:
            self._keep(frame.plain, face.box, time_s)
        self.left_s = max(0.0, LASTS_S - (time_s - self._start_s))

    def _keep(self, image: RgbImage, box: BoundingBox, time_s: float) -> None:
        """Keep this moment if it is better than a close one, or than the worst of enough others."""
        near = [m for m in self.moments if time_s - m.time_s < APART_S]
        others = [m for m in self.moments if time_s - m.time_s >= APART_S]
        rivals = near or (others if len(others) == MOST_MOMENTS else [])
        if rivals and min(rival.score for rival in rivals) >= self.score:
            return
        kept = [*others, Moment(self.score, time_s, around(image, box))]
        kept.sort(key=lambda moment: -moment.score)
        self.moments = tuple(kept[:MOST_MOMENTS])


def around(image: RgbImage, box: BoundingBox) -> RgbImage:
    """A copy of the part of an image around a face, `ASPECT` times as wide as high.

    It is moved inside the image where the face is at an edge, and smaller where it would not fit.
    """
    image_height, image_width = image.shape[:2]
    height = min(image_height, round(ROOM * box.height), round(image_width / ASPECT))
    height = max(1, height)
    width = max(1, min(image_width, round(ASPECT * height)))
    x = max(0, min((box.x1 + box.x2 - width) // 2, image_width - width))
    y = max(0, min((box.y1 + box.y2 - height) // 2, image_height - height))
    return image[y : y + height, x : x + width].copy()
