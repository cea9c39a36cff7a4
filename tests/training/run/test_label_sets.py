"""A run that learns labels and votes at once, and makes a model by each."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fer_core.__main__ import main
from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import read_card
from fer_core.training.data.batches import FaceBatches
from fer_core.training.data.datasets import load_dataset
from fer_core.training.data.labeled_faces import LabeledFaces
from fer_core.training.run import stages
from tests.conftest import takes_long
from tests.faces import gray_faces
from tests.fer2013 import VOTES_HEADER, row, rows, vote_row, votes_for, write_table
from tests.training.run.runs import (
    USAGES,
    contents,
    epochs,
    files,
    history,
    interrupt,
    learn_votes,
    throw_away,
    voted_for,
    weights,
)


def test_labels_and_votes_make_a_network_each(
    run: Callable[..., int], voted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert learn_votes(run, voted, "--epochs", "12") == 0
    said = capsys.readouterr().out
    folders = [tmp_path / "net", tmp_path / "net-ferplus"]
    faces = load_dataset(voted).validation
    for folder, labels, right in zip(
        folders, ("FER2013", "FER+"), (faces.labels, voted_for(faces.labels)), strict=True
    ):
        assert files(folder) == ["card.json", "history.csv", "model.keras"]
        card = read_card(folder)
        assert (card.name, card.trained_on["labels"]) == (folder.name, labels)
        assert card.n_parameters == 8 * 8 * 7 + 7  # its own head alone
        predictions = EmotionClassifier.load(folder, runtime="keras").probabilities(faces.images)
        np.testing.assert_allclose(predictions.sum(axis=1), 1, atol=1e-5)
        assert (predictions.argmax(axis=1) == right).mean() > 0.8
        assert f"{folder}: mean of validation accuracy by labels and by votes, " in said
    assert history(folders[0]) == history(folders[1])
    cards = [read_card(folder).trained_on for folder in folders]
    own = {"labels", "temperature"}
    same_for_both, also = ({k: v for k, v in c.items() if k not in own} for c in cards)
    assert same_for_both == also


def test_each_network_is_calibrated_by_its_own_labels(
    run: Callable[..., int], voted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[float, list[int]] = {}

    def give(_network: object, faces: LabeledFaces) -> float:
        temperature = 1.5 + len(seen)
        seen[temperature] = faces.labels.tolist()
        return temperature

    monkeypatch.setattr("fer_core.training.run.models.give_temperature", give)
    assert learn_votes(run, voted, "--epochs", "1") == 0
    labels = load_dataset(voted).validation.labels
    by_labels, by_votes = (
        seen[read_card(folder).trained_on["temperature"]]
        for folder in (tmp_path / "net", tmp_path / "net-ferplus")
    )
    assert by_labels == labels.tolist()
    assert by_votes == voted_for(labels).tolist()


def test_a_network_of_one_label_set_says_which(run: Callable[..., int], tmp_path: Path) -> None:
    assert run("--epochs", "1") == 0
    assert read_card(tmp_path / "net").trained_on["labels"] == "FER2013"
    assert not (tmp_path / "net-ferplus").exists()


@takes_long
def test_faces_that_nobody_was_asked_about_teach_their_label_alone(
    run: Callable[..., int], voted: Path, tmp_path: Path
) -> None:
    # Of each emotion half of the faces have votes, and half of the others none that it can predict.
    kinds = ["0,0,0,0,0,0,0,0,0,0", "0,0,0,0,0,0,0,4,3,3"]
    votes = [
        vote_row(usage, votes_for(voted_for(n % 7)) if n // 7 % 2 else kinds[n % 2])
        for n, usage in enumerate(USAGES)
    ]
    write_table(tmp_path / "fer2013new.csv", votes, VOTES_HEADER)
    write_table(tmp_path / "fer2013.csv", rows(28, 14, 7))
    assert learn_votes(run, tmp_path / "fer2013.csv", "--epochs", "20") == 0
    faces = load_dataset(voted).validation
    network = EmotionClassifier.load(tmp_path / "net-ferplus", runtime="keras")
    predictions = network.probabilities(faces.images)
    assert (predictions.argmax(axis=1) == voted_for(faces.labels)).mean() > 0.8
    assert np.isfinite([float(row["loss"]) for row in history(tmp_path / "net")]).all()


def test_balanced_classes_leave_the_votes_as_they_count(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [*rows(28, 14, 7), *[row(3) for _ in range(20)]]
    write_table(tmp_path / "fer2013.csv", lines)
    votes = [vote_row(line.rsplit(",", 1)[1], votes_for(0)) for line in lines]
    write_table(tmp_path / "fer2013new.csv", votes, VOTES_HEADER)
    counted: list[npt.NDArray[np.float32]] = []

    class Batches(FaceBatches):
        def __getitem__(self, index: int) -> Any:
            images, targets, weights = super().__getitem__(index)
            counted.extend(weights[targets[:, 0, 3] == 1])
            return images, targets, weights

    monkeypatch.setattr(stages, "FaceBatches", Batches)
    data = tmp_path / "fer2013.csv"
    assert learn_votes(run, data, "--epochs", "1", "--balanced") == 0
    # 24 of 48 faces are happy by their labels: on average a class has 48 / 7.
    by_labels, by_votes = np.transpose(counted)
    assert set(by_labels.round(4)) == {np.float32(round(48 / 7 / 24, 4)), 1}
    assert set(by_votes) == {1}


@takes_long
def test_a_run_that_learns_votes_resumes_and_ends_as_an_unbroken_one(
    run: Callable[..., int], voted: Path, tmp_path: Path
) -> None:
    folders = [tmp_path / "net", tmp_path / "net-ferplus"]
    assert learn_votes(run, voted, "--epochs", "4") == 0
    unbroken = [weights(folder) for folder in folders]
    throw_away(*folders)
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=3)
        assert learn_votes(run, voted, "--epochs", "4") == 130
    for folder in folders:  # both are there, and neither looks finished
        assert {"card.json", "history.csv", "model.keras"} <= set(files(folder))
        assert epochs(folder) == [0, 1]
        assert read_card(folder).trained_on["finished"] is False
        (folder / "model.tflite").touch()
    assert learn_votes(run, voted, "--epochs", "4", "--resume") == 0
    for folder, expected in zip(folders, unbroken, strict=True):
        assert files(folder) == ["card.json", "history.csv", "model.keras"]
        assert epochs(folder) == [0, 1, 2, 3]
        assert read_card(folder).trained_on["finished"] is True
        for was, found in zip(expected, weights(folder), strict=True):
            np.testing.assert_allclose(found, was, atol=1e-6)


def test_a_run_cut_off_between_its_networks_is_resumed_where_all_epochs_are_done(
    run: Callable[..., int], voted: Path, tmp_path: Path
) -> None:
    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_core.training.run.models.shutil.copyfile", cut_off)
        assert learn_votes(run, voted, "--epochs", "2") == 130
    shutil.rmtree(tmp_path / "net-ferplus")
    assert learn_votes(run, voted, "--epochs", "2", "--resume") == 0
    for folder in (tmp_path / "net", tmp_path / "net-ferplus"):
        assert files(folder) == ["card.json", "history.csv", "model.keras"]
        assert read_card(folder).trained_on["epochs"] == 2


@pytest.mark.parametrize("name", ["card.json", "evaluation", ".backup"])
def test_what_the_second_folder_holds_is_not_replaced_either(
    run: Callable[..., int],
    voted: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
) -> None:
    kept = tmp_path / "net-ferplus" / name
    kept.parent.mkdir()
    kept.write_text("of somebody")
    assert learn_votes(run, voted) == 2
    assert capsys.readouterr() == (
        "",
        f"{kept} is there already; name another folder to train in.\n",
    )
    assert contents(tmp_path) == {kept.parent: False, kept: b"of somebody"}


def test_the_second_folder_stands_beside_the_folder_that_one_is_in(
    run: Callable[..., int], voted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert learn_votes(run, voted, "--epochs", "1", "--output", ".") == 0
    cards = [read_card(tmp_path / name) for name in ("here", "here-ferplus")]
    assert [card.name for card in cards] == ["here", "here-ferplus"]


@pytest.mark.parametrize(
    ("votes", "sentence"),
    [
        pytest.param(
            None,
            "FER2013 comes without FER+'s votes, which the model predicts: put fer2013new.csv "
            "beside fer2013.csv.\n",
            id="no votes",
        ),
        pytest.param(
            "0,0,0,0,0,0,0,9,1,0",
            "FER+'s votes agree on none of FER2013's validation faces, so the model that predicts "
            "them cannot be calibrated.\n",
            id="contempt alone",
        ),
    ],
)
@pytest.mark.parametrize("resume", [False, True])
def test_without_votes_nothing_is_written_and_an_interrupted_run_stays(
    run: Callable[..., int],
    voted: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    votes: str | None,
    sentence: str,
    resume: bool,
) -> None:
    if resume:
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, epoch=2)
            assert learn_votes(run, voted) == 130
    (tmp_path / "data").mkdir()
    data = write_table(tmp_path / "data" / "fer2013.csv", rows(28, 14, 7))
    if votes:
        lines = [vote_row(usage, votes) for usage in USAGES]
        write_table(data.parent / "fer2013new.csv", lines, VOTES_HEADER)
    before = contents(tmp_path)
    capsys.readouterr()
    assert learn_votes(run, data, *["--resume"] * resume) == 2
    assert capsys.readouterr() == ("", sentence)
    assert contents(tmp_path) == before


def test_a_file_in_the_second_folders_place_is_found_before_the_run(
    run: Callable[..., int], voted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "net-ferplus").write_text("a file")
    assert learn_votes(run, voted, "--epochs", "1") == 2
    assert capsys.readouterr().err == (
        f"{tmp_path / 'net-ferplus'} cannot be made a folder: File exists.\n"
    )
    assert (tmp_path / "net-ferplus").read_text() == "a file"
    assert not (tmp_path / "net" / "history.csv").exists()


@takes_long
def test_both_networks_are_exported_and_checked_on_faces(
    voted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--recipe", "tiny-with-votes", "--output", str(tmp_path / "net"), "--epochs", "1"]
    assert main(["train", "--data", str(voted), *options]) == 0
    checks = [line for line in capsys.readouterr().out.splitlines() if "checked on" in line]
    n_test = len(load_dataset(voted).test)
    assert [check.split(maxsplit=2)[2] for check in checks] == [
        f"{n_test} test faces of FER2013",
        f"{n_test} test faces of FER2013, by FER+'s majority",
    ]
    predictions = []
    for folder in (tmp_path / "net", tmp_path / "net-ferplus"):
        served = EmotionClassifier.load(folder).probabilities(gray_faces(3))
        source = EmotionClassifier.load(folder, runtime="keras").probabilities(gray_faces(3))
        np.testing.assert_allclose(served, source, atol=1e-4)
        predictions.append(served)
    by_labels, by_votes = predictions
    assert not np.allclose(by_labels, by_votes, atol=1e-3)


def test_the_check_of_the_export_is_on_test_faces_and_printed(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--epochs", "1") == 0
    assert capsys.readouterr().out.endswith("net is checked on 7 faces\n")
