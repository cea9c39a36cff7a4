"""Rows of tables as spreadsheets and databases write them, told apart by their first line."""

import codecs
import csv
import io
from collections.abc import Generator
from dataclasses import dataclass

from fer_core.errors import DatasetError
from fer_core.training.data.sources import READ_ERRORS, FilePath

_SEPARATORS = (",", ";", "\t")

_MAX_HEADER_CHARS = 10_000


@dataclass(frozen=True)
class Row:
    """One line of a table; its cells are read only when they are needed.

    Attributes:
        where: The table and the line, as messages call it.
        header: The columns' names, in lower case.
        cells: Their values.
    """

    where: str
    header: list[str]
    cells: list[str]

    def __getitem__(self, column: str) -> str:
        if len(self.cells) != len(self.header):
            raise DatasetError(
                f"{self.where}: {len(self.cells)} columns instead of {len(self.header)}; "
                "is the file cut off?"
            )
        return self.cells[self.header.index(column.lower())].strip()


def read_rows(table: FilePath, columns: tuple[str, ...]) -> Generator[Row, None, None]:
    """The rows of a table that names these columns, in whichever order, in its first line.

    Cells are separated by commas, semicolons or tabs; a column's name is known in any case.

    Raises:
        DatasetError: The table names other columns, or cannot be read to its end.
    """
    line = 0
    try:
        with _open_text(table) as file:
            first = file.readline(_MAX_HEADER_CHARS)
            header, separator = _parse_header(first, columns, table)
            reader = csv.reader(file, delimiter=separator)
            for cells in reader:
                line = reader.line_num + 1
                if cells:
                    yield Row(f"{table}, line {line}", header, cells)
    except (csv.Error, *READ_ERRORS) as error:
        raise DatasetError(f"{table} cannot be read beyond line {line or 1}: {error}.") from error


def column_names(table: FilePath) -> set[str]:
    """The names in the first line of a table, in lower case; of another file, anything."""
    try:
        with _open_text(table) as file:
            first = file.readline(_MAX_HEADER_CHARS)
        return {name for separator in _SEPARATORS for name in _split(first, separator)}
    except (csv.Error, *READ_ERRORS):
        return set()


def _open_text(table: FilePath) -> io.TextIOWrapper:
    with table.open("rb") as file:
        start = file.read(2)
    utf_16 = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    # A byte that is no text spoils its own row, not the table.
    return io.TextIOWrapper(
        table.open("rb"), "utf-16" if utf_16 else "utf-8-sig", errors="replace", newline=""
    )


def _parse_header(line: str, columns: tuple[str, ...], table: FilePath) -> tuple[list[str], str]:
    """The columns' names and what separates them."""
    for separator in _SEPARATORS:
        header = _split(line, separator)
        if {column.lower() for column in columns} <= set(header):
            return header, separator
    raise DatasetError(
        f"{table} does not look like FER2013 or FER+: its first line should name the columns "
        f"{', '.join(columns)}. Received: {line.strip()[:80]!r}."
    )


def _split(line: str, separator: str) -> list[str]:
    cells = next(csv.reader([line.strip()], delimiter=separator), [])
    return [name.strip().lower() for name in cells]
