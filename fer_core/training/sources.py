"""Where data sets are read from: a file, a folder, or a zip of one that is never unpacked."""

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias, TypeVar

from fer_core.errors import DatasetError

FilePath: TypeAlias = Path | zipfile.Path
"""A file or folder on disk or in a zip."""

READ_ERRORS = (
    OSError,
    EOFError,
    RuntimeError,
    UnicodeDecodeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a file raises; RuntimeError comes from zips that want a password, UnicodeDecodeError
from those that repeat a member's name with bytes that are no UTF-8."""

MAX_UNZIPPED_BYTES = 1_000_000_000
"""Zips that would unpack to more are refused; Kaggle's largest of FER2013 has 0.7 GB."""

MAX_DEPTH = 8
"""How deep a file may lie in a zip."""

_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")

Item = TypeVar("Item")
Parsed = TypeVar("Parsed")


@contextmanager
def open_source(path: Path) -> Iterator[FilePath]:
    """Give the path itself or, where it is a zip, the zip's root, to be read inside the `with`.

    Raises:
        DatasetError: There is nothing, or a zip that is cut off or not to be trusted.
    """
    if not path.exists():
        raise DatasetError(f"{path} does not exist; give the data set's path with --data.")
    if not _is_zip(path):
        yield path
        return
    with _open_zip(path) as archive:
        _refuse_untrustworthy(archive)
        yield zipfile.Path(archive)


def _is_zip(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return path.suffix.lower() == ".zip" or file.read(4) in _ZIP_STARTS


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except Exception as error:  # a damaged directory raises errors of half a dozen kinds
        raise DatasetError(
            f"{path} is not a whole zip file; was only a part of it downloaded?"
        ) from error


def _refuse_untrustworthy(archive: zipfile.ZipFile) -> None:
    # Deflate unpacks no more than a read asks for; the other methods cannot be bounded so.
    if {member.compress_type for member in archive.infolist()} - _COMPRESSIONS:
        raise DatasetError(f"{archive.filename} is packed by another method than deflate.")
    size = sum(member.file_size for member in archive.infolist())
    if size > MAX_UNZIPPED_BYTES:
        raise DatasetError(
            f"{archive.filename} would unpack to {size / 1e9:.1f} GB; "
            f"at most {MAX_UNZIPPED_BYTES / 1e9:.1f} GB are read."
        )
    for name in archive.namelist():
        parts = name.removesuffix("/").split("/")
        odd = not {"", ".", ".."}.isdisjoint(parts) or len(parts) > MAX_DEPTH
        if odd or not name.isprintable():
            raise DatasetError(
                f"{archive.filename} is not to be trusted: it holds a file named {name[:80]!r}."
            )


def visible(folder: FilePath) -> list[FilePath]:
    """What a folder holds, by name, without hidden files and what macOS adds to its zips."""
    entries = {entry.name: entry for entry in folder.iterdir()}
    return [entries[name] for name in sorted(entries) if not name.startswith((".", "__MACOSX"))]


def size_of(file: FilePath) -> int:
    """How many bytes a file has, in a zip once it is unpacked."""
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
