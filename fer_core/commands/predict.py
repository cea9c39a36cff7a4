"""The command that recognizes emotions in photos."""

import argparse
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.commands.options import Commands, positive
from fer_core.drawing import draw_faces
from fer_core.errors import InputError, OutputError
from fer_core.images import encode_png
from fer_core.model_store import DEFAULT_MODEL
from fer_core.photo_files import absolute, common_folder, find_photos, read_photo
from fer_core.reports import (
    PhotoReport,
    analyze_photo,
    cell,
    columns,
    csv_format,
    json_format,
    plain_name,
    rows,
)
from fer_core.row_file import RowFile

SOME_UNREADABLE = 3
"""Exit code where some photos could not be read and the others were analyzed."""


def add_predict(commands: Commands) -> None:
    """Add the command `predict`."""
    parser = commands.add_parser("predict", help="recognize emotions in photos")
    parser.set_defaults(run=_predict)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="photos, folders, patterns")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a network's name or folder")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a table, a row a face")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same as JSON")
    parser.add_argument(
        "--annotated", type=Path, metavar="DIR", help="write each photo with boxes and labels"
    )
    parser.add_argument(
        "--jobs",
        type=positive,
        default=os.cpu_count() or 1,
        help="photos analyzed at the same time; by default one for each processor",
    )
    parser.add_argument("--resume", action="store_true", help="go on where it was interrupted")


@dataclass(frozen=True)
class _Outputs:
    """Where results go.

    Attributes:
        tables: Files of rows.
        annotated: Folder of annotated photos, None where none are asked for.
        common: The folder that all photos are in; `annotated` repeats what lies below it.
    """

    tables: tuple[RowFile, ...]
    annotated: Path | None
    common: Path

    @property
    def is_asked_for(self) -> bool:
        """Whether there is any."""
        return bool(self.tables or self.annotated)

    def picture(self, photo: Path) -> Path:
        """Where the annotated photo goes; different photos go to different places."""
        assert self.annotated is not None
        inside = absolute(photo).relative_to(self.common)
        return self.annotated / inside.with_name(f"{inside.name}.png")


def _predict(args: argparse.Namespace) -> int:
    if args.resume and not (args.csv or args.json):
        raise InputError("--resume goes by the rows of --csv or --json: name one of them.")
    if args.csv and args.json and absolute(args.csv) == absolute(args.json):
        raise OutputError("--csv and --json must be two files.")
    photos = find_photos(args.paths, args.annotated)
    analyzer = load_analyzer(args.model)
    with ExitStack() as stack:
        outputs = _open_outputs(args, photos, analyzer, stack)
        done = {file for table in outputs.tables for file in table.files}
        left = [photo for photo in photos if cell(str(photo)) not in done]
        try:
            n_unreadable = _analyze(analyzer, left, outputs, args.jobs)
        except KeyboardInterrupt as interruption:
            advice = "; go on with --resume" if outputs.tables else ""
            raise KeyboardInterrupt(f"Interrupted{advice}.") from interruption
    if n_unreadable:
        return 2 if n_unreadable == len(photos) else SOME_UNREADABLE
    return 0


def _open_outputs(
    args: argparse.Namespace, photos: list[Path], analyzer: EmotionAnalyzer, stack: ExitStack
) -> _Outputs:
    classifier = analyzer.classifier
    formats = {args.csv: csv_format(columns(classifier.labels)), args.json: json_format()}
    formats.pop(None, None)
    for path in formats:
        if not args.resume and path.is_file() and path.stat().st_size:
            raise OutputError(f"{path} exists: --resume goes on with it, or name another file.")
    outputs = _Outputs((), args.annotated, common_folder(photos))
    if outputs.annotated:
        _refuse_to_replace(photos, outputs)
        outputs.annotated.mkdir(parents=True, exist_ok=True)
    tables = []
    for path, row_format in formats.items():
        tables.append(RowFile(path, row_format, classifier.version))
        stack.callback(tables[-1].close)
    alike = (
        len(set(files)) == 1 for files in zip(*(table.files for table in tables), strict=False)
    )
    n_common = len(list(takewhile(bool, alike)))
    for table in tables:  # an interruption may have come between the two
        table.keep(n_common)
    return replace(outputs, tables=tuple(tables))


def _refuse_to_replace(photos: list[Path], outputs: _Outputs) -> None:
    sources = {os.path.realpath(photo) for photo in photos}
    for photo in photos:
        if os.path.realpath(outputs.picture(photo)) in sources:
            raise OutputError(
                f"{outputs.picture(photo)} is one of the photos: name another folder for the "
                "annotated ones."
            )


def _analyze(analyzer: EmotionAnalyzer, photos: list[Path], outputs: _Outputs, jobs: int) -> int:
    """Analyze and write; returns how many photos could not be read."""
    from tqdm import tqdm

    classifier = analyzer.classifier
    n_faces = n_unreadable = 0
    hidden = None if outputs.is_asked_for else True  # None: hidden where nobody watches
    with _one_thread_a_job(), tqdm(total=len(photos), unit=" photos", disable=hidden) as bar:
        for report in _in_order(lambda photo: _one(analyzer, photo, outputs), photos, jobs):
            for table in outputs.tables:
                table.append(cell(report.file), rows(report, classifier.card, classifier.version))
            n_faces += len(report.faces)
            if report.size_wh is None:
                n_unreadable += 1
                bar.write(f"{plain_name(report.file)}: {report.problem}", file=sys.stderr)
            elif not outputs.is_asked_for:
                sys.stdout.write(f"{plain_name(report.file)}: {_answers(report)}\n")
            bar.update()
    if outputs.is_asked_for:
        sys.stdout.write(f"{_summary(len(photos), n_faces, n_unreadable)}\n")
    return n_unreadable


def _one(analyzer: EmotionAnalyzer, photo: Path, outputs: _Outputs) -> PhotoReport:
    """Analyze a photo and write its annotated copy."""
    report, image = analyze_photo(analyzer, str(photo), lambda: read_photo(photo))
    if outputs.annotated and image is not None:
        picture = outputs.picture(photo)
        picture.parent.mkdir(parents=True, exist_ok=True)
        part = picture.with_suffix(".part")
        part.write_bytes(encode_png(draw_faces(image, report.faces)))
        part.replace(picture)
    return report


def _in_order(
    work: Callable[[Path], PhotoReport], photos: list[Path], jobs: int
) -> Iterator[PhotoReport]:
    """Results in the order of the photos, with few of them waiting at a time."""
    executor = ThreadPoolExecutor(jobs)
    running: deque[Future[PhotoReport]] = deque()
    try:
        for photo in photos:
            running.append(executor.submit(work, photo))
            if len(running) > 2 * jobs:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def _one_thread_a_job() -> Iterator[None]:
    """Keep OpenCV from sharing one photo among the processors, which takes more time in all."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def _answers(report: PhotoReport) -> str:
    if not report.faces:
        return "no face found"
    answers = [
        f"{face.answer} ({', '.join(face.doubts)})"
        if face.doubts
        else f"{face.emotion} {face.probability:.0%}"
        for face in report.faces
    ]
    return f"{_count(len(answers), 'face')}: {', '.join(answers)}"


def _summary(n_photos: int, n_faces: int, n_unreadable: int) -> str:
    unreadable = f", {n_unreadable:,} could not be read" if n_unreadable else ""
    return f"{_count(n_photos, 'photo')}: {_count(n_faces, 'face')}{unreadable}"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
