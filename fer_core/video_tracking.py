"""Faces followed from picture to picture, their probabilities smoothed over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from fer_core import near_search
from fer_core.detection import FaceDetector
from fer_core.emotions import Emotion
from fer_core.faces import (
    BoundingBox,
    DetectedFace,
    Doubt,
    FaceEmotion,
    TrackedFace,
    box_iou,
    probable_emotion,
)
from fer_core.images import RgbImage
from fer_core.smoothing import blended

KEEP_LOST_S = 1.0
"""How long the track of a face that is out of sight is kept."""

SAME_FACE_MARGIN = 0.25
"""Added on each side of two boxes before they are compared, so that a face that moved by up to
four fifths of its width between two pictures is still the same one."""

SAME_FACE_IOU = 0.3
"""Boxes of two pictures that overlap at least this much, with their margins, are one face."""

NEAR_MARGIN = 0.4
"""Share of a face's box that is searched around it on each side."""

DOUBLE_IOU = 0.5
"""Two boxes found around different faces that overlap this much are one face."""


@dataclass(frozen=True)
class _Track:
    face: TrackedFace
    seen_s: float


class FaceTracker:
    """Gives the faces of one video their numbers; the same faces always get the same ones."""

    def __init__(self) -> None:
        """Start without faces."""
        self._ids = count(1)
        self._tracks: list[_Track] = []

    def update(self, faces: Sequence[FaceEmotion], time_s: float) -> tuple[TrackedFace, ...]:
        """Give each face of the next picture the track that it overlaps most, or a new one.

        Args:
            faces: All faces of the picture.
            time_s: When it was taken, in seconds, later than the one before.

        Returns:
            The faces in the order given, their probabilities blended with what was seen before.
        """
        tracks = [track for track in self._tracks if time_s - track.seen_s <= KEEP_LOST_S]
        track_of = _match([track.face.box for track in tracks], [face.box for face in faces])
        seen = tuple(
            _smoothed(tracks[track_of[j]], face, time_s)
            if j in track_of
            else _tracked(face, face.probabilities, next(self._ids))
            for j, face in enumerate(faces)
        )
        lost = [track for i, track in enumerate(tracks) if i not in track_of.values()]
        self._tracks = [_Track(face, time_s) for face in seen] + lost
        return seen


def _match(known: Sequence[BoundingBox], found: Sequence[BoundingBox]) -> dict[int, int]:
    """Index of a known box for each found one that has one; the largest overlaps come first."""
    pairs = sorted(
        (
            (box_iou(old.expanded(SAME_FACE_MARGIN), new.expanded(SAME_FACE_MARGIN)), i, j)
            for i, old in enumerate(known)
            for j, new in enumerate(found)
        ),
        reverse=True,
    )
    matched: dict[int, int] = {}
    for iou, i, j in pairs:
        if iou >= SAME_FACE_IOU and j not in matched and i not in matched.values():
            matched[j] = i
    return matched


def _smoothed(track: _Track, face: FaceEmotion, time_s: float) -> TrackedFace:
    """The face under its track's number, its probabilities blended with what was seen before."""
    probabilities = blended(track.face.probabilities, face.probabilities, time_s - track.seen_s)
    return _tracked(face, probabilities, track.face.track_id)


def _tracked(
    face: FaceEmotion, probabilities: Mapping[Emotion, float], track_id: int
) -> TrackedFace:
    """The face with the doubts that its picture raises; its emotion is ambiguous over time."""
    named = probable_emotion(probabilities)
    ambiguous = () if named else (Doubt.AMBIGUOUS,)
    doubts = (*(doubt for doubt in face.doubts if doubt != Doubt.AMBIGUOUS), *ambiguous)
    steady = None if doubts else named
    return TrackedFace(face.box, face.confidence, probabilities, track_id, steady, doubts=doubts)


def detect_near(
    detector: FaceDetector, image: RgbImage, faces: Sequence[FaceEmotion]
) -> list[DetectedFace]:
    """Search around faces of the picture before, in a fraction of a full search's time.

    Returns:
        Those found again, from left to right, without doubles.
    """
    near = (near_search.detect_near(detector, image, face.box, NEAR_MARGIN, 0) for face in faces)
    kept: list[DetectedFace] = []
    for face in near:
        if face is not None and all(box_iou(face.box, other.box) < DOUBLE_IOU for other in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: face.box.xyxy)
