"""Faces of a stream followed over time, each under a number of its own."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import count

from fer_core.emotions import Emotion
from fer_core.faces import BoundingBox, DetectedFace, TrackedFace, box_iou
from fer_core.motion import MotionFrame, SubpixelBox, follow_boxes
from fer_core.smoothing import SteadyName, blended

KEEP_LOST_S = 1.0
"""How long the track of a face that is out of sight is kept."""

UNCONFIRMED_S = 0.5
"""How long a face is followed that the detector does not see any more, as where a head is tilted
for a moment."""

SAME_FACE_IOU = 0.3
"""Boxes of two frames that overlap at least this much are one face."""

DOUBLE_IOU = 0.5
"""Two tracks whose boxes overlap this much follow one face."""

JUMP_IOU = 0.65
"""Where the detector's box overlaps the followed one less, the detector is right; where it does
more, the difference is mostly the detector's own unsteadiness."""

BACK_WITHIN = 1.0
"""How far from where it was lost a face may come back, in widths of its box."""

BACK_GROWN = 1.5
"""How many times as large or as small it may be then."""

LEAST_SHARE = 0.1
"""What each further box of a whole search counts in a track's box at least. Haar's boxes of a still
face vary by 2 to 3 % of its size; carried along by optical flow, their mean does not."""


class Track:
    """One face of a stream.

    Its box is the mean of what the detector found in whole frames, carried along by optical flow
    in between: flow has no noise to speak of and no delay, but drifts; the detector is unsteady,
    but does not. What it finds in the surroundings of a face depends on where they end, by 5 % of
    the face's size, so it says that a face is there and no more.

    Attributes:
        track_id: Its number.
        box: Where it is, in pixels of the frame.
        confidence: The detector's when it last saw the face.
        in_sight: Whether it is shown.
        seen_s: When it was last in sight.
        confirmed_s: When the detector last saw it.
        checked_s: When the detector last looked for it.
        classified_s: When it was last classified; -inf before the first time.
    """

    def __init__(self, track_id: int, found: DetectedFace, time_s: float) -> None:
        """Start with what the detector found."""
        self.track_id = track_id
        self.classified_s = float("-inf")
        self._probabilities: Mapping[Emotion, float] = {}
        self._name: SteadyName | None = None
        self.start(found, time_s)

    def start(self, found: DetectedFace, time_s: float) -> None:
        """Go on from a box of the detector's alone."""
        self.box = SubpixelBox.of(found.box)
        self.in_sight = True
        self._n_boxes = 1
        self._confirm(found, time_s)

    def found_near(self, found: DetectedFace, time_s: float) -> None:
        """Take in what the detector found around the face."""
        if self._agrees(found):
            self._confirm(found, time_s)
        else:
            self.start(found, time_s)

    def found(self, found: DetectedFace, time_s: float) -> None:
        """Take in what the detector found for this face in a whole frame."""
        if not self._agrees(found):
            self.start(found, time_s)
            return
        self._n_boxes += 1
        share = max(1 / self._n_boxes, LEAST_SHARE)
        self.box = self.box.pulled(SubpixelBox.of(found.box), share)
        self._confirm(found, time_s)

    def _agrees(self, found: DetectedFace) -> bool:
        return box_iou(self.box.rounded(), found.box) >= JUMP_IOU

    def _confirm(self, found: DetectedFace, time_s: float) -> None:
        self.confidence = found.confidence
        self.seen_s = self.confirmed_s = self.checked_s = time_s

    def classified(
        self, probabilities: Mapping[Emotion, float], time_s: float, half_life_s: float
    ) -> None:
        """Take in what the network answers for this face; `blended` says what a half-life is."""
        if self._name is None:
            self._probabilities = probabilities
            self._name = SteadyName(probabilities, time_s)
        else:
            elapsed_s = time_s - self.classified_s
            self._probabilities = blended(
                self._probabilities, probabilities, elapsed_s, half_life_s
            )
            self._name.update(self._probabilities, time_s)
        self.classified_s = time_s

    @property
    def is_new(self) -> bool:
        """Whether it was never classified."""
        return self._name is None

    def clipped(self, width: int, height: int) -> BoundingBox | None:
        """Its box inside a frame of that size; None where less than half of it is."""
        box = self.box.rounded()
        inside = box.clipped(width, height)
        if inside is None or 2 * inside.width * inside.height < box.width * box.height:
            return None
        return inside

    def face(self, box: BoundingBox) -> TrackedFace:
        """What is shown of it, at its box inside the frame; it was classified before."""
        assert self._name is not None
        return TrackedFace(
            box, self.confidence, self._probabilities, self.track_id, self._name.emotion
        )


class Tracks:
    """The faces of one stream."""

    def __init__(self, first_id: int = 1) -> None:
        """Start without faces; they are numbered from `first_id` on."""
        self._ids = count(first_id)
        self._all: list[Track] = []

    @property
    def in_sight(self) -> list[Track]:
        """Those that are shown, from left to right."""
        shown = [track for track in self._all if track.in_sight]
        return sorted(shown, key=lambda track: track.box.rounded().xyxy)

    def forget(self) -> None:
        """Forget every face; numbers are not given again."""
        self._all = []

    def scale(self, factor: float) -> None:
        """Go on in a picture `factor` times as large."""
        for track in self._all:
            track.box = track.box.scaled(factor)

    def expire(self, time_s: float) -> None:
        """Forget the faces that were last in sight too long ago."""
        self._all = [track for track in self._all if time_s - track.seen_s <= KEEP_LOST_S]

    def follow(self, before: MotionFrame, after: MotionFrame, time_s: float) -> list[Track]:
        """Carry the boxes along from the last frame to this one.

        Returns:
            The tracks for which that failed: whoever calls this looks for their faces.
        """
        tracks = self.in_sight
        boxes = follow_boxes(before, after, [track.box for track in tracks])
        failed = []
        for track, box in zip(tracks, boxes, strict=True):
            if box is None:
                failed.append(track)
            else:
                track.box, track.seen_s = box, time_s
        return failed

    def admit(self, faces: Sequence[DetectedFace], time_s: float) -> None:
        """Take in the faces of a whole frame, each under the track it belongs to, or a new one.

        A face belongs to the track in sight that it overlaps most, else to the nearest of those
        out of sight. Tracks that were not found stay as they are.
        """
        left = list(faces)
        for track, face in _pairs(self.in_sight, left, _overlap):
            track.found(face, time_s)
            left.remove(face)
        for track, face in _pairs([t for t in self._all if not t.in_sight], left, _nearness):
            track.start(face, time_s)
            left.remove(face)
        self._all += [Track(next(self._ids), face, time_s) for face in left]

    def drop_doubles(self) -> None:
        """Of two tracks that drifted onto one face, forget the younger."""
        kept: list[Track] = []
        for track in sorted(self.in_sight, key=lambda track: track.track_id):
            box = track.box.rounded()
            if all(box_iou(box, other.box.rounded()) < DOUBLE_IOU for other in kept):
                kept.append(track)
        self._all = [track for track in self._all if track in kept or not track.in_sight]


def _overlap(track: Track, face: DetectedFace) -> float | None:
    iou = box_iou(track.box.rounded(), face.box)
    return iou if iou >= SAME_FACE_IOU else None


def _nearness(track: Track, face: DetectedFace) -> float | None:
    old, new = track.box, SubpixelBox.of(face.box)
    grown = max(old.width / new.width, new.width / old.width)
    away = math.hypot(new.x - old.x, new.y - old.y) / max(old.width, new.width)
    return -away if grown <= BACK_GROWN and away <= BACK_WITHIN else None


def _pairs(
    tracks: Sequence[Track],
    faces: Sequence[DetectedFace],
    likeness: Callable[[Track, DetectedFace], float | None],
) -> list[tuple[Track, DetectedFace]]:
    """The likest track and face, the likest of the rest, and so on; None is no likeness at all."""
    likenesses = [
        (value, i, j)
        for i, track in enumerate(tracks)
        for j, face in enumerate(faces)
        if (value := likeness(track, face)) is not None
    ]
    pairs: dict[int, int] = {}
    for _, i, j in sorted(likenesses, reverse=True):
        if i not in pairs and j not in pairs.values():
            pairs[i] = j
    return [(tracks[i], faces[j]) for i, j in pairs.items()]
