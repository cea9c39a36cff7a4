"""Files analyzed by the threads of this process."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from fer_core.analysis import EmotionAnalyzer
from fer_core.commands.engines.file_work import FileWork, Report
from fer_core.commands.progress import Progress


@dataclass(frozen=True)
class LocalEngine:
    """Analyzes files in threads, with few reports waiting at a time.

    Attributes:
        analyzer: Finds and classifies faces.
        jobs: Number of files analyzed at the same time.
    """

    analyzer: EmotionAnalyzer
    jobs: int

    def reports(self, work: FileWork, files: list[Path], progress: Progress) -> Generator[Report]:
        """Reports in the order of the files; `progress` is told of each file's parts."""
        executor, stopped = ThreadPoolExecutor(self.jobs), Event()
        running: deque[Future[Report]] = deque()

        def run(file: Path) -> Report:
            with closing(work.steps(self.analyzer, file)) as steps:
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

        with one_thread_a_job():
            try:
                for file in files:
                    running.append(executor.submit(run, file))
                    if len(running) > 2 * self.jobs:
                        yield running.popleft().result()
                while running:
                    yield running.popleft().result()
            finally:
                stopped.set()
                executor.shutdown(cancel_futures=True)


class _OneThread:
    """OpenCV's number of threads while runs are going, and the one from before the first."""

    def __init__(self) -> None:
        self._lock, self._n_runs, self._before = Lock(), 0, 0

    def enter(self) -> None:
        import cv2

        with self._lock:
            if self._n_runs == 0:
                self._before = cv2.getNumThreads()
                cv2.setNumThreads(1)
            self._n_runs += 1

    def leave(self) -> None:
        import cv2

        with self._lock:
            self._n_runs -= 1
            if self._n_runs == 0:
                cv2.setNumThreads(self._before)


_ONE_THREAD = _OneThread()


@contextmanager
def one_thread_a_job() -> Iterator[None]:
    """Keep OpenCV from sharing one photo among the processors, which takes more time in all."""
    _ONE_THREAD.enter()
    try:
        yield
    finally:
        _ONE_THREAD.leave()
