"""What the video page keeps of one video: its file, what runs on it, and the results."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import fer_core
from fer_core.jobs import Job
from fer_core.timeline import Timeline
from fer_core.video import analyze_video
from fer_core.video_export import write_annotated
from fer_core.video_file import VideoFile, open_video

CUT_OFF_S = 1.0
"""A video that ends this much earlier than it says is cut off."""


class VideoVisit:
    """One viewer's video, from its upload until another one or the page is left."""

    def __init__(self, key: str, data: bytes) -> None:
        """Look into the file; `problem` says why it cannot be read.

        Args:
            key: Tells the upload from others.
            data: The whole file.
        """
        self.key = key
        self.video: VideoFile | None = None
        self.problem = ""
        self.timeline: Timeline | None = None
        self.network = ""
        self.analysis: Job | None = None
        self.export: Job | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        try:
            self.video = open_video(data)
        except fer_core.FerError as error:
            self.problem = str(error)

    def analyze(self, analyzer: fer_core.EmotionAnalyzer, rate: float) -> None:
        """Begin the analysis anew; earlier results are forgotten."""
        self._end_jobs()
        video, card = self.video, analyzer.classifier.card
        timeline = Timeline(card.labels, rate)
        if video is None:
            raise ValueError("Expected a video that can be read.")

        def steps() -> Generator[float]:
            for sample in analyze_video(analyzer, video, rate):
                timeline.add(sample)
                yield sample.progress

        self.timeline, self.network = timeline, card.name
        self.analysis = Job(steps)

    def write_annotated(self) -> None:
        """Begin to write the annotated video into a private temporary folder."""
        video, timeline = self.video, self.timeline
        if video is None or timeline is None:
            raise ValueError("Expected a video that was analyzed.")
        self._folder = tempfile.TemporaryDirectory(prefix="fer-video-")
        target = self.annotated_path
        self.export = Job(lambda: write_annotated(video, timeline, target))

    @property
    def annotated_path(self) -> Path:
        """Where the annotated video is written."""
        if self._folder is None:
            raise ValueError("Expected an annotated video.")
        return Path(self._folder.name) / "annotated.mp4"

    def drop_export(self) -> None:
        """End the writing and delete what was written."""
        if self.export is not None:
            self.export.cancel()
            self.export.wait()
            self.export = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @property
    def remark(self) -> str:
        """What keeps the results from being those of the whole video; empty where they are."""
        if self.analysis is None or self.timeline is None or self.video is None:
            return ""
        status, end_s = self.analysis.status, self.timeline.end_s
        if status.problem:
            return status.problem
        if len(self.timeline) == 0:
            return "" if status.cancelled else "The video holds no picture that can be read."
        until = f"What follows is about the first {clock(end_s)}."
        if status.cancelled:
            return f"The analysis was stopped. {until}"
        duration_s = self.video.info.duration_s or 0.0
        if end_s < duration_s - max(CUT_OFF_S, 2 / self.timeline.rate):
            return f"The file is damaged or cut off before its end at {clock(duration_s)}. {until}"
        return ""

    def close(self) -> None:
        """End what runs, delete what was written and forget the video."""
        self._end_jobs()
        self.video = self.timeline = None

    def _end_jobs(self) -> None:
        if self.analysis is not None:
            self.analysis.cancel()
        self.drop_export()


def clock(time_s: float) -> str:
    """A time as `m:ss` or `h:mm:ss`.

    >>> clock(61.9), clock(3600)
    ('1:01', '1:00:00')
    """
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
