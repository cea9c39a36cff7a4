"""Faces as image files in folders that are named after their classes."""

import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from tqdm import tqdm

from fer_core.decoding import CUT_OFF, decode_photo
from fer_core.emotions import Emotion
from fer_core.errors import DatasetError, ImageDecodeError
from fer_core.images import GrayImage, to_gray, to_gray_face
from fer_core.training.data.class_folders import ImageFile, Listing, Reading, list_images
from fer_core.training.data.labeled_faces import FACE_SIZE_PX, FaceDataset, LabeledFaces
from fer_core.training.data.sources import READ_ERRORS, FilePath, parse_each

SplitBy = Literal["image", "subject"]
"""Split by image, or by subject, so that all faces of one person are in one split."""

SPLIT_SEED = 42
"""Seed of every split made here; the one that tutorials on CK+ use."""

HELD_OUT_SHARE = 0.2
"""Share of a flat folder that is held out; tutorials on CK+ split 80:20."""

VALIDATION_SHARE = 0.1
"""Share of train/ that is held out to choose epochs on where only test/ lies beside it."""

MAX_FILE_BYTES = 50_000_000
"""No more of a file is read, whatever an archive says of its size."""


class _Image(NamedTuple):
    pixels: GrayImage
    emotion: Emotion
    is_converted: bool


def read_splits(root: FilePath, folders: dict[str, FilePath], reading: Reading) -> FaceDataset:
    """Read train/ and what is held out beside it: validation/, test/ or both.

    Beside a test/ alone, a tenth of train/, drawn by seed, becomes validation, so that nothing is
    chosen on test; in Kaggle's copy of FER2013, test/ is PublicTest and PrivateTest together.
    Beside a validation/ alone, that is test as well.

    Args:
        root: Folder that gives the data set its name.
        folders: The folders of the splits, as `find_splits` gives them.
        reading: The rules for reading them.

    Raises:
        DatasetError: A split or a class is missing, or an image is broken; the sentence names it.
    """
    if "train" not in folders or len(folders) == 1:
        raise DatasetError(
            f"{root} holds {next(iter(folders.values())).name}/ but not what belongs to it; "
            "expected train/ with test/ or validation/ or both."
        )
    listings = {split: list_images(folder, reading) for split, folder in folders.items()}
    parts = {split: listing.images for split, listing in listings.items()}
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
    return _read_dataset(name, parts, [*listings.values()], reading)


def read_classes(root: FilePath, split_by: SplitBy, reading: Reading) -> FaceDataset:
    """Read a flat folder of class folders and hold a fifth of it out, drawn by seed.

    As the tutorials on CK+ do it, validation and test are the same fifth: a figure on it is a
    little too good, since the epoch is chosen on it.

    Args:
        root: The folder; it gives the data set its name.
        split_by: `image` holds out a fifth of the images; `subject` a fifth of the people, told
            by file names such as S010_004_00000017.png: subject, sequence and frame.
        reading: The rules for reading them.

    Raises:
        DatasetError: A class is missing or an image is broken; the sentence names it.
    """
    listing = list_images(root, reading)
    files = listing.images
    by_subject = split_by == "subject"
    groups = [_subject(file.path) for file in files] if by_subject else range(len(files))
    train, held_out = _hold_out(files, groups, HELD_OUT_SHARE, root)
    name = f"{_name(root)} (80:20 by {split_by}; test is validation)"
    return _read_dataset(name, {"train": train, "validation": held_out}, [listing], reading)


def read_folds(root: FilePath, n_folds: int, reading: Reading) -> Iterator[FaceDataset]:
    """Read a flat folder of class folders once a fold, with nobody on two sides of a split.

    The people, told by file names as in `read_classes`, are dealt by seed into as many groups as
    there are folds. In the first fold the first group is the test, the second one validation and
    the others are trained on, and so on: each face is in the test of one fold.

    Raises:
        DatasetError: There are fewer people than folds, or the people of a fold's training split
            do not show every class; or as in `read_classes`.
    """
    listing = list_images(root, reading)
    files = listing.images
    people, members = np.unique([_subject(file.path) for file in files], return_inverse=True)
    if not 3 <= n_folds <= len(people):
        raise DatasetError(
            f"{root} shows {len(people)} people; they make 3 to {len(people)} folds, not {n_folds}."
        )
    dealt = np.random.RandomState(SPLIT_SEED).permutation(len(people)) % n_folds
    for fold in range(n_folds):
        parts: dict[str, list[ImageFile]] = {"train": [], "validation": [], "test": []}
        for file, person in zip(files, members, strict=True):
            turn = (dealt[person] - fold) % n_folds
            parts[{0: "test", 1: "validation"}.get(turn, "train")].append(file)
        missing = {file.emotion for file in files} - {file.emotion for file in parts["train"]}
        if missing:
            raise DatasetError(
                f"{root} has too few people with {', '.join(sorted(missing))} for {n_folds} folds."
            )
        name = f"{_name(root)} (fold {fold + 1} of {n_folds} by subject)"
        yield _read_dataset(name, parts, [listing], reading)


def _name(root: FilePath) -> str:
    return re.sub(r"(\.zip|\.tgz|\.tar(\.\w+)?)$", "", Path(str(root)).resolve().name)


def _require_same_classes(folders: dict[str, FilePath], parts: dict[str, list[ImageFile]]) -> None:
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
    files: list[ImageFile], groups: Sequence[str | int], share: float, folder: FilePath
) -> tuple[list[ImageFile], list[ImageFile]]:
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
    name: str, parts: dict[str, list[ImageFile]], listings: list[Listing], reading: Reading
) -> FaceDataset:
    present = {file.emotion for file in parts["train"]}
    emotions = tuple(emotion for emotion in Emotion if emotion in present)
    if len(emotions) == 1:
        raise DatasetError(f"{name} has no other class than {emotions[0]}.")
    read = {split: _read_images(split, files, reading) for split, files in parts.items()}
    faces = {split: _stack(images, emotions) for split, (images, _) in read.items()}
    if reading.limit is None or reading.limit >= len(parts["train"]):
        _require_all(emotions, faces["train"], parts["train"])
    return FaceDataset(
        name,
        emotions,
        faces["train"],
        faces["validation"],
        faces.get("test", faces["validation"]),
        n_skipped=sum(n for _, n in read.values()) + sum(found.n_skipped for found in listings),
        notes=_notes([image for images, _ in read.values() for image in images], listings),
    )


def _notes(images: list[_Image], listings: list[Listing]) -> tuple[str, ...]:
    """Say what was converted and what was passed over, each in one sentence."""
    notes = []
    n_converted = sum(image.is_converted for image in images)
    if n_converted:
        notes.append(
            f"{n_converted} of {len(images)} images were made gray and scaled to "
            f"{FACE_SIZE_PX}x{FACE_SIZE_PX} pixels."
        )
    passed_over = [path for listing in listings for path in listing.passed_over]
    if passed_over:
        notes.append(
            f"Passed over among the images: {len(passed_over)} other files or folders, such as "
            f"{passed_over[0]}."
        )
    return tuple(notes)


def _require_all(emotions: tuple[Emotion, ...], read: LabeledFaces, files: list[ImageFile]) -> None:
    """Raise `DatasetError` if all of a class's images to train on are broken."""
    missing = [emotion for label, emotion in enumerate(emotions) if label not in read.labels]
    if missing:
        example = next(file.path for file in files if file.emotion == missing[0])
        raise DatasetError(
            f"No train image of {', '.join(missing)} can be read, such as {example}."
        )


def _read_images(split: str, files: list[ImageFile], reading: Reading) -> tuple[list[_Image], int]:
    """Read the images of a split, in an order that mixes the classes, so that a limit does too.

    Returns:
        The images, and how many are broken and were left out.
    """
    order = np.random.RandomState(SPLIT_SEED).permutation(len(files))[: reading.limit]
    chosen = [files[index] for index in order]
    with tqdm(chosen, desc=split, unit="image", disable=None) as bar:
        read, n_skipped = parse_each(_read_image, bar, reading.skip_broken)
    if not read:
        raise DatasetError(f"No {split} image can be read, such as {files[0].path}.")
    return read, n_skipped


def _stack(images: list[_Image], emotions: tuple[Emotion, ...]) -> LabeledFaces:
    labels = [emotions.index(image.emotion) for image in images]
    return LabeledFaces(
        np.stack([image.pixels for image in images]), np.array(labels, dtype=np.int64)
    )


def _read_image(file: ImageFile) -> _Image:
    try:
        with file.path.open("rb") as opened:
            image, problem = decode_photo(opened.read(MAX_FILE_BYTES))
        if problem == CUT_OFF:
            raise ImageDecodeError("The photo is cut off.")
    except ImageDecodeError as error:
        raise DatasetError(f"{file.path}: {error}") from error
    except READ_ERRORS as error:
        raise DatasetError(f"{file.path} cannot be read: {error}.") from error
    fits = image.shape[:2] == (FACE_SIZE_PX, FACE_SIZE_PX)
    gray = to_gray(image) if fits else to_gray_face(image, FACE_SIZE_PX, FACE_SIZE_PX)
    return _Image(gray, file.emotion, not fits or bool((image != gray[..., np.newaxis]).any()))
