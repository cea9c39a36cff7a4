"""What the video page keeps of one video: its file, what runs on it, and the results."""

import tempfile
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import fer_core
from fer_core.jobs import Job
from fer_core.reports import NO_FACE, AnswerSource, VideoReport, columns, rows, video_report
from fer_core.row_format import RowFormat, csv_format, json_format
from fer_core.timeline import Timeline, clock
from fer_core.video import analyze_video
from fer_core.video_export import write_annotated
from fer_core.video_file import VideoFile, open_video
from serving.activity import Activity


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
        self.source: AnswerSource | None = None
        self.analysis: Job | None = None
        self.export: Job | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        try:
            self.video = open_video(data)
        except fer_core.FerError as error:
            self.problem = str(error)

    def analyze(self, analyzer: fer_core.EmotionAnalyzer, rate: float, activity: Activity) -> None:
        """Begin the analysis anew; earlier results are forgotten."""
        self._end_jobs()
        video = self.video
        timeline = Timeline(analyzer.classifier.labels, rate)
        if video is None:
            raise ValueError("Expected a video that can be read.")

        def steps() -> Generator[float]:
            start_s = time.monotonic()
            try:
                for sample in analyze_video(analyzer, video, rate):
                    timeline.add(sample)
                    yield sample.progress
            except Exception as error:
                activity.failed(type(error))
                raise
            n_faces = len(timeline.tracks())
            activity.video(len(timeline), n_faces, time.monotonic() - start_s)

        self.timeline, self.source = timeline, AnswerSource.of(analyzer)
        self.analysis = Job(steps)

    def is_done(self, rate: float) -> bool:
        """Whether an analysis at this rate has come to the end of what can be read."""
        if self.analysis is None or self.timeline is None:
            return False
        status = self.analysis.status
        whole = status.ended and not status.cancelled and not status.problem
        return whole and self.timeline.rate == rate

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

    def report(self, name: str) -> VideoReport:
        """What was found in the video, which is called so."""
        if self.analysis is None or self.timeline is None or self.video is None:
            raise ValueError("Expected a video that was analyzed.")
        status, report = self.analysis.status, video_report(name, self.video.info, self.timeline)
        if status.problem or status.cancelled:
            return replace(report, problem=status.problem or "The analysis was stopped.")
        return report

    def remark(self, name: str) -> str:
        """What keeps the results from being those of the whole video; empty where they are."""
        report = self.report(name)
        if self.timeline is None or report.problem in ("", NO_FACE):
            return ""
        end_s = self.timeline.end_s
        if end_s == 0:
            return report.problem
        return f"{report.problem} What follows is about the first {clock(end_s)}."

    def table_csv(self, name: str) -> bytes:
        """All rows, as `python -m fer_core predict --csv` writes them."""
        return self._table(name, csv_format(columns(self._source.labels)))

    def table_json(self, name: str) -> bytes:
        """All rows, as `python -m fer_core predict --json` writes them."""
        return self._table(name, json_format())

    def _table(self, name: str, row_format: RowFormat) -> bytes:
        return row_format.join(rows(self.report(name), self._source))

    @property
    def _source(self) -> AnswerSource:
        if self.source is None:
            raise ValueError("Expected a video that was analyzed.")
        return self.source

    def close(self) -> None:
        """End what runs, delete what was written and forget the video."""
        self._end_jobs()
        self.video = self.timeline = None

    def _end_jobs(self) -> None:
        if self.analysis is not None:
            self.analysis.cancel()
        self.drop_export()
