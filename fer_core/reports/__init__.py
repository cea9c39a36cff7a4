"""Results as rows of a table, and the files of rows."""

from fer_core.reports.row_file import RowFile
from fer_core.reports.row_format import RowFormat, csv_format, json_format
from fer_core.reports.rows import (
    PhotoReport,
    PredictionSource,
    VideoReport,
    analyze_photo,
    columns,
    rows,
    video_report,
)
from fer_core.reports.tables import table_csv, table_json

__all__ = [
    "PhotoReport",
    "PredictionSource",
    "RowFile",
    "RowFormat",
    "VideoReport",
    "analyze_photo",
    "columns",
    "csv_format",
    "json_format",
    "rows",
    "table_csv",
    "table_json",
    "video_report",
]
