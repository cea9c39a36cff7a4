"""The files of a training run, which hold all that a resumed run needs."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fer_core.classification.model_store import read_history
from fer_core.errors import OutputError
from fer_core.training.run.work_folder import WorkFolder

if TYPE_CHECKING:
    from fer_core.training.recipes.recipe import Recipe


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
    """The files that a run writes while it is under way."""

    output: Path

    @property
    def backup(self) -> Path:
        """Holds the run's settings, weights, and a numbered folder for each stage begun."""
        return self.output / ".backup"

    def weights(self, epoch: int) -> Path:
        """Weights after an epoch, numbered as in the history, with the optimizer's state."""
        return self.backup / f"epoch-{epoch}.weights.h5"

    def best(self, recipe: "Recipe") -> Path:
        """Weights of the epoch in the history that is best by the recipe's measure."""
        return self.weights(int(recipe.best(self.epochs())["epoch"]))

    def check_weights(self, recipe: "Recipe") -> None:
        """Raise `OutputError` unless there are the weights that a resumed run needs."""
        if not all(path.exists() for path in self._needed(recipe)):
            raise self._work.damaged()

    def tidy(self, recipe: "Recipe") -> None:
        """Remove the weights that a resumed run does not need."""
        needed = self._needed(recipe)
        for path in self.backup.glob("epoch-*.weights.h5"):
            if path not in needed:
                path.unlink()

    def _needed(self, recipe: "Recipe") -> set[Path]:
        """Weights of the best and of the last epoch in the history."""
        epochs = self.epochs()
        return {self.best(recipe), self.weights(int(epochs[-1]["epoch"]))} if epochs else set()

    @property
    def history(self) -> Path:
        """A row an epoch; stays."""
        return self.output / "history.csv"

    def settings(self) -> dict[str, str]:
        """Return those of the interrupted run.

        Raises:
            OutputError: There is no interrupted run here, or its notes are damaged.
        """
        return self._work.settings()

    def check_free(self) -> None:
        """Raise `OutputError` if something would be taken for the new model's, or lost."""
        from fer_core.training.export.formats import FORMATS

        exported = [name for export_format in FORMATS.values() for name in export_format.files]
        names = ("card.json", "model.keras", "history.csv", "evaluation", *exported)
        for path in (self.backup, *(self.output / name for name in names)):
            if path.exists():
                raise OutputError(f"{path} is there already; name another folder to train in.")

    def begin_run(self, settings: dict[str, str]) -> None:
        """Make the backup of a run in a folder that is free.

        Args:
            settings: The settings that a run must have to resume this one.

        Raises:
            OutputError: It cannot be made.
        """
        self._work.make(settings)

    def forget(self) -> None:
        """Remove what only a resumed run needs."""
        self._work.remove()

    @property
    def _work(self) -> WorkFolder:
        return WorkFolder(self.backup, "run", "run.json")

    def begin_stage(self, number: int) -> None:
        """Note a stage, with which a resumed run then begins."""
        (self.backup / str(number)).mkdir(exist_ok=True)

    def stage(self) -> int:
        """Number of the stage that was begun last, 0 if there is none."""
        return max((int(folder.name) for folder in self.backup.glob("[0-9]*")), default=0)

    def epoch_ends_s(self) -> dict[int, float]:
        """The ends of epochs with weights, in seconds of `time.time`; under -1 the run's start."""
        weights = self.backup.glob("epoch-*.weights.h5")
        numbered = {int(path.name.split("-")[1].split(".")[0]): path for path in weights}
        files = {-1: self._work.notes, **numbered}
        return {epoch: path.stat().st_mtime for epoch, path in files.items() if path.exists()}

    def last_change_s(self) -> float:
        """The end of the last epoch, or the run's start, in seconds of `time.time`."""
        return (self.history if self.history.exists() else self._work.notes).stat().st_mtime

    def epochs(self) -> list[dict[str, float]]:
        """Figures of the epochs so far."""
        return read_history(self.output)
