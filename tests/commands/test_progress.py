"""The progress bar."""

import io
import sys

import pytest

from fer_core.commands.progress import Progress


def test_the_bar_moves_within_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress(4, shown=True) as progress:
        progress.advance(1.0)
        progress.finish_file()
        progress.advance(0.2)
        progress.write("b.mp4: damaged")
        progress.advance(0.8)
    last = terminal.getvalue().split("\r")[-1]
    assert last.startswith("1 of 4 files:  50%")
    assert "b.mp4: damaged\n" in terminal.getvalue()
