import numpy as np
import numpy.typing as npt

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import InputShape, ModelCard
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.training.data.batches import label_targets
from fer_core.training.data.labeled_faces import LabeledFaces
from fer_core.training.run.teachers import SHARE, taught

CARD = ModelCard(
    name="teacher",
    labels=FER2013_EMOTIONS,
    input=InputShape(48, 48, 1),
    recipe="tiny",
    n_parameters=1,
    trained_on={},
)


def teacher_of(left: int, right: int) -> EmotionClassifier:
    """One that sees one emotion in faces whose left half is light, and another in all others."""

    def predict(pixels: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        light = pixels[:, :, :24].mean(axis=(1, 2, 3)) > pixels[:, :, 24:].mean(axis=(1, 2, 3))
        return np.eye(7, dtype=np.float32)[np.where(light, left, right)]

    return EmotionClassifier(predict, CARD)


def light_on_the_left(labels: list[int]) -> LabeledFaces:
    images = np.zeros((len(labels), 48, 48), dtype=np.uint8)
    images[:, :, :24] = 200
    return LabeledFaces(images, np.array(labels), None)


def test_teachers_answer_to_the_face_and_to_its_mirror_image() -> None:
    faces = light_on_the_left([0, 4])
    targets = label_targets(faces, 7, balanced=True)
    learned = taught(targets, (teacher_of(4, 5), teacher_of(4, 6)), faces)
    quarter = SHARE / 4
    first, second = np.zeros((2, 7))
    first[[0, 4, 5, 6]] = 1 - SHARE, 2 * quarter, quarter, quarter
    second[[4, 5, 6]] = 1 - SHARE + 2 * quarter, quarter, quarter
    np.testing.assert_allclose(learned.values, [first, second], atol=1e-6)
    assert learned.values.dtype == np.float32
    assert learned.weights is targets.weights


def test_without_teachers_the_labels_are_for_certain() -> None:
    faces = light_on_the_left([3])
    targets = label_targets(faces, 7)
    assert taught(targets, (), faces) is targets
