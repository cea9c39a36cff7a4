"""Faces of a live stream: found, followed and smoothed over time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from fer_core.analysis import EmotionAnalyzer
from fer_core.drawing import draw_faces
from fer_core.faces import BoundingBox, DetectedFace, FaceEmotion, TrackedFace, box_iou
from fer_core.images import RgbImage

FULL_SEARCH_EVERY_S = 0.5
"""How often the whole frame is searched; in between, only around each face."""

NEAR_WITHIN_S = 0.25
"""A face seen longer ago may have gone anywhere; then the whole frame is searched."""

NEAR_IOU = 0.5
"""A box found around a face that overlaps the face's last one less is not trusted: where a face
moved fast, half of it is in sight, and Haar takes parts of a face for one."""

KEEP_LOST_S = 1.0
"""How long the track of a face that is out of sight is kept."""

HALF_LIFE_S = 0.2
"""After this time, what was seen before has half the weight in the shown probabilities."""

SAME_FACE_IOU = 0.3
"""Boxes of two frames that overlap at least this much are one face."""


@dataclass(frozen=True)
class LiveSettings:
    """What a viewer can change while the stream runs.

    Attributes:
        min_face_share: Smallest side of a face, as a share of the frame's shorter side.
        show_probabilities: Draw a bar for each emotion.
    """

    min_face_share: float = 0.15
    show_probabilities: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.min_face_share <= 1:
            raise ValueError(f"Expected a share above 0, up to 1. Received: {self.min_face_share}")


@dataclass(frozen=True)
class LiveFrame:
    """One processed frame.

    Attributes:
        image: Annotated copy of the frame.
        faces: The faces in sight, from left to right.
    """

    image: RgbImage
    faces: tuple[TrackedFace, ...]


@dataclass(frozen=True)
class _Track:
    face: TrackedFace
    seen_s: float


class LiveSession:
    """Follows the faces of one viewer's stream. Not to be shared between streams or threads.

    `settings` may be replaced at any time, from any thread.
    """

    def __init__(self, analyzer: EmotionAnalyzer, settings: LiveSettings | None = None) -> None:
        """Start without faces."""
        self.settings = settings or LiveSettings()
        self._analyzer = analyzer
        self._ids = count(1)
        self._tracks: list[_Track] = []
        self._searched_s = float("-inf")
        self._size: tuple[int, ...] = ()

    def process(self, image: RgbImage, time_s: float) -> LiveFrame:
        """Find, follow and classify the faces of the next frame.

        Args:
            image: The frame.
            time_s: When it was taken, in seconds, on a clock that never goes back.
        """
        settings = self.settings
        if image.shape != self._size:  # another camera, or a phone that was turned
            self._tracks, self._size = [], image.shape
        self._tracks = [t for t in self._tracks if time_s - t.seen_s <= KEEP_LOST_S]
        detected = self._detect(
            image, time_s, round(settings.min_face_share * min(image.shape[:2]))
        )
        faces = self._follow(self._analyzer.classify(image, detected), time_s)
        annotated = draw_faces(image, faces, show_probabilities=settings.show_probabilities)
        return LiveFrame(annotated, tuple(faces))

    def forget(self) -> None:
        """Forget every face."""
        self._tracks = []

    def _detect(self, image: RgbImage, time_s: float, min_face_px: int) -> list[DetectedFace]:
        """Look around each known face; search the whole frame when it is time or one is lost."""
        due = time_s - self._searched_s >= FULL_SEARCH_EVERY_S
        if self._tracks and not due and self._seen_all_since(time_s - NEAR_WITHIN_S):
            near = [self._detect_near(image, t.face.box, min_face_px) for t in self._tracks]
            found = [face for face in near if face is not None]
            if len(found) == len(near):
                return sorted(_without_doubles(found), key=lambda face: face.box.xyxy)
        self._searched_s = time_s
        return self._analyzer.detector.detect(image, min_face_px)

    def _detect_near(
        self, image: RgbImage, last: BoundingBox, min_face_px: int
    ) -> DetectedFace | None:
        region = last.expanded(0.4).clipped(image.shape[1], image.shape[0])
        if region is None:
            return None
        smallest = max(min_face_px, round(0.7 * last.height))
        part = image[region.y1 : region.y2, region.x1 : region.x2]
        near = self._analyzer.detector.detect(part, smallest)
        moved = [
            DetectedFace(face.box.shifted(region.x1, region.y1), face.confidence) for face in near
        ]
        best = max(moved, key=lambda face: box_iou(face.box, last), default=None)
        return best if best and box_iou(best.box, last) >= NEAR_IOU else None

    def _seen_all_since(self, time_s: float) -> bool:
        return all(track.seen_s >= time_s for track in self._tracks)

    def _follow(self, faces: Sequence[FaceEmotion], time_s: float) -> list[TrackedFace]:
        """Give each face the track it overlaps most, or a new one; keep tracks out of sight."""
        pairs = sorted(
            (
                (box_iou(track.face.box, face.box), i, j)
                for i, track in enumerate(self._tracks)
                for j, face in enumerate(faces)
            ),
            reverse=True,
        )
        track_of: dict[int, int] = {}
        for iou, i, j in pairs:
            if iou >= SAME_FACE_IOU and j not in track_of and i not in track_of.values():
                track_of[j] = i
        shown = []
        for j, face in enumerate(faces):
            known = self._tracks[track_of[j]] if j in track_of else None
            shown.append(_smoothed(known, face, time_s) if known else self._new(face))
        lost = [t for i, t in enumerate(self._tracks) if i not in track_of.values()]
        self._tracks = [_Track(face, time_s) for face in shown] + lost
        return shown

    def _new(self, face: FaceEmotion) -> TrackedFace:
        return TrackedFace(face.box, face.confidence, face.probabilities, next(self._ids))


def _smoothed(track: _Track, face: FaceEmotion, time_s: float) -> TrackedFace:
    """The face under its track's number, its probabilities blended with what was seen before."""
    old = 0.5 ** ((time_s - track.seen_s) / HALF_LIFE_S)
    probabilities = {
        emotion: old * track.face.probabilities[emotion] + (1 - old) * probability
        for emotion, probability in face.probabilities.items()
    }
    return TrackedFace(face.box, face.confidence, probabilities, track.face.track_id)


def _without_doubles(faces: Sequence[DetectedFace]) -> list[DetectedFace]:
    """Two tracks that drifted onto one face give one face."""
    kept: list[DetectedFace] = []
    for face in faces:
        if all(box_iou(face.box, other.box) < 0.5 for other in kept):
            kept.append(face)
    return kept
