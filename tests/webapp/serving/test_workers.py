"""Work in processes of its own: what goes wrong there costs one visitor one sentence."""

import os
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from fer_core.analysis import EmotionAnalyzer
from fer_core.errors import ImageDecodeError
from fer_core.jobs import Ahead, Job
from fer_core.reports import table_csv
from fer_core.video import open_video
from tests.videos import moving_portrait, video_bytes
from tests.waiting import wait_until
from webapp.jobs import elsewhere, finished, video_elsewhere
from webapp.monitoring.activity import Activity
from webapp.serving import workers
from webapp.serving.turns import Visitor, WorkError
from webapp.serving.workers import PHOTO, SHARED, Workers
from webapp.visits.video_visit import VideoVisit

T = TypeVar("T")

ME, YOU = Visitor("me"), Visitor("you")


@pytest.fixture(scope="module")
def pool() -> Iterator[Workers]:
    with closing(Workers(PHOTO, 1)) as made:
        yield made


def allocate(n_bytes: int) -> int:
    return len(bytes(n_bytes)) or 1


def spin() -> None:
    while True:
        pass


def refuse() -> None:
    raise ImageDecodeError("This is no photo.")


def test_work_is_done_elsewhere_and_by_the_same_worker_again(pool: Workers) -> None:
    first, second = finished(pool.run(ME, os.getpid)), finished(pool.run(ME, os.getpid))
    assert first == second != os.getpid()


def test_what_the_work_raises_comes_back(pool: Workers) -> None:
    with pytest.raises(ImageDecodeError, match="This is no photo"):
        finished(pool.run(ME, refuse))


def test_workers_yield_to_the_server(pool: Workers) -> None:
    assert finished(pool.run(ME, os.nice, 0)) == os.nice(0) + PHOTO.niceness


def test_a_worker_that_dies_at_work_costs_one_sentence(pool: Workers) -> None:
    with pytest.raises(WorkError, match="could not be read"):
        finished(pool.run(ME, os._exit, 1))
    assert finished(pool.run(ME, abs, -3)) == 3


def test_a_worker_that_is_killed_while_it_waits_costs_nothing(pool: Workers) -> None:
    pid = finished(pool.run(ME, os.getpid))
    os.kill(pid, signal.SIGKILL)
    with suppress(ProcessLookupError, FileNotFoundError):
        while Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
            os.kill(pid, 0)
    assert finished(pool.run(ME, abs, -3)) == 3


def test_too_much_memory_is_a_sentence(pool: Workers) -> None:
    with pytest.raises(WorkError, match="not enough memory"):
        finished(pool.run(ME, allocate, PHOTO.memory_bytes + 2**20))
    assert finished(pool.run(ME, allocate, 100)) == 100


def test_closing_ends_a_task_at_once(pool: Workers) -> None:
    steps = pool.run(ME, spin)
    next(steps)
    start_s = time.monotonic()
    steps.close()
    assert finished(pool.run(ME, abs, -3)) == 3
    assert time.monotonic() - start_s < 5


def test_who_waits_is_told_how_many_come_before(pool: Workers) -> None:
    with closing(pool.run(ME, spin)) as first, closing(pool.run(YOU, spin)) as second:
        assert [next(first), next(second)] == [Ahead(0), Ahead(1)]


def test_work_that_takes_a_processor_too_long_is_ended(
    pool: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_limits", replace(PHOTO, cpu_s=0))
    with pytest.raises(WorkError, match="needs more than a file may"):
        finished(pool.run(ME, spin))


def test_work_that_takes_too_long_is_ended(pool: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_limits", replace(PHOTO, time_s=0.5))
    with pytest.raises(WorkError, match="takes too long"):
        finished(pool.run(ME, signal.pause))


def test_a_job_has_a_part_done_by_a_worker_and_is_cancelled_in_it(
    pool: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SHARED, "photos", pool)
    found: list[int] = []

    def steps() -> Generator[float | Ahead]:
        found.append((yield from elsewhere(ME, os.getpid)))
        yield 0.5
        yield from elsewhere(ME, spin)

    job = Job(steps)
    wait_until(lambda: job.status.progress == 0.5, 60, "the part begins")
    job.cancel()
    assert job.wait().cancelled
    assert found != [os.getpid()]
    assert finished(pool.run(ME, abs, -3)) == 3


def test_without_workers_the_part_is_done_here() -> None:
    with pytest.raises(StopIteration) as done:
        next(elsewhere(ME, os.getpid))
    assert done.value.value == os.getpid()


def countdown(n: int) -> Generator[int, None, str]:
    yield from range(n, 0, -1)
    return "lift-off"


def one_and_die() -> Generator[int]:
    yield 1
    os._exit(1)


def forever() -> Generator[int]:
    while True:
        yield os.getpid()


def noted(steps: Generator[object, None, T], came: list[object]) -> T:
    """The result of the work; what comes before is noted."""
    while True:
        try:
            step = next(steps)
        except StopIteration as done:
            result: T = done.value
            return result
        came += [] if isinstance(step, Ahead) else [step]


def test_what_the_work_yields_comes_in_order_and_what_it_returns_last(pool: Workers) -> None:
    came: list[object] = []
    assert noted(pool.stream(ME, countdown, 3), came) == "lift-off"
    assert came == [3, 2, 1]


def test_what_came_before_a_worker_died_is_kept(pool: Workers) -> None:
    came: list[object] = []
    with pytest.raises(WorkError, match="could not be read"):
        noted(pool.stream(ME, one_and_die), came)
    assert came == [1]


def pid_of(steps: Generator[Ahead | int]) -> int:
    """The next number that comes."""
    return next(step for step in steps if not isinstance(step, Ahead))


def test_a_worker_that_is_killed_costs_its_visitor_a_sentence_and_the_others_nothing() -> None:
    with closing(Workers(PHOTO, 2)) as two, closing(two.stream(YOU, forever)) as yours:
        mine = two.stream(ME, forever)
        pids = [pid_of(steps) for steps in (mine, yours)]
        os.kill(pids[0], signal.SIGKILL)
        with pytest.raises(WorkError, match="could not be read"):
            finished(mine)
        assert pid_of(yours) == pids[1]


def test_a_while_after_the_last_task_other_workers_know_nothing_of_it(
    pool: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "FORGET_S", 0.0)
    before = finished(pool.run(ME, os.getpid))
    wait_until(lambda: not Path(f"/proc/{before}").exists(), 60, "the worker is gone")
    monkeypatch.undo()
    assert finished(pool.run(ME, os.getpid)) != before


def test_what_a_task_would_wait_for_is_loaded_before(pool: Workers) -> None:
    pool.prepare(partial(os.nice, 1))
    assert finished(pool.run(ME, os.nice, 0)) == os.nice(0) + PHOTO.niceness + 1
    pool.prepare(refuse)
    assert finished(pool.run(ME, abs, -3)) == 3, "what fails there is the task's to say"
    pool.prepare(int)


def test_a_video_is_followed_by_a_worker_as_it_is_here(
    pool: Workers, monkeypatch: pytest.MonkeyPatch, analyzer: EmotionAnalyzer
) -> None:
    clip, found = video_bytes(moving_portrait(4)), []
    for here in (True, False):
        if not here:
            monkeypatch.setattr(SHARED, "videos", pool)
            monkeypatch.setattr(SHARED, "photos", pool)
        visit = VideoVisit(ME, "clip.mp4", clip)
        visit.analyze(analyzer, Path("any"), 5, Activity())
        assert visit.analysis is not None
        assert visit.analysis.wait().problem == ""
        visit.write_annotated()
        assert visit.export is not None
        assert visit.export.wait().problem == ""
        labeled = open_video(visit.annotated()).info
        assert visit.moments
        assert visit.source is not None
        rows = table_csv([visit.report("clip.mp4")], visit.source)
        found.append((rows, labeled, visit.frame_at(0.0).tolist()))
        visit.close()
    assert found[0] == found[1]


def test_without_workers_a_stream_is_done_here() -> None:
    assert list(video_elsewhere(ME, countdown, 2)) == [2, 1]
