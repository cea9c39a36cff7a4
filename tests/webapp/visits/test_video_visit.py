"""A visit's video without a page: how its analysis ends, and what is said of it."""

import csv
import io
import json
from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from fer_core.analysis import EmotionAnalyzer
from fer_core.reports import PredictionSource, table_csv, table_json
from fer_core.video.analysis import analyze_video
from tests.faces import SquareDetector, happy_if_white, plain, squares
from tests.videos import video_bytes
from webapp.monitoring.activity import Activity
from webapp.serving.turns import Visitor
from webapp.visits import video_moments
from webapp.visits.video_visit import VideoVisit

MODEL = Path("model")
FACES = [squares(160, 120, (40, 30, 90, 80), value=128) for _ in range(20)]
"""Two seconds of a gray square, which is taken for a sad face."""


@pytest.fixture
def analyzer() -> EmotionAnalyzer:
    return EmotionAnalyzer(SquareDetector(), happy_if_white())


@pytest.fixture
def activity() -> Activity:
    return Activity()


def analyzed(
    data: bytes, analyzer: EmotionAnalyzer, activity: Activity, name: str = "clip.mp4"
) -> VideoVisit:
    visit = VideoVisit(Visitor("me"), name, data)
    visit.analyze(analyzer, MODEL, 5, activity)
    assert visit.analysis is not None
    visit.analysis.wait()
    return visit


def test_a_whole_video_needs_no_remark(analyzer: EmotionAnalyzer, activity: Activity) -> None:
    visit = analyzed(video_bytes(FACES), analyzer, activity)
    assert visit.remark("clip.mp4") == ""
    assert visit.is_finished
    assert [moment.emotion for moment in visit.moments] == ["sad"]
    reports, source = [visit.report("clip.mp4")], PredictionSource.of(analyzer)
    table = list(csv.DictReader(io.StringIO(table_csv(reports, source).decode("utf-8-sig"))))
    assert [row["emotion"] for row in table] == ["sad"] * 10
    assert len(json.loads(table_json(reports, source))) == 10


def test_a_single_frame_is_enough(analyzer: EmotionAnalyzer, activity: Activity) -> None:
    visit = analyzed(video_bytes(FACES[:1]), analyzer, activity)
    assert visit.timeline is not None
    assert visit.timeline.n_faces == 1


def test_a_video_without_a_face_needs_no_remark_of_its_own(
    analyzer: EmotionAnalyzer, activity: Activity
) -> None:
    visit = analyzed(video_bytes([plain(160, 120, (0, 0, 0))] * 5), analyzer, activity)
    assert visit.remark("clip.mp4") == "", "the page says it in the faces' place"
    assert visit.timeline is not None
    assert visit.timeline.n_faces == 0


def test_a_cut_off_video_shows_what_could_be_read_and_says_so(
    analyzer: EmotionAnalyzer, activity: Activity
) -> None:
    whole = video_bytes(FACES * 2, "mkv")
    visit = analyzed(whole[: len(whole) * 4 // 5], analyzer, activity, "cut.mkv")
    assert visit.remark("cut.mkv").startswith("The file is damaged or cut off before its end")
    assert "Showing the first 0:0" in visit.remark("cut.mkv")
    assert visit.timeline is not None
    assert visit.timeline.n_faces > 0


def before_the_fourth_frame(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let an analysis go on for three frames, then do something."""

    def acting(*arguments: object) -> Generator[object]:
        for number, sample in enumerate(analyze_video(*arguments)):  # type: ignore[arg-type]
            if number == 3:
                act()
            yield sample

    monkeypatch.setattr(video_moments, "analyze_video", acting)


def test_an_analysis_that_fails_is_one_calm_sentence_and_keeps_what_was_found(
    analyzer: EmotionAnalyzer,
    activity: Activity,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before_the_fourth_frame(monkeypatch, lambda: 1 // 0)
    visit = analyzed(video_bytes(FACES), analyzer, activity)
    remark = visit.remark("clip.mp4")
    assert "division" not in remark
    assert "Showing the first 0:0" in remark
    assert visit.timeline is not None
    assert len(visit.timeline) == 3


def test_a_cancelled_analysis_keeps_what_was_found(
    analyzer: EmotionAnalyzer, activity: Activity, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = VideoVisit(Visitor("me"), "clip.mp4", video_bytes(FACES))

    def cancel() -> None:
        assert visit.analysis is not None
        visit.analysis.cancel()

    before_the_fourth_frame(monkeypatch, cancel)
    visit.analyze(analyzer, MODEL, 5, activity)
    assert visit.analysis is not None
    assert visit.analysis.wait().cancelled
    assert visit.remark("clip.mp4").startswith("Stopped.")


def test_another_model_or_rate_needs_another_analysis(
    analyzer: EmotionAnalyzer, activity: Activity
) -> None:
    visit = analyzed(video_bytes(FACES), analyzer, activity)
    assert not visit.needs_analysis(MODEL, 5)
    assert visit.needs_analysis(MODEL, 10)
    assert visit.needs_analysis(Path("other"), 5)


def test_a_visit_that_is_over_holds_nothing(analyzer: EmotionAnalyzer, activity: Activity) -> None:
    visit = analyzed(video_bytes(FACES), analyzer, activity)
    visit.close()
    assert visit.video is None
    assert visit.timeline is None
