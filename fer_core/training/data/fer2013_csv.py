"""FER2013 from the CSV tables in which it is published, with FER+'s votes where they are there."""

import itertools
import math
import warnings
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.errors import DatasetError
from fer_core.training.data.labeled_faces import FACE_SIZE_PX, FaceDataset, LabeledFaces
from fer_core.training.data.sources import FilePath, parse_each, size_of, visible
from fer_core.training.data.tables import Row, column_names, read_rows

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
"""The choices of FER+'s annotators; NF is not a face."""

FERPLUS_CLASSES = (
    Emotion.NEUTRAL,
    Emotion.HAPPY,
    Emotion.SURPRISE,
    Emotion.SAD,
    Emotion.ANGRY,
    Emotion.DISGUST,
    Emotion.FEAR,
    Emotion.CONTEMPT,
)
"""The emotions of the first eight `VOTE_COLUMNS`; the other two are no emotions."""

USAGES = ("Training", "PublicTest", "PrivateTest")
"""The values of the column `Usage` for training, validation and test."""

_COLUMNS = ("emotion", "pixels")
"""The emotions of the published table; the competition's `train.csv` has no others."""

SPLIT_SEED = 42
"""Seed of the split of a table that has none of its own."""


_RowWithVotes: TypeAlias = tuple[Row, Row | None]


class _Face(NamedTuple):
    usage: str
    label: int
    pixels: npt.NDArray[np.uint8]
    votes: npt.NDArray[np.uint8] | None


def find_table(root: FilePath) -> FilePath | None:
    """The table itself, or the one that a folder holds: by its name, or else by its columns.

    Raises:
        DatasetError: A folder holds several such tables and none of a usual name.
    """
    if root.is_file():
        return root
    tables = [file for file in visible(root) if file.name.lower().endswith(".csv")]
    for name in TABLE_NAMES:
        named = [table for table in tables if table.name.lower() == name and table.is_file()]
        if named:
            return named[0]
    found = [table for table in tables if set(_COLUMNS) <= column_names(table)]
    if len(found) > 1:
        raise DatasetError(
            f"{root} holds {' and '.join(table.name for table in found)}: name the one to read."
        )
    return found[0] if found else None


def read_fer2013(table: FilePath, limit: int | None, skip_broken: bool) -> FaceDataset:
    """Read a table, with FER+'s votes where `fer2013new.csv` lies beside it.

    Without the column `Usage`, as in the competition's `train.csv`, a seeded draw takes a tenth of
    the images for validation and another for the test. Equal images stay in one split. The votes
    belong to no row then and are not read.

    Raises:
        DatasetError: A table is malformed, or a split or an emotion is missing; the sentence names
            the file and the row.
    """
    has_usage = "usage" in column_names(table)
    # The parent is a PathLike to typeshed.
    votes = _read_votes(cast(FilePath, table.parent)) if has_usage else None
    with (
        closing(read_rows(table, _COLUMNS)) as rows,
        tqdm(desc=table.name, total=size_of(table), unit="B", unit_scale=True, disable=None) as bar,
    ):
        rows_with_votes = _with_votes(_told(rows, bar), votes, table)
        faces, n_skipped = parse_each(_parse_face, rows_with_votes, skip_broken)
    parts = _split(faces if has_usage else _with_drawn_usages(faces), table, has_usage)
    train, validation, test = (_stack(part[:limit]) for part in parts)
    name, notes = "FER2013", []
    if not has_usage:
        name += f" ({table.name}, split 80:10:10 by seed)"
        notes.append(
            f"{table} has no column Usage: {len(train)} faces to train on, {len(validation)} to "
            f"validate and {len(test)} to test were drawn by seed."
        )
    return FaceDataset(name, FER2013_EMOTIONS, train, validation, test, n_skipped, tuple(notes))


def _split(faces: list[_Face], table: FilePath, has_usage: bool) -> list[list[_Face]]:
    """The faces by their usage, in the order of `USAGES`."""
    lack = "has no row with Usage" if has_usage else "has too few faces to draw from for"
    parts = [[face for face in faces if face.usage == usage] for usage in USAGES]
    for usage, part in zip(USAGES, parts, strict=True):
        if not part:
            raise DatasetError(f"{table} {lack} {usage}; is the file complete?")
    learned = {face.label for face in parts[0]}
    missing = [emotion for n, emotion in enumerate(FER2013_EMOTIONS) if n not in learned]
    if missing:
        raise DatasetError(
            f"{table} {lack} {USAGES[0]} that shows {', '.join(missing)}; is the file complete?"
        )
    return parts


def _with_drawn_usages(faces: list[_Face]) -> list[_Face]:
    """Draw the split of each image by seed; one that occurs twice stays in one split."""
    images = list(dict.fromkeys(face.pixels.tobytes() for face in faces))
    drawn = np.random.RandomState(SPLIT_SEED).permutation(len(images))
    tenth = math.ceil(len(images) / 10)
    usages = {images[index]: "PrivateTest" for index in drawn[:tenth]}
    usages |= {images[index]: "PublicTest" for index in drawn[tenth : 2 * tenth]}
    return [face._replace(usage=usages.get(face.pixels.tobytes(), "Training")) for face in faces]


def _stack(faces: list[_Face]) -> LabeledFaces:
    votes = [face.votes for face in faces if face.votes is not None]
    return LabeledFaces(
        np.stack([face.pixels for face in faces]).reshape(-1, FACE_SIZE_PX, FACE_SIZE_PX),
        np.array([face.label for face in faces], dtype=np.int64),
        np.stack(votes) if votes else None,
    )


def _read_votes(folder: FilePath) -> list[Row] | None:
    table = folder / VOTES_NAME
    return list(read_rows(table, ("Usage", *VOTE_COLUMNS))) if table.is_file() else None


def _with_votes(
    rows: Iterator[Row], votes: list[Row] | None, table: FilePath
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


def _told(rows: Iterator[Row], bar: tqdm) -> Iterator[Row]:
    for row in rows:
        bar.update(sum(len(cell) + 1 for cell in row.cells))  # with what parts or ends them
        yield row


def _parse_face(rows: _RowWithVotes) -> _Face:
    row, votes = rows
    usage = _parse_usage(row) if "usage" in row.header else ""
    return _Face(
        usage,
        _parse_emotion(row["emotion"], row.where),
        _parse_numbers(row["pixels"], FACE_SIZE_PX**2, "pixel", row.where),
        None if votes is None else _parse_votes(votes, usage),
    )


def _parse_usage(row: Row) -> str:
    text = row["Usage"]
    usage = next((usage for usage in USAGES if usage.lower() == text.lower()), None)
    if usage is None:
        raise DatasetError(f"{row.where}: Usage is {text!r}; expected {', '.join(USAGES)}.")
    return usage


def _parse_votes(row: Row, usage: str) -> npt.NDArray[np.uint8]:
    if _parse_usage(row) != usage:
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
