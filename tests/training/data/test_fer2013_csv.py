from pathlib import Path

import numpy as np
import pytest

from fer_core.emotions import FER2013_EMOTIONS
from fer_core.errors import DatasetError
from fer_core.training.data.datasets import load_dataset
from tests.fer2013 import (
    HEADER,
    ICML_HEADER,
    VOTES_HEADER,
    face,
    row,
    rows,
    vote_row,
    write_table,
)

NO_VOTES = "0,0,0,0,0,0,0,0,0,0"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "fer2013.csv"


# --- what is read ---


def test_rows_go_to_the_split_of_their_usage_in_their_order(table: Path) -> None:
    dataset = load_dataset(write_table(table, rows(n_train=7, n_validation=2, n_test=1)))
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (7, 2, 1)
    assert dataset.train.labels.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert dataset.validation.labels.tolist() == [0, 1]
    assert dataset.test.labels.tolist() == [2]
    np.testing.assert_array_equal(dataset.validation.images[1], face(1, 8))
    assert dataset.emotions == FER2013_EMOTIONS


def test_pixels_are_read_row_by_row(table: Path) -> None:
    count = " ".join(str(index % 256) for index in range(48 * 48))
    lines = [row(0, usage, count) for usage in ("Training", "PublicTest", "PrivateTest")]
    lines += [row(emotion) for emotion in range(1, 7)]
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


def test_a_table_may_have_any_name(tmp_path: Path) -> None:
    assert len(load_dataset(write_table(tmp_path / "mine.txt", rows(7, 1, 1))).train) == 7


def test_line_ends_of_windows_and_blank_lines_are_read_over(table: Path) -> None:
    table.write_bytes("\r\n".join([HEADER, *rows(7, 1, 1), "", ""]).encode())
    assert len(load_dataset(table).train) == 7


def test_quoted_pixels_are_read(table: Path) -> None:
    lines = ['{},"{}",{}'.format(*line.split(",")) for line in rows(7, 1, 1)]
    assert len(load_dataset(write_table(table, lines)).train) == 7


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
        pytest.param(b"emotion,Usage\n", "does not look like FER2013", id="no pixels"),
        pytest.param(b"emotion,pixels\n", "has too few faces to draw from", id="no faces"),
        pytest.param(row().encode(), "does not look like FER2013", id="no header"),
        pytest.param(b"\x89PNG\r\n\xff\xfe", "does not look like FER2013", id="a photo"),
        pytest.param(
            "\n".join([HEADER, row(), '0,"' + "0 " * 70_000]).encode(),
            "cannot be read beyond line 2",
            id="quotes that nobody closes",
        ),
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


@pytest.mark.parametrize(
    ("kept", "missing"),
    [
        pytest.param({3}, "angry, disgust, fear, sad, surprise, neutral", id="one alone"),
        pytest.param({0, 2, 3, 4, 5, 6}, "disgust", id="all but one"),
    ],
)
def test_an_emotion_that_training_lacks_is_named(table: Path, kept: set[int], missing: str) -> None:
    lines = [line for line in rows(7, 0, 0) if int(line[0]) in kept]
    write_table(table, [*lines, *rows(0, 7, 0), *rows(0, 0, 7)])
    for limit in (None, 1):
        with pytest.raises(DatasetError, match=f"no row with Usage Training that shows {missing};"):
            load_dataset(table, limit)


def test_an_emotion_whose_rows_are_all_broken_is_named_even_where_they_are_left_out(
    table: Path,
) -> None:
    write_table(table, [*rows()[1:], row(0, pixels="1 2 3")])
    with pytest.raises(DatasetError, match="no row with Usage Training that shows angry;"):
        load_dataset(table, skip_broken=True)


# --- what is left out ---


def test_broken_rows_are_left_out_and_counted_where_that_is_asked_for(table: Path) -> None:
    broken = [row(7), row(usage="Test"), row(pixels="1 2 3"), "0,1 2"]
    write_table(table, [*broken, *rows(8, 2, 1), *broken])
    dataset = load_dataset(table, skip_broken=True)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (8, 2, 1)
    assert dataset.n_skipped == 8


def test_nothing_is_left_out_of_a_sound_table(table: Path) -> None:
    assert load_dataset(write_table(table, rows(7, 1, 1)), skip_broken=True).n_skipped == 0


def test_a_table_of_broken_rows_alone_is_refused_even_then(table: Path) -> None:
    with pytest.raises(DatasetError, match="no row with Usage Training"):
        load_dataset(write_table(table, [row(7)]), skip_broken=True)


def test_a_byte_that_is_no_text_breaks_its_row_and_not_the_table(table: Path) -> None:
    lines = "\n".join([HEADER, row(), "0,BAD,Training", *rows(7, 1, 1)])
    table.write_bytes(lines.encode().replace(b"BAD", b"\xff"))
    with pytest.raises(DatasetError, match="line 3: a pixel is not a whole number"):
        load_dataset(table)
    assert load_dataset(table, skip_broken=True).n_skipped == 1


# --- other ways to write the table ---


@pytest.mark.parametrize(
    ("header", "separator", "encoding"),
    [
        pytest.param("emotion,pixels,usage", ",", "utf-8", id="lower case"),
        pytest.param("Emotion,Pixels,Usage", ",", "utf-8", id="capitals"),
        pytest.param(HEADER, ";", "utf-8", id="semicolons"),
        pytest.param(HEADER, "\t", "utf-8", id="tabs"),
        pytest.param(HEADER, ",", "utf-8-sig", id="a byte order mark"),
        pytest.param("EMOTION,PIXELS,USAGE", ";", "utf-8-sig", id="all at once"),
        pytest.param(HEADER, "\t", "utf-16", id="UTF-16"),
    ],
)
def test_a_table_is_read_as_other_programs_write_it(
    tmp_path: Path, table: Path, header: str, separator: str, encoding: str
) -> None:
    expected = load_dataset(write_table(tmp_path / "plain.csv", rows(7, 2, 1)))
    text = "\n".join([header, *rows(7, 2, 1)]).replace(",", separator)
    table.write_text(text, encoding=encoding)
    dataset = load_dataset(table)
    assert dataset.fingerprint() == expected.fingerprint()
    assert (len(dataset.validation), len(dataset.test), dataset.notes) == (2, 1, ())


def test_usages_are_known_in_any_case(table: Path) -> None:
    write_table(table, [line.lower() for line in rows(7, 2, 1)])
    assert len(load_dataset(table).validation) == 2


@pytest.mark.parametrize("name", ["train.csv", "fer2013 (1).csv", "FER2013.CSV"])
def test_a_folders_table_is_known_by_its_columns(tmp_path: Path, name: str) -> None:
    write_table(tmp_path / name, rows(7, 2, 1))
    (tmp_path / "test.csv").write_text("pixels\n0 0 0\n")
    (tmp_path / "submission.csv").write_text("0\n")
    (tmp_path / "broken.csv").write_bytes(b"\x89PNG\r\n\xff\xfe")
    assert load_dataset(tmp_path).name == "FER2013"


def test_a_folder_with_two_tables_of_other_names_is_refused(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        write_table(tmp_path / name, rows())
    with pytest.raises(DatasetError, match=r"holds a\.csv and b\.csv: name the one to read"):
        load_dataset(tmp_path)


# --- the competition's table, which has no Usage ---


def without_usage(lines: list[str]) -> list[str]:
    return [line.rpartition(",")[0] for line in lines]


def test_a_table_without_usage_is_split_by_seed_and_says_so(tmp_path: Path) -> None:
    table = write_table(tmp_path / "train.csv", without_usage(rows(70, 0, 0)), "emotion,pixels")
    dataset = load_dataset(table)
    assert (len(dataset.train), len(dataset.validation), len(dataset.test)) == (56, 7, 7)
    assert dataset.name == "FER2013 (train.csv, split 80:10:10 by seed)"
    assert dataset.notes == (
        f"{table} has no column Usage: 56 faces to train on, 7 to validate and 7 to test were "
        "drawn by seed.",
    )
    assert load_dataset(table).fingerprint() == dataset.fingerprint()


def test_no_image_stands_in_two_splits_of_a_table_without_usage(tmp_path: Path) -> None:
    lines = without_usage(rows(35, 0, 0)) * 3
    dataset = load_dataset(write_table(tmp_path / "train.csv", lines, "emotion,pixels"))
    splits = [
        {image.tobytes() for image in part.images}
        for part in (dataset.train, dataset.validation, dataset.test)
    ]
    assert [len(split) for split in splits] == [27, 4, 4]
    assert len(set.union(*splits)) == 35


def test_votes_beside_a_table_without_usage_are_not_read(tmp_path: Path) -> None:
    table = write_table(tmp_path / "train.csv", without_usage(rows(70, 0, 0)), "emotion,pixels")
    write_votes(table, vote_row())
    assert load_dataset(table).train.votes is None


@pytest.mark.parametrize("n", [1, 2, 6])
def test_a_table_without_usage_of_few_faces_is_refused(tmp_path: Path, n: int) -> None:
    table = write_table(tmp_path / "train.csv", without_usage(rows(n, 0, 0)), "emotion,pixels")
    with pytest.raises(DatasetError, match="has too few faces to draw from for"):
        load_dataset(table)


# --- votes ---


def write_votes(table: Path, *lines: str, header: str = VOTES_HEADER) -> Path:
    return write_table(table.with_name("fer2013new.csv"), lines, header)


def test_without_a_table_of_votes_there_are_none(table: Path) -> None:
    assert load_dataset(write_table(table, rows(7, 1, 1))).train.votes is None


def test_votes_go_with_the_face_of_the_same_row(table: Path) -> None:
    others = [row(emotion) for emotion in range(2, 7)]
    faces = [row(3, "PrivateTest"), row(0), row(6, "PublicTest"), row(1), *others]
    write_votes(
        table,
        vote_row("PrivateTest", "0,9,0,0,0,0,0,0,0,1"),
        vote_row("Training", NO_VOTES),
        vote_row("PublicTest", "10,0,0,0,0,0,0,0,0,0"),
        vote_row("Training", "1,0,0,2,3,4,0,0,0,0"),
        *[vote_row("Training", NO_VOTES)] * len(others),
    )
    dataset = load_dataset(write_table(table, faces))
    assert dataset.train.votes is not None
    assert dataset.test.votes is not None
    assert dataset.train.votes.dtype == np.uint8
    assert dataset.train.votes[:2].tolist() == [[0] * 10, [1, 0, 0, 2, 3, 4, 0, 0, 0, 0]]
    assert dataset.test.votes.tolist() == [[0, 9, 0, 0, 0, 0, 0, 0, 0, 1]]
    limited = load_dataset(table, limit=1).train.votes
    assert limited is not None
    assert limited.shape == (1, 10)


def test_a_face_that_is_left_out_takes_its_votes_along(table: Path) -> None:
    write_table(table, [row(7), *rows(7, 1, 1)])
    usages = ["Training"] * 8 + ["PublicTest", "PrivateTest"]
    write_votes(
        table, *(vote_row(u, f"{n},0,0,0,0,0,0,0,0,0") for n, u in enumerate(usages, start=1))
    )
    dataset = load_dataset(table, skip_broken=True)
    assert dataset.train.votes is not None
    assert dataset.train.votes[:, 0].tolist() == [2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("bad", "sentence"),
    [
        pytest.param(vote_row(votes="-1,0,0,0,0,0,0,0,0,0"), "a vote is outside", id="negative"),
        pytest.param(vote_row(votes="x,0,0,0,0,0,0,0,0,0"), "a vote is not a whole", id="text"),
        pytest.param(vote_row(votes=",0,0,0,0,0,0,0,0,0"), "9 votes instead of 10", id="a gap"),
        pytest.param(vote_row(votes="1,2"), "4 columns instead of 12", id="cut off"),
        pytest.param(vote_row("PublicTest"), "Usage is 'PublicTest'; the face's", id="shifted"),
    ],
)
def test_a_bad_row_of_votes_is_refused_or_left_out(table: Path, bad: str, sentence: str) -> None:
    write_table(table, [row(), *rows(7, 1, 1)])
    others = [vote_row(usage) for usage in ["Training"] * 7 + ["PublicTest", "PrivateTest"]]
    votes = write_votes(table, bad, *others)
    with pytest.raises(DatasetError, match=sentence) as caught:
        load_dataset(table)
    assert str(caught.value).startswith(f"{votes}, line 2: ")
    dataset = load_dataset(table, skip_broken=True)
    assert (len(dataset.train), dataset.n_skipped) == (7, 1)


@pytest.mark.parametrize("n", [0, 2, 4])
def test_votes_for_more_or_fewer_rows_than_there_are_faces_are_refused(table: Path, n: int) -> None:
    write_table(table, rows(3, 0, 0))
    write_votes(table, *[vote_row()] * n)
    with pytest.raises(DatasetError, match="differ in their number of rows"):
        load_dataset(table, skip_broken=True)


def test_a_table_of_votes_with_other_columns_is_refused(table: Path) -> None:
    write_table(table, rows(7, 1, 1))
    votes = write_votes(table, header=HEADER)
    with pytest.raises(DatasetError, match=r"should name the columns Usage, neutral") as caught:
        load_dataset(table)
    assert str(votes) in str(caught.value)
