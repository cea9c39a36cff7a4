"""Rows of a table as CSV and as JSON, each on a line of its own."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from fer_core.reports.rows import Row

MARK = b"\xef\xbb\xbf"
"""The byte order mark by which spreadsheets know UTF-8."""


@dataclass(frozen=True)
class RowFormat:
    """A format of rows: `head`, the rows with `joint` between them, `tail`.

    Attributes:
        head: The start of a file.
        joint: The bytes between two rows.
        tail: The end of a file.
        encode: A row, on a line of its own; it begins with a line break.
        decode: The values of a line, numbers as text or as numbers; raises `ValueError`.
    """

    head: bytes
    joint: bytes
    tail: bytes
    encode: Callable[[Row], bytes]
    decode: Callable[[bytes], Row]

    def join(self, every_row: Iterable[Row]) -> bytes:
        """A whole file."""
        return self.head + self.joint.join(map(self.encode, every_row)) + self.tail


def csv_format(names: Sequence[str]) -> RowFormat:
    """Comma-separated values, quoted text, UTF-8 with the mark by which spreadsheets know it."""

    def line(values: Iterable[object]) -> bytes:
        buffer = io.StringIO()
        csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="").writerow(values)
        return buffer.getvalue().encode()

    def decode(text: bytes) -> Row:
        if not text.endswith(b'"'):  # the last column is text, so the row was cut off
            raise ValueError("expected a line that ends with quoted text")
        try:
            (values,) = csv.reader([text.decode()], strict=True)
        except csv.Error as error:
            raise ValueError(f"not a line of comma-separated values: {error}") from error
        return dict(zip(names, values, strict=True))

    head = MARK + line(names)
    return RowFormat(head, b"", b"\n", lambda row: b"\n" + line(row.values()), decode)


def json_format() -> RowFormat:
    """A list of objects, in UTF-8."""

    def encode(row: Row) -> bytes:
        return b"\n" + json.dumps(row, ensure_ascii=False, allow_nan=False).encode()

    def decode(text: bytes) -> Row:
        row = json.loads(text)
        if not isinstance(row, dict):
            raise ValueError(f"expected an object, not {row!r}")
        return row

    return RowFormat(b"[", b",", b"\n]\n", encode, decode)
