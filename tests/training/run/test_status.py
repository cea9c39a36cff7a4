import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fer_core.__main__ import main
from fer_core.classification.model_store import write_card
from fer_core.emotions import Emotion
from fer_core.errors import FerError, InputError
from fer_core.training.run.status import RunStatus, find_runs, status_text
from tests.faces import card

BEGAN_S = 1_700_000_000


def write_run(
    folder: Path, accuracies: list[float], kept: tuple[int, ...] = (), epoch_s: int = 60
) -> Path:
    """A run under way, whose epochs take so long, with the weights of some of them."""
    backup = folder / ".backup"
    backup.mkdir(parents=True)
    (backup / "run.json").write_text(json.dumps({"recipe": "tutorial-cnn", "epochs": "30"}))
    os.utime(backup / "run.json", (BEGAN_S, BEGAN_S))
    if accuracies:
        lines = [f"{n},{accuracy},1.0" for n, accuracy in enumerate(accuracies)]
        end_s = BEGAN_S + epoch_s * len(accuracies)
        (folder / "history.csv").write_text("\n".join(["epoch,val_accuracy,val_loss", *lines]))
        os.utime(folder / "history.csv", (end_s, end_s))
    for epoch in kept:
        path = backup / f"epoch-{epoch}.weights.h5"
        path.touch()
        end_s = BEGAN_S + epoch_s * (epoch + 1)
        os.utime(path, (end_s, end_s))
    return folder


def test_a_run_under_way_says_how_far_it_is_and_how_long_it_takes(tmp_path: Path) -> None:
    write_run(tmp_path, [0.2, 0.5, float("nan"), 0.4], kept=(1, 3))
    (run,) = find_runs(tmp_path, now_s=BEGAN_S + 4 * 60 + 30)
    assert run == RunStatus(tmp_path, "tutorial-cnn", False, 4, 30, 0.5, 2, 60, 30)
    assert run.left_s == 26 * 60


def test_an_interruption_does_not_slow_the_pace(tmp_path: Path) -> None:
    write_run(tmp_path, [0.2, 0.5, 0.4], kept=(1, 2))
    os.utime(tmp_path / ".backup" / "run.json", (BEGAN_S - 9000, BEGAN_S - 9000))
    (run,) = find_runs(tmp_path)
    assert run.epoch_s == 60


@pytest.mark.parametrize("kept", [(), (0,)])
def test_the_first_epochs_know_no_more_than_they_can(tmp_path: Path, kept: tuple[int, ...]) -> None:
    write_run(tmp_path, [0.3] * len(kept), kept)
    (run,) = find_runs(tmp_path, now_s=BEGAN_S + 100)
    assert (run.n_done, run.best) == ((1, 0.3) if kept else (0, None))
    assert (run.epoch_s, run.left_s) == ((60, 29 * 60) if kept else (None, None))


def test_a_folder_shows_all_its_runs_and_the_finished_ones_too(tmp_path: Path) -> None:
    write_run(tmp_path / "b", [0.2], kept=(0,))
    finished = write_run(tmp_path / "a", [0.2, 0.6])
    (finished / ".backup" / "run.json").unlink()
    (finished / ".backup").rmdir()
    write_card(replace(card((Emotion.HAPPY,)), name="a", recipe="ck-cnn"), finished)
    (tmp_path / "c").mkdir()
    runs = find_runs(tmp_path, now_s=BEGAN_S + 200)
    assert [(run.folder.name, run.recipe, run.is_over, run.left_s) for run in runs] == [
        ("a", "ck-cnn", True, 0),
        ("b", "tutorial-cnn", False, 29 * 60),
    ]
    lines = [line.partition(str(tmp_path))[2] or line for line in status_text(runs).splitlines()]
    header, first, second = (re.split(" {2,}", line.strip()) for line in lines)
    assert header[1:] == ["recipe", "epoch", "best on validation", "an epoch", "left", "last epoch"]
    assert first == ["/a", "ck-cnn", "2 of 2", "60.0% (epoch 2)", "finished"]
    assert second[2:] == ["1 of 30", "20.0% (epoch 1)", "60 s", "29 min", "2 min ago"]


def test_what_is_no_run_or_a_damaged_one_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="There is no training run in"):
        find_runs(tmp_path)
    write_run(tmp_path / "a", [])
    (tmp_path / "a" / ".backup" / "run.json").write_text("{")
    with pytest.raises(FerError, match=r"notes in .* are damaged"):
        find_runs(tmp_path)
    for folder, sentence in ((tmp_path, "are damaged"), (tmp_path / "no", "cannot be read: No")):
        with pytest.raises(SystemExit, match="2"):
            main(["train", "--status", str(folder)])
        assert sentence in capsys.readouterr().err


def test_the_command_shows_runs_without_loading_what_trains_them(tmp_path: Path) -> None:
    write_run(tmp_path, [0.2], kept=(0,))
    program = (
        "import sys; from fer_core.__main__ import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    print(sorted({'keras', 'tensorflow', 'torch'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", program, "train", "--status", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "1 of 30" in done.stdout
    assert done.stdout.endswith("[]\n")
