import numpy as np
import numpy.typing as npt
import pytest

from fer_core.analysis import EmotionAnalyzer
from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.explanation import draw_heat, occlusion_map
from fer_core.classification.model_store import InputShape
from fer_core.emotions import Emotion
from fer_core.images import to_gray_face
from tests.faces import astronaut, card, gray_faces, plain

LABELS = Emotion.HAPPY, Emotion.SAD


def looks_at(rows: slice, columns: slice, shape: InputShape | None = None) -> EmotionClassifier:
    """Happy as far as one region is white; the rest does not matter."""

    def model(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        happy = pixels[:, rows, columns].mean(axis=(1, 2, 3)) / 255
        return np.stack([happy, 1 - happy], axis=1).astype(np.float32)

    return EmotionClassifier(model, card(LABELS, shape))


def mostly_black_with(rows: slice, columns: slice) -> npt.NDArray[np.uint8]:
    face = np.zeros((48, 48), np.uint8)
    face[rows, columns] = 255
    return face


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        pytest.param(slice(30, 42), slice(18, 30), id="mouth"),
        pytest.param(slice(0, 8), slice(0, 8), id="upper left corner"),
        pytest.param(slice(40, 48), slice(40, 48), id="lower right corner"),
    ],
)
def test_the_heat_is_where_the_model_looks(rows: slice, columns: slice) -> None:
    falls = occlusion_map(looks_at(rows, columns), mostly_black_with(rows, columns), Emotion.HAPPY)
    assert falls.shape == (48, 48)
    assert falls.dtype == np.float32
    row, column = np.unravel_index(falls.argmax(), falls.shape)
    assert rows.start <= row < rows.stop
    assert columns.start <= column < columns.stop
    assert falls[rows, columns].mean() > 4 * max(0.0, float(np.delete(falls, rows, axis=0).mean()))


def test_what_speaks_for_one_emotion_speaks_against_the_other() -> None:
    where = slice(10, 20), slice(10, 20)
    face, classifier = mostly_black_with(*where), looks_at(*where)
    happy = occlusion_map(classifier, face, Emotion.HAPPY)
    sad = occlusion_map(classifier, face, Emotion.SAD)
    np.testing.assert_allclose(happy, -sad, atol=1e-6)


def test_a_model_that_looks_at_nothing_gives_a_cold_map() -> None:
    row = np.array([[0.7, 0.3]], np.float32)
    classifier = EmotionClassifier(lambda pixels: row.repeat(len(pixels), axis=0), card(LABELS))
    assert not occlusion_map(classifier, gray_faces(1)[0], Emotion.HAPPY).any()


def test_a_model_of_another_input_size_is_explained_too() -> None:
    classifier = looks_at(slice(0, 4), slice(0, 4), InputShape(20, 30, 1))
    assert occlusion_map(classifier, np.zeros((20, 30), np.uint8), Emotion.SAD).shape == (20, 30)


def test_the_face_stays_as_it_is(analyzer: EmotionAnalyzer) -> None:
    face = to_gray_face(astronaut()[66:163, 177:274], 48, 48)
    before = face.copy()
    falls = occlusion_map(analyzer.classifier, face, Emotion.HAPPY)
    np.testing.assert_array_equal(face, before)
    assert falls.max() > 0.001, "her smile is somewhere, sure as the model is"


def test_heat_is_red_over_gray_and_none_leaves_the_crop_gray() -> None:
    falls = np.zeros((48, 48), np.float32)
    assert set(draw_heat(plain(90, 70), falls).ravel().tolist()) == {72}, "90 * .8"
    falls[:24] = 0.3
    falls[24:] = -0.3
    heat = draw_heat(plain(90, 70), falls)
    assert heat.shape == (70, 90, 3)
    assert heat[0, 0, 0] > heat[0, 0, 2] + 100
    assert heat[-1, -1].tolist() == [72, 72, 72], "what speaks against it stays gray"
