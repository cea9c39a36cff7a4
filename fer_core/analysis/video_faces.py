"""The faces of one video, which say of themselves what they were found in."""

from pathlib import Path
from typing import TYPE_CHECKING

from fer_core.reports.rows import PredictionSource, Row, VideoReport, rows
from fer_core.reports.tables import to_frame
from fer_core.timeline import Timeline
from fer_core.words import counted

if TYPE_CHECKING:
    import pandas as pd


class VideoFaces(Timeline):
    """The faces of a video's analyzed frames, with what a table says of them. It can be pickled.

    Attributes:
        file: The path of the video, as it was given; None if none was.
        size_wh: Width and height of the upright video that the boxes refer to.
        problem: The reason why there is no face, or why the video was not analyzed to its end;
            empty if nothing is amiss.
    """

    def __init__(
        self, source: PredictionSource, rate: float, file: Path | None, size_wh: tuple[int, int]
    ) -> None:
        """Start empty.

        Args:
            source: The model and the detector.
            rate: Number of frames analyzed each second.
            file: The path of the video; None if there is none.
            size_wh: Width and height of the video.
        """
        super().__init__(source.labels, rate)
        self._source = source
        self.file = str(file) if file else None
        self.size_wh = size_wh
        self.problem = ""

    def to_dict(self) -> list[Row]:
        """A dict for each face of each frame, with the columns of the command line's tables."""
        report = VideoReport(self.file or "", self.size_wh, self, self.problem)
        return list(rows(report, self._source)) if self.n_faces else []

    def to_pandas(self) -> "pd.DataFrame":
        """A table with a row for each face of each frame, and the command line's columns.

        Raises:
            ImportError: pandas is not installed.
        """
        return to_frame(self.to_dict(), self.labels)

    def __repr__(self) -> str:
        where = self.file or "{}x{}".format(*self.size_wh)
        summary = self.summary()
        found = "no face"
        if summary:
            found = counted(self.n_tracks, "face")
            found += f", {summary.emotion} {summary.shares[summary.emotion]:.0%} of the time"
        return f"<{where}: {self.end_s:.1f} s, {found}>"
