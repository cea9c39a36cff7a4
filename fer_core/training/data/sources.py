"""Reads data sets from a file, a folder, or an archive of one."""

import lzma
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias, TypeVar

from fer_core.errors import DatasetError

FilePath: TypeAlias = Path | zipfile.Path
"""A file or folder on disk or in an archive."""

READ_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    UnicodeDecodeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""The errors of reading a file. RuntimeError comes from zips that want a password,
UnicodeDecodeError from those that repeat a member's name with bytes that are no UTF-8."""

MAX_UNPACKED_BYTES = 1_000_000_000
"""Archives that would unpack to more are refused; Kaggle's largest of FER2013 has 0.7 GB."""

MAX_DEPTH = 8
"""Most folders that a file in an archive may lie in."""

_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")

_TAR_NAMES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

_TAR_ERRORS = (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError)

_SYSTEM_NAMES = ("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin")
"""Files that macOS, Windows and network drives add to folders and archives."""

Item = TypeVar("Item")
Parsed = TypeVar("Parsed")


@contextmanager
def open_source(path: Path) -> Iterator[FilePath]:
    """Give the path itself or an archive's root, to be read inside the `with`.

    An archive is named, or is all that a folder holds.

    Raises:
        DatasetError: There is nothing, or an archive that is cut off or not to be trusted.
    """
    if not path.exists():
        raise DatasetError(f"{path} does not exist; give the data set's path with --data.")
    inside = [path / entry.name for entry in visible(path)] if path.is_dir() else [path]
    if len(inside) == 1 and _is_archive(inside[0]):
        with _open_archive(inside[0]) as root:
            yield root
        return
    yield path


def _is_archive(path: Path) -> bool:
    """True if a file is a zip or a tar, or has such a name."""
    return path.is_file() and (_is_zip(path) or _is_tar(path))


@contextmanager
def _open_archive(path: Path) -> Iterator[zipfile.Path]:
    """Give the root of what a zip or a tar holds, to be read inside the `with`.

    A zip is never unpacked. A tar can only be read from its beginning to its end, so its files are
    copied into a temporary one that is gone afterwards.

    Raises:
        DatasetError: It is cut off or not to be trusted.
    """
    if not _is_zip(path):
        with tempfile.TemporaryFile() as copy:
            _copy_tar(path, copy)
            with zipfile.ZipFile(copy) as archive:
                archive.filename = str(path)
                _refuse_untrustworthy(archive)
                yield zipfile.Path(archive)
        return
    with _open_zip(path) as archive:
        _mend_separators(archive)
        _refuse_untrustworthy(archive)
        yield zipfile.Path(archive)


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix.lower() == ".zip" or file.read(4) in _ZIP_STARTS


def _is_tar(path: Path) -> bool:
    return path.name.lower().endswith(_TAR_NAMES) or tarfile.is_tarfile(path)


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except Exception as error:  # a damaged directory raises errors of half a dozen kinds
        raise _not_whole(path, "zip") from error


def _not_whole(path: object, kind: str) -> DatasetError:
    return DatasetError(f"{path} is not a whole {kind} file; was only a part of it downloaded?")


def _mend_separators(archive: zipfile.ZipFile) -> None:
    r"""Read `train\happy\1.png`, as some programs on Windows write it, as a path."""
    for member in archive.infolist():
        member.filename = member.filename.replace("\\", "/")
    archive.NameToInfo = {member.filename: member for member in archive.infolist()}


def _copy_tar(path: Path, copy: IO[bytes]) -> None:
    """Copy the files of a tar into a zip, without links, devices and what is hidden."""
    n_bytes = 0
    try:
        with tarfile.open(path, "r|*") as tar, zipfile.ZipFile(copy, "w") as archive:
            for member in tar:
                n_bytes += member.size
                _refuse_large(path, n_bytes)
                content = tar.extractfile(member) if member.isfile() else None
                if content is not None:
                    with archive.open(member.name.removeprefix("./"), "w") as target:
                        shutil.copyfileobj(content, target)
    except _TAR_ERRORS as error:
        raise _not_whole(path, "tar") from error


def _refuse_large(path: object, n_bytes: int) -> None:
    if n_bytes > MAX_UNPACKED_BYTES:
        raise DatasetError(
            f"{path} would unpack to {n_bytes / 1e9:.1f} GB; "
            f"at most {MAX_UNPACKED_BYTES / 1e9:.1f} GB are read."
        )


def _refuse_untrustworthy(archive: zipfile.ZipFile) -> None:
    # Deflate unpacks no more than a read asks for; the other methods cannot be bounded so.
    if {member.compress_type for member in archive.infolist()} - _COMPRESSIONS:
        raise DatasetError(f"{archive.filename} is packed by another method than deflate.")
    _refuse_large(archive.filename, sum(member.file_size for member in archive.infolist()))
    for name in archive.namelist():
        parts = name.removesuffix("/").split("/")
        odd = not {"", ".", ".."}.isdisjoint(parts) or len(parts) > MAX_DEPTH
        if odd or not name.isprintable():
            raise DatasetError(
                f"{archive.filename} is not to be trusted: it holds a file named {name[:80]!r}."
            )


def visible(folder: FilePath) -> list[FilePath]:
    """The entries of a folder, by name, without hidden files and those that systems add."""
    entries = {entry.name: entry for entry in folder.iterdir()}
    return [
        entries[name]
        for name in sorted(entries)
        if not name.startswith(".") and name.casefold() not in _SYSTEM_NAMES
    ]


def size_of(file: FilePath) -> int:
    """Number of bytes of a file; in an archive, once it is unpacked."""
    if isinstance(file, Path):
        return file.stat().st_size
    return file.root.getinfo(file.at).file_size


def parse_each(
    parse: Callable[[Item], Parsed], items: Iterable[Item], skip_broken: bool
) -> tuple[list[Parsed], int]:
    """Parse every item; with `skip_broken`, leave out and count those with a `DatasetError`."""
    parsed, n_skipped = [], 0
    for item in items:
        try:
            parsed.append(parse(item))
        except DatasetError:
            if not skip_broken:
                raise
            n_skipped += 1
    return parsed, n_skipped
