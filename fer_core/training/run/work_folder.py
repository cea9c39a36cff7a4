"""The folder of work that may be interrupted and resumed."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fer_core.errors import OutputError


@dataclass(frozen=True)
class WorkFolder:
    """A folder that exists only while work is unfinished, and holds the settings of that work.

    It is made and removed under another name, so that it is whole whenever it is there.

    Attributes:
        path: The folder, inside the output folder.
        work: The name of the work in error messages, such as `run`.
        notes_name: Name of the file of settings in it.
    """

    path: Path
    work: str
    notes_name: str

    @property
    def notes(self) -> Path:
        """The file of settings."""
        return self.path / self.notes_name

    def make(self, settings: Mapping[str, Any]) -> None:
        """Make the folder and note the settings that a resumed run must have, too.

        Raises:
            OutputError: It cannot be made.
        """
        shutil.rmtree(self._aside, ignore_errors=True)
        try:
            self._aside.mkdir(parents=True)
            (self._aside / self.notes_name).write_text(json.dumps(settings), encoding="utf-8")
            self._aside.rename(self.path)
        except OSError as error:
            raise OutputError(f"{self.path} cannot be made: {error.strerror}.") from error

    def settings(self) -> dict[str, Any]:
        """Return the settings of the interrupted work.

        Raises:
            OutputError: Nothing was interrupted here, or the notes are damaged.
        """
        try:
            settings: dict[str, Any] = json.loads(self.notes.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise OutputError(
                f"{self.path.parent} holds no interrupted {self.work}; leave out --resume to start "
                "a new one."
            ) from error
        except ValueError as error:
            raise self.damaged() from error
        return settings

    def damaged(self) -> OutputError:
        """Return the error for work that cannot be resumed."""
        return OutputError(
            f"The interrupted {self.work}'s notes in {self.path} are damaged; start a new one in "
            "another folder."
        )

    def remove(self) -> None:
        """Remove the folder with all that is in it, if it is there."""
        shutil.rmtree(self._aside, ignore_errors=True)
        if self.path.exists():
            shutil.rmtree(self.path.rename(self._aside))

    @property
    def _aside(self) -> Path:
        return self.path.with_name(f"{self.path.name}-aside")
