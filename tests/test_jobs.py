import threading
import time
from collections.abc import Generator

import pytest

from fer_core import jobs
from fer_core.errors import VideoDecodeError
from fer_core.jobs import Ahead, Job, JobStatus


def half_and_whole() -> Generator[float]:
    yield 0.5
    yield 1.0


def test_a_job_without_steps_ends() -> None:
    status = Job(lambda: (float(share) for share in range(0))).wait()
    assert (status.ended, status.cancelled, status.problem) == (True, False, "")


def test_a_job_tells_how_far_it_is() -> None:
    status = Job(half_and_whole).wait()
    assert (status.progress, status.ended, status.problem) == (1.0, True, "")


@pytest.mark.parametrize(
    ("progress", "elapsed_s", "left_s"),
    [(0.0, 5.0, None), (0.5, 0.2, None), (0.25, 10.0, 30.0), (1.0, 10.0, 0.0)],
)
def test_the_time_left_follows_from_the_time_taken(
    progress: float, elapsed_s: float, left_s: float | None
) -> None:
    assert JobStatus(progress, elapsed_s).left_s == left_s


def test_a_job_that_waits_tells_the_tasks_ahead_and_keeps_its_progress() -> None:
    seen: list[JobStatus] = []

    def steps() -> Generator[float | Ahead]:
        known.wait(10)
        for step in (0.5, Ahead(2), Ahead(0), 1.0):
            yield step
            seen.append(job.status)

    known = threading.Event()
    job = Job(steps)
    known.set()
    assert job.wait().n_ahead == 0
    assert [(status.progress, status.n_ahead) for status in seen] == [
        (0.5, 0),
        (0.5, 2),
        (0.5, 0),
        (1.0, 0),
    ]


class Endless:
    """Steps without end that know when they were closed."""

    def __init__(self) -> None:
        self.closed = False
        self.began = threading.Event()

    def __call__(self) -> Generator[float]:
        try:
            while True:
                self.began.set()
                time.sleep(0.001)
                yield 0.1
        finally:
            self.closed = True


def test_a_cancelled_job_ends_and_its_steps_are_closed() -> None:
    steps = Endless()
    job = Job(steps)
    assert steps.began.wait(10)
    job.cancel()
    status = job.wait()
    assert (status.ended, status.cancelled, status.problem) == (True, True, "")
    assert steps.closed


def test_a_job_whose_viewer_left_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEFT_FOR_S", 0.0)
    job = Job(Endless())
    job.leave()
    status = job.wait()
    assert (status.cancelled, status.left) == (True, True)


def test_a_job_whose_viewer_came_back_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEFT_FOR_S", 3600.0)
    steps = Endless()
    job = Job(steps)
    job.leave()
    job.stay()
    monkeypatch.setattr(jobs, "LEFT_FOR_S", 0.0)
    steps.began.clear()
    assert steps.began.wait(10)
    assert not job.status.ended
    job.cancel()
    job.wait()


def test_an_error_of_ours_is_the_problem() -> None:
    def steps() -> Generator[float]:
        yield 0.1
        raise VideoDecodeError("The video is broken.")

    status = Job(steps).wait()
    assert (status.ended, status.cancelled, status.problem) == (True, False, "The video is broken.")


def test_any_other_error_is_one_calm_sentence_and_stands_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def steps() -> Generator[float]:
        yield 1 / 0

    assert Job(steps).wait().problem.endswith("Please try again.")
    assert "ZeroDivisionError" in caplog.text
