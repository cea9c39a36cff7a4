"""Faces of a video file: found, followed and classified at a chosen rate."""

from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from fer_core.detection.base import FaceDetector
from fer_core.detection.near import detect_all_near
from fer_core.face_analyzer import FaceAnalyzer
from fer_core.faces import BoundingBox, DetectedFace, FaceEmotion, box_iou
from fer_core.timeline import VideoSample
from fer_core.tracking.carrying import carry_faces
from fer_core.tracking.optical_flow import CHANGED_BY, MotionFrame
from fer_core.tracking.video_tracker import FaceTracker, fitted
from fer_core.video.reader import VideoFile, VideoFrame

SEARCH_EVERY_S = 1.2
MOST_FRAMES = 12
"""Longest stretch between two searches of whole frames, in seconds and in frames, which are held
for as long."""

LOOK_EVERY = 3
"""In between, the surroundings of each face are searched in one of so many frames; in the others
the box moves as the image does, which takes a fraction of the time."""

LARGER_SHARE = 0.1
"""Every other search is for faces of at least this share of the frame's shorter side, which takes
half the time; what is smaller is found by the next one."""

CUT_SHARE = 0.5
"""If more than this share of a frame changed, a new scene begins, which is searched at once."""

SAME_FACE_IOU = 0.3
"""Boxes of one frame that overlap at least this much are one face."""

MAX_RATE = 1000
"""Most moments a second that are analyzed."""

WORKERS = 2
"""Number of threads that search whole frames and classify faces; each uses one processor."""

FRAMES_BEHIND = 4
"""Number of frames that wait for their faces to be classified."""


def analyze_video(analyzer: FaceAnalyzer, video: VideoFile, rate: float) -> Generator[VideoSample]:
    """Find, follow and classify the faces of a video, moment after moment.

    The memory it takes does not depend on the video's length, and the results not on the number
    of processors. Closing the iterator ends the work.

    Args:
        analyzer: Finds and classifies faces.
        video: The video.
        rate: Number of moments a second to analyze, above 0, up to `MAX_RATE`; see
            `VideoFile.frames`.
    """
    if not 0 < rate <= MAX_RATE:
        raise ValueError(f"Expected a rate above 0, up to {MAX_RATE}. Received: {rate}")
    tracker = FaceTracker()
    workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="video-faces")
    try:
        with closing(video.frames(rate)) as frames:
            for frame, classified in _classified(analyzer, frames, workers):
                height, width = frame.image.shape[:2]
                faces = tracker.update(classified.result(), frame.time_s, (width, height))
                scale = frame.size_wh[0] / width
                shown = tuple(face.scaled(scale) for face in faces)
                yield VideoSample(frame.time_s, shown, frame.progress, frame.size_wh, frame.end)
    finally:
        workers.shutdown(cancel_futures=True)


def _classified(
    analyzer: FaceAnalyzer, frames: Iterator[VideoFrame], workers: Executor
) -> Iterator[tuple[VideoFrame, Future[Sequence[FaceEmotion]]]]:
    """Each frame with its classified faces; a frame that is held is classified once."""
    behind: deque[tuple[VideoFrame, Future[Sequence[FaceEmotion]]]] = deque()
    known: Sequence[DetectedFace] | None = None
    for frame, found in _Finder(analyzer.detector, workers).found(frames):
        if found is not known:
            known, classified = found, workers.submit(analyzer.classify, frame.image, found)
        behind.append((frame, classified))
        if len(behind) > FRAMES_BEHIND:
            yield behind.popleft()
    yield from behind


@dataclass
class _Seen:
    """A frame and the faces that are known to be in it so far."""

    frame: VideoFrame
    found: Sequence[DetectedFace] = ()

    @cached_property
    def motion(self) -> MotionFrame:
        return MotionFrame(self.frame.image)

    def shows_image_of(self, other: "_Seen") -> bool:
        """True if it is the same frame, held."""
        return self.frame.image is other.frame.image


class _Finder:
    """Finds the faces of one frame after another.

    Whole frames are searched now and then, and where the scene is cut. Faces are followed from one
    such frame to the next. A face that is new in the next one is followed back to where it came
    into sight, so no frame lacks a face only because it was not searched.
    """

    def __init__(self, detector: FaceDetector, workers: Executor) -> None:
        self._detector, self._workers = detector, workers
        self._was_complete = False

    def found(
        self, frames: Iterator[VideoFrame]
    ) -> Iterator[tuple[VideoFrame, Sequence[DetectedFace]]]:
        """Each frame and its faces, from left to right."""
        stretch: list[_Seen] = []  # from a frame that was searched on
        for frame in frames:
            seen = _Seen(frame)
            if not stretch:
                seen.found = self._search(seen, complete=True).result()
                stretch = [seen]
            elif self._is_to_be_searched(seen, stretch):
                self._join(stretch, seen)
                yield from ((each.frame, each.found) for each in stretch)
                stretch = [seen]
            else:
                stretch.append(seen)
        if len(stretch) > 1:
            *before, last = stretch
            self._join(before, last)
        yield from ((each.frame, each.found) for each in stretch)

    def _is_to_be_searched(self, seen: _Seen, stretch: Sequence[_Seen]) -> bool:
        long = seen.frame.time_s >= stretch[0].frame.time_s + SEARCH_EVERY_S - 1e-6
        return long or len(stretch) >= MOST_FRAMES or _is_cut(stretch[-1], seen)

    def _join(self, stretch: Sequence[_Seen], last: _Seen) -> None:
        """Find the faces of all frames from one that was searched up to the next one."""
        if last.shows_image_of(stretch[0]):
            for seen in (*stretch[1:], last):
                seen.found = stretch[0].found
            return
        complete = not self._was_complete or len(stretch) == 1 or _is_cut(stretch[-1], last)
        search = self._search(last, complete=complete)  # goes on beside what follows
        self._follow([*stretch, last])
        last.found = _with_more(search.result(), last.found)
        self._follow([last, *reversed(stretch)])

    def _search(self, seen: _Seen, *, complete: bool) -> Future[list[DetectedFace]]:
        """Begin to search a whole frame, for the larger faces alone where that is enough."""
        self._was_complete = complete
        image = seen.frame.image
        smallest = None if complete else round(LARGER_SHARE * min(image.shape[:2]))
        return self._workers.submit(self._detector.detect, image, smallest)

    def _follow(self, stretch: Sequence[_Seen]) -> None:
        """Look for the faces of each frame in the one that stands next."""
        for number, (seen, following) in enumerate(pairwise(stretch), 1):
            if following.shows_image_of(seen):
                following.found = seen.found
                continue
            before, now = (each.frame.image.shape[1::-1] for each in (seen, following))
            if number % LOOK_EVERY:
                carried = carry_faces(seen.motion, following.motion, seen.found, now)
                following.found = _with_more(following.found, carried)
            boxes = [fitted(face.box, before, now) for face in seen.found]
            new = [box for box in boxes if not _is_among(box, following.found)]
            if new:
                near = detect_all_near(self._detector, following.frame.image, new)
                following.found = _with_more(following.found, near)


def _is_cut(before: _Seen, now: _Seen) -> bool:
    """True if most of the image changed from one frame to the next."""
    if now.shows_image_of(before):
        return False
    a, b = before.motion.cells, now.motion.cells
    return a.shape != b.shape or float((abs(a - b) > CHANGED_BY).mean()) > CUT_SHARE


def _is_among(box: BoundingBox, faces: Sequence[DetectedFace]) -> bool:
    return any(box_iou(box, face.box) >= SAME_FACE_IOU for face in faces)


def _with_more(
    faces: Sequence[DetectedFace], more: Sequence[DetectedFace]
) -> Sequence[DetectedFace]:
    """The faces and those of the others that are not among them, from left to right."""
    new = [face for face in more if not _is_among(face.box, faces)]
    return sorted([*faces, *new], key=lambda face: face.box.xyxy)
