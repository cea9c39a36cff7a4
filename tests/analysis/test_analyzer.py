import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fer_core
from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import InputShape
from fer_core.decoding import decode_image
from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.errors import ModelError
from fer_core.faces import BoundingBox, DetectedFace, FaceSource
from tests.faces import (
    RED,
    SquareDetector,
    astronaut,
    card,
    grace_hopper_jpeg,
    happy_if_white,
    plain,
    squares,
    two_astronauts,
)


def at(*xyxy: int, confidence: float = 0.5) -> DetectedFace:
    return DetectedFace(BoundingBox(*xyxy), confidence)


# --- the real cascade and the real model ---


def test_a_photo_without_a_face_gives_an_empty_list(analyzer: EmotionAnalyzer) -> None:
    assert analyzer.analyze(plain(320, 240)) == []


def test_a_portrait_has_one_face_with_seven_probabilities(analyzer: EmotionAnalyzer) -> None:
    image = decode_image(grace_hopper_jpeg())
    (face,) = analyzer.analyze(image)
    (found,) = analyzer.photo_detector.detect(image)
    assert (face.box, face.confidence) == (found.box, found.confidence)
    assert tuple(face.probabilities) == FER2013_EMOTIONS
    assert sum(face.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert all(type(p) is float for p in face.probabilities.values())


def test_a_crop_does_not_depend_on_the_other_faces(analyzer: EmotionAnalyzer) -> None:
    image = astronaut()
    # The first box reaches to the corner, where a crop is padded once its margin is added.
    faces = [at(0, 0, 60, 60), at(177, 66, 274, 163), at(452, 452, 512, 512)]
    together = analyzer.classify(image, faces)
    alone = [analyzer.classify(image, [face])[0] for face in faces]
    assert together == alone
    assert analyzer.classify(image, faces[::-1]) == alone[::-1]


def test_faces_come_from_left_to_right_each_with_its_own_answer(analyzer: EmotionAnalyzer) -> None:
    image = two_astronauts()
    left, right = analyzer.analyze(image)
    assert left.box.x1 < right.box.x1
    assert left.probabilities != right.probabilities
    assert [right] == analyzer.classify(image, [at(*right.box.xyxy, confidence=right.confidence)])


def test_the_smallest_face_reaches_the_detector(analyzer: EmotionAnalyzer) -> None:
    assert len(analyzer.analyze(astronaut(), min_face_px=60)) == 1
    assert analyzer.analyze(astronaut(), min_face_px=200) == []


def test_a_turned_face_is_classified_as_the_upright_one_is(analyzer: EmotionAnalyzer) -> None:
    image = astronaut()
    upright = at(177, 66, 274, 163)
    # Turned clockwise, (x, y) of 512x512 comes to lie at (511 - y, x).
    lying = replace(at(349, 177, 446, 274), turned_deg=90)
    (expected,) = analyzer.classify(image, [upright])
    (face,) = analyzer.classify(np.rot90(image, -1).copy(), [lying])
    assert face.probabilities == expected.probabilities
    assert face.turned_deg == 90


def test_a_whole_image_is_one_face(analyzer: EmotionAnalyzer) -> None:
    crop = astronaut()[66:163, 177:274]
    (face,) = analyzer.analyze(crop, whole_image=True)
    (expected,) = analyzer.classify(astronaut(), [at(177, 66, 274, 163)])
    assert face.source == FaceSource.WHOLE_IMAGE
    assert face.box.xyxy == (0, 0, 97, 97)
    assert face.probabilities == expected.probabilities


def test_what_is_missing_of_a_photo_is_said_with_its_faces(analyzer: EmotionAnalyzer) -> None:
    faces = analyzer.analyze(grace_hopper_jpeg()[:-2])
    assert len(faces) == 1
    assert "cut off" in faces.problem
    assert [row["problem"] for row in faces.to_dict()] == [faces.problem]


def test_analyzing_leaves_the_photo_as_it_is(analyzer: EmotionAnalyzer) -> None:
    image = astronaut()
    analyzer.analyze(image)
    np.testing.assert_array_equal(image, astronaut())


def test_no_such_model_is_a_model_error_that_names_those_there_are() -> None:
    with pytest.raises(ModelError, match=r"'no-such-model'.*tutorial-cnn-augmented"):
        load_analyzer("no-such-model")


def test_two_models_share_one_detector() -> None:
    first, second = load_analyzer(), load_analyzer("tutorial-cnn-augmented")
    assert first.detector is second.detector
    assert first.classifier is not second.classifier


def test_an_analyzer_needs_no_tensorflow() -> None:
    # In a process of its own: this one has imported TensorFlow for other tests.
    program = (
        "import sys, numpy as np, fer_core\n"
        "analyzer = fer_core.load_analyzer()\n"
        "face = fer_core.DetectedFace(fer_core.BoundingBox(0, 0, 60, 60), 1.0)\n"
        "assert analyzer.classify(np.zeros((90, 90, 3), np.uint8), [face])\n"
        "loaded = {'tensorflow', 'keras', 'streamlit', 'matplotlib'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    root = Path(fer_core.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- what the model is given, worked out by hand ---


def test_the_model_sees_the_gray_of_the_crop_alone() -> None:
    seen: list[float] = []

    def model(pixels: np.typing.NDArray[np.float32]) -> np.typing.NDArray[np.float32]:
        seen.extend(pixels[:, 24, 24, 0].tolist())
        return np.ones((len(pixels), 1), np.float32)

    image = plain(100, 100, (255, 255, 255))
    image[20:40, 20:40] = RED
    classifier = EmotionClassifier(model, card((Emotion.HAPPY,)))
    EmotionAnalyzer(SquareDetector(), classifier).classify(image, [at(20, 20, 40, 40)])
    assert seen == [76.0]  # pure red; 29 if red and blue were swapped, 0.3 if scaled twice


@pytest.mark.parametrize(
    ("margin", "white_share"),
    [
        pytest.param(0.0, 1.0, id="none: the white box fills the crop"),
        pytest.param(0.5, 0.25, id="half a box on each side: a crop of twice the width"),
        pytest.param(-0.25, 1.0, id="cut into"),
    ],
)
def test_the_margin_of_the_card_is_added_to_the_box(margin: float, white_share: float) -> None:
    means: list[float] = []

    def model(pixels: np.typing.NDArray[np.float32]) -> np.typing.NDArray[np.float32]:
        means.extend((pixels.mean(axis=(1, 2, 3)) / 255).tolist())
        return np.ones((len(pixels), 1), np.float32)

    classifier = EmotionClassifier(model, card((Emotion.HAPPY,), crop_margin=margin))
    image = squares(200, 200, (80, 80, 128, 128))
    EmotionAnalyzer(SquareDetector(), classifier).analyze(image)
    assert means == [pytest.approx(white_share, abs=0.01)]


def test_crops_have_the_height_and_width_of_the_card() -> None:
    shapes: list[tuple[int, ...]] = []

    def model(pixels: np.typing.NDArray[np.float32]) -> np.typing.NDArray[np.float32]:
        shapes.append(pixels.shape)
        return np.ones((len(pixels), 1), np.float32)

    shape = InputShape(height=24, width=32, channels=3)
    analyzer = EmotionAnalyzer(
        SquareDetector(), EmotionClassifier(model, card((Emotion.HAPPY,), shape))
    )
    analyzer.analyze(squares(200, 100, (10, 10, 50, 50), (80, 10, 180, 70)))
    assert shapes == [(2, 24, 32, 3)]  # both faces in one call


def test_each_face_gets_its_own_row() -> None:
    image = squares(200, 100, (10, 10, 50, 50), (80, 10, 120, 50))
    image[10:50, 80:120] = 128
    happy, sad = EmotionAnalyzer(SquareDetector(), happy_if_white()).analyze(image)
    assert happy.probabilities == {Emotion.HAPPY: 1.0, Emotion.SAD: 0.0}
    assert sad.probabilities == {Emotion.HAPPY: 0.0, Emotion.SAD: 1.0}
    assert (happy.box.x1, sad.box.x1) == (10, 80)
