"""Builders of small folders of face images, and of zips of them."""

import io
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tests.fer2013 import face

CK_CLASSES = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
"""The folders of CK+48."""


def png(image: npt.NDArray[np.uint8]) -> bytes:
    """A PNG file of a gray image `(H, W)` or a colored one `(H, W, 3)`."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def write_classes(
    folder: Path,
    classes: Iterable[str] = CK_CLASSES,
    n_subjects: int = 5,
    n_frames: int = 3,
    first_seed: int = 0,
) -> Path:
    """Write a folder of class folders, each with some frames of every subject; no two are alike.

    Files are named as in CK+48: S001_001_00000001.png.
    """
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index in range(n_subjects * n_frames):
            subject, frame = divmod(index, n_frames)
            image = face(label % 7, seed=first_seed + 1000 * label + index)
            path = folder / name / f"S{subject + 1:03}_{label + 1:03}_{frame + 1:08}.png"
            path.write_bytes(png(image))
    return folder


def write_zip(path: Path, folder: Path) -> Path:
    """Pack what a folder holds, without the folder itself, and return the zip's path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def write_tar(path: Path, folder: Path) -> Path:
    """Pack the same as a tar, compressed as its name says, and return its path."""
    kinds = {".gz": "gz", ".tgz": "gz", ".bz2": "bz2", ".xz": "xz"}
    with tarfile.open(path, f"w:{kinds.get(path.suffix, '')}") as archive:  # type: ignore[call-overload]
        archive.add(folder, ".")
    return path
