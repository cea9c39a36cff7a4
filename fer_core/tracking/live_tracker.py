"""Faces of a stream followed over time, each under a number of its own."""

import math
from collections.abc import Mapping, Sequence
from itertools import count

from fer_core.emotions import Emotion
from fer_core.faces import BoundingBox, DetectedFace, TrackedFace, box_iou
from fer_core.tracking.matching import KEEP_LOST_S, match
from fer_core.tracking.optical_flow import MotionFrame, SubpixelBox, follow_boxes
from fer_core.tracking.smoothing import SteadyLabel, blended

UNCONFIRMED_S = 0.5
"""Time for which a face is followed that the detector does not see any more, as while a head is
tilted for a moment."""

SAME_FACE_IOU = 0.3
"""Boxes of two frames that overlap at least this much are one face."""

DOUBLE_IOU = 0.5
"""Two tracks whose boxes overlap this much follow one face."""

JUMP_IOU = 0.65
"""If the detector's box overlaps the followed one less, the detector is right. If it does more, the
difference is mostly the detector's own unsteadiness."""

BACK_WITHIN = 1.0
"""Largest distance from where it was lost at which a face may come back, in widths of its box."""

BACK_GROWN = 1.5
"""Largest ratio of its sizes then and before."""

LEAST_SHARE = 0.1
"""Least weight of each further box of a whole search in a track's box. Haar's boxes of a still
face vary by 2 to 3 % of its size; carried along by optical flow, their mean does not."""


class Track:
    """One face of a stream.

    Its box is the mean of what the detector found in whole frames, carried along by optical flow
    in between. Flow has hardly any noise and no delay, but it drifts; the detector is unsteady, but
    does not drift. A search near a face only says that the face is there: the box that it finds
    varies by 5 % of the face's size with the part of the frame that is searched.

    Attributes:
        track_id: Its number.
        box: Its box, in pixels of the frame.
        confidence: The detector's when it last saw the face.
        in_sight: True while it is shown.
        seen_s: Time at which it was last in sight.
        confirmed_s: Time at which the detector last saw it.
        checked_s: Time at which the detector last looked for it.
        classified_s: Time at which it was last classified; -inf before the first time.
    """

    def __init__(self, track_id: int, found: DetectedFace, time_s: float) -> None:
        """Start with what the detector found."""
        self.track_id = track_id
        self.classified_s = float("-inf")
        self._probabilities: Mapping[Emotion, float] = {}
        self._name: SteadyLabel | None = None
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
        """Take in the probabilities of this face; `blended` says what a half-life is."""
        if self._name is None:
            self._probabilities = probabilities
            self._name = SteadyLabel(probabilities, time_s)
        else:
            elapsed_s = time_s - self.classified_s
            self._probabilities = blended(
                self._probabilities, probabilities, elapsed_s, half_life_s
            )
            self._name.update(self._probabilities, time_s)
        self.classified_s = time_s

    @property
    def is_new(self) -> bool:
        """True until it is classified for the first time."""
        return self._name is None

    def clipped(self, width: int, height: int) -> BoundingBox | None:
        """Its box inside a frame of that size; None where less than half of it is."""
        box = self.box.rounded()
        inside = box.clipped(width, height)
        if inside is None or 2 * inside.width * inside.height < box.width * box.height:
            return None
        return inside

    def face(self, box: BoundingBox) -> TrackedFace:
        """The face to show, at its box inside the frame; it was classified before."""
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
        """The tracks that are shown, from left to right."""
        shown = [track for track in self._all if track.in_sight]
        return sorted(shown, key=lambda track: track.box.rounded().xyxy)

    def forget(self) -> None:
        """Forget every face; numbers are not given again."""
        self._all = []

    def scale(self, factor: float) -> None:
        """Go on in a frame `factor` times as large."""
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
        shown = self.in_sight
        track_of = match(shown, faces, _overlap)
        for j, i in track_of.items():
            shown[i].found(faces[j], time_s)
        left = [face for j, face in enumerate(faces) if j not in track_of]
        lost = [track for track in self._all if not track.in_sight]
        track_of = match(lost, left, _nearness)
        for j, i in track_of.items():
            lost[i].start(left[j], time_s)
        new = [face for j, face in enumerate(left) if j not in track_of]
        self._all += [Track(next(self._ids), face, time_s) for face in new]

    def drop_doubles(self) -> None:
        """Forget the younger of two tracks that drifted onto one face."""
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
