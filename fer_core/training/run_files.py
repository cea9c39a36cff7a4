"""The files of a training run, which hold all that a resumed run needs."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from fer_core.errors import OutputError
from fer_core.model_store import read_history
from fer_core.training.export_formats import FORMATS
from fer_core.training.recipe import Recipe


def make_folder(folder: Path) -> None:
    """Make a folder if need be.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made a folder: {error.strerror}.") from error


@dataclass(frozen=True)
class RunFiles:
    """What a run writes while it is under way."""

    output: Path

    @property
    def backup(self) -> Path:
        """Holds the run's settings, weights, and a numbered folder for each stage begun."""
        return self.output / ".backup"

    def weights(self, epoch: int) -> Path:
        """Weights after an epoch, numbered as in the history, with the optimizer's state."""
        return self.backup / f"epoch-{epoch}.weights.h5"

    def best(self, recipe: Recipe) -> Path:
        """Weights of the epoch in the history that is best by the recipe's measure."""
        return self.weights(int(recipe.best(self.epochs())["epoch"]))

    def check_weights(self, recipe: Recipe) -> None:
        """Raise `OutputError` unless there are the weights that a resumed run needs."""
        if not all(path.exists() for path in self._needed(recipe)):
            raise self._damaged()

    def tidy(self, recipe: Recipe) -> None:
        """Remove the weights that a resumed run does not need."""
        needed = self._needed(recipe)
        for path in self.backup.glob("epoch-*.weights.h5"):
            if path not in needed:
                path.unlink()

    def _needed(self, recipe: Recipe) -> set[Path]:
        """Weights of the best and of the last epoch in the history."""
        epochs = self.epochs()
        return {self.best(recipe), self.weights(int(epochs[-1]["epoch"]))} if epochs else set()

    @property
    def history(self) -> Path:
        """A row an epoch; stays."""
        return self.output / "history.csv"

    def settings(self) -> dict[str, str]:
        """Those of the interrupted run.

        Raises:
            OutputError: There is no interrupted run here, or what is noted of it is damaged.
        """
        if not self._settings.exists():
            raise OutputError(
                f"{self.output} holds no interrupted run; leave out --resume to start anew."
            )
        try:
            settings: dict[str, str] = json.loads(self._settings.read_text(encoding="utf-8"))
        except ValueError as error:
            raise self._damaged() from error
        return settings

    def _damaged(self) -> OutputError:
        """What to raise where the interrupted run cannot be taken up."""
        return OutputError(
            f"The interrupted run's notes in {self.backup} are damaged; start anew in another "
            "folder."
        )

    def check_free(self) -> None:
        """Raise `OutputError` where something would be taken for the new network's, or lost."""
        exported = [name for export_format in FORMATS.values() for name in export_format.files]
        names = ("card.json", "model.keras", "history.csv", "evaluation", *exported)
        for path in (self.backup, *(self.output / name for name in names)):
            if path.exists():
                raise OutputError(f"{path} is there already; name another folder to train in.")

    def begin_run(self, settings: dict[str, str]) -> None:
        """Make the backup of a run in a folder that is free.

        Args:
            settings: What a run that resumes this one must have in common with it.
        """
        shutil.rmtree(self._aside, ignore_errors=True)
        self._aside.mkdir()
        (self._aside / self._settings.name).write_text(json.dumps(settings), encoding="utf-8")
        self._aside.rename(self.backup)

    @property
    def _settings(self) -> Path:
        return self.backup / "run.json"

    @property
    def _aside(self) -> Path:
        """Where the backup is made and taken apart, so that it is whole wherever it is."""
        return self.output / ".backup-aside"

    def forget(self) -> None:
        """Remove what only a resumed run needs."""
        shutil.rmtree(self._aside, ignore_errors=True)
        if self.backup.exists():
            self.backup.rename(self._aside)
            shutil.rmtree(self._aside)

    def begin_stage(self, number: int) -> None:
        """From now on a resumed run begins with this stage."""
        (self.backup / str(number)).mkdir(exist_ok=True)

    def stage(self) -> int:
        """Number of the stage that was begun last, 0 where there is none."""
        return max((int(folder.name) for folder in self.backup.glob("[0-9]*")), default=0)

    def epochs(self) -> list[dict[str, float]]:
        """Figures of the epochs so far."""
        return read_history(self.output)
