"""Rows written once, to a pipe or another program's terminal, file by file."""

from collections.abc import Iterable
from typing import IO

from fer_core.reports.row_format import MARK, RowFormat
from fer_core.reports.rows import Row


class RowStream:
    """Rows in what can only be written from its beginning to its end.

    Attributes:
        files: The value of `file` for each photo and video that was written, in order.
    """

    def __init__(self, stream: IO[bytes], row_format: RowFormat) -> None:
        """Begin it, without the mark by which spreadsheets know UTF-8: programs stumble over it.

        Args:
            stream: The stream to write to; it stays open.
            row_format: The format of the rows.
        """
        self.files: list[str] = []
        self._stream = stream
        self._format = row_format
        self._write(row_format.head.removeprefix(MARK))

    def append(self, file: str, its_rows: Iterable[Row]) -> None:
        """Write all rows of a photo or video, at once.

        Raises:
            BrokenPipeError: Nobody reads them any more.
        """
        before = self._format.joint if self.files else b""
        self._write(before + self._format.joint.join(map(self._format.encode, its_rows)))
        self.files.append(file)

    def close(self) -> None:
        """Write the end, after which the whole is valid."""
        self._write(self._format.tail)

    def _write(self, content: bytes) -> None:
        left = memoryview(content)
        try:
            while left:
                left = left[self._stream.write(left) :]
            self._stream.flush()
        except OSError as error:
            error.filename = str(self._stream.name)
            raise
