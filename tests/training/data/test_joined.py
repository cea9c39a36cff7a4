from dataclasses import replace
from pathlib import Path

import pytest

from fer_core.emotions import Emotion
from fer_core.errors import DatasetError
from fer_core.training.data.datasets import load_beside, load_dataset, load_joined
from fer_core.training.data.ferplus import vote_targets
from fer_core.training.data.joined import N_REPEATED, joined
from fer_core.training.data.labeled_faces import FaceDataset
from tests.face_folders import write_classes
from tests.fer2013 import VOTES_HEADER, rows, vote_row, write_table


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    usages = [usage for usage in ("Training", "PublicTest", "PrivateTest") for _ in range(7)]
    votes = [vote_row(usage) for usage in usages]
    write_table(folder / "fer2013new.csv", votes, VOTES_HEADER)
    return write_table(folder / "fer2013.csv", rows(7, 7, 7))


@pytest.fixture(scope="module")
def posed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classes(tmp_path_factory.mktemp("posed") / "CK+48", n_subjects=5, n_frames=2)


@pytest.fixture(scope="module")
def both(table: Path, posed: Path) -> FaceDataset:
    return load_joined([table, posed])


def test_a_single_data_set_is_what_load_dataset_reads(table: Path) -> None:
    assert load_joined([table]).fingerprint() == load_dataset(table).fingerprint()
    assert load_joined([table]).beside == ()


def test_the_main_data_set_stays_whole_and_the_other_stands_four_times_beside_it(
    both: FaceDataset,
) -> None:
    (other,) = both.beside
    assert both.main is not None
    assert len(both.train) == 7 + N_REPEATED * len(other.train)
    assert len(both.validation) == 7 + N_REPEATED * len(other.validation)
    assert (both.train.images[:7] == both.main.train.images).all()
    assert both.test is both.main.test


def test_contempt_is_left_out_and_labels_are_those_of_the_main_data_set(both: FaceDataset) -> None:
    (other,) = both.beside
    assert Emotion.CONTEMPT not in other.emotions
    # Three of five people, six emotions of seven, two frames.
    assert len(other.train) == 3 * 6 * 2
    shown = {both.emotions[label] for label in other.train.labels}
    assert shown == set(both.emotions) - {Emotion.NEUTRAL}


def test_nobody_stands_on_two_sides(posed: Path) -> None:
    fold = load_beside(posed)
    splits = (fold.train, fold.validation, fold.test)
    pixels = [{image.tobytes() for image in split.images} for split in splits]
    assert sum(map(len, pixels)) == len(set.union(*pixels))
    assert fold.name == "CK+48 (60:20:20 by subject)"


def test_a_label_counts_as_the_votes_of_all_annotators(both: FaceDataset) -> None:
    assert both.train.votes is not None
    targets = vote_targets(both.train.votes[7:], both.emotions)
    assert (targets.values.argmax(axis=1) == both.train.labels[7:]).all()
    assert (targets.values.max(axis=1) == 1).all()
    assert (targets.weights == 1).all()


def test_without_votes_there_are_none(tmp_path: Path, posed: Path) -> None:
    alone = write_table(tmp_path / "fer2013.csv", rows(7, 7, 7))
    assert load_joined([alone, posed]).train.votes is None


def test_the_fingerprint_of_one_is_known_among_several(both: FaceDataset, table: Path) -> None:
    assert both.main is not None
    assert both.main.fingerprint() == load_dataset(table).fingerprint()
    assert both.fingerprint() != both.main.fingerprint()


def test_a_data_set_with_splits_of_its_own_cannot_stand_beside_another(table: Path) -> None:
    with pytest.raises(DatasetError, match="splits of its own"):
        load_joined([table, table])


def test_a_data_set_of_other_emotions_alone_is_refused(both: FaceDataset) -> None:
    assert both.main is not None
    contempt = replace(both.beside[0], name="contempt", emotions=(Emotion.CONTEMPT,))
    with pytest.raises(DatasetError, match=r"contempt shows no emotion of FER2013\."):
        joined(both.main, [contempt])
