"""FER2013 from the CSV tables in which it is published."""

import csv
import hashlib
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.errors import DatasetError

FACE_SIZE_PX = 48
N_PIXELS = FACE_SIZE_PX**2


@dataclass(frozen=True)
class LabeledFaces:
    """One split of a data set.

    Attributes:
        images: Gray faces, uint8 of shape `(N, 48, 48)`, 0 black to 255 white.
        labels: Index of each face's emotion in the data set's `emotions`, int64 of shape `(N,)`.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, rows: slice | npt.NDArray[np.bool_]) -> "LabeledFaces":
        return LabeledFaces(self.images[rows], self.labels[rows])


@dataclass(frozen=True)
class FaceDataset:
    """A data set with its three splits.

    Attributes:
        name: Name for cards and reports.
        emotions: The classes, in the order of the labels' numbers.
        train: What a network learns from.
        validation: What epochs and settings are chosen on (FER2013's PublicTest).
        test: What is reported and nothing is chosen on (FER2013's PrivateTest).
    """

    name: str
    emotions: tuple[Emotion, ...]
    train: LabeledFaces
    validation: LabeledFaces
    test: LabeledFaces

    def fingerprint(self) -> str:
        """SHA-256, in hex, over the pixels and labels of the training split."""
        digest = hashlib.sha256(self.train.images.tobytes())
        digest.update(self.train.labels.tobytes())
        return digest.hexdigest()


def rows_not_in(faces: LabeledFaces, others: LabeledFaces) -> npt.NDArray[np.bool_]:
    """True for each face whose pixels are not those of any face in `others`, shape `(N,)`.

    8 % of FER2013's test images stand pixel for pixel in its training split; the figure on the
    rows that remain is the leak-free one.
    """
    known = {image.tobytes() for image in others.images}
    return np.array([image.tobytes() not in known for image in faces.images], dtype=np.bool_)


def load_dataset(path: Path, limit: int | None = None) -> FaceDataset:
    """Read FER2013 from `fer2013.csv` or `icml_face_data.csv`, or from the folder that holds it.

    Args:
        path: The table, or its folder.
        limit: Keep only this many rows of each split, for a quick try.

    Raises:
        DatasetError: The table is missing or malformed; the sentence names the file and the row.
    """
    table = _find_table(path)
    splits = _read_table(table)
    train, validation, test = (splits[u][:limit] for u in ("Training", "PublicTest", "PrivateTest"))
    return FaceDataset("FER2013", FER2013_EMOTIONS, train, validation, test)


def _find_table(path: Path) -> Path:
    if path.is_file():
        return path
    for name in ("fer2013.csv", "icml_face_data.csv"):
        if (path / name).is_file():
            return path / name
    what = "holds no fer2013.csv or icml_face_data.csv" if path.is_dir() else "does not exist"
    raise DatasetError(f"{path} {what}; give the table's path with --data.")


def _read_table(table: Path) -> dict[str, LabeledFaces]:
    images: dict[str, list[npt.NDArray[np.uint8]]] = {}
    labels: dict[str, list[int]] = {}
    for usage in ("Training", "PublicTest", "PrivateTest"):
        images[usage], labels[usage] = [], []
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            for number, emotion, usage, pixels in _rows(table, file):
                where = f"{table}, line {number}"
                if usage not in images:
                    raise DatasetError(
                        f"{where}: Usage is {usage!r}; expected Training, PublicTest or "
                        "PrivateTest."
                    )
                images[usage].append(_parse_pixels(pixels, where))
                labels[usage].append(_parse_emotion(emotion, where))
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise DatasetError(f"{table} cannot be read as a CSV table: {error}.") from error
    for usage, rows in images.items():
        if not rows:
            raise DatasetError(f"{table} has no row with Usage {usage}; is the file complete?")
    return {
        usage: LabeledFaces(np.stack(images[usage]), np.array(labels[usage], dtype=np.int64))
        for usage in images
    }


def _rows(table: Path, file: Iterator[str]) -> Iterator[tuple[int, str, str, str]]:
    """Line number, emotion, usage and pixels of each row, in whichever order the columns stand."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    reader = csv.reader(file)
    header = [name.strip() for name in next(reader, [])]
    try:
        columns = [header.index(name) for name in ("emotion", "Usage", "pixels")]
    except ValueError:
        raise DatasetError(
            f"{table} does not look like FER2013: its first line should name the columns "
            f"emotion, pixels and Usage. Received: {','.join(header)[:80]!r}."
        ) from None
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise DatasetError(
                f"{table}, line {reader.line_num}: {len(row)} columns instead of {len(header)}; "
                "is the file cut off?"
            )
        emotion, usage, pixels = (row[column] for column in columns)
        yield reader.line_num, emotion.strip(), usage.strip(), pixels


def _parse_pixels(text: str, where: str) -> npt.NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # NumPy only warns of text that is no number
            values = np.fromstring(text, dtype=np.int64, sep=" ")
    except (ValueError, DeprecationWarning) as error:
        raise DatasetError(f"{where}: a pixel is not a whole number.") from error
    if len(values) != N_PIXELS:
        raise DatasetError(f"{where}: {len(values)} pixels instead of {N_PIXELS} (48x48).")
    if values.min() < 0 or values.max() > 255:
        raise DatasetError(f"{where}: a pixel is outside 0..255.")
    return values.astype(np.uint8).reshape(FACE_SIZE_PX, FACE_SIZE_PX)


def _parse_emotion(text: str, where: str) -> int:
    if text not in {str(index) for index in range(len(FER2013_EMOTIONS))}:
        raise DatasetError(f"{where}: emotion is {text!r}; expected a number from 0 to 6.")
    return int(text)
