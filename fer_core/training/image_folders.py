"""Faces as image files in folders that are named after their classes."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from tqdm import tqdm

from fer_core.emotions import Emotion
from fer_core.errors import DatasetError, ImageDecodeError
from fer_core.images import GrayImage, decode_image, to_gray
from fer_core.training.labeled_faces import FACE_SIZE_PX, FaceDataset, LabeledFaces
from fer_core.training.sources import READ_ERRORS, FilePath, parse_each, visible

SplitBy = Literal["image", "subject"]
"""Whether the faces of one person may stand on both sides of a split, or not."""

SPLIT_SEED = 42
"""Seed of every split made here; the one that tutorials on CK+ use."""

HELD_OUT_SHARE = 0.2
"""Share of a flat folder that is held out; tutorials on CK+ split 80:20."""

VALIDATION_SHARE = 0.1
"""Share of train/ that is held out to choose epochs on where only test/ lies beside it."""

MAX_FILE_BYTES = 10_000_000
"""No more of a file is read, whatever a zip says of its size."""

_SPELLINGS: dict[str, Emotion] = {
    **{emotion.value: emotion for emotion in Emotion},
    "anger": Emotion.ANGRY,
    "disgusted": Emotion.DISGUST,
    "fearful": Emotion.FEAR,
    "happiness": Emotion.HAPPY,
    "sadness": Emotion.SAD,
    "surprised": Emotion.SURPRISE,
}

_SPLITS = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}


class _File(NamedTuple):
    path: FilePath
    emotion: Emotion


def find_splits(root: FilePath) -> dict[str, FilePath]:
    """The folders for train, validation and test in a folder, by these names."""
    return {
        _SPLITS[entry.name.lower()]: entry
        for entry in visible(root)
        if entry.name.lower() in _SPLITS and entry.is_dir()
    }


def has_classes(root: FilePath) -> bool:
    """Whether a folder holds one that is named after an emotion."""
    return any(entry.name.lower() in _SPELLINGS and entry.is_dir() for entry in visible(root))


def read_splits(
    root: FilePath, folders: dict[str, FilePath], limit: int | None, skip_broken: bool
) -> FaceDataset:
    """Read train/ and what is held out beside it: validation/, test/ or both.

    Beside a test/ alone, a tenth of train/, drawn by seed, becomes validation, so that nothing is
    chosen on test; in Kaggle's copy of FER2013, test/ is PublicTest and PrivateTest together.
    Beside a validation/ alone, that is test as well.

    Args:
        root: Folder that gives the data set its name.
        folders: The folders of the splits, as `find_splits` gives them.
        limit: Read only this many images of each split.
        skip_broken: Leave out and count images that cannot be read.

    Raises:
        DatasetError: A split or a class is missing, or an image is broken; the sentence names it.
    """
    if "train" not in folders or len(folders) == 1:
        raise DatasetError(
            f"{root} holds {next(iter(folders.values())).name}/ but not what belongs to it; "
            "expected train/ with test/ or validation/ or both."
        )
    parts = {split: _list_files(folder) for split, folder in folders.items()}
    _require_same_classes(folders, parts)
    name = _name(root)
    if "validation" not in parts:
        name += " (validation is a tenth of train)"
        train = parts["train"]
        parts["train"], parts["validation"] = _hold_out(
            train, range(len(train)), VALIDATION_SHARE, folders["train"]
        )
    elif "test" not in parts:
        name += " (test is validation)"
    return _read_dataset(name, parts, limit, skip_broken)


def read_classes(
    root: FilePath, split_by: SplitBy, limit: int | None, skip_broken: bool
) -> FaceDataset:
    """Read a flat folder of class folders and hold a fifth of it out, drawn by seed.

    As the tutorials on CK+ do it, validation and test are the same fifth: a figure on it is a
    little too good, since the epoch is chosen on it.

    Args:
        root: The folder; it gives the data set its name.
        split_by: `image` holds out a fifth of the images; `subject` a fifth of the people, told
            by file names such as S010_004_00000017.png: subject, sequence and frame.
        limit: Read only this many images of each split.
        skip_broken: Leave out and count images that cannot be read.

    Raises:
        DatasetError: A class is missing or an image is broken; the sentence names it.
    """
    files = _list_files(root)
    by_subject = split_by == "subject"
    groups = [_subject(file.path) for file in files] if by_subject else range(len(files))
    train, held_out = _hold_out(files, groups, HELD_OUT_SHARE, root)
    name = f"{_name(root)} (80:20 by {split_by}; test is validation)"
    return _read_dataset(name, {"train": train, "validation": held_out}, limit, skip_broken)


def read_folds(root: FilePath, n_folds: int, skip_broken: bool) -> Iterator[FaceDataset]:
    """Read a flat folder of class folders once a fold, with nobody on two sides of a split.

    The people, told by file names as in `read_classes`, are dealt by seed into as many groups as
    there are folds. In the first fold the first group is the test, the second one validation and
    the others are trained on, and so on: each face is in the test of one fold.

    Raises:
        DatasetError: There are fewer people than folds, or the people of a fold's training split
            do not show every class; or as in `read_classes`.
    """
    files = _list_files(root)
    people, members = np.unique([_subject(file.path) for file in files], return_inverse=True)
    if not 3 <= n_folds <= len(people):
        raise DatasetError(
            f"{root} shows {len(people)} people; they make 3 to {len(people)} folds, not {n_folds}."
        )
    dealt = np.random.RandomState(SPLIT_SEED).permutation(len(people)) % n_folds
    for fold in range(n_folds):
        parts: dict[str, list[_File]] = {"train": [], "validation": [], "test": []}
        for file, person in zip(files, members, strict=True):
            turn = (dealt[person] - fold) % n_folds
            parts[{0: "test", 1: "validation"}.get(turn, "train")].append(file)
        missing = {file.emotion for file in files} - {file.emotion for file in parts["train"]}
        if missing:
            raise DatasetError(
                f"{root} has too few people with {', '.join(sorted(missing))} for {n_folds} folds."
            )
        name = f"{_name(root)} (fold {fold + 1} of {n_folds} by subject)"
        yield _read_dataset(name, parts, None, skip_broken)


def _name(root: FilePath) -> str:
    return Path(str(root)).resolve().name.removesuffix(".zip")


def _list_files(folder: FilePath) -> list[_File]:
    """Every file in the class folders of a folder, sorted by the names of both."""
    files = []
    for class_folder in (entry for entry in visible(folder) if entry.is_dir()):
        emotion = _SPELLINGS.get(class_folder.name.lower())
        if emotion is None:
            raise DatasetError(
                f"{class_folder} is named after no emotion; expected {', '.join(_SPELLINGS)}."
            )
        paths = visible(class_folder)
        if not paths:
            raise DatasetError(f"{class_folder} is empty; is the copy complete?")
        files += [_File(path, emotion) for path in paths]
    if not files:
        raise DatasetError(f"{folder} holds no folders named after emotions.")
    return files


def _require_same_classes(folders: dict[str, FilePath], parts: dict[str, list[_File]]) -> None:
    everywhere = {file.emotion for files in parts.values() for file in files}
    for split, files in parts.items():
        missing = everywhere - {file.emotion for file in files}
        if missing:
            raise DatasetError(
                f"{folders[split]} has no folder for {', '.join(sorted(missing))}; "
                "every split needs the same classes."
            )


def _subject(path: FilePath) -> str:
    parts = path.name.split("_")
    if len(parts) != 3:
        raise DatasetError(
            f"{path} does not tell whose face it is; to split by subject, files are named "
            "SUBJECT_SEQUENCE_FRAME, such as S010_004_00000017.png."
        )
    return parts[0]


def _hold_out(
    files: list[_File], groups: Sequence[str | int], share: float, folder: FilePath
) -> tuple[list[_File], list[_File]]:
    """Split files in two, the second with this share of the groups that they belong to.

    The groups drawn are those of scikit-learn's `train_test_split` and `GroupShuffleSplit` with
    `random_state=42`, by which the tutorials split.
    """
    names, members = np.unique(groups, return_inverse=True)
    drawn = np.random.RandomState(SPLIT_SEED).permutation(len(names))
    held_out = np.isin(members, drawn[: math.ceil(share * len(names))])
    kept = [file for file, out in zip(files, held_out, strict=True) if not out]
    missing = {file.emotion for file in files} - {file.emotion for file in kept}
    if missing:
        raise DatasetError(
            f"{folder} has too few images of {', '.join(sorted(missing))} "
            "to split: all of them would be held out."
        )
    return kept, [file for file, out in zip(files, held_out, strict=True) if out]


def _read_dataset(
    name: str, parts: dict[str, list[_File]], limit: int | None, skip_broken: bool
) -> FaceDataset:
    present = {file.emotion for file in parts["train"]}
    emotions = tuple(emotion for emotion in Emotion if emotion in present)
    if len(emotions) == 1:
        raise DatasetError(f"{name} has no other class than {emotions[0]}.")
    faces, n_skipped = {}, 0
    for split, files in parts.items():
        faces[split], n_broken = _read_faces(split, files, emotions, limit, skip_broken)
        n_skipped += n_broken
    if limit is None or limit >= len(parts["train"]):
        _require_all(emotions, faces["train"], parts["train"])
    test = faces.get("test", faces["validation"])
    return FaceDataset(name, emotions, faces["train"], faces["validation"], test, n_skipped)


def _require_all(emotions: tuple[Emotion, ...], read: LabeledFaces, files: list[_File]) -> None:
    """Raise `DatasetError` where all of a class's images to train on are broken."""
    missing = [emotion for label, emotion in enumerate(emotions) if label not in read.labels]
    if missing:
        example = next(file.path for file in files if file.emotion == missing[0])
        raise DatasetError(
            f"No train image of {', '.join(missing)} can be read, such as {example}."
        )


def _read_faces(
    split: str,
    files: list[_File],
    emotions: tuple[Emotion, ...],
    limit: int | None,
    skip_broken: bool,
) -> tuple[LabeledFaces, int]:
    """Read the images of a split, in an order that mixes the classes, so that a limit does too."""
    order = np.random.RandomState(SPLIT_SEED).permutation(len(files))[:limit]
    chosen = [files[index] for index in order]
    with tqdm(chosen, desc=split, unit="image", disable=None) as bar:
        read, n_skipped = parse_each(_read_image, bar, skip_broken)
    if not read:
        raise DatasetError(f"No {split} image can be read, such as {files[0].path}.")
    images = np.stack([image for image, _ in read])
    labels = np.array([emotions.index(emotion) for _, emotion in read], dtype=np.int64)
    return LabeledFaces(images, labels), n_skipped


def _read_image(file: _File) -> tuple[GrayImage, Emotion]:
    try:
        with file.path.open("rb") as opened:
            image = to_gray(decode_image(opened.read(MAX_FILE_BYTES)))
    except ImageDecodeError as error:
        raise DatasetError(f"{file.path}: {error}") from error
    except READ_ERRORS as error:
        raise DatasetError(f"{file.path} cannot be read: {error}.") from error
    height, width = image.shape
    if (height, width) != (FACE_SIZE_PX, FACE_SIZE_PX):
        raise DatasetError(
            f"{file.path} has {width}x{height} pixels instead of {FACE_SIZE_PX}x{FACE_SIZE_PX}."
        )
    return image, file.emotion
