"""Rows as whole tables: CSV, JSON, and pandas if that is installed."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from fer_core.emotions import Emotion
from fer_core.reports.row_format import csv_format, json_format
from fer_core.reports.rows import PhotoReport, PredictionSource, Row, VideoReport, columns, rows

if TYPE_CHECKING:
    import pandas as pd


Reports: TypeAlias = Iterable[PhotoReport | VideoReport]


def table_csv(reports: Reports, source: PredictionSource) -> bytes:
    """All rows of these reports, as `python -m fer_core predict --csv` writes them."""
    return csv_format(columns(source.labels)).join(_rows(reports, source))


def table_json(reports: Reports, source: PredictionSource) -> bytes:
    """All rows of these reports, as `python -m fer_core predict --json` writes them."""
    return json_format().join(_rows(reports, source))


def _rows(reports: Reports, source: PredictionSource) -> Iterator[Row]:
    return (row for report in reports for row in rows(report, source))


def to_frame(every_row: Iterable[Row], labels: Sequence[Emotion]) -> "pd.DataFrame":
    """A table of these rows, with all columns where there is no row.

    Args:
        every_row: The rows of photos and videos.
        labels: The model's classes, in its order.

    Raises:
        ImportError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError("A table needs pandas: pip install pandas.") from error
    return pd.DataFrame(list(every_row), columns=columns(labels))
