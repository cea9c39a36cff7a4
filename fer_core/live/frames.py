"""The settings of a live session, and the frames that it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fer_core.faces import TrackedFace
from fer_core.images import RgbImage
from fer_core.tracking.smoothing import HALF_LIFE_S


@dataclass(frozen=True)
class LiveSettings:
    """Settings that a viewer can change while the stream runs.

    Attributes:
        min_face_share: Smallest side of a face, as a share of the frame's shorter side.
        show_probabilities: Draw a bar for each emotion.
        half_life_s: After this time, what was seen before has half the weight in the probabilities.
        mirror: Show the frame as a mirror does; what is drawn on it stays readable.
        shown_width_px: Width of the frame on the viewer's screen, as for `draw_faces`.
    """

    min_face_share: float = 0.15
    show_probabilities: bool = False
    half_life_s: float = HALF_LIFE_S
    mirror: bool = False
    shown_width_px: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.min_face_share <= 1:
            raise ValueError(f"Expected a share above 0, up to 1. Received: {self.min_face_share}")
        if not self.half_life_s > 0:
            raise ValueError(f"Expected a half-life above 0 s. Received: {self.half_life_s}")


@dataclass(frozen=True)
class LiveFrame:
    """One processed frame.

    Attributes:
        image: Annotated copy of the frame, or of its mirror image.
        faces: The faces in sight, from left to right in `image`, to which their boxes refer.
        plain: The same as `image` without what is drawn; it may share memory with what was given.
        stage_ms: Milliseconds that each stage took: `follow` the faces, `ask` the model or the
            detector about one, `draw`; `search`, where the search of an earlier frame has ended,
            which ran beside these.
    """

    image: RgbImage
    faces: tuple[TrackedFace, ...]
    plain: RgbImage
    stage_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def largest_face(self) -> TrackedFace | None:
        """The widest of the faces; None without one."""
        return max(self.faces, key=lambda face: face.box.width, default=None)
