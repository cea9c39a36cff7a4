from pathlib import Path

import numpy as np
import pytest

from fer_core.emotions import FER2013_EMOTIONS
from fer_core.errors import DatasetError
from fer_core.training.datasets import LabeledFaces, load_dataset, rows_not_in
from tests.fer2013 import HEADER, ICML_HEADER, face, pixel_text, row, rows, write_table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "fer2013.csv"


def labeled(*images: np.typing.NDArray[np.uint8]) -> LabeledFaces:
    stacked = np.array(images, dtype=np.uint8).reshape(-1, 48, 48)
    return LabeledFaces(stacked, np.zeros(len(images), dtype=np.int64))


# --- what is read ---


def test_rows_go_to_the_split_of_their_usage_in_their_order(table: Path) -> None:
    dataset = load_dataset(write_table(table, rows(n_train=3, n_validation=2, n_test=1)))
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (3, 2, 1)
    assert dataset.train.labels.tolist() == [0, 1, 2]
    assert dataset.validation.labels.tolist() == [3, 4]
    assert dataset.test.labels.tolist() == [5]
    np.testing.assert_array_equal(dataset.validation.images[1], face(4, 4))
    assert dataset.emotions == FER2013_EMOTIONS


def test_pixels_are_read_row_by_row(table: Path) -> None:
    count = " ".join(str(index % 256) for index in range(48 * 48))
    lines = [row(0, usage, count) for usage in ("Training", "PublicTest", "PrivateTest")]
    image = load_dataset(write_table(table, lines)).train.images[0]
    assert (image.shape, image.dtype) == ((48, 48), np.uint8)
    assert image[0, :3].tolist() == [0, 1, 2]
    assert image[1, 0] == 48
    assert image[5, 16] == 0  # 5 * 48 + 16 = 256, the second count's first


def test_both_publications_of_the_table_give_the_same(tmp_path: Path) -> None:
    kaggle = write_table(tmp_path / "fer2013.csv", rows())
    swapped = [f"{e},{u},{p}" for e, p, u in (line.split(",") for line in rows())]
    icml = write_table(tmp_path / "icml_face_data.csv", swapped, ICML_HEADER)
    assert load_dataset(icml).fingerprint() == load_dataset(kaggle).fingerprint()


@pytest.mark.parametrize("name", ["fer2013.csv", "icml_face_data.csv"])
def test_a_folder_that_holds_the_table_will_do(tmp_path: Path, name: str) -> None:
    write_table(tmp_path / name, rows(4, 1, 1))
    assert len(load_dataset(tmp_path).train) == 4


def test_a_table_may_have_any_name(tmp_path: Path) -> None:
    assert len(load_dataset(write_table(tmp_path / "mine.txt", rows(4, 1, 1))).train) == 4


def test_line_ends_of_windows_and_blank_lines_are_read_over(table: Path) -> None:
    table.write_bytes("\r\n".join([HEADER, *rows(2, 1, 1), "", ""]).encode())
    assert len(load_dataset(table).train) == 2


def test_quoted_pixels_are_read(table: Path) -> None:
    lines = ['{},"{}",{}'.format(*line.split(",")) for line in rows(2, 1, 1)]
    assert len(load_dataset(write_table(table, lines)).train) == 2


@pytest.mark.parametrize(("limit", "n"), [(1, 1), (5, 5), (7, 7), (100, 7), (None, 7)])
def test_a_limit_holds_for_each_split(table: Path, limit: int | None, n: int) -> None:
    dataset = load_dataset(write_table(table, rows()), limit)
    assert [len(s) for s in (dataset.train, dataset.validation, dataset.test)] == [n, n, n]
    np.testing.assert_array_equal(dataset.train.images[0], face(0, 0))


# --- what is refused ---


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        pytest.param(row(7), "emotion is '7'; expected a number from 0 to 6", id="7"),
        pytest.param(row(-1), "emotion is '-1'", id="negative"),
        pytest.param(row(""), "emotion is ''", id="no emotion"),
        pytest.param(row("happy"), "emotion is 'happy'", id="a name"),
        pytest.param(row("3.0"), "emotion is '3.0'", id="a fraction"),
        pytest.param(row("³"), "emotion is '³'", id="a figure that int() refuses"),
        pytest.param(row(usage="Test"), "Usage is 'Test'; expected Training", id="a usage"),
        pytest.param(row(usage=""), "Usage is ''", id="no usage"),
        pytest.param(row(pixels=""), "pixels instead of 2304", id="no pixels"),
        pytest.param(row(pixels="0 " * 2303), "2303 pixels instead of 2304", id="one too few"),
        pytest.param(row(pixels="0 " * 2305), "2305 pixels instead of 2304", id="one too many"),
        pytest.param(row(pixels="256 " * 2304), r"outside 0\.\.255", id="too bright"),
        pytest.param(row(pixels="-1 " * 2304), r"outside 0\.\.255", id="negative pixels"),
        pytest.param(row(pixels=f"{10**30} " * 2304), r"outside 0\.\.255", id="huge pixels"),
        pytest.param(row(pixels="0.5 " * 2304), "not a whole number", id="scaled pixels"),
        pytest.param(row(pixels="0 " * 2303 + "x"), "not a whole number", id="text at the end"),
        pytest.param(row(pixels="nan " * 2304), "not a whole number", id="nan"),
        pytest.param("0,1 2 3", "2 columns instead of 3; is the file cut off", id="cut off"),
        pytest.param(row() + ",more", "4 columns instead of 3", id="a column too many"),
    ],
)
def test_a_bad_row_is_refused_with_its_file_and_line(table: Path, bad: str, sentence: str) -> None:
    write_table(table, [row(), bad, *rows()])
    with pytest.raises(DatasetError, match=sentence) as caught:
        load_dataset(table)
    assert str(caught.value).startswith(f"{table}, line 3: ")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "does not look like FER2013", id="empty"),
        pytest.param(b"\n\n", "does not look like FER2013", id="blank"),
        pytest.param(b"emotion,pixels\n", "does not look like FER2013", id="no Usage"),
        pytest.param(row().encode(), "does not look like FER2013", id="no header"),
        pytest.param(b"PK\x03\x04\xff\xfe", "cannot be read as a CSV table", id="a zip"),
        pytest.param(HEADER.encode() + b"\n0,\xff,Training", "cannot be read", id="not UTF-8"),
        pytest.param(HEADER.encode(), "no row with Usage Training", id="a header alone"),
    ],
)
def test_what_is_no_table_is_refused_with_the_files_name(
    table: Path, content: bytes, sentence: str
) -> None:
    table.write_bytes(content)
    with pytest.raises(DatasetError, match=sentence) as caught:
        load_dataset(table)
    assert str(table) in str(caught.value)
    assert len(str(caught.value)) < len(str(table)) + 300, "a sentence, not the file"


@pytest.mark.parametrize("missing", ["Training", "PublicTest", "PrivateTest"])
def test_a_table_without_one_of_its_splits_is_refused(table: Path, missing: str) -> None:
    write_table(table, [line for line in rows() if not line.endswith(missing)])
    with pytest.raises(DatasetError, match=f"no row with Usage {missing}"):
        load_dataset(table)


def test_a_path_that_does_not_exist_and_a_folder_without_the_table_are_told_apart(
    tmp_path: Path,
) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        load_dataset(tmp_path / "missing")
    with pytest.raises(DatasetError, match=r"holds no fer2013\.csv"):
        load_dataset(tmp_path)


# --- fingerprints and repeated faces ---


def test_a_fingerprint_tells_of_every_pixel_and_label_of_training_and_nothing_else(
    tmp_path: Path,
) -> None:
    def fingerprint(lines: list[str]) -> str:
        return load_dataset(write_table(tmp_path / "fer2013.csv", lines)).fingerprint()

    original = fingerprint(rows())
    image = face(0, 0)
    image[47, 47] ^= 1
    assert len(original) == 64
    assert fingerprint(rows()) == original
    assert fingerprint([row(0, "Training", pixel_text(image)), *rows()[1:]]) != original
    assert fingerprint([row(1, "Training", pixel_text(face(0, 0))), *rows()[1:]]) != original
    assert fingerprint([rows()[1], rows()[0], *rows()[2:]]) != original
    assert fingerprint([*rows(), row(0, "PrivateTest")]) == original


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
    chosen = faces[np.array([True, False, False, True])]
    assert chosen.labels.tolist() == [0, 3]
    np.testing.assert_array_equal(chosen.images[1], face(3))
