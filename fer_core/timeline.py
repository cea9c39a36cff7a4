"""The results of a whole video in little memory, and what can be read off them."""

import math
import warnings
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_core.emotions import Emotion
from fer_core.faces import BoundingBox, Doubt, TrackedFace

USUAL_RATE = 5
"""Frames of a video analyzed each second where nothing else is asked for."""


@dataclass(frozen=True)
class VideoEnd:
    """The end of a video.

    Attributes:
        time_s: Its time, in seconds after the video's start.
        is_cut_off: True if something is missing: the file is damaged or lacks its end.
    """

    time_s: float
    is_cut_off: bool


@dataclass(frozen=True)
class VideoSample:
    """The faces of one analyzed moment of a video.

    Attributes:
        time_s: Seconds after the video's start.
        faces: From left to right; boxes are in pixels of `size_wh`.
        progress: Share of the video that was analyzed so far, from 0 to 1.
        size_wh: Width and height of the upright frame in pixels; (0, 0) where nobody asks, as in a
            live stream. They may change on the way.
        end: The video's end, if this is the last moment; else None.
    """

    time_s: float
    faces: tuple[TrackedFace, ...]
    progress: float
    size_wh: tuple[int, int] = (0, 0)
    end: VideoEnd | None = None


@dataclass(frozen=True)
class TimeShare:
    """A stretch of time, shared by the emotions.

    Attributes:
        seconds: Time for which there was a face; that of several faces adds up.
        shares: Share of that time in which each emotion was the most probable one, summing to 1.
        first_s: Time at which the face was first seen.
        end_s: Time at which the last frame with it ends.
    """

    seconds: float
    shares: dict[Emotion, float]
    first_s: float
    end_s: float

    @property
    def emotion(self) -> Emotion:
        """The emotion with the largest share."""
        return max(self.shares, key=lambda emotion: self.shares[emotion])


class Timeline:
    """The faces of a video's analyzed frames, some 70 bytes a face and frame."""

    def __init__(self, labels: Sequence[Emotion], rate: float) -> None:
        """Start empty.

        Args:
            labels: The model's classes, in its order.
            rate: Number of frames analyzed each second.

        Attributes:
            end: The video's end; None if it was not analyzed up to there.
        """
        self.labels = tuple(labels)
        self.rate = rate
        self.end: VideoEnd | None = None
        self._times_s = array("d")
        self._sizes = array("I")  # width and height for each frame
        self._ends = array("Q")  # for each frame, the number of faces up to and with it
        self._tracks = array("L")
        self._boxes = array("L")
        self._values = array("f")  # the detector's confidence, then the probabilities
        self._doubts = array("B")  # a bit for each of `Doubt`, in its order

    def add(self, sample: VideoSample) -> None:
        """Append the faces of the next frame."""
        for face in sample.faces:
            self._tracks.append(face.track_id)
            self._boxes.extend(face.box.xyxy)
            self._values.append(face.confidence)
            self._values.extend(face.probabilities[label] for label in self.labels)
            self._doubts.append(sum(1 << bit for bit, d in enumerate(Doubt) if d in face.doubts))
        self._times_s.append(sample.time_s)
        self._sizes.extend(sample.size_wh)
        self._ends.append(len(self._tracks))
        self.end = sample.end

    def __len__(self) -> int:
        """Number of frames analyzed."""
        return len(self._times_s)

    @property
    def n_faces(self) -> int:
        """Number of faces found, those of all frames added up."""
        return len(self._tracks)

    @property
    def n_tracks(self) -> int:
        """Number of different faces followed."""
        return len(set(self._tracks))

    @property
    def end_s(self) -> float:
        """End of the last analyzed frame, in seconds; 0 without one."""
        if self.end is not None:
            return self.end.time_s
        return self._times_s[-1] + 1 / self.rate if self._times_s else 0.0

    @property
    def first_face_s(self) -> float:
        """Time of the first face, in seconds; 0 without one."""
        return self._times_s[bisect_right(self._ends, 0)] if self.n_faces else 0.0

    def time_s(self, index: int) -> float:
        """Time of a frame, in seconds."""
        return self._times_s[index]

    def frame_wh(self, index: int) -> tuple[int, int]:
        """Width and height in pixels that the boxes of a frame refer to."""
        width, height = self._sizes[2 * index : 2 * index + 2]
        return width, height

    @property
    def largest_wh(self) -> tuple[int, int]:
        """The largest width and the largest height of all frames; (0, 0) without one."""
        return max(self._sizes[::2], default=0), max(self._sizes[1::2], default=0)

    def index_at(self, time_s: float) -> int:
        """Index of the frame that is shown at a time; the first one for a time before it."""
        return max(0, bisect_right(self._times_s, time_s + 1e-6) - 1)

    def frames(self) -> Iterator[tuple[float, tuple[TrackedFace, ...]]]:
        """The time of each frame, in seconds, and its faces."""
        for index, time_s in enumerate(self._times_s):
            yield time_s, self.faces(index)

    def pictures(self) -> Iterator[tuple[float, tuple[TrackedFace, ...]]]:
        """The former name of `frames`, kept for one release."""
        warnings.warn("Timeline.pictures is now frames.", DeprecationWarning, stacklevel=2)
        return self.frames()

    def faces(self, index: int) -> tuple[TrackedFace, ...]:
        """The faces of a frame, from left to right."""
        start = self._ends[index - 1] if index else 0
        return tuple(self._face(row) for row in range(start, self._ends[index]))

    def _face(self, row: int) -> TrackedFace:
        width = 1 + len(self.labels)
        confidence, *values = self._values[row * width : (row + 1) * width]
        box = BoundingBox(*self._boxes[4 * row : 4 * row + 4])
        probabilities = dict(zip(self.labels, values, strict=True))
        doubts = tuple(d for bit, d in enumerate(Doubt) if self._doubts[row] >> bit & 1)
        emotion = max(probabilities, key=lambda label: probabilities[label])
        named = None if doubts else emotion
        return TrackedFace(box, confidence, probabilities, self._tracks[row], named, doubts=doubts)

    def summary(self) -> TimeShare | None:
        """All faces together, None if there is none."""
        return self._share(np.ones(self.n_faces, dtype=bool)) if self.n_faces else None

    def tracks(self, since_s: float = 0.0) -> dict[int, TimeShare]:
        """Each face seen from a time on, by its track's number; those seen longest come first."""
        tracks, recent = np.array(self._tracks), self._row_times_s() >= since_s
        shares = {
            int(track): self._share((tracks == track) & recent)
            for track in np.unique(tracks[recent])
        }
        return dict(sorted(shares.items(), key=lambda item: -item[1].seconds))

    def _share(self, chosen: npt.NDArray[np.bool_]) -> TimeShare:
        starts_s, ends_s = self._row_times_s()[chosen], self._row_ends_s()[chosen]
        seconds = ends_s - starts_s
        best = self._probabilities()[chosen].argmax(axis=1)
        total = np.bincount(best, weights=seconds, minlength=len(self.labels))
        shares = dict(zip(self.labels, (total / total.sum()).tolist(), strict=True))
        return TimeShare(float(total.sum()), shares, float(starts_s.min()), float(ends_s.max()))

    def binned(
        self, n_bins: int, start_s: float, end_s: float, track: int | None = None
    ) -> list[tuple[float, float, dict[Emotion, float]]]:
        """Mean probabilities over time; where no frame begins, the one before is still seen.

        Args:
            n_bins: Into how many parts to cut the stretch at most; none is shorter than the time
                from one analyzed frame to the next.
            start_s: Start of the stretch.
            end_s: End of the stretch.
            track: The face, None for the mean of all.

        Returns:
            For each part in which there is a face its start, its end and the probabilities.
        """
        width_s = max((end_s - start_s) / n_bins, 1 / self.rate)
        part, row = self._rows_by_part(width_s, start_s, end_s)
        if track is not None:
            chosen = np.array(self._tracks)[row] == track
            part, row = part[chosen], row[chosen]
        parts, inverse, n = np.unique(part, return_inverse=True, return_counts=True)
        sums = np.zeros((len(parts), len(self.labels)))
        np.add.at(sums, inverse, self._probabilities()[row])
        return [
            (
                start_s + width_s * int(part),
                min(start_s + width_s * (int(part) + 1), end_s),
                dict(zip(self.labels, row.tolist(), strict=True)),
            )
            for part, row in zip(parts, sums / n[:, np.newaxis], strict=True)
        ]

    def _rows_by_part(
        self, width_s: float, start_s: float, end_s: float
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Number of a part of the stretch, and row of a face in it, for each such pair."""
        times_s = np.array(self._times_s)
        begun = np.flatnonzero((times_s >= start_s - 1e-6) & (times_s < end_s))
        part = ((times_s[begun] - start_s) / width_s + 1e-6).astype(np.int64)
        bare = np.setdiff1d(np.arange(math.ceil((end_s - start_s) / width_s - 1e-6)), part)
        bare_s = start_s + width_s * bare + 1e-6
        seen = np.searchsorted(times_s, bare_s, side="right") - 1
        is_seen = (seen >= 0) & (bare_s < self.end_s)
        parts = np.concatenate([part, bare[is_seen]])
        frames = np.concatenate([begun, seen[is_seen]])
        n = self._n_faces_each()[frames]
        last = np.array(self._ends, dtype=np.int64)[frames]
        rows = np.arange(n.sum()) + np.repeat(last - np.cumsum(n), n)
        return np.repeat(parts, n), rows

    def _probabilities(self) -> npt.NDArray[np.float64]:
        values = np.array(self._values, dtype=np.float64)
        return values.reshape(-1, 1 + len(self.labels))[:, 1:]

    def _n_faces_each(self) -> npt.NDArray[np.int64]:
        ends = np.array(self._ends, dtype=np.int64)
        return ends - np.concatenate(([0], ends[:-1]))

    def _row_times_s(self) -> npt.NDArray[np.float64]:
        return np.repeat(np.array(self._times_s), self._n_faces_each())

    def _row_ends_s(self) -> npt.NDArray[np.float64]:
        """For each face, the time at which its frame ends: that of the next one."""
        return np.repeat(np.append(self._times_s, self.end_s)[1:], self._n_faces_each())


def clock(time_s: float) -> str:
    """A time as `m:ss` or `h:mm:ss`.

    >>> clock(61.9), clock(3600)
    ('1:01', '1:00:00')
    """
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
