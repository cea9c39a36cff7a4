import json
from pathlib import Path

import numpy as np
import pytest

from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.training.evaluate import expected_calibration_error, measure

TWO = (Emotion.HAPPY, Emotion.SAD)


def answers(*rows: tuple[float, ...]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array(rows, dtype=np.float32).reshape(len(rows), -1)


def test_no_images_have_no_accuracy_and_divide_by_nothing() -> None:
    figures = measure(np.zeros((0, 2), np.float32), np.zeros(0, np.int64), TWO)
    assert figures["n_images"] == 0
    assert figures["accuracy"] == 0
    assert figures["ece"] == 0
    assert figures["f1"] == {"happy": 0, "sad": 0}


def test_figures_are_those_worked_out_by_hand() -> None:
    # Truth happy, happy, happy, sad; answered happy, happy, sad, sad.
    labels = np.array([0, 0, 0, 1])
    figures = measure(answers((0.9, 0.1), (0.8, 0.2), (0.3, 0.7), (0.4, 0.6)), labels, TWO)
    assert figures["confusion"] == [[2, 1], [0, 1]]
    assert figures["accuracy"] == 0.75
    assert figures["recall"] == pytest.approx({"happy": 2 / 3, "sad": 1})
    # Precision and recall: happy 2/2 and 2/3, sad 1/2 and 1/1.
    assert figures["f1"] == pytest.approx({"happy": 0.8, "sad": 2 / 3})
    assert figures["macro_f1"] == pytest.approx((0.8 + 2 / 3) / 2)


@pytest.mark.parametrize(
    ("rows", "labels", "error"),
    [
        pytest.param([(1.0, 0.0), (0.0, 1.0)], [0, 1], 0.0, id="sure-and-right"),
        pytest.param([(1.0, 0.0), (0.0, 1.0)], [1, 0], 1.0, id="sure-and-wrong"),
        # Both in the bin from .667 to .733: 70 % sure on average and 50 % right.
        pytest.param([(0.7, 0.3), (0.7, 0.3)], [0, 1], 0.2, id="too-sure"),
        # Two bins, too sure by .1 and not sure enough by .4, weighed alike.
        pytest.param([(0.1, 0.9), (0.6, 0.4)], [0, 0], (0.9 + 0.4) / 2, id="two-bins"),
    ],
)
def test_calibration_error_is_the_gap_between_sureness_and_truth(
    rows: list[tuple[float, ...]], labels: list[int], error: float
) -> None:
    found = expected_calibration_error(answers(*rows), np.array(labels))
    assert found == pytest.approx(error, abs=1e-6)


def test_the_card_of_the_shipped_network_quotes_its_metrics_file() -> None:
    folder = Path(__file__).resolve().parents[2] / "models" / "tutorial-cnn-augmented"
    card = json.loads((folder / "card.json").read_text())
    assert card["metrics"] == json.loads((folder / "evaluation" / "metrics.json").read_text())
    private = card["metrics"]["private"]
    assert private["all"]["n_images"] == 3589
    assert private["leak_free"]["n_images"] == 3300
    assert private["all"]["accuracy"] >= 0.611
    assert private["leak_free"]["accuracy"] >= 0.595
    assert set(private["all"]["f1"]) == set(FER2013_EMOTIONS)
