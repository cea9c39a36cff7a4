"""The command that recognizes emotions in photos and videos."""

import argparse
import os
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.commands.file_work import Engine, FileWork, Report
from fer_core.commands.local_jobs import local_reports
from fer_core.commands.options import Commands, positive, rate
from fer_core.commands.outputs import Outputs, open_outputs
from fer_core.commands.progress import Progress
from fer_core.commands.ray_jobs import need_ray, ray_reports
from fer_core.errors import InputError, OutputError
from fer_core.media_files import absolute, find_media, is_video
from fer_core.model_store import DEFAULT_MODEL
from fer_core.reports import NO_FACE, AnswerSource, PhotoReport, cell, plain_name, rows
from fer_core.video import USUAL_RATE
from fer_core.yunet import YuNetFaceDetector

SOME_UNREADABLE = 3
"""Exit code where some files could not be read and the others were analyzed."""


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
        help="files analyzed at the same time; by default one for each processor",
    )
    parser.add_argument("--resume", action="store_true", help="go on where it was interrupted")
    parser.add_argument(
        "--engine",
        choices=["local", "ray"],
        default="local",
        help="ray: on the Ray cluster that RAY_ADDRESS names, or else on one of this machine",
    )


def _predict(args: argparse.Namespace) -> int:
    if args.resume and not (args.csv or args.json):
        raise InputError("--resume goes by the rows of --csv or --json: name one of them.")
    if args.csv and args.json and absolute(args.csv) == absolute(args.json):
        raise OutputError("--csv and --json must be two files.")
    if args.engine == "ray":
        need_ray()
    files = find_media(args.paths, args.annotated)
    detector = YuNetFaceDetector(args.detector) if args.detector else None
    analyzer = load_analyzer(args.model, detector)
    source = AnswerSource.of(analyzer)
    with ExitStack() as stack:
        outputs = open_outputs(args, files, source, stack)
        done = {file for table in outputs.tables for file in table.files}
        left = [file for file in files if cell(str(file)) not in done]
        _warn_of_missing_copies(outputs, files, left)
        if not left:
            sys.stdout.write(f"Everything was done already: {_number_of(files)}.\n")
            return 0
        work = FileWork(outputs.copies, args.rate)
        reports = partial(_engine(args, analyzer), work, left)
        try:
            n_unreadable = _write(reports, left, source, outputs)
        except KeyboardInterrupt as interruption:
            advice = "; go on with --resume" if outputs.tables else ""
            raise KeyboardInterrupt(f"Interrupted{advice}.") from interruption
    if n_unreadable:
        return 2 if n_unreadable == len(files) else SOME_UNREADABLE
    return 0


def _warn_of_missing_copies(outputs: Outputs, files: list[Path], left: list[Path]) -> None:
    """Say that files which are done stay without an annotated copy."""
    done = set(files) - set(left)
    if outputs.copies and done and not any(outputs.copies.copy_of(file).exists() for file in done):
        sys.stderr.write(
            "The files that are done already get no annotated copy; --annotated without --csv, "
            "--json and --resume makes them all.\n"
        )


def _engine(args: argparse.Namespace, analyzer: EmotionAnalyzer) -> Engine:
    if args.engine == "ray":
        source = AnswerSource.of(analyzer)
        return partial(ray_reports, source, args.model, args.detector, args.jobs)
    return partial(local_reports, analyzer, args.jobs or os.cpu_count() or 1)


def _write(
    reports: Callable[[Progress], Generator[Report]],
    files: list[Path],
    source: AnswerSource,
    outputs: Outputs,
) -> int:
    """Analyze and write; returns how many files could not be read."""
    n_faces = n_unreadable = 0
    with (
        Progress(len(files), shown=outputs.is_asked_for) as progress,
        closing(reports(progress)) as every_report,
    ):
        for report in every_report:
            for table in outputs.tables:
                table.append(cell(report.file), rows(report, source))
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
    unreadable = f" ({n_unreadable:,} could not be read)" if n_unreadable else ""
    return f"{_number_of(files)}{unreadable}: {_count(n_faces, 'face')}"


def _number_of(files: list[Path]) -> str:
    n_videos = sum(map(is_video, files))
    n_photos = len(files) - n_videos
    counts = [_count(n_photos, "photo")] if n_photos else []
    return " and ".join(counts + ([_count(n_videos, "video")] if n_videos else []))


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}" if n == 1 else f"{n:,} {what}s"
