"""Data sets in the layouts in which people have them, told apart by what is there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fer_core.emotions import Emotion
from fer_core.errors import DatasetError
from fer_core.training.data.class_folders import Reading, find_splits, has_classes
from fer_core.training.data.class_names import ClassNames
from fer_core.training.data.fer2013_csv import TABLE_NAMES, find_table, read_fer2013
from fer_core.training.data.image_folders import SplitBy, read_classes, read_folds, read_splits
from fer_core.training.data.joined import joined
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces, rows_not_in
from fer_core.training.data.sources import FilePath, open_source, visible

__all__ = [
    "FaceDataset",
    "LabeledFaces",
    "SplitBy",
    "load_dataset",
    "load_folds",
    "load_joined",
    "rows_not_in",
]

N_FOLDS_BESIDE = 5
"""Into how many parts the people of a data set beside the main one are dealt."""


def load_dataset(
    path: Path,
    limit: int | None = None,
    *,
    split_by: SplitBy = "image",
    skip_broken: bool = False,
    classes: Mapping[str, Emotion | str] | None = None,
    ignore_classes: Collection[str] = (),
) -> FaceDataset:
    """Read a data set.

    Args:
        path: `fer2013.csv` or `icml_face_data.csv`, with FER+'s `fer2013new.csv` beside it or
            not; a folder with train/ and test/ or validation/; a folder of folders named after
            emotions, such as CK+48; a folder that holds one of these; or a zip or tar of any of
            them.
        limit: Keep only this many faces of each split, for a quick try.
        split_by: `image` or `subject`: the way to split a flat folder of classes.
        skip_broken: Leave out and count rows and images that cannot be read, and images in
            folders whose names tell no emotion.
        classes: Emotions of class folders whose names tell none, such as `{"1": "surprise"}`;
            see `CLASS_PRESETS`.
        ignore_classes: Class folders that are left out, by name or emotion.

    Raises:
        DatasetError: Something is missing or malformed; the sentence names the file and the row.
        ValueError: `classes` names something else than emotions.
    """
    reading = Reading(ClassNames.of(classes or {}, ignore_classes), limit, skip_broken)
    try:
        with open_source(path) as source:
            return _load(source, split_by, reading)
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error


def load_joined(
    paths: Sequence[Path],
    limit: int | None = None,
    *,
    split_by: SplitBy = "image",
    skip_broken: bool = False,
    classes: Mapping[str, Emotion | str] | None = None,
    ignore_classes: Collection[str] = (),
) -> FaceDataset:
    """Read several data sets for one run: the first one as `load_dataset`, others beside it.

    Those beside it are flat folders of classes whose file names tell people apart, such as CK+48.
    Of their people three fifths are for training, one for validation and one for the test.

    Args:
        paths: From one on.
        limit: As for `load_dataset`, for the first one.
        split_by: As for `load_dataset`, for the first one.
        skip_broken: As for `load_dataset`.
        classes: As for `load_dataset`.
        ignore_classes: As for `load_dataset`.

    Raises:
        DatasetError: As for `load_dataset` and `load_folds`, or one shares no emotion with the
            first.
    """
    options: dict[str, Any] = {
        "skip_broken": skip_broken,
        "classes": classes,
        "ignore_classes": ignore_classes,
    }
    main = load_dataset(paths[0], limit, split_by=split_by, **options)
    return joined(main, [load_beside(path, **options) for path in paths[1:]])


def load_beside(path: Path, **options: Any) -> FaceDataset:
    """A data set that teaches beside another one: the first of five folds by subject."""
    fold = load_folds(path, N_FOLDS_BESIDE, **options)[0]
    return replace(fold, name=f"{fold.source} (60:20:20 by subject)")


def load_folds(
    path: Path,
    n_folds: int,
    *,
    skip_broken: bool = False,
    classes: Mapping[str, Emotion | str] | None = None,
    ignore_classes: Collection[str] = (),
) -> list[FaceDataset]:
    """Read a flat folder of class folders, or an archive of it, for cross-validation by subject.

    Args:
        path: The folder or archive, with file names that tell whose face it is, such as CK+48.
        n_folds: Number of groups of people, from 3 on; see `read_folds`.
        skip_broken: As for `load_dataset`.
        classes: As for `load_dataset`.
        ignore_classes: As for `load_dataset`.

    Raises:
        DatasetError: It is no such folder, or something in it is missing or malformed.
    """
    reading = Reading(ClassNames.of(classes or {}, ignore_classes), None, skip_broken)
    try:
        with open_source(path) as source:
            root = _innermost(source, reading.names)
            if find_table(root) or find_splits(root):
                raise DatasetError(
                    f"{path} has splits of its own; only a flat folder of classes is dealt into "
                    "folds."
                )
            return list(read_folds(root, n_folds, reading))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error}.") from error


def _load(source: FilePath, split_by: SplitBy, reading: Reading) -> FaceDataset:
    root = _innermost(source, reading.names)
    table, splits = find_table(root), find_splits(root) if root.is_dir() else {}
    if table is None and not splits:
        return read_classes(root, split_by, reading)
    if split_by != "image":
        raise DatasetError(
            f"{root} has splits of its own; only a flat folder of classes is split by {split_by}."
        )
    if table is not None:
        return read_fer2013(table, reading.limit, reading.skip_broken)
    return read_splits(root, splits, reading)


def _innermost(source: FilePath, names: ClassNames) -> FilePath:
    """The source itself, or what it wraps in folders that hold a single folder."""
    root = source
    while root.is_dir() and not (find_table(root) or find_splits(root) or has_classes(root, names)):
        folders = [entry for entry in visible(root) if entry.is_dir()]
        if len(folders) != 1:
            raise DatasetError(
                f"{source} holds no {' or '.join(TABLE_NAMES)}, no train/ and test/, and no "
                "folders named after emotions; say what other folders show with --classes, such "
                "as 1=surprise,2=fear."
            )
        root = folders[0]
    return root
