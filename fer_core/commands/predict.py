"""The command that recognizes emotions in photos and videos."""

import argparse
import os
import sys
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.classification.model_store import DEFAULT_MODEL
from fer_core.commands.engines.file_work import Engine, FileWork, Report
from fer_core.commands.engines.local import LocalEngine
from fer_core.commands.engines.ray_cluster import RayEngine, need_ray
from fer_core.commands.media_files import STDIN, is_video
from fer_core.commands.media_search import Media, find_media
from fer_core.commands.options import Commands, add_command, positive, rate
from fer_core.commands.outputs import OutputOptions, Outputs, open_outputs, table_path
from fer_core.commands.progress import Progress
from fer_core.detection.from_file import load_detector
from fer_core.errors import InputError
from fer_core.reports.rows import NO_FACE, PhotoReport, PredictionSource, cell, plain_name
from fer_core.timeline import USUAL_RATE
from fer_core.words import counted

SOME_LEFT_OUT = 3
"""Exit code where some photos, videos or folders could not be read; the others were analyzed."""


@dataclass(frozen=True)
class PredictOptions:
    """The options of `predict`.

    Attributes:
        paths: Photos, videos, folders and patterns; `-` for a photo from standard input.
        outputs: The results to write.
        model: The model's name or folder.
        detector: The file of a face detector; None for Haar.
        rate: Number of a video's frames to analyze each second.
        min_face_px: Smallest side of a face in a photo; None for the usual one.
        whole_image: True if each photo is a face that was cut out already.
        jobs: Number of files analyzed at the same time; None for one for each processor.
        engine: `local` or `ray`.
        verbose: Name each file in the folders that is left out.
    """

    paths: tuple[str, ...]
    outputs: OutputOptions
    model: str
    detector: Path | None
    rate: float
    min_face_px: int | None
    whole_image: bool
    jobs: int | None
    engine: str
    verbose: bool

    @classmethod
    def of(cls, args: argparse.Namespace) -> "PredictOptions":
        """The options as the command line has them."""
        return cls(
            tuple(args.paths),
            OutputOptions(args.csv, args.json, args.annotated, args.resume),
            args.model,
            args.detector,
            args.rate,
            args.min_face,
            args.whole_image,
            args.jobs,
            args.engine,
            args.verbose,
        )


def add_predict(commands: Commands) -> None:
    """Add the command `predict`."""
    parser = add_command(
        commands,
        "predict",
        lambda args: predict(PredictOptions.of(args)),
        does="recognize emotions in photos and videos",
        examples=(
            "predict photos clip.mp4 --csv emotions.csv --annotated copies",
            "predict - --json - < photo.jpg",
        ),
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="photos, videos, folders, patterns; - for a photo from standard input",
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a model's name or folder")
    parser.add_argument(
        "--detector", type=Path, metavar="FILE", help="find faces by the detector in this file"
    )
    _add_outputs(parser)
    parser.add_argument(
        "--rate",
        type=rate,
        default=USUAL_RATE,
        help=f"frames of a video to analyze each second; by default {USUAL_RATE}",
    )
    parser.add_argument(
        "--min-face",
        type=positive,
        metavar="PIXELS",
        help="smallest side of a face in a photo; by default 32 of the photo's own pixels",
    )
    parser.add_argument(
        "--whole-image",
        action="store_true",
        help="each photo is a face that was cut out already; look for none in it",
    )
    _add_engine(parser)


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    """Add where results go."""
    parser.add_argument(
        "--csv",
        type=table_path,
        metavar="FILE",
        help="write a table, one row for each face; - for standard output",
    )
    parser.add_argument(
        "--json", type=table_path, metavar="FILE", help="write the same as JSON; - likewise"
    )
    parser.add_argument(
        "--annotated", type=Path, metavar="DIR", help="write each file with boxes and labels"
    )
    parser.add_argument("--resume", action="store_true", help="go on where it was interrupted")


def _add_engine(parser: argparse.ArgumentParser) -> None:
    """Add how the files are worked through."""
    parser.add_argument(
        "--jobs",
        type=positive,
        help="files analyzed at the same time; by default one for each processor",
    )
    parser.add_argument(
        "--verbose", action="store_true", help="name each file in the folders that is left out"
    )
    parser.add_argument(
        "--engine",
        choices=["local", "ray"],
        default="local",
        help="ray: on the Ray cluster that RAY_ADDRESS names, or else on one of this machine",
    )


def predict(options: PredictOptions) -> int:
    """Analyze files and write the results; returns the exit code.

    Raises:
        FerError: Nothing can be done as asked.
    """
    options.outputs.check()
    if options.engine == "ray":
        need_ray()
    media = find_media(options.paths, options.outputs.annotated)
    if options.engine == "ray" and STDIN in media.files:
        raise InputError("This process reads a photo from standard input: leave out --engine.")
    detector = load_detector(options.detector) if options.detector else None
    analyzer = load_analyzer(options.model, detector)
    source = PredictionSource.of(analyzer)
    with ExitStack() as stack:
        told = _told_with_options(source, options)
        outputs = open_outputs(options.outputs, media.files, told, options.rate, stack)
        done = outputs.done
        left = [file for file in media.files if cell(str(file)) not in done]
        _warn_of_missing_copies(outputs, media.files, left)
        run = _Run(_engine(options, analyzer, source), told, outputs)
        work = FileWork(outputs.copies, options.rate, options.min_face_px, options.whole_image)
        n_unreadable = run.write(left, work) if left else 0
    if not left:
        sys.stderr.write(f"Everything was done already: {_number_of(media.files)}.\n")
    _tell_left_out(media, options.verbose)
    if n_unreadable == len(media.files):
        return 2
    return 0 if media.is_complete and not n_unreadable else SOME_LEFT_OUT


def _told_with_options(source: PredictionSource, options: PredictOptions) -> PredictionSource:
    """The detector's name in the rows, so that a run looking for other faces does not go on."""
    told = source.detector
    if options.min_face_px is not None:
        told += f", in photos from {options.min_face_px} pixels on"
    if options.whole_image:
        told += ", photos as one face"
    return replace(source, detector=told)


def _tell_left_out(media: Media, verbose: bool) -> None:
    """Say what lies in the folders and is not analyzed; what may be missed, by its name."""
    for one in media.left_out:
        if one.is_missed or verbose:
            sys.stderr.write(f"{plain_name(str(one.path))}: left out, {one.why}\n")
    if media.left_out:
        names = "" if verbose else "; --verbose names each"
        sys.stderr.write(f"Left out of the folders: {media.summary()}{names}.\n")


def _warn_of_missing_copies(outputs: Outputs, files: list[Path], left: list[Path]) -> None:
    """Say that files which are done stay without an annotated copy."""
    done = set(files) - set(left)
    if outputs.copies and done and not any(outputs.copies.copy_of(file).exists() for file in done):
        sys.stderr.write(
            "The files that are done already get no annotated copy; --annotated without --csv, "
            "--json and --resume makes them all.\n"
        )


def _engine(options: PredictOptions, analyzer: EmotionAnalyzer, source: PredictionSource) -> Engine:
    if options.engine == "ray":
        return RayEngine(source, options.model, options.detector, options.jobs)
    return LocalEngine(analyzer, options.jobs or os.cpu_count() or 1)


@dataclass(frozen=True)
class _Run:
    """Files on their way from the engine to the outputs."""

    engine: Engine
    source: PredictionSource
    outputs: Outputs

    def write(self, files: list[Path], work: FileWork) -> int:
        """Analyze files and write what comes; returns how many could not be read."""
        try:
            return self._write(files, work)
        except KeyboardInterrupt as interruption:
            advice = "; go on with --resume" if self.outputs.can_go_on else ""
            raise KeyboardInterrupt(f"Interrupted{advice}.") from interruption

    def _write(self, files: list[Path], work: FileWork) -> int:
        is_asked_for = self.outputs.is_asked_for
        n_faces = n_unreadable = 0
        with (
            Progress(len(files), shown=is_asked_for) as progress,
            closing(self.engine.reports(work, files, progress)) as every_report,
        ):
            for report in every_report:
                if not report.again:  # without rows, it is not done
                    self.outputs.append(report, self.source)
                n_faces += _n_people(report)
                n_unreadable += report.size_wh is None
                if report.problem not in ("", NO_FACE):
                    progress.write(f"{plain_name(report.file)}: {report.problem}")
                if report.size_wh is not None and not is_asked_for:
                    sys.stdout.write(f"{plain_name(report.file)}: {_predictions(report)}\n")
                progress.finish_file()
        if is_asked_for:
            sys.stderr.write(f"{_summary(files, n_faces, n_unreadable)}\n")
        return n_unreadable


def _n_people(report: Report) -> int:
    """Number of faces, each counted once in a whole video."""
    if isinstance(report, PhotoReport):
        return len(report.faces)
    return report.timeline.n_tracks if report.timeline else 0


def _predictions(report: Report) -> str:
    if not report.n_faces:
        return "no face found"
    if isinstance(report, PhotoReport):
        predictions = [
            f"{face.label} ({', '.join(face.doubts)})"
            if face.doubts
            else f"{face.emotion} {face.probability:.0%}"
            for face in report.faces
        ]
    else:
        summary = report.timeline.summary() if report.timeline else None
        shares = sorted(summary.shares.items(), key=lambda item: -item[1]) if summary else []
        predictions = [
            f"{emotion} {share:.0%} of the time" for emotion, share in shares if share > 0
        ]
    return f"{counted(_n_people(report), 'face')}: {', '.join(predictions)}"


def _summary(files: list[Path], n_faces: int, n_unreadable: int) -> str:
    unreadable = f" ({n_unreadable:,} could not be read)" if n_unreadable else ""
    return f"{_number_of(files)}{unreadable}: {counted(n_faces, 'face')}"


def _number_of(files: list[Path]) -> str:
    n_videos = sum(map(is_video, files))
    n_photos = len(files) - n_videos
    counts = [counted(n_photos, "photo")] if n_photos else []
    return " and ".join(counts + ([counted(n_videos, "video")] if n_videos else []))
