"""Runs that were interrupted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

from fer_core.classification.model_store import read_card
from fer_core.training.export.formats import FORMATS
from tests.conftest import takes_long
from tests.fer2013 import VOTES_HEADER, row, rows, vote_row, votes_for, write_table
from tests.full_disk import full_disk
from tests.training.run.runs import (
    USAGES,
    accuracies,
    contents,
    epochs,
    files,
    history,
    interrupt,
    learn_votes,
    same,
    script_validation,
    throw_away,
    weights,
)


def test_ctrl_c_before_the_first_epoch_is_over_exits_with_130(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    interrupt(monkeypatch, epoch=1)
    assert run() == 130
    assert capsys.readouterr().err.endswith("Interrupted.\n")
    assert not {"model.keras", "model.tflite", "card.json"} & set(files(tmp_path / "net"))


def test_an_interrupted_run_keeps_its_best_epoch_and_resumes_after_its_last(
    run: Callable[..., int], tmp_path: Path
) -> None:
    folder = tmp_path / "net"
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=3)
        script_validation(patch, 0.5, 0.9)
        assert run("--epochs", "4") == 130
    assert epochs(folder) == [0, 1]
    assert read_card(folder).trained_on["epochs"] == 2
    before = weights(folder)
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, 0.7, 0.8)
        assert run("--epochs", "4", "--resume") == 0
    assert epochs(folder) == [0, 1, 2, 3]
    assert accuracies(folder) == pytest.approx([0.5, 0.9, 0.7, 0.8])
    assert read_card(folder).trained_on["epochs"] == 4
    # Neither epoch after the interruption is better than the second one before it.
    assert read_card(folder).trained_on["chosen_epoch"] == 2
    assert same(weights(folder), before)
    assert files(folder) == ["card.json", "history.csv", "model.keras"]


def test_an_interrupted_run_does_not_look_like_a_finished_one(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=3)
        assert run("--epochs", "4") == 130
    sentence = "Interrupted after epoch 2 of 4; go on with --resume.\n"
    assert capsys.readouterr().err.endswith(sentence)
    assert read_card(tmp_path / "net").trained_on["finished"] is False
    assert run("--epochs", "4", "--resume") == 0
    assert "Interrupted" not in capsys.readouterr().err
    assert read_card(tmp_path / "net").trained_on["finished"] is True


def test_a_run_can_be_resumed_again_and_again_and_goes_on_with_its_weights(
    run: Callable[..., int], tmp_path: Path
) -> None:
    folder = tmp_path / "net"
    for epoch, resume in ((2, []), (3, ["--resume"])):
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, epoch=epoch)
            assert run("--epochs", "3", *resume) == 130
        assert epochs(folder) == list(range(epoch - 1))
    assert run("--epochs", "3", "--resume") == 0
    assert epochs(folder) == [0, 1, 2]
    losses = [float(row["loss"]) for row in history(folder)]
    assert losses == sorted(losses, reverse=True), "an epoch began with fresh weights"


def cut_off(patch: pytest.MonkeyPatch, *, while_writing: str, epoch: int) -> None:
    """Ctrl-C between an epoch's weights and its row in the history, or amid its weights."""
    if while_writing == "history":

        def on_epoch_end(self: Any, number: int, logs: object = None) -> None:
            if number + 1 == epoch:
                raise KeyboardInterrupt
            original(self, number, logs)

        original = keras.callbacks.CSVLogger.on_epoch_end
        patch.setattr(keras.callbacks.CSVLogger, "on_epoch_end", on_epoch_end)
        return
    n_written = 0

    def write_bytes(path: Path, content: bytes) -> int:
        nonlocal n_written
        n_written += 1
        if n_written == epoch:
            write(path, content[:1000])
            raise KeyboardInterrupt
        return write(path, content)

    write = Path.write_bytes
    patch.setattr(Path, "write_bytes", write_bytes)


@pytest.mark.parametrize("while_writing", ["history", "weights"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_an_epoch_that_was_cut_off_while_it_was_written_is_trained_again(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    while_writing: str,
    epoch: int,
) -> None:
    folder = tmp_path / "net"
    script_validation(monkeypatch, 0.5, 0.4)
    assert run("--epochs", "2") == 0
    best = weights(folder)
    throw_away(folder)
    measured = [0.5, 0.4, 0.9][:epoch]
    with pytest.MonkeyPatch.context() as patch:
        cut_off(patch, while_writing=while_writing, epoch=epoch)
        script_validation(patch, *measured)
        assert run("--epochs", "4") == 130
    assert epochs(folder) == list(range(epoch - 1))
    if epoch > 1:  # what was never counted is not kept
        assert same(weights(folder), best)
    # What was best is not remembered from the epoch that was cut off.
    script_validation(monkeypatch, *[0.5, 0.4, 0.3, 0.2][epoch - 1 :])
    assert run("--epochs", "4", "--resume") == 0
    assert accuracies(folder) == pytest.approx([0.5, 0.4, 0.3, 0.2])
    assert read_card(folder).trained_on["chosen_epoch"] == 1
    assert same(weights(folder), best)


@pytest.mark.parametrize("content", [b"", b'{"recipe": "ti', b"\xff"])
def test_a_run_whose_notes_are_damaged_is_not_resumed(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=1)
        assert run() == 130
    (tmp_path / "net" / ".backup" / "run.json").write_bytes(content)
    capsys.readouterr()
    assert run("--resume") == 2
    assert capsys.readouterr().err == (
        f"The interrupted run's notes in {tmp_path / 'net' / '.backup'} are damaged; start a new "
        "one in another folder.\n"
    )


def test_a_run_whose_weights_are_gone_is_not_resumed(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run() == 130
    (tmp_path / "net" / ".backup" / "epoch-0.weights.h5").unlink()
    capsys.readouterr()
    assert run("--resume") == 2
    assert "are damaged; start a new one in another folder" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_once_there_is_room(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with full_disk(4096):  # the notes and the history are smaller, the weights are not
        assert run("--epochs", "2") == 2
    path = tmp_path / "net" / ".backup" / "epoch-0.weights.h5"
    assert capsys.readouterr().err == (
        f"{path} cannot be written: File too large; once it can, --resume goes on with epoch 1.\n"
    )
    assert run("--epochs", "2", "--resume") == 0
    assert epochs(tmp_path / "net") == [0, 1]


def test_a_run_keeps_the_weights_of_its_best_and_its_last_epoch_alone(
    run: Callable[..., int], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=5)
        script_validation(patch, 0.5, 0.9, 0.4, 0.3)
        assert run("--epochs", "5") == 130
    # The last but one goes when the next is written.
    kept = {"epoch-1.weights.h5", "epoch-2.weights.h5", "epoch-3.weights.h5"}
    assert {path.name for path in (tmp_path / "net" / ".backup").glob("epoch-*")} == kept


def test_an_interrupted_run_closes_its_history(
    run: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted = interrupt(monkeypatch, epoch=2)
    script_validation(monkeypatch, 0.5)
    assert run() == 130
    assert [logger.csv_file.closed for logger in interrupted] == [True]


@pytest.mark.parametrize("epoch", [1, 3])
def test_without_resume_an_interrupted_run_is_not_lost(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str], epoch: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=epoch)
        assert run("--epochs", "3") == 130
    before = contents(tmp_path)
    capsys.readouterr()
    assert run("--epochs", "3") == 2
    assert capsys.readouterr() == (
        "",
        f"{tmp_path / 'net'} holds an interrupted run; --resume goes on with it, or name another "
        "folder.\n",
    )
    assert contents(tmp_path) == before
    assert run("--epochs", "3", "--resume") == 0
    assert epochs(tmp_path / "net") == [0, 1, 2]


@takes_long
def test_nothing_made_from_an_interrupted_runs_network_is_left_beside_the_finished_one(
    run: Callable[..., int], tmp_path: Path
) -> None:
    folder = tmp_path / "net"
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run("--epochs", "2") == 130
    for export_format in FORMATS.values():
        for name in export_format.files:
            (folder / name).touch()
    (folder / "evaluation").mkdir()
    assert run("--epochs", "2", "--resume") == 0
    assert files(folder) == ["card.json", "history.csv", "model.keras"]


def test_a_finished_run_is_not_resumed_and_stays_as_it_is(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run("--epochs", "1") == 0
    before = (tmp_path / "net" / "history.csv").read_text()
    capsys.readouterr()
    assert run("--epochs", "1", "--resume") == 2
    assert "holds no interrupted run" in capsys.readouterr().err
    assert (tmp_path / "net" / "history.csv").read_text() == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        pytest.param(["--epochs", "4"], "epochs 3, not 4", id="epochs"),
        pytest.param(["--epochs", "3", "--seed", "9"], "seed 0, not 9", id="seed"),
        pytest.param(
            ["--epochs", "3", "--limit", "3"],
            "had other data, another split or another --limit; resume",
            id="data",
        ),
    ],
)
def test_a_run_is_not_resumed_with_other_settings(
    run: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    named: str,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run("--epochs", "3") == 130
    capsys.readouterr()
    assert run(*options, "--resume") == 2
    assert named in capsys.readouterr().err


def test_a_run_is_not_resumed_with_other_faces_to_choose_by(
    run: Callable[..., int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run() == 130
    other = write_table(tmp_path / "other.csv", [*rows(28, 14, 7), row(3, "PublicTest")])
    before = contents(tmp_path)
    capsys.readouterr()
    assert run("--data", str(other), "--resume") == 2
    assert "had other data, another split or" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_a_run_that_learns_votes_is_not_resumed_with_others(
    run: Callable[..., int], voted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert learn_votes(run, voted) == 130
    votes = [vote_row(usage, votes_for(n % 7)) for n, usage in enumerate(USAGES)]
    write_table(tmp_path / "fer2013new.csv", votes, VOTES_HEADER)
    other = write_table(tmp_path / "fer2013.csv", rows(28, 14, 7))
    capsys.readouterr()
    assert learn_votes(run, other, "--resume") == 2
    assert "had other data, another split or" in capsys.readouterr().err


def test_a_run_that_an_earlier_version_began_is_resumed(
    run: Callable[..., int], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run() == 130
    notes = tmp_path / "net" / ".backup" / "run.json"
    noted = json.loads(notes.read_text())
    del noted["validation"]
    notes.write_text(json.dumps(noted))
    assert run("--resume") == 0
    assert epochs(tmp_path / "net") == [0, 1, 2]
