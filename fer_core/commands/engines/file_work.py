"""The work of the command `predict` on one file, on this machine or another."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeAlias

import cv2

from fer_core.analysis import EmotionAnalyzer
from fer_core.commands.copies import Copies
from fer_core.commands.media_files import is_video, read_photo
from fer_core.commands.progress import Progress
from fer_core.errors import OutputError, VideoDecodeError
from fer_core.reports.rows import PhotoReport, VideoReport, analyze_photo, video_report
from fer_core.timeline import Timeline
from fer_core.video.analysis import analyze_video
from fer_core.video.reader import open_video

NO_MEMORY = "There is not enough memory for it just now; --resume tries it again."

Report: TypeAlias = PhotoReport | VideoReport


@dataclass(frozen=True)
class FileWork:
    """Analyzes a file and writes its annotated copy; can be sent to another process.

    Attributes:
        copies: The annotated copies; None if none are asked for.
        rate: Number of a video's frames to analyze each second.
        min_face_px: Smallest face of a photo; None for the usual one.
        whole_image: True if each photo is a face that was cut out already.
    """

    copies: Copies | None
    rate: float
    min_face_px: int | None = None
    whole_image: bool = False

    def steps(self, analyzer: EmotionAnalyzer, file: Path) -> Generator[float, None, Report]:
        """Do it; closing the iterator leaves nothing half written.

        Yields:
            The share that is done, from 0 to 1.

        Returns:
            The report.
        """
        work = self._analyze_video if is_video(file) else self._analyze_photo
        try:
            return (yield from work(analyzer, file))
        except MemoryError:
            return PhotoReport(str(file), problem=NO_MEMORY, again=True)
        except cv2.error as error:
            if error.code != cv2.Error.StsNoMem:
                raise
            return PhotoReport(str(file), problem=NO_MEMORY, again=True)

    def _analyze_photo(
        self, analyzer: EmotionAnalyzer, photo: Path
    ) -> Generator[float, None, PhotoReport]:
        report, image = analyze_photo(
            analyzer,
            str(photo),
            lambda: read_photo(photo),
            min_face_px=self.min_face_px,
            whole_image=self.whole_image,
        )
        if self.copies and image is not None:
            self.copies.write_photo(photo, image, report.faces)
        yield 1.0
        return report

    def _analyze_video(
        self, analyzer: EmotionAnalyzer, file: Path
    ) -> Generator[float, None, VideoReport]:
        try:
            video = open_video(file)
        except VideoDecodeError as error:
            return VideoReport(str(file), problem=str(error))
        timeline = Timeline(analyzer.classifier.labels, self.rate)
        part = 0.5 if self.copies else 1.0
        try:
            with closing(analyze_video(analyzer, video, self.rate)) as samples:
                for sample in samples:
                    timeline.add(sample)
                    yield sample.progress * part
        except VideoDecodeError as error:  # what its head promised is not there
            if not len(timeline):
                return VideoReport(str(file), problem=str(error))
            return replace(video_report(str(file), video.info, timeline), problem=str(error))
        report = video_report(str(file), video.info, timeline)
        if self.copies and len(timeline):
            try:
                with closing(self.copies.write_video(file, video, timeline)) as shares:
                    for share in shares:
                        yield part + share * part
            except OutputError as error:
                return replace(report, problem=f"{report.problem} {error}".strip())
        return report


class Engine(Protocol):
    """Does the work on many files."""

    def reports(self, work: FileWork, files: list[Path], progress: Progress) -> Generator[Report]:
        """Analyze files; closing the iterator leaves nothing half written.

        Args:
            work: The work to do on each file.
            files: The files.
            progress: Is told of each file, or of its parts.

        Yields:
            The reports in the order of the files.
        """
