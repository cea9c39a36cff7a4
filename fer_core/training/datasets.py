"""Data sets in the layouts in which people have them, told apart by what is there."""

from pathlib import Path

from fer_core.errors import DatasetError
from fer_core.training.fer2013_csv import TABLE_NAMES, read_fer2013
from fer_core.training.image_folders import (
    SplitBy,
    find_splits,
    has_classes,
    read_classes,
    read_folds,
    read_splits,
)
from fer_core.training.labeled_faces import FaceDataset, LabeledFaces, rows_not_in
from fer_core.training.sources import FilePath, open_source, visible

__all__ = ["FaceDataset", "LabeledFaces", "SplitBy", "load_dataset", "load_folds", "rows_not_in"]


def load_dataset(
    path: Path,
    limit: int | None = None,
    *,
    split_by: SplitBy = "image",
    skip_broken: bool = False,
) -> FaceDataset:
    """Read a data set.

    Args:
        path: `fer2013.csv` or `icml_face_data.csv`, with FER+'s `fer2013new.csv` beside it or
            not; a folder with train/ and test/ or validation/; a folder of folders named after
            emotions, such as CK+48; a folder that holds one of these; or a zip of any of them.
        limit: Keep only this many faces of each split, for a quick try.
        split_by: Whether a flat folder of classes is split by image or by subject.
        skip_broken: Leave out and count rows and images that cannot be read.

    Raises:
        DatasetError: Something is missing or malformed; the sentence names the file and the row.
    """
    try:
        with open_source(path) as source:
            return _load(source, limit, split_by, skip_broken)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error


def load_folds(path: Path, n_folds: int, *, skip_broken: bool = False) -> list[FaceDataset]:
    """Read a flat folder of class folders, or a zip of it, for cross-validation by subject.

    Args:
        path: The folder or zip, with file names that tell whose face it is, such as CK+48.
        n_folds: How many groups the people are dealt into, from 3 on; see `read_folds`.
        skip_broken: Leave out and count images that cannot be read.

    Raises:
        DatasetError: It is no such folder, or something in it is missing or malformed.
    """
    try:
        with open_source(path) as source:
            root = _innermost(source)
            if _find_table(root) or find_splits(root):
                raise DatasetError(
                    f"{path} has splits of its own; only a flat folder of classes is dealt into "
                    "folds."
                )
            return list(read_folds(root, n_folds, skip_broken))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error


def _load(source: FilePath, limit: int | None, split_by: SplitBy, skip_broken: bool) -> FaceDataset:
    root = _innermost(source)
    table, splits = _find_table(root), find_splits(root) if root.is_dir() else {}
    if table is None and not splits:
        return read_classes(root, split_by, limit, skip_broken)
    if split_by != "image":
        raise DatasetError(
            f"{root} has splits of its own; only a flat folder of classes is split by {split_by}."
        )
    if table is not None:
        return read_fer2013(table, limit, skip_broken)
    return read_splits(root, splits, limit, skip_broken)


def _innermost(source: FilePath) -> FilePath:
    """The source itself, or what it wraps in folders that hold a single folder."""
    root = source
    while root.is_dir() and not (_find_table(root) or find_splits(root) or has_classes(root)):
        folders = [entry for entry in visible(root) if entry.is_dir()]
        if len(folders) != 1:
            raise DatasetError(
                f"{source} holds no {' or '.join(TABLE_NAMES)}, no train/ and test/, and no "
                "folders named after emotions."
            )
        root = folders[0]
    return root


def _find_table(root: FilePath) -> FilePath | None:
    if root.is_file():
        return root
    return next((root / name for name in TABLE_NAMES if (root / name).is_file()), None)
