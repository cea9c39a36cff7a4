"""Evaluation of whole splits, through the command line, with models whose predictions are known."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from fer_core.__main__ import main
from fer_core.classification.figures import SplitFigures
from fer_core.classification.model_store import MODELS_DIR, list_models, read_card
from fer_core.training.data.datasets import load_dataset
from fer_core.training.evaluation import evaluate
from fer_core.training.evaluation.plots import write_figure
from fer_core.training.evaluation.report import report_text
from tests.face_folders import png, write_classes
from tests.fer2013 import VOTES_HEADER, row, rows, vote_row, write_table
from tests.known_models import (
    CK_EMOTIONS,
    load_known_models,
    put,
    write_test_table,
    write_votes,
)


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    load_known_models(monkeypatch)


@pytest.fixture(autouse=True)
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each plot is a file of a few bytes, another one each time: to draw one takes half a second.

    `test_plots.py` is about the plots; tests with `drawn` draw them all.
    """
    numbers = count()

    def write(_figure: Figure, path: Path) -> None:
        path.write_text(f"plot {next(numbers)}")

    monkeypatch.setattr(evaluate, "write_figure", write)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch, undrawn: None) -> None:
    monkeypatch.setattr(evaluate, "write_figure", write_figure)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_test_table(tmp_path)


def figures(capsys: pytest.CaptureFixture[str], *options: str | Path) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["evaluate", "--json", *map(str, options)]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- the figures ---


def test_each_part_has_the_images_it_names(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = figures(capsys, "--model", put(tmp_path / "right", table), "--data", table)
    assert found["dataset"] == "FER2013"
    assert (found["all"]["n_images"], found["leak_free"]["n_images"]) == (8, 7)
    assert found["all"]["accuracy"] == found["leak_free"]["accuracy"] == 1
    assert found["all"]["class_counts"]["sad"] == 2
    # Always 70 % sure and always right.
    assert found["all"]["ece"] == pytest.approx(0.3)
    assert found["all"]["nll"] == pytest.approx(-np.log(0.7))
    assert "ferplus_7" not in found


def test_an_all_wrong_model_has_nought_everywhere(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = figures(capsys, "--model", put(tmp_path / "wrong"), "--data", table)["all"]
    assert found["accuracy"] == found["macro_f1"] == 0
    assert found["intervals"] == {"accuracy": [0, 0], "macro_f1": [0, 0]}


def test_a_split_all_of_which_was_trained_on_has_no_leak_free_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [*rows(7, 0, 0), row(usage="PublicTest"), row(usage="PrivateTest")]
    table = write_table(tmp_path / "fer2013.csv", lines)
    found = figures(capsys, "--model", put(tmp_path / "right", table), "--data", table)
    assert found["all"]["n_images"] == 1
    assert "leak_free" not in found
    assert found["not_leak_free"] == "Not measured: every image is in the training split, too."


def test_nothing_is_called_leak_free_for_a_model_that_was_trained_on_something_else(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_table(tmp_path / "fer2013.csv", rows(7, 7, 7))
    folder, report = put(tmp_path / "right", other), tmp_path / "report"
    found = figures(capsys, "--model", folder, "--data", table, "--report", report)
    assert "leak_free" not in found
    assert found["not_leak_free"].startswith("Not measured: the model was trained on other")
    assert found["not_leak_free"] in (report / "report-private.txt").read_text()
    assert not (report / "class-counts.png").exists(), "of faces that it has not learned from"


def test_votes_beside_the_table_add_both_figures_of_ferplus(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # In the order of the votes: neutral, happiness, ... contempt is the eighth.
    happy, contempt, tie = "0,9,0,0,0,0,0,1,0,0", "0,0,0,0,0,0,0,9,1,0", "5,5,0,0,0,0,0,0,0,0"
    usages = ["Training"] * 7 + ["PublicTest"] * 7
    votes = [vote_row(usage) for usage in usages]
    votes += [vote_row("PrivateTest", kind) for kind in [happy] * 3 + [contempt] + [tie] * 4]
    write_table(table.parent / "fer2013new.csv", votes, VOTES_HEADER)
    found = figures(capsys, "--model", put(tmp_path / "happy"), "--data", table)
    assert (found["ferplus_7"]["n_images"], found["ferplus_7"]["accuracy"]) == (3, 1)
    assert (found["ferplus_8"]["n_images"], found["ferplus_8"]["accuracy"]) == (4, 0.75)
    # By FER2013's own label one of the eight is happy.
    assert found["all"]["accuracy"] == 1 / 8


def test_figures_before_are_those_without_the_temperature(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put(tmp_path / "right", trained_on={"temperature": 2.0})
    found = figures(capsys, "--model", folder, "--data", table)
    assert found["temperature"] == 2
    before = 0.7**2 / (0.7**2 + 6 * 0.05**2)
    assert found["all"]["ece_before"] == pytest.approx(1 - before)
    assert found["all"]["nll_before"] == pytest.approx(-np.log(before))
    assert found["all"]["nll"] == pytest.approx(-np.log(0.7))


def test_the_votes_have_figures_before_the_temperature_too(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_votes(table)
    folder = put(tmp_path / "wrong", table, trained_on={"temperature": 2.0})
    found = figures(capsys, "--model", folder, "--data", table)
    before = 0.7**2 / (0.7**2 + 6 * 0.05**2)
    assert found["ferplus_7"]["accuracy"] == 1
    assert found["ferplus_7"]["ece"] == pytest.approx(0.3)
    assert found["ferplus_7"]["ece_before"] == pytest.approx(1 - before)
    assert found["ferplus_7"]["nll_before"] == pytest.approx(-np.log(before))
    # By the labels it is always wrong.
    assert found["all"]["ece_before"] == pytest.approx(before)


def test_a_model_of_ck_plus_is_evaluated_the_same_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_classes(tmp_path / "CK+48")
    folder = put(tmp_path / "happy", labels=CK_EMOTIONS)
    found = figures(capsys, "--model", folder, "--data", data, "--split-by", "subject")
    happy_share = found["all"]["class_counts"]["happy"] / found["all"]["n_images"]
    assert found["all"]["accuracy"] == happy_share == pytest.approx(1 / 7)
    assert found["dataset"] == "CK+48 (80:20 by subject; test is validation)"


def test_nothing_is_called_leak_free_where_the_epoch_was_chosen_on_the_same_images(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_classes(tmp_path / "CK+48")
    folder = put(tmp_path / "happy", data, labels=CK_EMOTIONS)
    found = figures(capsys, "--model", folder, "--data", data)
    assert "leak_free" not in found
    assert found["not_leak_free"] == "Not measured: the epoch was chosen on the same images."


# --- by which labels ---


@pytest.mark.parametrize(
    ("labels", "n", "right"), [("FER2013", 8, 0), ("FER+", 7, 1)], ids=["labels", "votes"]
)
def test_all_that_is_drawn_is_by_the_labels_that_the_model_learned(
    table: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    labels: str,
    n: int,
    right: int,
) -> None:
    drawn: dict[str, Any] = {}

    def noted(name: str) -> Any:
        original = getattr(evaluate, name)

        def draw(*arguments: Any) -> Any:
            drawn[name] = arguments
            return original(*arguments)

        return draw

    for name in ("confusion_matrix", "reliability_diagram", "surest_mistakes"):
        monkeypatch.setattr(evaluate, name, noted(name))
    write_votes(table)
    # What it predicts is the emotion after the label, which is what the ten people saw.
    folder = put(tmp_path / "wrong", table, trained_on={"labels": labels, "temperature": 2.0})
    sheet = tmp_path / "sheet.png"
    assert main(["evaluate", "--model", str(folder), "--data", str(table)]) == 0
    figures(capsys, "--model", folder, "--data", table, "--mistakes", sheet)

    matrix, title = drawn["confusion_matrix"]
    assert (matrix.n_images, matrix.accuracy) == (n, right)
    assert title == "wrong, private" + ", FER+ majority" * right
    after, before, title = drawn["reliability_diagram"]
    assert (after.n.sum(), after.right.sum(), before.right.sum()) == (n, n * right, n * right)
    assert title.endswith(", FER+ majority") is bool(right)
    faces, probabilities, _ = drawn["surest_mistakes"]
    assert np.mean(probabilities.argmax(axis=1) == faces.labels) == right
    report = (folder / "evaluation" / "report-private.txt").read_text()
    rows = [" ".join(line.split()) for line in report.splitlines()]
    assert f"happy {right:.3f} {right:.3f} {right:.3f} 1" in rows
    assert ("each emotion, FER+ majority, 7 classes" in report) is bool(right)


def test_without_the_votes_the_figures_of_a_model_that_learned_them_stay(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put(tmp_path / "wrong", table, trained_on={"labels": "FER+"})
    before = contents(folder)
    assert main(["evaluate", "--model", str(folder), "--data", str(table)]) == 0
    out, err = capsys.readouterr()
    assert "accuracy 0.00%" in out
    assert err == (
        "FER2013 comes without FER+'s votes, which the model wrong predicts: its card and its "
        "figures stay as they were.\n"
    )
    assert contents(folder) == before


# --- the files ---


@pytest.mark.usefixtures("drawn")
def test_all_files_lie_in_one_folder_and_the_card_has_the_figures(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put(tmp_path / "right", table, trained_on={"chosen_epoch": 1})
    (folder / "history.csv").write_text("epoch,accuracy,loss,val_accuracy,val_loss\n0,.5,2,.4,2\n")
    for split in ("public", "private"):
        found = figures(capsys, "--model", folder, "--data", table, "--split", split)
        assert read_card(folder).metrics[split] == found
    assert sorted(path.name for path in (folder / "evaluation").iterdir()) == [
        "class-counts.png",
        "confusion-private.png",
        "confusion-public.png",
        "curves.png",
        "metrics.json",
        "reliability-private.png",
        "reliability-public.png",
        "report-private.txt",
        "report-public.txt",
    ]
    written = json.loads((folder / "evaluation" / "metrics.json").read_text())
    assert written == read_card(folder).metrics
    assert set(written) == {"public", "private"}


def write_layouts(folder: Path) -> list[Path]:
    """The same faces as a table and as class folders, whose test/ is PublicTest and PrivateTest."""
    table = write_table(folder / "fer2013.csv", rows(70, 14, 14))
    dataset = load_dataset(table)
    for name, splits in {
        "train": [dataset.train],
        "test": [dataset.validation, dataset.test],
    }.items():
        for number, split in enumerate(splits):
            for index, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
                path = (
                    folder / "FER-2013" / name / dataset.emotions[label] / f"{number}-{index}.png"
                )
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(png(image))
    return [table, folder / "FER-2013"]


@pytest.mark.parametrize("first", [0, 1], ids=["a table", "folders"])
@pytest.mark.parametrize("split", ["public", "private"])
def test_faces_that_it_may_have_learned_do_not_enter_the_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], first: int, split: str
) -> None:
    layouts = write_layouts(tmp_path)
    learned_from, other = layouts[first], layouts[1 - first]
    folder, sheet = put(tmp_path / "wrong", learned_from), tmp_path / "sheet.png"
    options = ["--model", str(folder), "--split", split, "--mistakes", str(sheet)]
    assert main(["evaluate", *options, "--data", str(learned_from)]) == 0
    assert capsys.readouterr().err == ""
    before = contents(folder)
    assert main(["evaluate", *options, "--data", str(other)]) == 0
    out, err = capsys.readouterr()
    assert "accuracy 0.00%" in out
    assert "written to" not in out
    assert "its card and its figures stay as they were.\n" in err
    assert err.count("\n") == 1
    assert contents(folder) == before
    assert sheet.is_file()


def test_a_split_by_subject_does_not_pass_for_the_one_by_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_classes(tmp_path / "CK+48")
    folder = put(tmp_path / "happy", data, labels=CK_EMOTIONS)
    before = contents(folder)
    figures(capsys, "--model", folder, "--data", data, "--split-by", "subject")
    assert contents(folder) == before
    figures(capsys, "--model", folder, "--data", data)
    assert contents(folder) != before


def test_another_folder_for_the_report_leaves_the_model_as_it_is(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, report = put(tmp_path / "right"), tmp_path / "new" / "report"
    content = (folder / "card.json").read_bytes()
    figures(capsys, "--model", folder, "--data", table, "--report", report)
    assert (report / "metrics.json").is_file()
    assert [path.name for path in folder.iterdir()] == ["card.json"]
    assert (folder / "card.json").read_bytes() == content


@pytest.mark.usefixtures("drawn")
def test_faces_are_written_only_where_asked_for(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.png"
    figures(capsys, "--model", put(tmp_path / "wrong"), "--data", table, "--mistakes", sheet)
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_the_report_is_what_the_command_prints(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put(tmp_path / "happy", table, trained_on={"temperature": 2.0})
    assert main(["evaluate", "--model", str(folder), "--data", str(table)]) == 0
    report = (folder / "evaluation" / "report-private.txt").read_text()
    assert capsys.readouterr().out.startswith(report)
    assert "accuracy 12.50% (95 % interval 0.00% to 37.50%)" in report
    # One of eight is happy, and happy is what it predicts: precision 1/8, recall 1, F1 2/9.
    rows = [" ".join(line.split()) for line in report.splitlines()]
    assert "happy 0.125 1.000 0.222 1" in rows
    assert "mean 0.018 0.143 0.032 8" in rows


def test_a_cross_validation_stands_beside_the_split_by_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_classes(tmp_path / "CK+48")
    by_subject = {
        "fold_accuracies": [0.25, 0.75],
        "all": {"n_images": 1234, "accuracy": 0.5, "macro_f1": 0.4},
    }
    metrics = {"crossvalidation": by_subject}
    folder = put(tmp_path / "happy", data, labels=CK_EMOTIONS, metrics=metrics)
    assert main(["evaluate", "--model", str(folder), "--data", str(data)]) == 0
    report = (folder / "evaluation" / "report-private.txt").read_text()
    assert capsys.readouterr().out.startswith(report)
    assert (
        "people not seen in training: 1234 images, accuracy 50.00% (25.00% to 75.00% in 2 folds), "
        "macro F1 0.400\nA split by image puts the same people, and frames of the same moment, on "
        "both sides; its figure tends to be too good.\n"
    ) in report
    written = json.loads((folder / "evaluation" / "metrics.json").read_text())
    assert written["crossvalidation"] == by_subject


def test_a_model_of_other_emotions_exits_with_2_and_one_sentence(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put(tmp_path / "happy", labels=CK_EMOTIONS)
    assert main(["evaluate", "--model", str(folder), "--data", str(table)]) == 2
    err = capsys.readouterr().err
    assert "The model happy predicts angry, disgust, fear, happy, sad, surprise, c" in err
    assert err.count("\n") == 1


def test_a_history_that_is_none_exits_with_2_and_one_sentence(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = put(tmp_path / "right", table, trained_on={"chosen_epoch": 1})
    (folder / "history.csv").write_text("epoch,accuracy\n0,.5\n")
    assert main(["evaluate", "--model", str(folder), "--data", str(table)]) == 2
    err = capsys.readouterr().err
    assert "history.csv is not the history of a training run" in err
    assert err.count("\n") == 1


# --- the models that come with this repository ---

LEAST_ACCURACY = {
    "ck-cnn": 0.9695,
    "everyday": 0.86,
    "everyday-labels": 0.699,
    "fer-resnet": 0.709,
    "fer-resnet-60": 0.724,
    "fer-resnet-ferplus": 0.872,
    "mini-xception": 0.65,
    "tutorial-cnn": 0.611,
    "tutorial-cnn-augmented": 0.611,
}
"""By the labels that it learned: what is published of its recipe, or what the README says of it."""


@pytest.mark.parametrize("name", list_models())
def test_the_card_of_every_model_quotes_its_metrics_file(name: str) -> None:
    folder = MODELS_DIR / name
    card = read_card(folder)
    assert card.metrics == json.loads((folder / "evaluation" / "metrics.json").read_text())
    assert {"public", "private"} <= set(card.metrics)
    private = card.metrics["private"]
    assert private[card.own_protocol]["accuracy"] >= LEAST_ACCURACY.get(name, 0)
    assert set(private["all"]["f1"]) == set(card.labels)


@pytest.mark.parametrize("name", list_models())
def test_the_reports_of_every_model_say_what_its_card_has(name: str) -> None:
    card = read_card(MODELS_DIR / name)
    for split in set(card.metrics) - {"crossvalidation"}:
        report = (MODELS_DIR / name / "evaluation" / f"report-{split}.txt").read_text()
        assert report == report_text(card, split, SplitFigures.from_dict(card.metrics[split]))


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in list_models()
        if read_card(MODELS_DIR / name).trained_on["dataset"] == "FER2013"
    ],
)
def test_a_model_of_fer2013_was_evaluated_by_every_protocol(name: str) -> None:
    private = read_card(MODELS_DIR / name).metrics["private"]
    protocols = ("all", "leak_free", "ferplus_7", "ferplus_8")
    assert [private[part]["n_images"] for part in protocols] == [3589, 3300, 3137, 3153]
    assert private["leak_free"]["accuracy"] < private["all"]["accuracy"]
