import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.errors import DatasetError
from fer_core.training.data.class_names import CLASS_PRESETS
from fer_core.training.data.datasets import FaceDataset, LabeledFaces, load_dataset, rows_not_in
from tests.face_folders import CK_CLASSES, png, write_classes, write_zip
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
    assert refused(flat, skip_broken=True) == (
        f"{flat / 'fear'} holds no images; is the copy complete?"
    )


def test_a_folder_named_after_no_emotion_is_refused_with_the_options_for_it(flat: Path) -> None:
    (flat / "not sure").mkdir()
    assert refused(flat) == (
        f"{flat / 'not sure'} is named after no emotion: say which one it shows with --classes "
        "'not sure'=EMOTION, or leave it out with --ignore-class 'not sure'."
    )


def test_a_numbered_folder_is_refused_with_the_known_numberings(halves: Path) -> None:
    write_classes(halves / "train", ["7"])
    assert "all numbers at once: --classes fer2013 or ferplus or raf-db" in refused(halves)


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
    ],
)
def test_a_broken_image_is_named_or_left_out(flat: Path, content: bytes, sentence: str) -> None:
    file = flat / "sadness" / "S999_001_00000001.png"
    file.write_bytes(content)
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


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        pytest.param(np.kron(face(3), np.ones((3, 3), np.uint8)), face(3), id="three times"),
        pytest.param(
            np.tile(np.array([[0, 200], [100, 100]], np.uint8), (48, 48)),
            np.full((48, 48), 100, np.uint8),
            id="the mean of each area",
        ),
        pytest.param(np.full((20, 90), 7, np.uint8), np.full((48, 48), 7, np.uint8), id="wide"),
        pytest.param(np.full((1, 1), 9, np.uint8), np.full((48, 48), 9, np.uint8), id="a pixel"),
    ],
)
def test_images_of_other_sizes_are_scaled_by_area(
    tmp_path: Path, pixels: npt.NDArray[np.uint8], expected: npt.NDArray[np.uint8]
) -> None:
    write_classes(tmp_path, ["happy", "sad"])
    for file in tmp_path.rglob("*.png"):
        file.write_bytes(png(pixels))
    dataset = load_dataset(tmp_path)
    np.testing.assert_array_equal(dataset.train.images[0], expected)
    assert dataset.notes == ("30 of 30 images were made gray and scaled to 48x48 pixels.",)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16", "CMYK"])
def test_images_of_every_mode_become_gray(tmp_path: Path, mode: str) -> None:
    write_classes(tmp_path, ["happy", "sad"])
    value = 65535 if mode == "I;16" else 0 if mode == "CMYK" else "white"
    ending = "tiff" if mode == "CMYK" else "png"
    Image.new(mode, (60, 50), value).save(tmp_path / "sad" / f"white.{ending}")
    dataset = load_dataset(tmp_path)
    whites = [faces.images.min(axis=(1, 2)) == 255 for faces in (dataset.train, dataset.test)]
    assert sum(map(np.sum, whites)) == 1
    assert dataset.notes == ("1 of 31 images were made gray and scaled to 48x48 pixels.",)


def test_a_gray_image_that_fits_is_not_counted_as_converted(flat: Path) -> None:
    assert load_dataset(flat).notes == ()


# --- what lies among the images ---


@pytest.mark.parametrize("zipped", [False, True])
def test_files_of_systems_text_and_folders_are_passed_over(flat: Path, zipped: bool) -> None:
    expected = load_dataset(flat).fingerprint()
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "labels.txt", "clip.mp4", "._a.png"):
        (flat / "happy" / name).write_bytes(b"\xd0\xcf\x11\xe0 no image")
    write_classes(flat / "happy", ["person.png"])
    (flat / "readme.txt").write_text("text")
    path = write_zip(flat.parent / "CK+48.zip", flat) if zipped else flat
    dataset = load_dataset(path)
    assert (dataset.fingerprint(), dataset.n_skipped) == (expected, 0)
    assert dataset.notes == (
        f"Passed over among the images: 3 other files or folders, such as {path}/happy/clip.mp4.",
    )


# --- names of classes ---


def test_folders_show_what_the_user_says(tmp_path: Path) -> None:
    write_classes(tmp_path, ["1", "Class B", "sad"])
    dataset = load_dataset(tmp_path, classes={"1": Emotion.SURPRISE, "class b": "fear"})
    assert dataset.emotions == ("fear", "sad", "surprise")
    with pytest.raises(ValueError, match=r"expected one of angry, .* Received: 'boredom'"):
        load_dataset(tmp_path, classes={"1": "boredom"})


def test_numbers_of_a_known_data_set_are_told_by_its_name(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write_classes(tmp_path / "DATASET" / split, map(str, range(1, 8)), n_subjects=5)
    dataset = load_dataset(tmp_path, classes=CLASS_PRESETS["raf-db"])
    assert set(dataset.emotions) == set(FER2013_EMOTIONS)
    # write_classes draws a band whose height tells the number of the folder, here that of fear.
    fear = dataset.train.images[dataset.train.labels == dataset.emotions.index(Emotion.FEAR)]
    assert fear.mean(axis=(0, 2)).argmax() in range(8, 14)


def test_a_class_is_left_out_by_its_folder_or_by_its_emotion(flat: Path) -> None:
    (flat / "confused").mkdir()
    dataset = load_dataset(flat, ignore_classes=["Confused", "contempt", "angry"])
    assert dataset.emotions == ("disgust", "fear", "happy", "sad", "surprise")
    assert dataset.n_skipped == 0


def test_a_class_that_is_no_emotion_is_skipped_and_counted_where_that_is_asked_for(
    flat: Path,
) -> None:
    write_classes(flat, ["confused"])
    dataset = load_dataset(flat, skip_broken=True)
    assert (dataset.emotions, dataset.n_skipped) == (CK_EMOTIONS, 15)


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
