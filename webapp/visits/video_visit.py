"""The video of a visit: its file, what runs on it, and the results."""

import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import fer_core
from fer_core.images import RgbImage
from fer_core.jobs import Ahead, Job
from fer_core.reports.rows import NO_FACE, PredictionSource, VideoReport, video_report
from fer_core.timeline import Timeline, VideoSample, clock
from fer_core.video.reader import VideoFile, look_into
from fer_core.video.writer import write_annotated
from webapp.jobs import at_once, video_elsewhere
from webapp.monitoring.activity import Activity
from webapp.serving import uploaded
from webapp.serving.exports import Export
from webapp.serving.turns import Visitor
from webapp.visits.video_moments import Moment, follow, frame_at


class VideoVisit:
    """One viewer's video, from its upload until another one, "Clear" or the end of the visit."""

    def __init__(self, visitor: Visitor, name: str, data: bytes, file_id: str = "") -> None:
        """Look into the file; `problem` says why it cannot be read.

        Args:
            visitor: The person, for the queue.
            name: The file's name.
            data: The whole file.
            file_id: As Streamlit knows the file; empty if it does not.
        """
        self._visitor, self._file_id = visitor, file_id
        self.name = name
        self.video: VideoFile | None = None
        self.problem = ""
        self.timeline: Timeline | None = None
        self.source: PredictionSource | None = None
        self.moments: list[Moment] = []
        self._model: Path | None = None
        self.analysis: Job | None = None
        self.export: Job | None = None
        self._written: Export | None = None
        self._seen: tuple[float, RgbImage] | None = None
        try:
            self.video = VideoFile(data, *at_once(visitor, look_into, data))
        except fer_core.FerError as error:
            self.problem = str(error)

    def needs_analysis(self, model: Path, rate: float) -> bool:
        """True if there is no analysis with this model and at this rate yet, ended or not.

        One that ended because the viewer was gone counts as none.
        """
        if self.analysis is None or self.timeline is None or self.analysis.status.left:
            return True
        return model != self._model or self.timeline.rate != rate

    def analyze(
        self, analyzer: fer_core.EmotionAnalyzer, model: Path, rate: float, activity: Activity
    ) -> None:
        """Begin the analysis; earlier results are forgotten.

        Args:
            analyzer: Finds and classifies faces.
            model: The folder of its model.
            rate: Number of frames a second.
            activity: Is told of the end.
        """
        self._end_jobs()
        self._model, self.moments = model, []
        video = self.video
        timeline = Timeline(analyzer.classifier.labels, rate)
        if video is None:
            raise ValueError("Expected a video that can be read.")

        def steps() -> Generator[float | Ahead]:
            start_s = time.monotonic()
            try:
                work = video_elsewhere(self._visitor, follow, analyzer, video, rate)
                self.moments = yield from _added(work, timeline)
            except Exception as error:
                activity.failed(type(error))
                raise
            n_faces = len(timeline.tracks())
            activity.video(len(timeline), n_faces, time.monotonic() - start_s)

        self.timeline, self.source = timeline, PredictionSource.of(analyzer)
        self.analysis = Job(steps)

    def try_again(self) -> None:
        """Forget an analysis that has read nothing."""
        self.analysis = None

    @property
    def is_finished(self) -> bool:
        """True once the analysis has ended, at the end of the video or before."""
        return self.analysis is not None and self.analysis.status.ended

    @property
    def has_annotated(self) -> bool:
        """True once the video with labels is there."""
        if self.export is None:
            return False
        status = self.export.status
        return status.ended and not status.cancelled and not status.problem

    def write_annotated(self) -> None:
        """Begin to write the annotated video into a private temporary folder."""
        video, timeline = self.video, self.timeline
        if video is None or timeline is None:
            raise ValueError("Expected a video that was analyzed.")

        def steps() -> Generator[float | Ahead]:
            written = self._written = Export()
            path = written.path
            work = video_elsewhere(self._visitor, write_annotated, video, timeline, path)
            yield from written.written(work)

        self.export = Job(steps)

    def annotated(self) -> bytes:
        """The annotated video, once it is written."""
        if self._written is None:
            raise ValueError("Expected an annotated video.")
        return self._written.read()

    def drop_export(self) -> None:
        """End the writing and delete what was written."""
        if self.export is not None:
            self.export.cancel()
            self.export.wait()
            self.export = None
        if self._written is not None:
            self._written.close()
            self._written = None

    def frame_at(self, time_s: float) -> RgbImage:
        """The frame that is seen at a moment, at most `IMAGE_SIDE_PX` on the longer side.

        Raises:
            FerError: No frame can be read.
        """
        if self.video is None:
            raise ValueError("Expected a video that can be read.")
        seen = self._seen  # all visitors share the example's
        if seen is None or seen[0] != time_s:
            seen = self._seen = time_s, at_once(self._visitor, frame_at, self.video, time_s)
        return seen[1]

    def report(self, name: str) -> VideoReport:
        """The faces found in the video, under this name."""
        if self.analysis is None or self.timeline is None or self.video is None:
            raise ValueError("Expected a video that was analyzed.")
        status, report = self.analysis.status, video_report(name, self.video.info, self.timeline)
        if status.problem or status.cancelled:
            return replace(report, problem=status.problem or "Stopped.")
        return report

    def remark(self, name: str) -> str:
        """Tell why the results are not those of the whole video; empty if they are."""
        report = self.report(name)
        if self.timeline is None or report.problem in ("", NO_FACE):
            return ""
        end_s = self.timeline.end_s
        if end_s == 0:
            return report.problem
        return f"{report.problem} Showing the first {clock(end_s)}."

    def close(self) -> None:
        """End what runs, delete what was written and forget the video."""
        self._end_jobs()
        self.video = self.timeline = self._seen = None
        self.moments = []
        uploaded.forget([self._file_id])

    def _end_jobs(self) -> None:
        if self.analysis is not None:
            self.analysis.cancel()
        self.drop_export()


def _added(
    work: Generator[Ahead | VideoSample, None, list[Moment]], timeline: Timeline
) -> Generator[float | Ahead, None, list[Moment]]:
    """Add what comes to a timeline, and tell how far that is."""
    with closing(work):
        while True:
            try:
                step = next(work)
            except StopIteration as done:
                moments: list[Moment] = done.value
                return moments
            if isinstance(step, Ahead):
                yield step
            else:
                timeline.add(step)
                yield step.progress
