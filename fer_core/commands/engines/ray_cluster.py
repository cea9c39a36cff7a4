"""Files analyzed by the processes of a Ray cluster, on one machine or many.

Only paths and results travel; each process reads its files where they lie. A process that is lost
is replaced, and its file analyzed again.
"""

import importlib.util
import logging
import os
import pickle
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fer_core.analysis import EmotionAnalyzer, load_analyzer
from fer_core.classification.model_store import MODELS_DIR, find_model
from fer_core.commands.engines.file_work import FileWork, Report
from fer_core.commands.engines.local import one_thread_a_job
from fer_core.commands.media_files import absolute, is_video
from fer_core.commands.progress import Progress
from fer_core.detection.from_file import load_detector
from fer_core.errors import ClusterError, FerError, first_line
from fer_core.reports.rows import PhotoReport, PredictionSource, VideoReport

MAX_RETRIES = 3
"""Number of times a file is analyzed again after its process was lost."""

QUEUED = 1_000
"""Number of files that Ray is told of at a time."""

LOCAL_STORE_BYTES = 256 * 2**20
"""Memory for results on their way, where the cluster is this machine alone."""

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # or Ray sends figures about its use to its makers
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # the default warns that it will change
}
"""The environment variables that Ray reads."""

LOST = f"{1 + MAX_RETRIES} processes, one after another, ended while they read the file."


def need_ray() -> None:
    """Say what to install where Ray is not.

    Raises:
        ClusterError: Ray is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        raise ClusterError('--engine ray needs Ray: install fer-core with its extra "ray".')


@dataclass(frozen=True)
class RayEngine:
    """Analyzes files on the cluster that RAY_ADDRESS names, or on one of this machine.

    Attributes:
        source: The model and detector that every machine must have.
        model: The model's name or folder.
        detector: The file of a face detector; None for Haar.
        jobs: Number of files analyzed at the same time; None for one for each processor.
    """

    source: PredictionSource
    model: str
    detector: Path | None
    jobs: int | None

    def reports(self, work: FileWork, files: list[Path], progress: Progress) -> Generator[Report]:
        """Reports in the order of the files; `progress` is told of each file.

        Raises:
            ClusterError: The cluster cannot be reached, or its machines lack something.
            FerError: As a local run.
            OSError: As a local run.
        """
        folder = find_model(self.model)
        where = folder.name if folder.parent == MODELS_DIR else str(absolute(folder))
        finder = str(absolute(self.detector)) if self.detector else None
        task = pickle.dumps((self.source, where, finder, work))
        with _cluster(self.jobs), closing(_results(task, files, self.jobs)) as results:
            for file, result in zip(files, results, strict=True):
                progress.advance(1.0)
                if result is None:
                    yield (VideoReport if is_video(file) else PhotoReport)(str(file), problem=LOST)
                else:
                    yield replace(_report_of(result), file=str(file))


def report_bytes(task: bytes, file: Path) -> bytes:
    """The pickled report of a file, or the error that ends the run; runs on the cluster."""
    source, model, detector, work = pickle.loads(task)
    try:
        analyzer = _load_analyzer(model, detector)
        there = PredictionSource.of(analyzer)
        if there.detector != source.detector:
            raise ClusterError(
                f"A machine of the cluster has another face detector: {there.detector}, not "
                f"{source.detector}."
            )
        if there != source:
            raise ClusterError(f"A machine of the cluster has another model called {model}.")
        with one_thread_a_job(), closing(work.steps(analyzer, file)) as steps:
            while True:
                next(steps)
    except StopIteration as end:
        return pickle.dumps(end.value)
    except (FerError, OSError) as error:
        return pickle.dumps(error)


@cache
def _load_analyzer(model: str, detector: str | None) -> EmotionAnalyzer:
    """Load a model once for each process."""
    return load_analyzer(model, load_detector(detector) if detector else None)


def _report_of(result: bytes | str) -> Report:
    if isinstance(result, str):
        raise ClusterError(f"A machine of the cluster cannot analyze the files: {result}")
    report: Report | FerError | OSError = pickle.loads(result)
    if isinstance(report, Exception):
        raise report
    return report


def _results(task: bytes, files: list[Path], jobs: int | None) -> Generator[bytes | str | None]:
    """The result of each file, in order; None where every process that read it was lost.

    A result is that of `report_bytes`, or says why it could not be called.
    """
    import ray

    # A function of this module could not even be called where the package is missing.
    def analyze(task: bytes, file: bytes) -> bytes | str:
        try:
            from fer_core.commands.engines.ray_cluster import report_bytes

            return report_bytes(task, Path(os.fsdecode(file)))
        except Exception as error:
            return repr(error)

    on_cluster = ray.remote(num_cpus=1, max_retries=MAX_RETRIES)(analyze).options(name="analyze")
    in_order: deque[Any] = deque()
    running: list[Any] = []
    try:
        for file in files:
            in_order.append(on_cluster.remote(task, os.fsencode(absolute(file))))
            running.append(in_order[-1])
            if len(running) == (jobs or QUEUED):
                _, running = ray.wait(running)
                while in_order and in_order[0] not in running:
                    yield _result(in_order.popleft())
        while in_order:
            yield _result(in_order.popleft())
    except Exception as error:  # what Ray raises differs with what is lost
        raise ClusterError(f"The Ray cluster is lost: {first_line(error)}") from error


def _result(reference: Any) -> bytes | str | None:
    import ray
    from ray.exceptions import NodeDiedError, ObjectLostError, OutOfMemoryError, WorkerCrashedError

    try:
        result: bytes | str = ray.get(reference)
    except (NodeDiedError, ObjectLostError, OutOfMemoryError, WorkerCrashedError):
        return None
    return result


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
            short = "/tmp" if os.name == "posix" else None
            folder = TemporaryDirectory(prefix="fer-", dir=short, ignore_cleanup_errors=True)
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
            raise ClusterError(f"The Ray cluster cannot be used: {first_line(error)}") from error
        yield
