"""Runs that learn what other models predict."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import read_card
from fer_core.training.data.batches import FaceBatches
from fer_core.training.run import stages
from tests.fer2013 import rows, write_table
from tests.training.run.runs import interrupt, learn_votes, throw_away


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> list[npt.NDArray[np.float32]]:
    """The targets `(n, ...)` of each batch that training asks for."""
    targets: list[npt.NDArray[np.float32]] = []

    class Batches(FaceBatches):
        def __getitem__(self, index: int) -> Any:
            batch = super().__getitem__(index)
            targets.append(batch[1].copy())
            return batch

    monkeypatch.setattr(stages, "FaceBatches", Batches)
    return targets


def test_half_of_what_is_learned_is_what_the_teachers_answer(
    run: Callable[..., int], tmp_path: Path, answering: list[npt.NDArray[np.float32]]
) -> None:
    assert run("--epochs", "1") == 0
    (tmp_path / "net").rename(tmp_path / "teacher")
    teacher = EmotionClassifier.load(tmp_path / "teacher", runtime="keras")
    assert read_card(tmp_path / "teacher").trained_on["teachers"] == []
    answering.clear()
    assert run("--epochs", "1", "--teachers", str(tmp_path / "teacher")) == 0
    assert read_card(tmp_path / "net").trained_on["teachers"] == [f"net {teacher.version}"]
    assert set(np.unique(answering[-1])) == {0, 1}  # the model is chosen by the labels alone
    learned = np.concatenate(answering[:2])
    assert learned.min() > 0
    assert ((learned.max(axis=1) > 0.5) & (learned.max(axis=1) < 1)).all()
    np.testing.assert_allclose(learned.sum(axis=1), 1, atol=1e-6)


def test_a_teacher_teaches_the_labels_that_it_learned_itself(
    run: Callable[..., int],
    voted: Path,
    tmp_path: Path,
    answering: list[npt.NDArray[np.float32]],
) -> None:
    assert learn_votes(run, voted, "--epochs", "1") == 0
    for name in ("net", "net-ferplus"):
        (tmp_path / name).rename(tmp_path / f"{name}-teacher")
    answering.clear()
    by_votes = str(tmp_path / "net-ferplus-teacher")
    assert learn_votes(run, voted, "--epochs", "1", "--teachers", by_votes) == 0
    labels, votes = np.concatenate(answering[:2]).transpose(1, 0, 2)
    assert len(labels) == 28
    assert (labels.max(axis=1) == 1).all()
    assert (votes.max(axis=1) < 1).all()
    throw_away(tmp_path / "net", tmp_path / "net-ferplus")
    answering.clear()
    both = ["--teachers", str(tmp_path / "net-teacher"), by_votes]
    assert learn_votes(run, voted, "--epochs", "1", *both) == 0
    assert (np.concatenate(answering[:2]).max(axis=2) < 1).all()
    for name in ("net", "net-ferplus"):
        names = [text.split()[0] for text in read_card(tmp_path / name).trained_on["teachers"]]
        assert names == ["net", "net-ferplus"]


def test_a_run_is_not_resumed_with_other_teachers(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--epochs", "1") == 0
    (tmp_path / "net").rename(tmp_path / "teacher")
    taught = ["--teachers", str(tmp_path / "teacher")]
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run(*taught) == 130
    capsys.readouterr()
    assert run("--resume") == 2
    assert "had teachers net " in capsys.readouterr().err
    assert run(*taught, "--resume") == 0


@pytest.mark.parametrize(
    ("teacher", "sentence"),
    [
        pytest.param("of-votes", "predicts FER+'s votes, which the recipe 'tiny'", id="votes"),
        pytest.param("of-others", "not trained on the training split of FER2013", id="faces"),
        pytest.param("nobody", "nobody", id="none"),
    ],
)
def test_who_cannot_teach_is_refused_before_the_run(
    run: Callable[..., int],
    voted: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    teacher: str,
    sentence: str,
) -> None:
    assert learn_votes(run, voted, "--epochs", "1") == 0
    (tmp_path / "net-ferplus").rename(tmp_path / "of-votes")
    throw_away(tmp_path / "net")
    other = write_table(tmp_path / "other.csv", rows(35, 14, 7))
    assert run("--data", str(other), "--epochs", "1") == 0
    (tmp_path / "net").rename(tmp_path / "of-others")
    capsys.readouterr()
    assert run("--data", str(voted), "--teachers", str(tmp_path / teacher)) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Traceback" not in said
    assert not (tmp_path / "net").exists()
