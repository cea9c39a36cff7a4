"""A recording of a stream: the results of its faces, and no frame."""

import copy
import math
from collections.abc import Sequence
from threading import Lock

from fer_core.emotions import Emotion
from fer_core.faces import TrackedFace
from fer_core.timeline import Timeline, VideoSample

RATE = 10
"""Moments recorded each second; a face is classified about as often."""

MOST_S = 1800.0
"""A recording of this length, in seconds, is full."""

MOST_ROWS = 100_000
"""So is one that holds this many faces of all its moments, some 6 MB."""


class Recording:
    """The faces of a stream over time, in bounded memory; one thread adds, others read.

    Attributes:
        is_over: True once the viewer has ended it. Otherwise it goes on with the next
            stream, should the connection be lost.
    """

    def __init__(self, labels: Sequence[Emotion]) -> None:
        """Start empty.

        Args:
            labels: The model's classes, in its order.
        """
        self._timeline = Timeline(labels, RATE)
        self._start_s = 0.0
        self._due_s = -math.inf
        self._full = False
        self._lock = Lock()
        self.is_over = False

    @property
    def is_full(self) -> bool:
        """True once nothing more is recorded."""
        return self._full

    def add(self, faces: tuple[TrackedFace, ...], time_s: float) -> None:
        """Record a frame's faces, unless the next moment to record is still to come.

        Args:
            faces: From left to right.
            time_s: The frame's time in seconds, on a clock that never goes back.
        """
        if self._full or time_s < self._due_s:
            return
        with self._lock:
            if len(self._timeline) == 0:
                self._start_s = time_s
            elapsed_s = time_s - self._start_s
            n_moments = math.floor(elapsed_s * RATE + 1e-6) + 1
            self._due_s = self._start_s + n_moments / RATE - 1e-6
            self._full = elapsed_s >= MOST_S or self._timeline.n_faces + len(faces) > MOST_ROWS
            if not self._full:
                self._timeline.add(VideoSample(elapsed_s, faces, 0.0))

    @property
    def last_track_id(self) -> int:
        """The highest number of a face that is recorded; 0 if there is none."""
        with self._lock:
            return max(self._timeline.tracks(), default=0)

    def timeline(self) -> Timeline:
        """The results so far; times are seconds after the first frame."""
        with self._lock:
            return copy.deepcopy(self._timeline)
