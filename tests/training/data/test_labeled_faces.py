from pathlib import Path

import numpy as np
import pytest

from fer_core.training.data.datasets import load_dataset
from fer_core.training.data.labeled_faces import LabeledFaces, rows_not_in
from tests.fer2013 import (
    VOTES_HEADER,
    face,
    pixel_text,
    row,
    rows,
    vote_row,
    votes_for,
    write_table,
)


def labeled(*images: np.typing.NDArray[np.uint8]) -> LabeledFaces:
    stacked = np.array(images, dtype=np.uint8).reshape(-1, 48, 48)
    return LabeledFaces(stacked, np.zeros(len(images), dtype=np.int64))


def test_a_fingerprint_tells_of_every_pixel_and_label_of_training_and_nothing_else(
    tmp_path: Path,
) -> None:
    def fingerprint(lines: list[str]) -> str:
        return load_dataset(write_table(tmp_path / "fer2013.csv", lines)).fingerprint()

    lines = rows(14)  # of each emotion two
    original = fingerprint(lines)
    image = face(0, 0)
    image[47, 47] ^= 1
    assert len(original) == 64
    assert fingerprint(lines) == original
    assert fingerprint([row(0, "Training", pixel_text(image)), *lines[1:]]) != original
    assert fingerprint([row(1, "Training", pixel_text(face(0, 0))), *lines[1:]]) != original
    assert fingerprint([lines[1], lines[0], *lines[2:]]) != original
    assert fingerprint([*lines, row(0, "PrivateTest")]) == original


def test_the_fingerprint_beside_tells_of_validation_and_where_they_count_of_votes(
    tmp_path: Path,
) -> None:
    def fingerprints(lines: list[str], votes: str) -> tuple[str, str]:
        told = [vote_row(line.rsplit(",", 1)[1], votes) for line in lines]
        write_table(tmp_path / "fer2013new.csv", told, VOTES_HEADER)
        faces = load_dataset(write_table(tmp_path / "fer2013.csv", lines))
        return faces.fingerprint_beside(votes=False), faces.fingerprint_beside(votes=True)

    lines = rows()
    original = fingerprints(lines, votes_for(3))
    assert len(set(original)) == 2
    assert fingerprints(lines, votes_for(3)) == original
    assert fingerprints([*lines, row(0, "PrivateTest")], votes_for(3)) == original
    more = fingerprints([*lines, row(0, "PublicTest")], votes_for(3))
    assert not set(more) & set(original)
    assert fingerprints(lines, votes_for(4))[0] == original[0]
    assert fingerprints(lines, votes_for(4))[1] != original[1]


@pytest.mark.parametrize(
    ("faces", "others", "expected"),
    [
        pytest.param((), (face(1),), [], id="no faces"),
        pytest.param((face(1),), (), [True], id="no others"),
        pytest.param((face(1), face(2)), (face(2), face(3)), [True, False], id="one in both"),
        pytest.param((face(1), face(1)), (face(1),), [False, False], id="twice"),
        pytest.param((face(1, 0),), (face(1, 1),), [True], id="alike but not the same"),
    ],
)
def test_rows_whose_pixels_stand_in_another_split_are_found(
    faces: tuple[np.typing.NDArray[np.uint8], ...],
    others: tuple[np.typing.NDArray[np.uint8], ...],
    expected: list[bool],
) -> None:
    mask = rows_not_in(labeled(*faces), labeled(*others))
    assert mask.dtype == np.bool_
    assert mask.tolist() == expected


def test_rows_of_a_split_are_chosen_by_slice_or_by_mask() -> None:
    faces = LabeledFaces(np.stack([face(k) for k in range(4)]), np.arange(4))
    assert faces[1:3].labels.tolist() == [1, 2]
    assert faces[1:3].votes is None
    chosen = faces[np.array([True, False, False, True])]
    assert chosen.labels.tolist() == [0, 3]
    np.testing.assert_array_equal(chosen.images[1], face(3))


def test_chosen_rows_keep_their_votes() -> None:
    votes = np.arange(30, dtype=np.uint8).reshape(3, 10)
    faces = LabeledFaces(np.zeros((3, 48, 48), np.uint8), np.zeros(3, np.int64), votes)
    for rows_chosen in (slice(1, 2), np.array([False, True, False])):
        chosen = faces[rows_chosen].votes
        assert chosen is not None
        assert chosen.tolist() == [list(range(10, 20))]
