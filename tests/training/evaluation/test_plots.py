"""The plots, read off matplotlib's objects, and their files."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from fer_core.emotions import Emotion
from fer_core.training.data.labeled_faces import FaceDataset, LabeledFaces
from fer_core.training.evaluation.metrics import measure_predictions, reliability
from fer_core.training.evaluation.plots import (
    class_counts,
    confusion_matrix,
    curves,
    reliability_diagram,
    surest_mistakes,
    write_figure,
)

TWO = (Emotion.HAPPY, Emotion.SAD)


def faces(*labels: int) -> LabeledFaces:
    """Faces of one gray each: 10, 20, 30 ..."""
    grays = np.arange(1, len(labels) + 1, dtype=np.uint8) * 10
    images = np.tile(grays[:, None, None], (1, 48, 48))
    return LabeledFaces(images, np.array(labels, dtype=np.int64))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_confusion_matrix_has_share_and_count_in_each_cell() -> None:
    figures = measure_predictions(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 0, 0, 1]), TWO)
    figure = confusion_matrix(figures, "a model")
    assert texts(figure) == ["75%", "3", "25%", "1", "0%", "0", "100%", "1"]
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["happy", "sad"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")


def test_a_confusion_matrix_of_nothing_is_drawn_all_the_same(tmp_path: Path) -> None:
    figures = measure_predictions(np.zeros(0, np.int64), np.zeros(0, np.int64), TWO)
    write_figure(confusion_matrix(figures, "nothing"), tmp_path / "empty.png")


def test_class_counts_name_each_split_and_each_number() -> None:
    dataset = FaceDataset("few", TWO, faces(0, 0, 1), faces(1), faces())
    figure = class_counts(dataset)
    assert [axes.get_title() for axes in figure.axes] == ["train: 3", "validation: 1", "test: 0"]
    assert texts(figure) == ["2", "1", "0", "1", "0", "0"]


def test_curves_show_every_epoch_and_the_one_that_was_kept(tmp_path: Path) -> None:
    history = tmp_path / "history.csv"
    history.write_text("epoch,accuracy,loss,val_accuracy,val_loss\n0,.3,2,.2,2.1\n1,.5,1,.4,1.5\n")
    figure = curves(history, chosen_epoch=2)
    accuracy, loss = figure.axes
    kept, training, validation = accuracy.lines
    assert kept.get_xdata() == [2, 2]
    assert list(np.asarray(training.get_xdata())) == [1, 2]
    assert list(np.asarray(training.get_ydata())) == [0.3, 0.5]
    assert list(np.asarray(validation.get_ydata())) == [0.2, 0.4]
    assert list(np.asarray(loss.lines[2].get_ydata())) == [2.1, 1.5]


def test_a_reliability_diagram_has_points_only_where_there_are_ten_answers() -> None:
    # Ten predictions 90 % sure, eight of them right; a single one that is 60 % sure.
    probabilities = np.array([[0.9, 0.1]] * 10 + [[0.6, 0.4]], dtype=np.float32)
    bins = reliability(probabilities, np.array([0] * 8 + [1] * 3))
    figure = reliability_diagram(bins, None, "a model")
    points = figure.axes[0].lines[1]
    assert points.get_xdata() == pytest.approx([0.9])
    assert points.get_ydata() == pytest.approx([0.8])
    # (10 * 0.1 + 1 * 0.6) / 11
    assert points.get_label() == "as it is: calibration error 14.5%"


def test_a_reliability_diagram_tells_before_from_after() -> None:
    after = reliability(np.array([[0.8, 0.2]] * 10, np.float32), np.array([0] * 8 + [1] * 2))
    before = reliability(np.array([[0.9, 0.1]] * 10, np.float32), np.array([0] * 8 + [1] * 2))
    figure = reliability_diagram(after, before, "a model")
    assert [str(line.get_label()) for line in figure.axes[0].lines[1:]] == [
        "before temperature scaling: calibration error 10.0%",
        "after: calibration error 0.0%",
    ]


def test_mistakes_are_shown_the_surest_first_and_right_answers_not_at_all() -> None:
    probabilities = np.array([[0.6, 0.4], [0.9, 0.1], [0.8, 0.2], [0.3, 0.7]], np.float32)
    figure = surest_mistakes(faces(1, 1, 0, 0), probabilities, TWO)
    shown = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in shown] == [
        "sad →\nhappy 90%",
        "happy →\nsad 70%",
        "sad →\nhappy 60%",
    ]
    grays = [np.asarray(axes.images[0].get_array())[0, 0] for axes in shown]
    assert grays == [20, 40, 10]


def test_no_more_mistakes_are_shown_than_there_is_room_for() -> None:
    probabilities = np.tile(np.array([0.9, 0.1], np.float32), (40, 1))
    many = LabeledFaces(np.zeros((40, 48, 48), np.uint8), np.ones(40, np.int64))
    figure = surest_mistakes(many, probabilities, TWO)
    assert sum(bool(axes.images) for axes in figure.axes) == 32


def test_a_model_without_mistakes_has_an_empty_sheet() -> None:
    figure = surest_mistakes(faces(0), np.array([[0.9, 0.1]], np.float32), TWO)
    assert not any(axes.images for axes in figure.axes)


def test_a_figure_becomes_a_png_of_150_dots_an_inch(tmp_path: Path) -> None:
    path = tmp_path / "counts.png"
    write_figure(class_counts(FaceDataset("few", TWO, faces(0), faces(1), faces(1))), path)
    with Image.open(path) as image:
        assert (image.format, image.size) == ("PNG", (1200, 480))


def test_drawing_needs_no_global_state() -> None:
    program = (
        "import sys, fer_core.training.evaluation.plots\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
