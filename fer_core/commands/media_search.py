"""The photos and videos that files, folders and patterns on the command line stand for."""

import glob
import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fer_core.commands.media_files import STDIN, absolute, kind_of
from fer_core.errors import InputError

NO_MEDIA = "neither a photo nor a video"


@dataclass(frozen=True)
class LeftOut:
    """Something in a folder that is not analyzed.

    Attributes:
        path: The file or folder.
        why: The kind of thing it is.
        is_missed: True if it may be a photo or a video.
    """

    path: Path
    why: str
    is_missed: bool


@dataclass(frozen=True)
class Media:
    """The photos and videos of a command.

    Attributes:
        files: Photos and videos, each once.
        left_out: Other files in the folders.
    """

    files: list[Path]
    left_out: list[LeftOut]

    @property
    def is_complete(self) -> bool:
        """True if no photo or video may have been left out."""
        return not any(one.is_missed for one in self.left_out)

    def summary(self) -> str:
        """Count what was left out, by kind, on one line; empty if there is nothing."""
        counts = Counter(one.why for one in self.left_out)
        return "; ".join(f"{why}: {n:,}" for why, n in counts.items())


def find_media(paths: Iterable[str], leave_out: Path | None = None) -> Media:
    """The photos and videos that are meant, each once, also where links lead to it.

    Args:
        paths: Files, whatever they are; `-` for standard input; folders, for all photos and
            videos in them and in their folders, with links followed; and patterns with `*`, `?`,
            `[` or `**`.
        leave_out: A folder that is not searched where it lies in a folder that is.

    Returns:
        Files in the order given, within a folder in alphabetical order, what links lead to last.

    Raises:
        InputError: One of the paths is not there, or there is no photo or video among them.
    """
    paths = list(paths)
    if not paths:
        raise InputError("No file and no folder was named.")
    found: dict[str, Path] = {}
    walk = _Walk(os.path.realpath(leave_out) if leave_out else None)
    for text in paths:
        for path in _expanded(text, leave_out):
            for file in walk.files_in(path) if path.is_dir() else [path]:
                found.setdefault(os.path.realpath(file), file)
    media = Media(list(found.values()), walk.left_out)
    if not found:
        what = media.summary()
        raise InputError(
            f"There is no photo or video in {', '.join(paths)}{f' ({what})' if what else ''}."
        )
    return media


def _expanded(text: str, leave_out: Path | None) -> list[Path]:
    if not text:
        raise InputError("An empty name stands for no file and no folder.")
    path = STDIN if text == "-" else Path(text)
    if path == STDIN or path.is_file() or path.is_dir():
        return [path]
    if os.path.lexists(path):
        raise InputError(f"{text} is neither a file nor a folder.")
    if not glob.has_magic(text):
        raise InputError(f"{text} does not exist.")
    # Path.glob takes no absolute patterns.
    matches = sorted(glob.glob(text, recursive=True))  # noqa: PTH207
    if not matches:
        raise InputError(f"Nothing matches the pattern {text}.")
    root = absolute(Path(*itertools.takewhile(lambda part: not glob.has_magic(part), path.parts)))
    apart = absolute(leave_out) if leave_out and root in absolute(leave_out).parents else None
    files = (Path(match) for match in matches if Path(match).is_file())
    return [file for file in files if not (apart and absolute(file).is_relative_to(apart))]


@dataclass
class _Walk:
    """Goes through folders and what links lead to, through each real folder once.

    Attributes:
        leave_out: The real path of a folder that is not entered.
        left_out: Collects what is left out.
    """

    leave_out: str | None
    left_out: list[LeftOut] = field(default_factory=list)
    _entered: set[str] = field(default_factory=set)

    def files_in(self, folder: Path) -> Iterator[Path]:
        """The photos and videos in a folder and below it."""
        # Links wait, so that what lies in the folder itself goes by its own path.
        links = [folder]
        for start in links:
            folders = [start]
            while folders:
                here = folders.pop()
                real = os.path.realpath(here)
                if real in self._entered or (real == self.leave_out and here != folder):
                    continue
                self._entered.add(real)
                entries = self._entries(here)
                inside = [path for path in entries if _is_folder(path)]
                links += [path for path in inside if path.is_symlink()]
                folders += [path for path in reversed(inside) if not path.is_symlink()]
                yield from (path for path in entries if path not in inside and self._is_media(path))

    def _entries(self, folder: Path) -> list[Path]:
        try:
            return [folder / name for name in sorted(os.listdir(folder))]  # noqa: PTH208
        except OSError as error:
            why = f"a folder that cannot be opened ({error.strerror})"
            self.left_out.append(LeftOut(folder, why, is_missed=True))
            return []

    def _is_media(self, path: Path) -> bool:
        if kind_of(path) is None:
            self.left_out.append(LeftOut(path, NO_MEDIA, is_missed=False))
        elif not os.path.exists(path):  # noqa: PTH110 - which raises no error
            self.left_out.append(LeftOut(path, "a link that leads nowhere", is_missed=True))
        elif not os.path.isfile(path):  # noqa: PTH113 - which raises no error
            self.left_out.append(LeftOut(path, "a pipe or a device", is_missed=True))
        else:
            return True
        return False


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - which raises no error
