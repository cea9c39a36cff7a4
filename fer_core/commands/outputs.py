"""The results that the command `predict` writes."""

import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import TypeAlias

from fer_core.commands.copies import Copies
from fer_core.commands.media_files import absolute
from fer_core.errors import InputError, OutputError
from fer_core.reports.row_file import RowFile
from fer_core.reports.row_format import RowFormat, csv_format, json_format
from fer_core.reports.row_stream import RowStream
from fer_core.reports.rows import (
    PhotoReport,
    PredictionSource,
    Row,
    VideoReport,
    cell,
    columns,
    rows,
)

Table: TypeAlias = RowFile | RowStream

STDOUT = Path("/dev/stdout")
"""Stands for standard output, also where no file is called so; `-` on the command line."""

_STDOUT_NAMES = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")


def table_path(text: str) -> Path:
    """The path for rows that an option names."""
    return STDOUT if text in _STDOUT_NAMES else Path(text)


@dataclass(frozen=True)
class OutputOptions:
    """The outputs that a user asks for.

    Attributes:
        csv: A file for the rows as comma-separated values, or `STDOUT`.
        json: The same for JSON.
        annotated: A folder for annotated copies.
        resume: Go on with the files of rows that are there.
    """

    csv: Path | None
    json: Path | None
    annotated: Path | None
    resume: bool

    def check(self) -> None:
        """Raise `InputError` or `OutputError` if they do not go together."""
        tables = [path for path in (self.csv, self.json) if path]
        if self.resume and not any(map(_is_file, tables)):
            raise InputError("--resume goes by the rows of --csv or --json: name a file for them.")
        if len({absolute(path) for path in tables}) < len(tables):
            raise OutputError("--csv and --json must be two files.")
        if self.resume and not all(map(_is_file, tables)):
            raise OutputError("--resume needs files; rows in a pipe cannot be read again.")


@dataclass(frozen=True)
class Outputs:
    """The outputs of a run.

    Attributes:
        tables: Files of rows, and pipes.
        copies: The annotated copies; None if none are asked for.
    """

    tables: tuple[Table, ...]
    copies: Copies | None

    @property
    def is_asked_for(self) -> bool:
        """True if there is any output."""
        return bool(self.tables or self.copies)

    @property
    def can_go_on(self) -> bool:
        """True if an interrupted run can be resumed."""
        return any(isinstance(table, RowFile) for table in self.tables)

    @property
    def done(self) -> set[str]:
        """The names of the files that the tables hold already."""
        return {file for table in self.tables for file in table.files}

    def append(self, report: PhotoReport | VideoReport, source: PredictionSource) -> None:
        """Write a file's rows into every table."""
        for table in self.tables:
            table.append(cell(report.file), rows(report, source))


def open_outputs(
    options: OutputOptions,
    files: Sequence[Path],
    source: PredictionSource,
    rate: float,
    stack: ExitStack,
) -> Outputs:
    """Make what is asked for, or open it to go on; nothing is made where one is refused.

    Args:
        options: The outputs to open.
        files: The files to analyze.
        source: The model and the detector.
        rate: Number of a video's frames to analyze each second.
        stack: Closes the tables, and deletes what there is of unfinished copies.

    Raises:
        OutputError: Something is there that must not be replaced or cannot be gone on with.
        OSError: Something cannot be made.
    """
    formats = {options.csv: csv_format(columns(source.labels)), options.json: json_format()}
    wanted = {path: row_format for path, row_format in formats.items() if path}
    for path in filter(_is_file, wanted):
        if not options.resume and path.is_file() and path.stat().st_size:
            raise OutputError(f"{path} exists: --resume goes on with it, or name another file.")
        if absolute(path) in map(absolute, files):
            raise OutputError(f"{path} is one of the files to analyze: name another file.")
        if not path.parent.is_dir():  # before the other table is begun
            raise OutputError(f"{path} cannot be used: There is no folder {path.parent}.")
    copies = Copies.into(options.annotated, files, [*wanted]) if options.annotated else None
    tables = _open_tables(wanted, source.cells() | {"rate": float(rate)}, stack)
    if copies:
        stack.enter_context(copies.unfinished())
    return Outputs(tuple(tables), copies)


def _is_file(path: Path) -> bool:
    """True if rows can be read there again: not from standard output, pipes and devices."""
    return path != STDOUT and (path.is_file() or path.is_dir() or not path.exists())


def _open_tables(formats: Mapping[Path, RowFormat], settings: Row, stack: ExitStack) -> list[Table]:
    files: list[RowFile] = []
    for path in filter(_is_file, formats):
        files.append(RowFile(path, formats[path], settings))
        stack.callback(files[-1].close)
    _keep_common(files, " and ".join(map(str, formats)))
    streams = []
    for path in formats:
        if not _is_file(path):
            stream = (
                sys.stdout.buffer
                if path == STDOUT
                else stack.enter_context(path.open("wb", buffering=0))
            )
            streams.append(RowStream(stream, formats[path]))
            stack.callback(streams[-1].close)
    return [*files, *streams]


def _keep_common(tables: Sequence[RowFile], names: str) -> None:
    """Keep what all tables hold: an interruption may have come between the two."""
    alike = (
        len(set(names)) == 1 for names in zip(*(table.files for table in tables), strict=False)
    )
    n_common = len(list(takewhile(bool, alike)))
    lengths = [len(table.files) for table in tables] or [0]
    if n_common < min(lengths) or (n_common == 0 and max(lengths) > 1):
        raise OutputError(
            f"{names} do not hold the same files: go on with one of them, or name other files."
        )
    for table in tables:
        table.keep(n_common)
