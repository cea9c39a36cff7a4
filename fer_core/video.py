"""Faces of a video file: found, followed and classified at a chosen rate."""

from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from fer_core.analysis import EmotionAnalyzer
from fer_core.faces import DetectedFace, TrackedFace
from fer_core.video_file import VideoFile, VideoPicture
from fer_core.video_tracking import FaceTracker, detect_near

USUAL_RATE = 5
"""How many pictures a second are analyzed where nothing else is asked for."""

FULL_SEARCH_EVERY_S = 0.5
"""How often a whole picture is searched; in between, only around each face of the one before."""

SEARCHES_AT_ONCE = 2
"""How many whole pictures are searched at the same time; a search uses one processor."""

PICTURES_AHEAD = 12
"""How many pictures are held at once, so that searches can begin before their turn."""


@dataclass(frozen=True)
class VideoSample:
    """The faces of one analyzed picture of a video.

    Attributes:
        time_s: Seconds after the video's start.
        faces: From left to right; boxes are in pixels of `VideoInfo.width` and `height`.
        progress: Share of the video that was analyzed so far, from 0 to 1.
    """

    time_s: float
    faces: tuple[TrackedFace, ...]
    progress: float


def analyze_video(
    analyzer: EmotionAnalyzer, video: VideoFile, rate: float
) -> Generator[VideoSample]:
    """Find, follow and classify the faces of a video, picture after picture.

    The memory it takes does not depend on the video's length, and the answers not on the number
    of processors. Closing the iterator ends the work.

    Args:
        analyzer: What finds and classifies faces.
        video: The video.
        rate: How many pictures a second to analyze, above 0. Videos with fewer frames are
            analyzed frame by frame.
    """
    if not rate > 0:
        raise ValueError(f"Expected a rate above 0. Received: {rate}")
    tracker = FaceTracker()
    faces: tuple[TrackedFace, ...] = ()
    with closing(_searched_ahead(analyzer, video, rate)) as pictures:
        for picture, search in pictures:
            image = picture.image
            found = search.result() if search else detect_near(analyzer.detector, image, faces)
            faces = tracker.update(analyzer.classify(image, found), picture.time_s)
            scale = video.info.width / image.shape[1]
            shown = tuple(face.scaled(scale) for face in faces)
            yield VideoSample(picture.time_s, shown, picture.progress)


def _searched_ahead(
    analyzer: EmotionAnalyzer, video: VideoFile, rate: float
) -> Generator[tuple[VideoPicture, Future[list[DetectedFace]] | None]]:
    """Each picture with the search of the whole of it, where it is time for one."""
    ahead: deque[tuple[VideoPicture, Future[list[DetectedFace]] | None]] = deque()
    due_s = 0.0
    searchers = ThreadPoolExecutor(SEARCHES_AT_ONCE, thread_name_prefix="video-search")
    try:
        with closing(video.pictures(rate)) as pictures:
            for picture in pictures:
                search = None
                if picture.time_s >= due_s - 1e-6:
                    due_s = picture.time_s + FULL_SEARCH_EVERY_S
                    search = searchers.submit(analyzer.detector.detect, picture.image)
                ahead.append((picture, search))
                if len(ahead) == PICTURES_AHEAD:
                    yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        searchers.shutdown(cancel_futures=True)
