"""A progress bar over files, some of which take so long that parts of them count."""

import sys
from threading import Lock
from types import TracebackType


class Progress:
    """Shows the number of files done, the share of all work that is done, and the time it takes."""

    def __init__(self, n_files: int, *, shown: bool) -> None:
        """Show the bar, unless nobody watches a terminal."""
        from tqdm import tqdm

        self._n_files = n_files
        self._n_done = 0
        self._lock = Lock()
        self._bar = tqdm(
            total=n_files,
            bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}",
            desc=f"0 of {n_files} files",
            disable=None if shown else True,
        )

    def advance(self, share: float) -> None:
        """Note that this share of a file, from 0 to 1, was done since; from any thread."""
        with self._lock:
            self._bar.update(share)

    def finish_file(self) -> None:
        """Note that a file's results are written."""
        with self._lock:
            self._n_done += 1
            self._bar.set_description_str(f"{self._n_done} of {self._n_files} files")

    def write(self, line: str) -> None:
        """Write a line above the bar, to the standard error."""
        with self._lock:
            self._bar.write(line, file=sys.stderr)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()
