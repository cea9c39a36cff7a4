"""Folders that are named after classes, and the images in them."""

from dataclasses import dataclass
from typing import NamedTuple

from fer_core.decoding import PHOTO_SUFFIXES
from fer_core.emotions import Emotion
from fer_core.errors import DatasetError
from fer_core.training.data.class_names import ClassNames
from fer_core.training.data.sources import FilePath, visible

_SPLITS = {
    "train": "train",
    "training": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "publictest": "validation",
    "test": "test",
    "testing": "test",
    "privatetest": "test",
}


@dataclass(frozen=True)
class Reading:
    """The rules for reading a folder.

    Attributes:
        names: Says what class folders show.
        limit: Most images of each split, None for all.
        skip_broken: Leave out and count images that cannot be read, and those in folders whose
            emotion nothing tells.
    """

    names: ClassNames
    limit: int | None
    skip_broken: bool


class ImageFile(NamedTuple):
    """An image on disk or in an archive, and what its folder says that it shows."""

    path: FilePath
    emotion: Emotion


@dataclass(frozen=True)
class Listing:
    """The content of a split's class folders.

    Attributes:
        images: The images, by the names of folders and files.
        passed_over: Other files and folders among them.
        n_skipped: Number of images left out because nothing tells what they show.
    """

    images: list[ImageFile]
    passed_over: list[FilePath]
    n_skipped: int


def find_splits(root: FilePath) -> dict[str, FilePath]:
    """The folders for train, validation and test in a folder, by these names."""
    return {
        _SPLITS[entry.name.lower()]: entry
        for entry in visible(root)
        if entry.name.lower() in _SPLITS and entry.is_dir()
    }


def has_classes(root: FilePath, names: ClassNames) -> bool:
    """True if a folder holds one that is named after an emotion."""
    return any(names.emotion_of(entry.name) and entry.is_dir() for entry in visible(root))


def list_images(folder: FilePath, reading: Reading) -> Listing:
    """List what lies in the class folders of a folder.

    Raises:
        DatasetError: A class is unknown or has no images, or there is none.
    """
    images: list[ImageFile] = []
    passed_over: list[FilePath] = []
    n_skipped = 0
    for class_folder in visible(folder):
        name = class_folder.name
        if not class_folder.is_dir() or reading.names.ignores(name):
            continue
        paths: list[FilePath] = []
        for path in visible(class_folder):
            (paths if _is_image(path) else passed_over).append(path)
        emotion = reading.names.emotion_of(name)
        if emotion is None and not reading.skip_broken:
            raise reading.names.unknown(class_folder, name)
        if emotion is None:
            n_skipped += len(paths)
        elif not paths:
            raise DatasetError(f"{class_folder} holds no images; is the copy complete?")
        else:
            images += [ImageFile(path, emotion) for path in paths]
    if not images:
        raise DatasetError(f"{folder} holds no folders named after emotions.")
    return Listing(images, passed_over, n_skipped)


def _is_image(path: FilePath) -> bool:
    return path.name.lower().endswith(PHOTO_SUFFIXES) and not path.is_dir()
