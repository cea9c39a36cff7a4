import pytest

from fer_core.emotions import Emotion
from fer_core.timeline import Timeline
from tests.test_timeline import face, timeline
from webapp.views.videos import video_chart


@pytest.fixture
def two_faces() -> Timeline:
    """Twenty seconds: one face all the time, another one, which is sad, in the second half."""
    return timeline(
        *((second, [face(1)]) for second in range(10)),
        *((second, [face(1), face(2, Emotion.SAD)]) for second in range(10, 21)),
        rate=1,
    )


def domains(timeline: Timeline, moment_s: float, window_s: float | None) -> list[object]:
    """The stretch of time in each layer of the chart."""
    faces = video_chart.shown_faces(timeline)
    chart = video_chart.chart(timeline, faces, moment_s, window_s)
    return [layer["encoding"]["x"]["scale"].get("domain") for layer in chart["layer"]]


def test_stack_and_lanes_share_one_scale_and_one_cursor(two_faces: Timeline) -> None:
    chart = video_chart.chart(two_faces, video_chart.shown_faces(two_faces), 0.4)
    stack, lanes, *_ = chart["layer"]
    lowest = min(row["y"] for row in stack["data"]["values"])
    highest = max(row["y2"] for row in lanes["data"]["values"])
    assert highest < lowest, "the stack is above the lanes"
    shares: dict[float, float] = {}
    for row in stack["data"]["values"]:
        shares[row["from_s"]] = shares.get(row["from_s"], 0) + row["share"]
    assert all(total == pytest.approx(1, abs=0.01) for total in shares.values())
    assert [param["name"] for param in chart["layer"][-1]["params"]] == ["moment", "zoom"]


def test_a_lane_begins_where_its_face_does_and_holds_as_long_as_its_expression(
    two_faces: Timeline,
) -> None:
    lanes = video_chart.lane_rows(two_faces, [1, 2])
    assert [(row["face"], row["word"]) for row in lanes] == [("Face 1", "happy"), ("Face 2", "sad")]
    assert lanes[0]["from_s"] == pytest.approx(0, abs=0.1)
    assert lanes[1]["from_s"] == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize(
    ("moment_s", "window_s", "expected"),
    [
        pytest.param(10.0, None, None, id="all"),
        pytest.param(10.0, 100.0, None, id="more than there is"),
        pytest.param(10.0, 10.0, [5.0, 15.0], id="around the moment"),
        pytest.param(1.0, 10.0, [0.0, 10.0], id="at the beginning"),
        pytest.param(20.0, 10.0, [11.0, 21.0], id="at the end"),
    ],
)
def test_a_window_shows_seconds_around_the_moment_in_every_layer(
    two_faces: Timeline, moment_s: float, window_s: float | None, expected: object
) -> None:
    assert two_faces.end_s == 21
    found = domains(two_faces, moment_s, window_s)
    assert len(found) >= 5
    assert all(domain == expected for domain in found)
