"""The photos of a visit and the work on them."""

import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from PIL import Image

import fer_core
from fer_core.analysis import EmotionAnalyzer
from fer_core.jobs import Ahead, Job
from fer_core.reports.rows import PhotoReport
from tests.faces import astronaut, file_bytes
from tests.waiting import wait_until
from webapp.monitoring.activity import Activity
from webapp.serving.turns import Visitor
from webapp.visits import photo_visit
from webapp.visits.photo_results import Photo, Result, analyze
from webapp.visits.photo_visit import PhotoVisit

Steps = Callable[[PhotoVisit], Generator[float | Ahead]]


def never(_: PhotoVisit) -> Generator[float | Ahead]:
    while True:
        time.sleep(0.01)
        yield Ahead(0)


def behind_others(_: PhotoVisit) -> Generator[float | Ahead]:
    while True:
        yield Ahead(2)
        time.sleep(0.01)


def one_of_two(visit: PhotoVisit) -> Generator[float | Ahead]:
    visit.results["a"] = Result(PhotoReport("a.png"))
    yield 0.5
    yield from never(visit)


def both(visit: PhotoVisit) -> Generator[float | Ahead]:
    for key in ("a", "b"):
        visit.results[key] = Result(PhotoReport(f"{key}.png"))
    time.sleep(0.2)  # the last result is there a moment before the work has ended
    yield 1.0


@pytest.mark.parametrize(
    ("steps", "longest_s"),
    [
        pytest.param(never, 0.1, id="no-result-in-time"),
        pytest.param(one_of_two, 60.0, id="a-first-result"),
        pytest.param(behind_others, 60.0, id="others-come-before"),
        pytest.param(both, 60.0, id="all-of-them"),
    ],
)
def test_the_first_result_is_waited_for_and_no_longer(steps: Steps, longest_s: float) -> None:
    visit = PhotoVisit(Visitor("one"))
    visit.add([Photo("a", "a.png", b""), Photo("b", "b.png", b"")])
    visit.job = Job(lambda: steps(visit))
    start_s = time.monotonic()
    visit.wait_for_first(longest_s)
    waited_s = time.monotonic() - start_s
    assert waited_s >= 0.1 if steps is never else waited_s < 40
    assert bool(visit.results) == (steps in (one_of_two, both))
    assert visit.is_working == (steps is not both)
    visit.stop()


def test_files_that_the_browser_refuses_are_told_by_their_reason() -> None:
    visit = PhotoVisit(Visitor("me"))
    visit.refuse(["a.png"], "larger than 20 MB.")
    visit.refuse([], "not an image.")
    visit.refuse(["b.png"], "larger than 20 MB.")
    assert visit.problems == {(False, "larger than 20 MB."): ["a.png", "b.png"]}


def test_a_client_cannot_have_any_number_of_names_remembered() -> None:
    visit = PhotoVisit(Visitor("me"))
    for _ in range(3):
        visit.refuse(["a" * 1000] * 400, "not an image.")
    assert [len(name) for name in visit.refused["not an image."]] == [255] * 500


def test_large_files_are_told_to_the_queue(
    monkeypatch: pytest.MonkeyPatch, analyzer: EmotionAnalyzer
) -> None:
    told: list[bool] = []

    def elsewhere(*_: object, is_large: bool) -> Generator[Ahead, None, Result]:
        told.append(is_large)
        yield Ahead(0)
        return Result(PhotoReport("a.png"))

    monkeypatch.setattr(photo_visit, "elsewhere", elsewhere)
    visit = PhotoVisit(Visitor("me"))
    visit.add([Photo("a", "a.png", bytes(7 * 2**20)), Photo("b", "b.png", b"")])
    visit.analyze(Path("model"), analyzer, Activity(), (800, 600))
    wait_until(lambda: len(told) == 2, 10, "both photos")
    assert told == [True, False]


def test_faces_are_opened_and_explained_by_their_keys(analyzer: fer_core.EmotionAnalyzer) -> None:
    visit = PhotoVisit(Visitor("Ann"))
    photo = Photo("one", "1.png", file_bytes(Image.fromarray(astronaut()), "PNG"))
    visit.add([photo])
    visit.results[photo.key] = analyze(analyzer, photo, (792, 540))
    key = visit.faces[0].key
    visit.open(key)
    visit.explain(analyzer, key)
    assert (visit.opened, list(visit.whys)) == ({key}, [key])
    visit.open(key)
    visit.explain(analyzer, key)
    assert (visit.opened, visit.whys) == (set(), {})
    visit.explain(analyzer, "of a photo that has left")
    assert visit.whys == {}
