"""Files analyzed by the processes of a Ray cluster, on one machine or many.

Only paths and results travel; each process reads its files where they lie. A process that is lost
is replaced, and its file analyzed anew.
"""

import importlib.util
import logging
import os
import pickle
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.commands.file_work import FileWork, Report
from fer_core.commands.local_jobs import one_thread_a_job
from fer_core.commands.progress import Progress
from fer_core.errors import ClusterError, FerError
from fer_core.media_files import absolute, is_video
from fer_core.model_store import MODELS_DIR, find_model
from fer_core.reports import AnswerSource, PhotoReport, VideoReport
from fer_core.yunet import YuNetFaceDetector

MAX_RETRIES = 3
"""How often a file is analyzed anew after the process that did it was lost."""

FILES_AT_ONCE = 10_000
"""How many files Ray is told of before the first of them is analyzed; each takes a millisecond."""

LOCAL_STORE_BYTES = 256 * 2**20
"""Memory for results on their way, where the cluster is this machine alone."""

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # or Ray sends figures about its use to its makers
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # the default warns that it will change
}
"""What Ray reads of the environment."""

LONGEST_STEP_S = 60.0
"""How long a step of Ray's scheduling is waited for."""

LOST = f"{2 * (1 + MAX_RETRIES)} processes, one after another, ended while they read the file."


def need_ray() -> None:
    """Say what to install where Ray is not.

    Raises:
        ClusterError: Ray is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise ClusterError("--engine ray needs Ray: pip install -r requirements-ray.txt.")


def ray_reports(
    source: AnswerSource,
    model: str,
    detector: Path | None,
    jobs: int | None,
    work: FileWork,
    files: list[Path],
    progress: Progress,
) -> Generator[Report]:
    """Reports in the order of the files, as `local_reports` gives them.

    Args:
        source: What every machine must find to give the answers.
        model: The network's name or folder.
        detector: The file of a YuNet network that finds the faces; None for Haar.
        jobs: How many files are analyzed at the same time; None for one for each processor.
        work: What is done to each file.
        files: The files.
        progress: Is told of each file.

    Raises:
        ClusterError: The cluster cannot be reached, or its machines lack something.
        FerError: As a local run.
        OSError: As a local run.
    """
    folder = find_model(model)
    where = folder.name if folder.parent == MODELS_DIR else str(absolute(folder))
    finder = str(absolute(detector)) if detector else None
    task = pickle.dumps((source, where, finder, work))
    with _cluster(jobs):
        for start in range(0, len(files), FILES_AT_ONCE):
            some = files[start : start + FILES_AT_ONCE]
            with closing(_answers(task, some, jobs)) as answers:
                number, answer = next(answers, (None, ""))
                for n, file in enumerate(some):
                    progress.advance(1.0)
                    if n == number:
                        yield replace(_report_of(answer), file=str(file))
                        number, answer = next(answers, (None, ""))
                    else:
                        yield _second_try(task, file, jobs)


def _second_try(task: bytes, file: Path, jobs: int | None) -> Report:
    """A result that was there may have been lost with its machine."""
    with closing(_answers(task, [file], jobs)) as answers:
        for _, answer in answers:
            return replace(_report_of(answer), file=str(file))
    return (VideoReport if is_video(file) else PhotoReport)(str(file), problem=LOST)


def answer_to(task: bytes, file: Path) -> bytes:
    """The pickled report of a file, or the error that ends the run; runs on the cluster."""
    source, model, detector, work = pickle.loads(task)
    try:
        analyzer = _load_analyzer(model, detector)
        there = AnswerSource.of(analyzer)
        if there.detector != source.detector:
            raise ClusterError(
                f"A machine of the cluster has another face detector: {there.detector}, not "
                f"{source.detector}."
            )
        if there != source:
            raise ClusterError(f"A machine of the cluster has another network called {model}.")
        with one_thread_a_job(), closing(work.steps(analyzer, file)) as steps:
            while True:
                next(steps)
    except StopIteration as end:
        return pickle.dumps(end.value)
    except (FerError, OSError) as error:
        return pickle.dumps(error)


@cache
def _load_analyzer(model: str, detector: str | None) -> EmotionAnalyzer:
    """Loads a network once for each process."""
    return load_analyzer(model, YuNetFaceDetector(detector) if detector else None)


def _report_of(answer: bytes | str) -> Report:
    if isinstance(answer, str):
        raise ClusterError(f"A machine of the cluster cannot analyze the files: {answer}")
    report: Report | FerError | OSError = pickle.loads(answer)
    if isinstance(report, Exception):
        raise report
    return report


def _answers(
    task: bytes, files: list[Path], jobs: int | None
) -> Generator[tuple[int, bytes | str]]:
    """Number and answer of each file, in order; a file is left out whose processes were lost.

    An answer is that of `answer_to`, or says why it could not be called.
    """
    import ray.data

    # A function of this module could not even be called where the package is missing.
    def analyze(row: dict[str, Any]) -> dict[str, Any]:
        try:
            from fer_core.commands.ray_jobs import answer_to

            file = Path(os.fsdecode(row["file"]))
            return {"number": row["number"], "answer": answer_to(task, file), "problem": ""}
        except Exception as error:
            return {"number": row["number"], "answer": b"", "problem": repr(error)}

    others = set(threading.enumerate())
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = True
    context.max_errored_blocks = -1
    items = [
        {"number": number, "file": os.fsencode(absolute(file))} for number, file in enumerate(files)
    ]
    answers = ray.data.from_items(items, override_num_blocks=len(items)).map(
        analyze, num_cpus=1, concurrency=jobs, max_retries=MAX_RETRIES
    )
    try:
        # `iter_rows` reads ahead in threads that nothing outside can end.
        for bundle in answers.iter_internal_ref_bundles():
            for block in bundle.block_refs:
                for row in ray.get(block).to_pylist():
                    yield row["number"], row["problem"] or row["answer"]
    except Exception as error:  # what Ray raises differs with what is lost
        raise ClusterError(f"The Ray cluster is lost: {_first_line(error)}") from error
    finally:
        _end_scheduling(others)


def _end_scheduling(others: set[threading.Thread]) -> None:
    """Cancel what is left to do; a thread that schedules while Ray shuts down ends the process."""
    for thread in set(threading.enumerate()) - others:
        if thread.name.startswith("StreamingExecutor"):
            with suppress(Exception):  # what Ray raises differs with what is lost
                cast(Any, thread).shutdown(force=True)
            thread.join(LONGEST_STEP_S)


@contextmanager
def _cluster(jobs: int | None) -> Iterator[None]:
    """Join the cluster that RAY_ADDRESS names, or start one on this machine that leaves nothing."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import ray

    options: dict[str, Any] = {"address": os.environ.get("RAY_ADDRESS") or "local"}
    with ExitStack() as stack:
        if options["address"] == "local":
            # Ray's sockets lie in it, whose paths must be short.
            folder = TemporaryDirectory(prefix="fer-", dir="/tmp", ignore_cleanup_errors=True)
            options |= {
                "num_cpus": jobs or os.cpu_count(),
                "include_dashboard": False,
                "object_store_memory": LOCAL_STORE_BYTES,
                "_temp_dir": stack.enter_context(folder),
            }
        stack.callback(ray.shutdown)
        try:
            ray.init(**options, log_to_driver=False, logging_level=logging.CRITICAL)
        except Exception as error:  # what Ray raises differs with what is wrong
            raise ClusterError(f"The Ray cluster cannot be used: {_first_line(error)}") from error
        yield


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
