"""Where the command `predict` writes: files of rows and a folder of annotated copies."""

import argparse
import hashlib
import os
import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from uuid import uuid4

from fer_core.drawing import draw_faces
from fer_core.errors import OutputError
from fer_core.faces import FaceEmotion
from fer_core.images import RgbImage, encode_png
from fer_core.media_files import absolute, common_folder, is_video
from fer_core.reports import AnswerSource, Row, columns
from fer_core.row_file import RowFile
from fer_core.row_format import csv_format, json_format
from fer_core.timeline import Timeline
from fer_core.video_export import write_annotated
from fer_core.video_file import VideoFile

MAX_NAME_BYTES = 255
"""The longest name of a file that Linux and macOS take."""


@dataclass(frozen=True)
class Copies:
    """Where annotated copies go.

    Attributes:
        folder: Their folder, an absolute path.
        common: The folder that all files are in; `folder` repeats what lies below it.
        parts: A folder of this run alone, hidden in `folder`, for copies that are not whole yet.
    """

    folder: Path
    common: Path
    parts: Path

    def copy_of(self, file: Path) -> Path:
        """Where a file's annotated copy goes; those of different files go to different places."""
        inside = absolute(file).relative_to(self.common)
        return self.folder / inside.with_name(_copy_name(inside.name, is_video(file)))

    def write_photo(self, photo: Path, image: RgbImage, faces: Sequence[FaceEmotion]) -> None:
        """Write the photo with boxes and labels."""
        with self._part_of(self.copy_of(photo)) as part:
            part.write_bytes(encode_png(draw_faces(image, faces)))

    def write_video(self, file: Path, video: VideoFile, timeline: Timeline) -> Generator[float]:
        """Write the video with boxes and labels; closing the iterator leaves no part of it.

        Yields:
            The share that is done, from 0 to 1.

        Raises:
            OutputError: This video cannot be written.
            OSError: Nothing can be written there.
        """
        with self._part_of(self.copy_of(file)) as part:
            try:
                yield from write_annotated(video, timeline, part)
            except OutputError as error:
                cause = error.__cause__
                if isinstance(cause, OSError) and cause.filename == str(part):
                    raise OSError(cause.errno, cause.strerror) from error
                raise

    @contextmanager
    def _part_of(self, target: Path) -> Iterator[Path]:
        """A file that takes the target's place once it is whole, and is gone otherwise."""
        for folder in (target.parent, self.parts):  # on each machine of a cluster
            folder.mkdir(parents=True, exist_ok=True)
        part = self.parts / uuid4().hex
        try:
            yield part
            shutil.move(part, target)  # which may lie on another disk, by a link
        except OSError as error:  # one about a full disk names no file
            error.filename = str(target)
            raise
        finally:
            part.unlink(missing_ok=True)


def _copy_name(name: str, video: bool) -> str:
    """The file's name and an ending; of one that is too long for that, its start and its hash."""
    ending = ".mp4" if video else ".png"
    content = os.fsencode(name)
    if len(content) + len(ending) > MAX_NAME_BYTES:
        ending = f"~{hashlib.sha256(content).hexdigest()[:12]}{ending}"
        name = content[: MAX_NAME_BYTES - len(ending)].decode("utf-8", "ignore")
    return name + ending


def _parts_name(tables: Sequence[Path]) -> str:
    """The same for runs that write the same tables, which no two do at the same time."""
    paths = b"\0".join(os.fsencode(absolute(table)) for table in tables)
    name = hashlib.sha256(paths).hexdigest()[:32] if tables else uuid4().hex
    return f".{name}.part"


@dataclass(frozen=True)
class Outputs:
    """Where results go.

    Attributes:
        tables: Files of rows.
        copies: Where annotated copies go, None where none are asked for.
    """

    tables: tuple[RowFile, ...]
    copies: Copies | None

    @property
    def is_asked_for(self) -> bool:
        """Whether there is any."""
        return bool(self.tables or self.copies)


def open_outputs(
    args: argparse.Namespace, files: Sequence[Path], source: AnswerSource, stack: ExitStack
) -> Outputs:
    """Make what the options name, or open it to go on; nothing is made where one is refused.

    Args:
        args: Has `csv`, `json`, `annotated`, `rate` and `resume`.
        files: What will be analyzed.
        source: What will give the answers.
        stack: Closes the files of rows, and deletes what there is of unfinished copies.

    Raises:
        OutputError: Something is there that must not be replaced or cannot be gone on with.
        OSError: Something cannot be made.
    """
    formats = {args.csv: csv_format(columns(source.labels)), args.json: json_format()}
    formats.pop(None, None)
    for path in formats:
        if not args.resume and path.is_file() and path.stat().st_size:
            raise OutputError(f"{path} exists: --resume goes on with it, or name another file.")
        if absolute(path) in map(absolute, files):
            raise OutputError(f"{path} is one of the files to analyze: name another file.")
    copies = None
    if args.annotated:
        folder = absolute(args.annotated)
        copies = Copies(folder, common_folder(files), folder / _parts_name([*formats]))
        _keep_apart(files, copies, args.annotated)
        copies.folder.mkdir(parents=True, exist_ok=True)
    settings: Row = source.cells() | {"rate": float(args.rate)}
    tables = []
    for path, row_format in formats.items():
        tables.append(RowFile(path, row_format, settings))
        stack.callback(tables[-1].close)
    alike = (
        len(set(names)) == 1 for names in zip(*(table.files for table in tables), strict=False)
    )
    n_common = len(list(takewhile(bool, alike)))
    lengths = [len(table.files) for table in tables] or [0]
    if n_common < min(lengths) or (n_common == 0 and max(lengths) > 1):
        raise OutputError(
            f"{' and '.join(map(str, formats))} do not hold the same files: go on with one "
            "of them, or name other files."
        )
    for table in tables:  # an interruption may have come between the two
        table.keep(n_common)
    if copies:
        shutil.rmtree(copies.parts, ignore_errors=True)  # what a killed run left
        copies.parts.mkdir()
        stack.callback(shutil.rmtree, copies.parts, ignore_errors=True)
    return Outputs(tuple(tables), copies)


def _keep_apart(files: Sequence[Path], copies: Copies, name: Path) -> None:
    """Refuse copies that would replace a file to analyze, or be one the next time."""
    folder = Path(os.path.realpath(copies.folder))
    sources = {Path(os.path.realpath(file)) for file in files}
    for file in files:
        source = Path(os.path.realpath(file))
        if source.is_relative_to(folder) or Path(os.path.realpath(copies.copy_of(file))) in sources:
            raise OutputError(
                f"{name} holds files to analyze, such as {file}: name a folder of their own for "
                "the annotated copies."
            )
