"""The command that recognizes emotions in photos and videos."""

import argparse
import os
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from threading import Event
from typing import TypeAlias

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.commands.options import Commands, positive, rate
from fer_core.commands.outputs import Outputs, open_outputs
from fer_core.commands.progress import Progress
from fer_core.errors import InputError, OutputError, VideoDecodeError
from fer_core.media_files import absolute, find_media, is_video, read_photo
from fer_core.model_store import DEFAULT_MODEL
from fer_core.reports import (
    NO_FACE,
    PhotoReport,
    VideoReport,
    analyze_photo,
    cell,
    plain_name,
    rows,
    video_report,
)
from fer_core.timeline import Timeline
from fer_core.video import USUAL_RATE, analyze_video
from fer_core.video_file import open_video
from fer_core.yunet import YuNetFaceDetector

SOME_UNREADABLE = 3
"""Exit code where some files could not be read and the others were analyzed."""

Report: TypeAlias = PhotoReport | VideoReport
Work: TypeAlias = Callable[[Path], Generator[float, None, Report]]
"""Analyzes a file: yields the share that is done, from 0 to 1, and returns the report."""


def add_predict(commands: Commands) -> None:
    """Add the command `predict`."""
    parser = commands.add_parser("predict", help="recognize emotions in photos and videos")
    parser.set_defaults(run=_predict)
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="photos, videos, folders, patterns"
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a network's name or folder")
    parser.add_argument(
        "--detector", type=Path, metavar="FILE.onnx", help="find faces by a YuNet network's file"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write a table, a row a face")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same as JSON")
    parser.add_argument(
        "--annotated", type=Path, metavar="DIR", help="write each file with boxes and labels"
    )
    parser.add_argument(
        "--rate",
        type=rate,
        default=USUAL_RATE,
        help=f"pictures of a video to analyze each second; by default {USUAL_RATE}",
    )
    parser.add_argument(
        "--jobs",
        type=positive,
        default=os.cpu_count() or 1,
        help="files analyzed at the same time; by default one for each processor",
    )
    parser.add_argument("--resume", action="store_true", help="go on where it was interrupted")


def _predict(args: argparse.Namespace) -> int:
    if args.resume and not (args.csv or args.json):
        raise InputError("--resume goes by the rows of --csv or --json: name one of them.")
    if args.csv and args.json and absolute(args.csv) == absolute(args.json):
        raise OutputError("--csv and --json must be two files.")
    files = find_media(args.paths, args.annotated)
    detector = YuNetFaceDetector(args.detector) if args.detector else None
    analyzer = load_analyzer(args.model, detector)
    with ExitStack() as stack:
        outputs = open_outputs(args, files, analyzer.classifier, stack)
        done = {file for table in outputs.tables for file in table.files}
        left = [file for file in files if cell(str(file)) not in done]

        def work(file: Path) -> Generator[float, None, Report]:
            if is_video(file):
                return (yield from _analyze_video(analyzer, file, outputs, args.rate))
            return (yield from _analyze_photo(analyzer, file, outputs))

        try:
            n_unreadable = _write(analyzer, work, left, outputs, args.jobs)
        except KeyboardInterrupt as interruption:
            advice = "; go on with --resume" if outputs.tables else ""
            raise KeyboardInterrupt(f"Interrupted{advice}.") from interruption
    if n_unreadable:
        return 2 if n_unreadable == len(files) else SOME_UNREADABLE
    return 0


def _write(
    analyzer: EmotionAnalyzer, work: Work, files: list[Path], outputs: Outputs, jobs: int
) -> int:
    """Analyze and write; returns how many files could not be read."""
    classifier = analyzer.classifier
    n_faces = n_unreadable = 0
    with _one_thread_a_job(), Progress(len(files), shown=outputs.is_asked_for) as progress:
        for report in _in_order(work, files, jobs, progress):
            for table in outputs.tables:
                table.append(cell(report.file), rows(report, classifier.card, classifier.version))
            n_faces += _n_people(report)
            n_unreadable += report.size_wh is None
            if report.problem not in ("", NO_FACE):
                progress.write(f"{plain_name(report.file)}: {report.problem}")
            if report.size_wh is not None and not outputs.is_asked_for:
                sys.stdout.write(f"{plain_name(report.file)}: {_answers(report)}\n")
            progress.finish_file()
    if outputs.is_asked_for:
        sys.stdout.write(f"{_summary(files, n_faces, n_unreadable)}\n")
    return n_unreadable


def _analyze_photo(
    analyzer: EmotionAnalyzer, photo: Path, outputs: Outputs
) -> Generator[float, None, PhotoReport]:
    report, image = analyze_photo(analyzer, str(photo), lambda: read_photo(photo))
    if outputs.annotated and image is not None:
        outputs.write_photo(photo, image, report.faces)
    yield 1.0
    return report


def _analyze_video(
    analyzer: EmotionAnalyzer, file: Path, outputs: Outputs, rate: float
) -> Generator[float, None, VideoReport]:
    try:
        video = open_video(file)
    except VideoDecodeError as error:
        return VideoReport(str(file), problem=str(error))
    timeline = Timeline(analyzer.classifier.labels, rate)
    part = 0.5 if outputs.annotated else 1.0
    with closing(analyze_video(analyzer, video, rate)) as samples:
        for sample in samples:
            timeline.add(sample)
            yield sample.progress * part
    if outputs.annotated and len(timeline):
        with closing(outputs.write_video(file, video, timeline)) as shares:
            for share in shares:
                yield part + share * part
    return video_report(str(file), video.info, timeline)


def _in_order(work: Work, files: list[Path], jobs: int, progress: Progress) -> Iterator[Report]:
    """Reports in the order of the files, with few of them waiting at a time."""
    executor, stopped = ThreadPoolExecutor(jobs), Event()
    running: deque[Future[Report]] = deque()

    def run(file: Path) -> Report:
        with closing(work(file)) as steps:
            done = 0.0
            while not stopped.is_set():
                try:
                    share = next(steps)
                except StopIteration as end:
                    progress.advance(1 - done)
                    report: Report = end.value
                    return report
                progress.advance(share - done)
                done = share
        raise InterruptedError("Nobody waits for this file's report any more.")

    try:
        for file in files:
            running.append(executor.submit(run, file))
            if len(running) > 2 * jobs:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        stopped.set()
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


def _n_people(report: Report) -> int:
    """How many faces there are, each one counted once for all of a video."""
    if isinstance(report, PhotoReport):
        return len(report.faces)
    return report.timeline.n_tracks if report.timeline else 0


def _answers(report: Report) -> str:
    if not report.n_faces:
        return "no face found"
    if isinstance(report, PhotoReport):
        answers = [
            f"{face.answer} ({', '.join(face.doubts)})"
            if face.doubts
            else f"{face.emotion} {face.probability:.0%}"
            for face in report.faces
        ]
    else:
        summary = report.timeline.summary() if report.timeline else None
        shares = sorted(summary.shares.items(), key=lambda item: -item[1]) if summary else []
        answers = [f"{emotion} {share:.0%} of the time" for emotion, share in shares if share > 0]
    return f"{_count(_n_people(report), 'face')}: {', '.join(answers)}"


def _summary(files: list[Path], n_faces: int, n_unreadable: int) -> str:
    n_videos = sum(map(is_video, files))
    n_photos = len(files) - n_videos
    counts = [_count(n_photos, "photo")] if n_photos or not n_videos else []
    counts += [_count(n_videos, "video")] if n_videos else []
    unreadable = f", {n_unreadable:,} could not be read" if n_unreadable else ""
    return f"{' and '.join(counts)}: {_count(n_faces, 'face')}{unreadable}"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
