"""A file of rows that grows photo by photo, video by video, and is whole after each."""

import os
from collections.abc import Iterable
from pathlib import Path

from fer_core.errors import OutputError
from fer_core.reports.file_lock import lock_file
from fer_core.reports.row_format import RowFormat
from fer_core.reports.rows import Row

_BYTES = getattr(os, "O_BINARY", 0)
"""Windows writes line breaks in another way where it is not told to write what is given."""


class RowFile:
    """Rows in a file that can be read at any time and that an interrupted run goes on with.

    All rows of a photo or video are written at once, together with the file's ending. Should the
    machine fail in the middle of that, opening the file to go on leaves out what was cut off.

    Attributes:
        files: The value of `file` for each photo and video that is in it, in order.
    """

    def __init__(self, path: Path, row_format: RowFormat, settings: Row) -> None:
        """Make the file, or open what is there to go on with it.

        Args:
            path: Its path.
            row_format: The format of its rows.
            settings: Values that these columns of every row must hold, if they are not empty.

        Raises:
            OutputError: It is a file of another kind, or another run writes it.
            OSError: It cannot be made or read.
        """
        self._path = path
        self._format = row_format
        self.files: list[str] = []
        self._ends = [len(row_format.head)]
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | _BYTES, 0o666)
        try:
            self._lock()
            if path.stat().st_size:
                self._read(settings)
            self.keep(len(self.files))
        except BaseException:
            os.close(self._file)
            raise

    def _lock(self) -> None:
        """Until it is closed no other run may write the file."""
        try:
            lock_file(self._file)
        except BlockingIOError as error:
            raise OutputError(f"{self._path} is being written by another run.") from error

    def _read(self, settings: Row) -> None:
        content = self._path.read_bytes()
        begin, *lines = content.removeprefix(self._format.head).split(b"\n")
        foreign = OutputError(
            f"{self._path} is no table of this command, version and model: name another file."
        )
        if begin or not content.startswith(self._format.head):
            raise foreign
        end = len(self._format.head)
        n_rows_left = 0
        for number, line in enumerate(lines, 1):
            text = line.removesuffix(self._format.joint)
            try:
                row = self._format.decode(text)
            except ValueError as error:  # the ending, or a row that was cut off
                if any(lines[number:]):
                    raise foreign from error
                return
            try:
                file, n_faces = str(row["file"]), int(str(row["n_faces"]))
                self._check(row, settings)
            except (KeyError, ValueError) as error:
                raise foreign from error
            n_rows_left = (n_rows_left or max(1, n_faces)) - 1
            if n_rows_left == 0:
                self.files.append(file)
                self._ends.append(end + 1 + len(text))
            end += 1 + len(line)

    def _check(self, row: Row, settings: Row) -> None:
        for name, wanted in settings.items():
            there = row[name]
            if there not in (None, "") and str(there) != str(wanted):
                raise OutputError(
                    f"{self._path} holds predictions with {name} {there}, not {wanted}: go on with "
                    "that one, or name another file."
                )

    def keep(self, n_files: int) -> None:
        """Drop all but the first files' rows, and what there is of one that was cut off."""
        del self.files[n_files:], self._ends[n_files + 1 :]
        start = self._ends[-1]
        head = self._format.head if start == len(self._format.head) else b""
        self._write(start - len(head), head + self._format.tail)

    def append(self, file: str, its_rows: Iterable[Row]) -> None:
        """Write all rows of a photo or video.

        Raises:
            OSError: There is no room; the file is left as it was before.
        """
        start = self._ends[-1]
        before = self._format.joint if self.files else b""
        text = before + self._format.joint.join(map(self._format.encode, its_rows))
        try:
            self._write(start, text + self._format.tail)
        except OSError:
            self._write(start, self._format.tail)
            raise
        self.files.append(file)
        self._ends.append(start + len(text))

    def _write(self, start: int, content: bytes) -> None:
        """Write the end of the file, from `start` on."""
        n_written = 0
        try:
            os.lseek(self._file, start, os.SEEK_SET)
            while n_written < len(content):
                n_written += os.write(self._file, content[n_written:])
            if os.fstat(self._file).st_size > start + len(content):
                os.ftruncate(self._file, start + len(content))
        except OSError as error:
            error.filename = str(self._path)
            raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
