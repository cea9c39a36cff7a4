"""Builders of small tables in FER2013's layout."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

HEADER = "emotion,pixels,Usage"
"""First line of Kaggle's fer2013.csv."""

ICML_HEADER = "emotion, Usage, pixels"
"""First line of icml_face_data.csv: other columns first, and blanks in their names."""

VOTES_HEADER = (
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
)
"""First line of FER+'s fer2013new.csv."""


def face(emotion: int, seed: int = 0) -> npt.NDArray[np.uint8]:
    """A gray image of 48x48 with a bright band whose height tells the emotion, and noise."""
    image = np.random.default_rng(seed).integers(0, 60, (48, 48), dtype=np.uint8)
    image[6 * emotion + 2 : 6 * emotion + 8] += 150
    return image


def pixel_text(image: npt.NDArray[np.uint8]) -> str:
    """Pixels row by row, as the table's `pixels` column holds them."""
    return " ".join(str(value) for value in image.ravel())


def row(emotion: int | str = 0, usage: str = "Training", pixels: str | None = None) -> str:
    """One line of a table with `HEADER`."""
    return f"{emotion},{pixel_text(face(0)) if pixels is None else pixels},{usage}"


def rows(n_train: int = 7, n_validation: int = 7, n_test: int = 7) -> list[str]:
    """Lines of all three splits; no two faces are alike, emotions take turns."""
    counts = {"Training": n_train, "PublicTest": n_validation, "PrivateTest": n_test}
    usages = [usage for usage, n in counts.items() for _ in range(n)]
    return [
        row(index % 7, usage, pixel_text(face(index % 7, index)))
        for index, usage in enumerate(usages)
    ]


def vote_row(usage: str = "Training", votes: str = "10,0,0,0,0,0,0,0,0,0") -> str:
    """One line of a table with `VOTES_HEADER`."""
    return f"{usage},fer0000000.png,{votes}"


def votes_for(emotion: int, n: int = 10) -> str:
    """So many votes for one of FER2013's emotions, for `vote_row`."""
    counts = [0] * 10
    counts[(4, 5, 6, 1, 3, 2, 0)[emotion]] = n
    return ",".join(map(str, counts))


def write_table(path: Path, lines: Iterable[str], header: str = HEADER) -> Path:
    """Write a table and return its path."""
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path
