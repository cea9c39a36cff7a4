import csv
import io
import json

import pytest

from fer_core.classification.model_store import DEFAULT_MODEL
from fer_core.emotions import FER2013_EMOTIONS, Emotion
from fer_core.reports import table_csv, table_json
from fer_core.reports.rows import NO_FACE, PredictionSource, columns
from tests.test_timeline import face, timeline
from webapp.views.live.live_results import (
    MOST_CHARTS,
    last_minute,
    recent_faces,
    report,
)


@pytest.fixture(scope="module")
def source() -> PredictionSource:
    return PredictionSource("haar", DEFAULT_MODEL, "v1", FER2013_EMOTIONS)


def test_an_empty_recording_says_that_it_holds_no_face(source: PredictionSource) -> None:
    empty = timeline()
    (row,) = json.loads(table_json([report(empty)], source))
    assert (row["file"], row["n_faces"], row["problem"]) == ("live camera", 0, NO_FACE)
    assert list(row) == columns(empty.labels)
    assert recent_faces(empty) == []
    assert last_minute(empty, 1) == []


def test_both_files_hold_every_row_under_the_same_names(source: PredictionSource) -> None:
    two = timeline((0.0, [face(1), face(2, Emotion.SAD)]), (0.1, []), (0.2, [face(2)]))
    table = list(csv.DictReader(io.StringIO(table_csv([report(two)], source).decode("utf-8-sig"))))
    listed = json.loads(table_json([report(two)], source))
    assert [(row["time_s"], row["track"]) for row in listed] == [(0.0, 1), (0.0, 2), (0.2, 2)]
    assert [row["emotion"] for row in listed] == ["happy", "sad", "happy"]
    assert [list(row) for row in listed] == [list(row) for row in table]
    assert {row["model"] for row in listed} == {DEFAULT_MODEL}
    told = [["" if value is None else str(value) for value in row.values()] for row in listed]
    assert told == [list(row.values()) for row in table]


def test_charts_show_the_faces_of_the_last_minute() -> None:
    faces = timeline((0.0, [face(1)]), (5.0, [face(2)]), (30.0, [face(4), face(3)]), (61.0, []))
    assert recent_faces(faces) == [2, 3, 4]


def test_no_more_than_the_longest_faces_get_a_chart() -> None:
    crowd = [face(track) for track in range(1, MOST_CHARTS + 3)]
    some = timeline((0.0, crowd), (1.0, crowd[2:]), (2.0, []))
    assert recent_faces(some) == list(range(3, MOST_CHARTS + 3))


def test_a_bar_is_the_mean_of_a_whole_second_before_the_end() -> None:
    changing = timeline(
        (8.2, [face(1, probability=0.4)]), (8.7, [face(1, probability=0.8)]), (9.5, [face(2)])
    )
    bars = last_minute(changing, 1)
    assert {(bar["from_s"], bar["to_s"]) for bar in bars} == {(-2, -1)}
    happy = [bar["probability"] for bar in bars if bar["emotion"] == "happy"]
    assert happy == [pytest.approx(0.6, abs=1e-3)]
    assert sum(bar["probability"] for bar in bars) == pytest.approx(1, abs=0.01)
