"""The state of training runs, read from their folders alone, without the libraries."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_core.classification.model_store import read_card
from fer_core.errors import InputError
from fer_core.training.run.files import RunFiles


@dataclass(frozen=True)
class RunStatus:
    """The state of a run.

    Attributes:
        folder: The folder that it writes.
        recipe: The recipe's name.
        is_over: True if it came to its end.
        n_done: Number of epochs trained so far.
        n_epochs: Most epochs that it trains.
        best: Highest accuracy on the validation split (FER2013's PublicTest), from 0 to 1, as the
            history has it; None before the first epoch is over.
        best_epoch: The epoch that reached it, from 1.
        epoch_s: Seconds that an epoch takes; None if nothing tells it yet.
        idle_s: Seconds since the last epoch was over, or since the run began.
    """

    folder: Path
    recipe: str
    is_over: bool
    n_done: int
    n_epochs: int
    best: float | None
    best_epoch: int
    epoch_s: float | None
    idle_s: float

    @property
    def left_s(self) -> float | None:
        """Seconds to the end at this pace, 0 if it is over; None if nothing tells it yet."""
        if self.is_over:
            return 0.0
        return None if self.epoch_s is None else self.epoch_s * (self.n_epochs - self.n_done)


def find_runs(folder: Path, now_s: float | None = None) -> list[RunStatus]:
    """The runs in a folder: its own, or those of the folders in it, by name.

    Args:
        folder: A model's folder, or one of many.
        now_s: The time now, in seconds of `time.time`.

    Raises:
        InputError: There is no run.
        FerError: A run's notes are damaged.
        OSError: The folder cannot be read.
    """
    now_s = time.time() if now_s is None else now_s
    places = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    found = [_status(RunFiles(place), now_s) for place in places]
    runs = [run for run in found if run]
    if not runs:
        raise InputError(f"There is no training run in {folder}.")
    return runs


def _status(files: RunFiles, now_s: float) -> RunStatus | None:
    history = files.epochs()
    last = max((int(row["epoch"]) for row in history), default=-1)
    if files.backup.exists():
        settings = files.settings()
        recipe, n_epochs, is_over = settings["recipe"], int(settings["epochs"]), False
    elif history and (files.output / "card.json").exists():
        recipe, n_epochs, is_over = read_card(files.output).recipe, last + 1, True
    else:
        return None
    accuracies = {int(row["epoch"]): row.get("val_accuracy", math.nan) for row in history}
    known = {epoch: share for epoch, share in accuracies.items() if math.isfinite(share)}
    best_epoch = max(known, key=lambda epoch: known[epoch], default=-1)
    return RunStatus(
        folder=files.output,
        recipe=recipe,
        is_over=is_over,
        n_done=last + 1,
        n_epochs=n_epochs,
        best=known.get(best_epoch),
        best_epoch=best_epoch + 1,
        epoch_s=_epoch_s(files, last) if not is_over else None,
        idle_s=max(0.0, now_s - files.last_change_s()),
    )


def _epoch_s(files: RunFiles, last: int) -> float | None:
    """The pace between two backups, or since the run began; the faster of both.

    An interruption or another program makes an epoch seem longer than it is, never shorter.
    """
    ends_s = files.epoch_ends_s()
    if last not in ends_s:
        return None
    paces = [
        (ends_s[last] - end_s) / (last - epoch) for epoch, end_s in ends_s.items() if epoch < last
    ]
    return min((pace for pace in paces if pace > 0), default=None)


def status_text(runs: Sequence[RunStatus]) -> str:
    """A table of runs, a line each."""
    header = ("model", "recipe", "epoch", "best on validation", "an epoch", "left", "last epoch")
    lines = [header, *map(_cells, runs)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )


def _cells(run: RunStatus) -> tuple[str, ...]:
    best = "" if run.best is None else f"{run.best:.1%} (epoch {run.best_epoch})"
    return (
        str(run.folder),
        run.recipe,
        f"{run.n_done} of {run.n_epochs}",
        best,
        "" if run.is_over else _duration(run.epoch_s),
        "finished" if run.is_over else _duration(run.left_s),
        "" if run.is_over or not run.n_done else f"{_duration(run.idle_s)} ago",
    )


def _duration(seconds: float | None) -> str:
    """Time for people: `40 s`, `12 min`, `3.5 h`, `2.1 days`; `?` where it is not known."""
    if seconds is None:
        return "?"
    for unit_s, name, digits in ((86_400, "days", 1), (3_600, "h", 1), (60, "min", 0)):
        if seconds >= 2 * unit_s:
            return f"{seconds / unit_s:.{digits}f} {name}"
    return f"{seconds:.0f} s"
