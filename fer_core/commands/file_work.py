"""What the command `predict` does to one file, wherever that runs."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from fer_core.analysis import EmotionAnalyzer
from fer_core.commands.outputs import Copies
from fer_core.commands.progress import Progress
from fer_core.errors import OutputError, VideoDecodeError
from fer_core.media_files import is_video, read_photo
from fer_core.reports import PhotoReport, VideoReport, analyze_photo, video_report
from fer_core.timeline import Timeline
from fer_core.video import analyze_video
from fer_core.video_file import open_video

Report: TypeAlias = PhotoReport | VideoReport


@dataclass(frozen=True)
class FileWork:
    """Analyzes a file and writes its annotated copy; can be sent to another process.

    Attributes:
        copies: Where annotated copies go, None where none are asked for.
        rate: How many pictures of a video to analyze each second.
    """

    copies: Copies | None
    rate: float

    def steps(self, analyzer: EmotionAnalyzer, file: Path) -> Generator[float, None, Report]:
        """Do it; closing the iterator leaves nothing half written.

        Yields:
            The share that is done, from 0 to 1.

        Returns:
            The report.
        """
        work = self._analyze_video if is_video(file) else self._analyze_photo
        return (yield from work(analyzer, file))

    def _analyze_photo(
        self, analyzer: EmotionAnalyzer, photo: Path
    ) -> Generator[float, None, PhotoReport]:
        report, image = analyze_photo(analyzer, str(photo), lambda: read_photo(photo))
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
        with closing(analyze_video(analyzer, video, self.rate)) as samples:
            for sample in samples:
                timeline.add(sample)
                yield sample.progress * part
        report = video_report(str(file), video.info, timeline)
        if self.copies and len(timeline):
            try:
                with closing(self.copies.write_video(file, video, timeline)) as shares:
                    for share in shares:
                        yield part + share * part
            except OutputError as error:
                return replace(report, problem=f"{report.problem} {error}".strip())
        return report


Engine: TypeAlias = Callable[[FileWork, list[Path], Progress], Generator[Report]]
"""Does the work on each file and gives the reports in the order of the files."""
