"""Annotated copies of photos and videos, and the folder that they go to."""

import errno
import hashlib
import os
import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from fer_core.commands.media_files import absolute, common_folder, is_video
from fer_core.drawing import draw_faces
from fer_core.errors import OutputError
from fer_core.faces import FaceEmotion
from fer_core.images import RgbImage, encode_png
from fer_core.timeline import Timeline
from fer_core.video.reader import VideoFile
from fer_core.video.writer import write_annotated

MAX_NAME_BYTES = 255
"""The longest name of a file that Linux and macOS take."""


@dataclass(frozen=True)
class Copies:
    """The annotated copies of a run.

    Attributes:
        folder: Their folder, an absolute path.
        common: The folder that all files are in; `folder` repeats what lies below it.
        parts: A folder of this run alone, hidden in `folder`, for copies that are not whole yet.
    """

    folder: Path
    common: Path
    parts: Path

    @classmethod
    def into(cls, folder: Path, files: Sequence[Path], tables: Sequence[Path]) -> "Copies":
        """Copies of these files in a folder, which is made.

        Args:
            folder: The folder for them.
            files: The files to analyze.
            tables: The tables that the run writes; they name its folder of unfinished copies.

        Raises:
            OutputError: One of the files would be replaced, or be analyzed the next time.
        """
        into = absolute(folder)
        copies = cls(into, common_folder(files), into / _parts_name(tables))
        copies._keep_apart(files, folder)
        into.mkdir(parents=True, exist_ok=True)
        return copies

    @contextmanager
    def unfinished(self) -> Iterator[None]:
        """Keep the folder of unfinished copies, empty at first, for as long as the run takes."""
        shutil.rmtree(self.parts, ignore_errors=True)  # what a killed run left
        self.parts.mkdir()
        try:
            yield
        finally:
            shutil.rmtree(self.parts, ignore_errors=True)

    def copy_of(self, file: Path) -> Path:
        """Path of a file's annotated copy; two files never have the same one."""
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

    def _keep_apart(self, files: Sequence[Path], name: Path) -> None:
        """Refuse copies that would replace a file to analyze, or be one the next time."""
        folder = Path(os.path.realpath(self.folder))
        sources = {Path(os.path.realpath(file)) for file in files}
        for file in files:
            source = Path(os.path.realpath(file))
            copy = Path(os.path.realpath(self.copy_of(file)))
            if source.is_relative_to(folder) or copy in sources:
                raise OutputError(
                    f"{name} holds files to analyze, such as {file}: name a folder of their own "
                    "for the annotated copies."
                )

    @contextmanager
    def _part_of(self, target: Path) -> Iterator[Path]:
        """A file that takes the target's place once it is whole, and is gone otherwise."""
        if target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
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
