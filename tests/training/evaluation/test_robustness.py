import numpy as np
import pytest

from fer_core.training.evaluation.robustness import KINDS, changed, measure_robustness
from tests.fer2013 import face

FACES = np.stack([face(index % 7, seed=index) for index in range(8)])


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_meets_the_same_changed_faces(kind: str) -> None:
    first, again = changed(FACES, kind), changed(FACES, kind)
    assert first.shape == FACES.shape
    assert first.dtype == np.uint8
    assert (first == again).all()
    assert all((one != other).any() for one, other in zip(first, FACES, strict=True))


def test_the_loss_is_what_the_mean_of_all_kinds_is_below_clean_faces() -> None:
    def predict(faces: np.ndarray) -> np.ndarray:
        """Right on half of the faces, whatever they show."""
        return np.eye(2, dtype=np.float32)[np.arange(len(faces)) % 2]

    figures = measure_robustness(predict, FACES, np.zeros(8, dtype=np.int64), clean=0.75)
    assert figures["accuracies"] == dict.fromkeys(KINDS, 0.5)
    assert figures["mean"] == 0.5
    assert figures["loss"] == 0.25
