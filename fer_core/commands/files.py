"""The rows that `predict` writes, for programs."""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing

from fer_core.analysis import EmotionAnalyzer
from fer_core.commands.engines.file_work import FileWork
from fer_core.commands.engines.local import LocalEngine
from fer_core.commands.media_search import find_media
from fer_core.commands.progress import Progress
from fer_core.reports.rows import PredictionSource, Row, rows
from fer_core.timeline import USUAL_RATE


def analyze_files(
    analyzer: EmotionAnalyzer,
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    rate: float = USUAL_RATE,
    jobs: int | None = None,
) -> Iterator[Row]:
    """Analyze photos, videos and folders of them; `pandas.DataFrame(rows)` makes a table of it.

    Args:
        analyzer: Finds and classifies faces.
        paths: Files, folders or patterns such as `photos/**/*.jpg`; or one of these.
        rate: Number of a video's frames to analyze each second.
        jobs: Number of files analyzed at the same time; None for one for each processor.

    Yields:
        The rows of the command line's tables, file by file: one for each face, or one whose
        `problem` says why a file has none.

    Raises:
        InputError: A path is not there, or there is no photo or video among them.
    """
    several = [paths] if isinstance(paths, str | os.PathLike) else paths
    files = find_media([os.fspath(path) for path in several]).files
    source = PredictionSource.of(analyzer)
    engine = LocalEngine(analyzer, jobs or os.cpu_count() or 1)
    with (
        Progress(len(files), shown=False) as progress,
        closing(engine.reports(FileWork(None, rate), files, progress)) as reports,
    ):
        for report in reports:
            yield from rows(report, source)
