from collections.abc import Callable
from pathlib import Path

import pytest

from fer_core.errors import DatasetError
from fer_core.training.data.datasets import load_dataset
from tests.face_folders import write_classes, write_zip
from tests.fer2013 import VOTES_HEADER, row, rows, vote_row, write_table


def write_fer2013(folder: Path) -> None:
    write_table(folder / "fer2013.csv", rows(7, 1, 1))


def write_icml(folder: Path) -> None:
    write_table(folder / "icml_face_data.csv", rows(7, 1, 1))


def write_splits(folder: Path) -> None:
    write_classes(folder / "train")
    write_classes(folder / "test")


Writer = Callable[[Path], object]

LAYOUTS = [
    pytest.param(write_fer2013, id="fer2013.csv"),
    pytest.param(write_icml, id="icml_face_data.csv"),
    pytest.param(write_splits, id="train and test"),
    pytest.param(write_classes, id="classes"),
]


# --- what is no data set ---


def test_a_path_that_does_not_exist_and_a_folder_without_data_are_told_apart(
    tmp_path: Path,
) -> None:
    with pytest.raises(DatasetError, match="does not exist"):
        load_dataset(tmp_path / "missing")
    with pytest.raises(DatasetError, match=r"holds no fer2013\.csv or icml_face_data\.csv, no tra"):
        load_dataset(tmp_path)


def test_what_the_system_refuses_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"x cannot be read: .*File name too long.*\.$"):
        load_dataset(tmp_path / ("x" * 300))


def test_a_folder_with_several_data_sets_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_classes(tmp_path / name)
    with pytest.raises(DatasetError, match=f"{tmp_path} holds no fer2013"):
        load_dataset(tmp_path)


def test_a_class_folder_alone_is_refused(tmp_path: Path) -> None:
    write_classes(tmp_path)
    with pytest.raises(DatasetError, match="no folders named after emotions"):
        load_dataset(tmp_path / "happy")


@pytest.mark.parametrize("write", LAYOUTS[:3])
def test_what_has_splits_of_its_own_is_not_split_by_subject(tmp_path: Path, write: Writer) -> None:
    write(tmp_path)
    with pytest.raises(DatasetError, match="has splits of its own"):
        load_dataset(tmp_path, split_by="subject")


# --- the same data wherever they lie ---


@pytest.mark.parametrize("write", LAYOUTS)
@pytest.mark.parametrize("wrapper", ["", "data/faces"])
def test_a_layout_is_read_alike_from_a_folder_from_what_wraps_it_and_from_a_zip(
    tmp_path: Path, write: Writer, wrapper: str
) -> None:
    plain, wrapped = tmp_path / "faces", tmp_path / "wrapped"
    for folder in (plain, wrapped / wrapper):
        folder.mkdir(parents=True)
        write(folder)
    (wrapped / "__MACOSX").mkdir()
    expected = load_dataset(plain)
    zipped = load_dataset(write_zip(tmp_path / "faces.zip", wrapped))
    assert zipped.name == expected.name
    for dataset in (zipped, load_dataset(wrapped)):
        assert dataset.fingerprint() == expected.fingerprint()
        assert dataset.emotions == expected.emotions
        assert len(dataset.test) == len(expected.test)


@pytest.mark.parametrize("wrapper", ["", "fer2013"])
def test_votes_are_found_in_a_zip_too(tmp_path: Path, wrapper: str) -> None:
    folder = tmp_path / "tables" / wrapper
    folder.mkdir(parents=True)
    write_table(folder / "fer2013.csv", rows(7, 1, 1))
    usages = ["Training"] * 7 + ["PublicTest", "PrivateTest"]
    write_table(folder / "fer2013new.csv", map(vote_row, usages), VOTES_HEADER)
    votes = load_dataset(write_zip(tmp_path / "tables.zip", tmp_path / "tables")).train.votes
    assert votes is not None
    assert votes.tolist() == [[10, 0, 0, 0, 0, 0, 0, 0, 0, 0]] * 7


def test_a_broken_row_in_a_zip_is_named_with_the_zip_its_file_and_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    write_table(folder / "fer2013.csv", [row(7)])
    path = write_zip(tmp_path / "tables.zip", folder)
    with pytest.raises(DatasetError, match="emotion is '7'") as caught:
        load_dataset(path)
    assert str(caught.value).startswith(f"{path}/fer2013.csv, line 2: ")


def test_a_table_comes_before_folders_beside_it(tmp_path: Path) -> None:
    write_fer2013(tmp_path)
    write_splits(tmp_path)
    assert load_dataset(tmp_path).name == "FER2013"


# --- progress ---


@pytest.mark.parametrize("write", LAYOUTS)
def test_nothing_is_told_where_there_is_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], write: Writer
) -> None:
    write(tmp_path)
    load_dataset(tmp_path)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("write", "bar"), [(write_fer2013, "fer2013.csv"), (write_classes, "train")]
)
def test_a_terminal_shows_how_far_reading_has_come(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    write: Writer,
    bar: str,
) -> None:
    write(tmp_path)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    load_dataset(tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{bar}: 100%" in err
