"""Faces followed from frame to frame, their probabilities smoothed over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from fer_core.emotions import Emotion
from fer_core.faces import (
    BoundingBox,
    Doubt,
    FaceEmotion,
    TrackedFace,
    box_iou,
    probable_emotion,
)
from fer_core.tracking.matching import KEEP_LOST_S, match
from fer_core.tracking.smoothing import blended

SAME_FACE_MARGIN = 0.25
"""Added on each side of two boxes before they are compared, so that a face that moved by up to
four fifths of its width between two frames is still the same one."""

SAME_FACE_IOU = 0.3
"""Boxes of two frames that overlap at least this much, with their margins, are one face."""


@dataclass(frozen=True)
class _Track:
    face: TrackedFace
    seen_s: float

    def fitted(self, before_wh: tuple[int, int], now_wh: tuple[int, int]) -> "_Track":
        box = fitted(self.face.box, before_wh, now_wh)
        return replace(self, face=replace(self.face, box=box))


def fitted(box: BoundingBox, before_wh: tuple[int, int], now_wh: tuple[int, int]) -> BoundingBox:
    """Place a box where its face is expected once frames have another size; it may be outside.

    Frames may have become larger or smaller, or the camera may have been turned. Either way their
    middle stays where it is, and their longer side shows the same.
    """
    scale = max(now_wh) / max(before_wh)
    dx, dy = (
        round((now - before * scale) / 2) for now, before in zip(now_wh, before_wh, strict=True)
    )
    return box.scaled(scale).shifted(dx, dy)


class FaceTracker:
    """Gives the faces of one video their numbers; the same faces always get the same ones."""

    def __init__(self) -> None:
        """Start without faces."""
        self._ids = count(1)
        self._tracks: list[_Track] = []
        self._size_wh: tuple[int, int] | None = None

    def update(
        self,
        faces: Sequence[FaceEmotion],
        time_s: float,
        size_wh: tuple[int, int] | None = None,
    ) -> tuple[TrackedFace, ...]:
        """Give each face of the next frame the track that it overlaps most, or a new one.

        Args:
            faces: All faces of the frame.
            time_s: The frame's time in seconds, later than the one before.
            size_wh: The frame's width and height in pixels, where they may change on the way.

        Returns:
            The faces in the order given, their probabilities blended with what was seen before.
        """
        tracks = [track for track in self._tracks if time_s - track.seen_s <= KEEP_LOST_S]
        if size_wh and self._size_wh and size_wh != self._size_wh:
            tracks = [track.fitted(self._size_wh, size_wh) for track in tracks]
        self._size_wh = size_wh
        track_of = match(tracks, faces, _overlap)
        seen = tuple(
            _smoothed(tracks[track_of[j]], face, time_s)
            if j in track_of
            else _tracked(face, face.probabilities, next(self._ids))
            for j, face in enumerate(faces)
        )
        lost = [track for i, track in enumerate(tracks) if i not in track_of.values()]
        self._tracks = [_Track(face, time_s) for face in seen] + lost
        return seen


def _overlap(old: _Track, new: FaceEmotion) -> float | None:
    iou = box_iou(old.face.box.expanded(SAME_FACE_MARGIN), new.box.expanded(SAME_FACE_MARGIN))
    return iou if iou >= SAME_FACE_IOU else None


def _smoothed(track: _Track, face: FaceEmotion, time_s: float) -> TrackedFace:
    """The face under its track's number, its probabilities blended with what was seen before."""
    probabilities = blended(track.face.probabilities, face.probabilities, time_s - track.seen_s)
    return _tracked(face, probabilities, track.face.track_id)


def _tracked(
    face: FaceEmotion, probabilities: Mapping[Emotion, float], track_id: int
) -> TrackedFace:
    """The face with its frame's doubts; its emotion is ambiguous over time."""
    named = probable_emotion(probabilities)
    ambiguous = () if named else (Doubt.AMBIGUOUS,)
    doubts = (*(doubt for doubt in face.doubts if doubt != Doubt.AMBIGUOUS), *ambiguous)
    steady = None if doubts else named
    return TrackedFace(face.box, face.confidence, probabilities, track_id, steady, doubts=doubts)
