"""Annotated videos share the temporary folder, and leave nothing in it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fer_core.errors import OutputError
from webapp.serving import exports
from webapp.serving.exports import Export


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def export() -> Iterator[Export]:
    made = Export()
    yield made
    made.close()


def writing(path: Path, *pieces: bytes) -> Generator[float]:
    with path.open("wb", buffering=0) as file:
        for piece in pieces:
            file.write(piece)
            yield 0.5


def test_a_video_that_is_written_has_no_name_and_is_read_as_often_as_asked(
    export: Export, folder: Path
) -> None:
    assert list(export.written(writing(export.path, b"one", b"two"))) == [0.5, 0.5]
    assert list(folder.iterdir()) == []
    assert [export.read(), export.read()] == [b"onetwo"] * 2


def test_while_it_is_written_nobody_else_may_look(export: Export) -> None:
    steps = export.written(writing(export.path, b"one"))
    next(steps)
    assert export.path.parent.stat().st_mode & 0o077 == 0
    with pytest.raises(ValueError, match="is written"):
        export.read()


def test_a_video_larger_than_its_share_is_ended(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_share", 5)
    steps = export.written(writing(export.path, b"12345", b"6", b"7"))
    assert next(steps) == 0.5
    with pytest.raises(OutputError, match="larger than this server"):
        next(steps)


def test_one_that_is_cancelled_leaves_nothing_and_makes_room(folder: Path) -> None:
    cancelled = [Export() for _ in range(exports.MOST_AT_ONCE)]
    for export in cancelled:
        steps = export.written(writing(export.path, b"half", b"of it"))
        next(steps)
        steps.close()
    assert list(folder.iterdir()) == []
    Export().close()


def test_there_are_so_many_at_once_and_one_that_is_closed_makes_room() -> None:
    with ExitStack() as stack:
        for _ in range(exports.MOST_AT_ONCE):
            stack.callback(Export().close)
        with pytest.raises(OutputError, match="no room"):
            Export()
    Export().close()


def disk(monkeypatch: pytest.MonkeyPatch, total: int, free: int) -> None:
    usage = type("Usage", (), {"total": total, "free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)


def test_a_full_disk_is_said_before_anything_is_written(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    room = exports.LEAST_BYTES * (exports.MOST_AT_ONCE + 1)
    disk(monkeypatch, total=10 * room, free=room - 1)
    with pytest.raises(OutputError, match="no room"):
        Export()
    assert list(folder.iterdir()) == []


def test_a_large_disk_that_others_have_nearly_filled_has_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = exports.LEAST_BYTES * (exports.MOST_AT_ONCE + 1)
    disk(monkeypatch, total=1000 * room, free=room)
    Export().close()


def test_those_at_once_never_fill_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    disk(monkeypatch, total=2_000_000_000, free=1_000_000_000)
    with ExitStack() as stack:
        shares = []
        for _ in range(exports.MOST_AT_ONCE):
            export = Export()
            stack.callback(export.close)
            shares.append(export._share)
    assert sum(shares) < 1_000_000_000


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to know who still runs")
def test_what_a_killed_process_left_is_deleted_and_no_more(folder: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = folder / f"{exports.PREFIX}{ended.pid}-abc"
    elsewhere = folder / "elsewhere"
    for path in (left, elsewhere):
        path.mkdir()
        (path / "annotated.mp4").write_bytes(b"faces")
    (folder / f"{exports.PREFIX}{ended.pid}-link").symlink_to(elsewhere)
    mine = Export()
    exports.sweep()
    assert not left.exists()
    assert (elsewhere / "annotated.mp4").exists()
    assert mine.path.parent.exists()
    assert (folder / f"{exports.PREFIX}{ended.pid}-link").is_symlink()
    mine.close()


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the name of an open file stays")
def test_nothing_of_a_video_is_left_once_it_is_closed(folder: Path) -> None:
    half, whole = Export(), Export()
    steps = half.written(writing(half.path, b"half", b"of it"))
    next(steps)
    list(whole.written(writing(whole.path, b"whole")))
    for export in (half, whole):
        export.close()
    assert list(folder.iterdir()) == []
