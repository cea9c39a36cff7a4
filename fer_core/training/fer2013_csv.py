"""FER2013 from the CSV tables in which it is published, with FER+'s votes where they are there."""

import csv
import io
import itertools
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from fer_core.emotions import FER2013_EMOTIONS
from fer_core.errors import DatasetError
from fer_core.training.labeled_faces import FACE_SIZE_PX, FaceDataset, LabeledFaces
from fer_core.training.sources import READ_ERRORS, FilePath, parse_each, size_of

TABLE_NAMES = ("fer2013.csv", "icml_face_data.csv")
"""Kaggle's two publications of the table, which differ in the order of the columns."""

VOTES_NAME = "fer2013new.csv"
"""FER+ (Barsoum et al. 2016, arXiv:1608.01041): votes for the rows of the table beside it."""

VOTE_COLUMNS = (
    "neutral",
    "happiness",
    "surprise",
    "sadness",
    "anger",
    "disgust",
    "fear",
    "contempt",
    "unknown",
    "NF",
)
"""What FER+'s annotators could vote for; NF is not a face."""

USAGES = ("Training", "PublicTest", "PrivateTest")
"""What a network learns from, what is chosen on, what is reported."""


@dataclass(frozen=True)
class _Row:
    """One line of a table, whose cells are looked at only when they are asked for."""

    where: str
    header: list[str]
    cells: list[str]

    def __getitem__(self, column: str) -> str:
        if len(self.cells) != len(self.header):
            raise DatasetError(
                f"{self.where}: {len(self.cells)} columns instead of {len(self.header)}; "
                "is the file cut off?"
            )
        return self.cells[self.header.index(column)].strip()


_RowWithVotes: TypeAlias = tuple[_Row, _Row | None]


class _Face(NamedTuple):
    usage: str
    label: int
    pixels: npt.NDArray[np.uint8]
    votes: npt.NDArray[np.uint8] | None


def read_fer2013(table: FilePath, limit: int | None, skip_broken: bool) -> FaceDataset:
    """Read a table, with FER+'s votes where `fer2013new.csv` lies beside it.

    Raises:
        DatasetError: A table is malformed, or a split or an emotion is missing; the sentence names
            the file and the row.
    """
    votes = _read_votes(cast(FilePath, table.parent))  # a PathLike to typeshed
    with (
        closing(_read_rows(table, ("emotion", "Usage", "pixels"))) as rows,
        tqdm(desc=table.name, total=size_of(table), unit="B", unit_scale=True, disable=None) as bar,
    ):
        rows_with_votes = _with_votes(_told(rows, bar), votes, table)
        faces, n_skipped = parse_each(_parse_face, rows_with_votes, skip_broken)
    parts = {usage: [face for face in faces if face.usage == usage] for usage in USAGES}
    for usage, part in parts.items():
        if not part:
            raise DatasetError(f"{table} has no row with Usage {usage}; is the file complete?")
    learned = {face.label for face in parts["Training"]}
    missing = [emotion for n, emotion in enumerate(FER2013_EMOTIONS) if n not in learned]
    if missing:
        raise DatasetError(
            f"{table} has no row with Usage Training that shows {', '.join(missing)}; is the file "
            "complete?"
        )
    train, validation, test = (_stack(parts[usage][:limit]) for usage in USAGES)
    return FaceDataset("FER2013", FER2013_EMOTIONS, train, validation, test, n_skipped)


def _stack(faces: list[_Face]) -> LabeledFaces:
    votes = [face.votes for face in faces if face.votes is not None]
    return LabeledFaces(
        np.stack([face.pixels for face in faces]).reshape(-1, FACE_SIZE_PX, FACE_SIZE_PX),
        np.array([face.label for face in faces], dtype=np.int64),
        np.stack(votes) if votes else None,
    )


def _read_votes(folder: FilePath) -> list[_Row] | None:
    table = folder / VOTES_NAME
    return list(_read_rows(table, ("Usage", *VOTE_COLUMNS))) if table.is_file() else None


def _with_votes(
    rows: Iterator[_Row], votes: list[_Row] | None, table: FilePath
) -> Iterator[_RowWithVotes]:
    if votes is None:
        yield from ((row, None) for row in rows)
        return
    for row, row_votes in itertools.zip_longest(rows, votes):
        if row is None or row_votes is None:
            raise DatasetError(
                f"{table} and {VOTES_NAME} beside it differ in their number of rows; "
                "is one cut off?"
            )
        yield row, row_votes


def _told(rows: Iterator[_Row], bar: tqdm) -> Iterator[_Row]:
    for row in rows:
        bar.update(sum(len(cell) + 1 for cell in row.cells))  # with what parts or ends them
        yield row


def _read_rows(table: FilePath, columns: tuple[str, ...]) -> Generator[_Row, None, None]:
    """The rows of a table that names these columns, in whichever order, in its first line."""
    line = 0
    try:
        # A byte that is no text spoils its own row, not the table.
        with (
            table.open("rb") as binary,
            io.TextIOWrapper(binary, "utf-8-sig", errors="replace", newline="") as file,
        ):
            reader = csv.reader(file)
            header = _parse_header(next(reader, []), columns, table)
            for cells in reader:
                line = reader.line_num
                if cells:
                    yield _Row(f"{table}, line {line}", header, cells)
    except (csv.Error, *READ_ERRORS) as error:
        raise DatasetError(f"{table} cannot be read beyond line {line}: {error}.") from error


def _parse_header(cells: list[str], columns: tuple[str, ...], table: FilePath) -> list[str]:
    header = [name.strip() for name in cells]
    if not set(columns) <= set(header):
        raise DatasetError(
            f"{table} does not look like FER2013 or FER+: its first line should name the columns "
            f"{', '.join(columns)}. Received: {','.join(header)[:80]!r}."
        )
    return header


def _parse_face(rows: _RowWithVotes) -> _Face:
    row, votes = rows
    usage = row["Usage"]
    if usage not in USAGES:
        raise DatasetError(f"{row.where}: Usage is {usage!r}; expected {', '.join(USAGES)}.")
    return _Face(
        usage,
        _parse_emotion(row["emotion"], row.where),
        _parse_numbers(row["pixels"], FACE_SIZE_PX**2, "pixel", row.where),
        None if votes is None else _parse_votes(votes, usage),
    )


def _parse_votes(row: _Row, usage: str) -> npt.NDArray[np.uint8]:
    if row["Usage"] != usage:
        raise DatasetError(f"{row.where}: Usage is {row['Usage']!r}; the face's is {usage!r}.")
    text = " ".join(row[column] for column in VOTE_COLUMNS)
    return _parse_numbers(text, len(VOTE_COLUMNS), "vote", row.where)


def _parse_numbers(text: str, n: int, what: str, where: str) -> npt.NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy only warns of text that is no number
            values = np.fromstring(text, dtype=np.int64, sep=" ")
    except (ValueError, DeprecationWarning) as error:
        raise DatasetError(f"{where}: a {what} is not a whole number.") from error
    if len(values) != n:
        raise DatasetError(f"{where}: {len(values)} {what}s instead of {n}.")
    if values.min() < 0 or values.max() > 255:
        raise DatasetError(f"{where}: a {what} is outside 0..255.")
    return values.astype(np.uint8)


def _parse_emotion(text: str, where: str) -> int:
    if text not in {str(index) for index in range(len(FER2013_EMOTIONS))}:
        raise DatasetError(f"{where}: emotion is {text!r}; expected a number from 0 to 6.")
    return int(text)
