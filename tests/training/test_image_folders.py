import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fer_core.emotions import Emotion
from fer_core.errors import DatasetError
from fer_core.training.datasets import FaceDataset, LabeledFaces, load_dataset, rows_not_in
from tests.face_folders import CK_CLASSES, png, write_classes
from tests.fer2013 import face

CK_EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "contempt")


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    return write_classes(tmp_path / "CK+48")


@pytest.fixture
def halves(tmp_path: Path) -> Path:
    write_classes(tmp_path / "faces" / "train", ["happy", "sad", "angry"], n_subjects=10)
    write_classes(tmp_path / "faces" / "test", ["angry", "happy", "sad"], 2, first_seed=500)
    return tmp_path / "faces"


def sizes(dataset: FaceDataset) -> tuple[int, int, int]:
    return len(dataset.train), len(dataset.validation), len(dataset.test)


def disjoint(faces: LabeledFaces, others: LabeledFaces) -> bool:
    return bool(rows_not_in(faces, others).all())


def refused(path: Path, *, skip_broken: bool = False, by_subject: bool = False) -> str:
    with pytest.raises(DatasetError) as caught:
        load_dataset(path, skip_broken=skip_broken, split_by="subject" if by_subject else "image")
    return str(caught.value)


# --- missing and broken ---


def test_an_empty_class_folder_is_named(flat: Path) -> None:
    for file in (flat / "fear").iterdir():
        file.unlink()
    (flat / "fear" / ".DS_Store").write_text("hidden")
    assert refused(flat, skip_broken=True) == f"{flat / 'fear'} is empty; is the copy complete?"


def test_a_folder_named_after_no_emotion_is_named(flat: Path) -> None:
    (flat / "boredom").mkdir()
    assert f"{flat / 'boredom'} is named after no emotion; expected angry" in refused(flat)


@pytest.mark.parametrize("lacking", ["train", "test"])
def test_a_class_that_a_split_lacks_is_named(halves: Path, lacking: str) -> None:
    other = "test" if lacking == "train" else "train"
    write_classes(halves / other, ["fear", "disgust"])
    assert f"{halves / lacking} has no folder for disgust, fear" in refused(halves)


def test_a_split_without_classes_is_named(halves: Path) -> None:
    (halves / "validation").mkdir()
    assert f"{halves / 'validation'} holds no folders named after emotions" in refused(halves)


@pytest.mark.parametrize("alone", ["train", "test", "val"])
def test_a_split_alone_is_not_enough(tmp_path: Path, alone: str) -> None:
    write_classes(tmp_path / alone)
    assert f"{tmp_path} holds {alone}/ but not what belongs to it" in refused(tmp_path)


def test_validation_and_test_without_train_are_not_enough(tmp_path: Path) -> None:
    write_classes(tmp_path / "validation")
    write_classes(tmp_path / "test")
    assert "but not what belongs to it" in refused(tmp_path)


def test_one_class_alone_is_no_data_set(tmp_path: Path) -> None:
    write_classes(tmp_path / "faces", ["happy"])
    assert "has no other class than happy" in refused(tmp_path)


def test_a_class_that_would_be_held_out_as_a_whole_is_named(tmp_path: Path) -> None:
    write_classes(tmp_path, ["happy", "sad"], n_subjects=1, n_frames=1)
    assert re.search("has too few images of (happy|sad) to split", refused(tmp_path))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", ": The file is empty.", id="empty"),
        pytest.param(b"text", ": This is not a JPG, PNG, WebP", id="text"),
        pytest.param(png(face(0))[:-500], ": The photo is broken or cut off", id="cut off"),
        pytest.param(png(face(0)[:, 1:]), " has 47x48 pixels instead of 48x48.", id="narrow"),
        pytest.param(png(np.zeros((64, 48), np.uint8)), " has 48x64 pixels", id="high"),
        pytest.param(None, " cannot be read: ", id="a folder"),
    ],
)
def test_a_broken_image_is_named_or_left_out(
    flat: Path, content: bytes | None, sentence: str
) -> None:
    file = flat / "sadness" / "S999_001_00000001.png"
    file.mkdir() if content is None else file.write_bytes(content)
    assert refused(flat).startswith(f"{file}{sentence}")
    dataset = load_dataset(flat, skip_broken=True)
    assert dataset.n_skipped == 1
    assert len(dataset.train) + len(dataset.test) == 7 * 5 * 3


def test_a_split_without_a_single_sound_image_is_refused_even_then(halves: Path) -> None:
    for file in (halves / "test").rglob("*.png"):
        file.write_bytes(b"")
    assert "No test image can be read, such as" in refused(halves, skip_broken=True)


def test_a_class_without_a_single_sound_image_is_named_even_then(halves: Path) -> None:
    for file in (halves / "train" / "sad").iterdir():
        file.write_bytes(b"")
    assert f"No train image of sad can be read, such as {halves / 'train' / 'sad'}" in refused(
        halves, skip_broken=True
    )
    assert set(load_dataset(halves, 10, skip_broken=True).train.labels) == {0, 1}


@pytest.mark.parametrize("name", ["Training_12.png", "S010.png", "S010_004_0001_2.png"])
def test_a_file_that_does_not_tell_its_subject_is_named(flat: Path, name: str) -> None:
    (flat / "fear" / name).write_bytes(png(face(0)))
    assert refused(flat, by_subject=True).startswith(f"{flat / 'fear' / name} does not tell whose")
    assert load_dataset(flat).n_skipped == 0


# --- classes and pixels ---


def test_classes_stand_in_the_order_of_emotions_not_of_folders(flat: Path, halves: Path) -> None:
    assert load_dataset(flat).emotions == CK_EMOTIONS
    assert load_dataset(halves).emotions == ("angry", "happy", "sad")


@pytest.mark.parametrize(
    ("folder", "emotion"),
    [
        ("anger", Emotion.ANGRY),
        ("Angry", Emotion.ANGRY),
        ("disgust", Emotion.DISGUST),
        ("disgusted", Emotion.DISGUST),
        ("FEAR", Emotion.FEAR),
        ("fearful", Emotion.FEAR),
        ("happiness", Emotion.HAPPY),
        ("sadness", Emotion.SAD),
        ("sad", Emotion.SAD),
        ("surprised", Emotion.SURPRISE),
        ("contempt", Emotion.CONTEMPT),
    ],
)
def test_a_class_is_known_by_its_common_spellings(
    tmp_path: Path, folder: str, emotion: Emotion
) -> None:
    write_classes(tmp_path, [folder, "neutral"])
    assert set(load_dataset(tmp_path).emotions) == {emotion, Emotion.NEUTRAL}


def test_every_image_keeps_its_pixels_and_its_label(flat: Path) -> None:
    dataset = load_dataset(flat)
    labels = {
        face(label, seed=1000 * label + index).tobytes(): emotion
        for label, emotion in enumerate(
            ("angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
        )
        for index in range(15)
    }
    for faces in (dataset.train, dataset.test):
        assert faces.images.dtype == np.uint8
        assert faces.labels.dtype == np.int64
        for image, label in zip(faces.images, faces.labels, strict=True):
            assert labels[image.tobytes()] == dataset.emotions[label]


def test_colored_images_become_gray(tmp_path: Path) -> None:
    write_classes(tmp_path, ["happy", "sad"])
    for file in tmp_path.rglob("*.png"):
        Image.new("RGB", (48, 48), "red").save(file)
    images = load_dataset(tmp_path).train.images
    assert np.unique(images).tolist() == [76]  # .299 * 255; swapped channels would give 29


# --- splits ---


def test_a_flat_folder_is_split_80_to_20_and_says_that_validation_is_test(flat: Path) -> None:
    dataset = load_dataset(flat)
    assert sizes(dataset) == (84, 21, 21)  # of 105
    assert dataset.validation is dataset.test
    assert disjoint(dataset.test, dataset.train)
    assert dataset.name == "CK+48 (80:20 by image; test is validation)"


def test_a_split_by_subject_has_nobody_on_both_sides(flat: Path) -> None:
    dataset = load_dataset(flat, split_by="subject")
    assert dataset.name == "CK+48 (80:20 by subject; test is validation)"
    assert sizes(dataset) == (84, 21, 21)  # one subject of five, three frames in seven classes
    subjects = {
        face(label, seed=1000 * label + index).tobytes(): index // 3
        for label in range(len(CK_CLASSES))
        for index in range(15)
    }
    on_side = [
        {subjects[image.tobytes()] for image in faces.images}
        for faces in (dataset.train, dataset.test)
    ]
    assert [len(side) for side in on_side] == [4, 1]
    assert not on_side[0] & on_side[1]


def test_the_images_held_out_are_those_that_the_tutorials_hold_out(tmp_path: Path) -> None:
    write_classes(tmp_path, ["happy", "sad"], n_subjects=5, n_frames=1)
    # sklearn.model_selection.train_test_split(range(10), test_size=.2, random_state=42)[1]
    held_out = {face(k // 5, seed=1000 * (k // 5) + k % 5).tobytes() for k in (8, 1)}
    assert {image.tobytes() for image in load_dataset(tmp_path).test.images} == held_out


def test_beside_test_alone_a_tenth_of_train_becomes_validation(halves: Path) -> None:
    dataset = load_dataset(halves)
    assert sizes(dataset) == (81, 9, 18)
    assert disjoint(dataset.validation, dataset.train)
    assert disjoint(dataset.test, dataset.validation)
    assert dataset.name == "faces (validation is a tenth of train)"


@pytest.mark.parametrize("name", ["validation", "valid", "val", "Validation"])
def test_three_folders_are_the_three_splits(halves: Path, name: str) -> None:
    write_classes(halves / name, ["happy", "sad", "angry"], n_subjects=1)
    dataset = load_dataset(halves)
    assert sizes(dataset) == (90, 9, 18)
    assert dataset.name == "faces"


def test_beside_validation_alone_test_is_the_same_and_the_name_says_so(halves: Path) -> None:
    (halves / "test").rename(halves / "validation")
    dataset = load_dataset(halves)
    assert sizes(dataset) == (90, 18, 18)
    assert dataset.validation is dataset.test
    assert dataset.name == "faces (test is validation)"


def test_reading_twice_gives_the_same(flat: Path) -> None:
    assert load_dataset(flat).fingerprint() == load_dataset(flat).fingerprint()


@pytest.mark.parametrize(("limit", "expected"), [(1, (1, 1, 1)), (30, (30, 9, 18))])
def test_a_limit_holds_for_each_split_and_takes_of_all_classes(
    halves: Path, limit: int, expected: tuple[int, int, int]
) -> None:
    dataset = load_dataset(halves, limit)
    assert sizes(dataset) == expected
    assert len(dataset.emotions) == 3
    if limit == 30:
        assert set(dataset.train.labels) == {0, 1, 2}
