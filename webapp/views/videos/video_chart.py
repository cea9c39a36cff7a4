"""The timeline of a video: above the mean of all faces, below a lane for each face."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from fer_core.emotions import DISPLAY_ORDER, Emotion
from fer_core.timeline import Timeline, TimeShare, clock
from webapp.views.blocks import INK, hex_color

CHART_KEY = "video_chart"
MOST_FACES = 8
"""Number of faces that get a lane; the files hold all of them."""

SHORTEST_S = 0.5
"""A face in sight for less time gets no lane."""

STACK = 3.0
"""Height of the stack in lanes."""

N_BARS = 240
"""Into how many parts a timeline is cut at most."""

LANE_PX = 28
SEAM_PX = 0.7
"""Length by which each bar reaches under the next one, or a hairline would show between them."""

CLOCK = "utcFormat(1000 * datum.value, datum.value < 3600 ? '%-M:%S' : '%-H:%M:%S')"
"""Vega's expression for times, written as `fer_core.timeline.clock` does."""

Row = dict[str, Any]


def shown_faces(timeline: Timeline) -> dict[int, TimeShare]:
    """The faces that get a lane, by number, in the order of their first sight."""
    long = [item for item in timeline.tracks().items() if item[1].seconds >= SHORTEST_S]
    return dict(sorted(long[:MOST_FACES]))


def stack_rows(timeline: Timeline, bottom: float) -> list[Row]:
    """The mean probabilities of all faces over time, one on another, the first one on top."""
    rows = []
    for from_s, to_s, probabilities in timeline.binned(N_BARS, 0.0, timeline.end_s):
        order = [emotion for emotion in reversed(DISPLAY_ORDER) if emotion in probabilities]
        tops = accumulate(probabilities[emotion] for emotion in order)
        for emotion, top in zip(order, tops, strict=True):
            rows.append(
                {
                    "from_s": round(from_s, 3),
                    "to_s": round(to_s, 3),
                    "emotion": str(emotion),
                    "word": emotion.adjective,
                    "share": round(probabilities[emotion], 3),
                    "y": round(bottom + STACK * (top - probabilities[emotion]), 3),
                    "y2": round(bottom + STACK * top, 3),
                }
            )
    return rows


def lane_rows(timeline: Timeline, faces: Sequence[int]) -> list[Row]:
    """For each face the stretches of time with one expression, the first face's lane on top."""
    rows: list[Row] = []
    for place, track in enumerate(faces):
        base = len(faces) - 1 - place
        last: Row | None = None
        for from_s, to_s, probabilities in timeline.binned(N_BARS, 0.0, timeline.end_s, track):
            emotion = max(probabilities, key=lambda e: probabilities[e])
            if last and last["emotion"] == str(emotion) and from_s - last["to_s"] < 1e-3:
                last["to_s"] = round(to_s, 3)
                continue
            last = {
                "from_s": round(from_s, 3),
                "to_s": round(to_s, 3),
                "emotion": str(emotion),
                "word": emotion.adjective,
                "face": f"Face {track}",
                "y": base + 0.16,
                "y2": base + 0.84,
            }
            rows.append(last)
    for row in rows:
        wide = row["to_s"] - row["from_s"] > 0.012 * len(row["word"]) * timeline.end_s
        row["label"] = row["word"] if wide else ""
    return rows


def chart(
    timeline: Timeline,
    faces: Mapping[int, TimeShare],
    moment_s: float,
    window_s: float | None = None,
    ink: str = INK,
) -> Row:
    """Stack and lanes in one Vega-Lite chart with a cursor, to be clicked and zoomed.

    Args:
        timeline: The faces of the video.
        faces: Those with a lane.
        moment_s: Time of the cursor, in seconds.
        window_s: Number of seconds around the cursor that are shown at first; None for all.
        ink: Color of the cursor, which stands on the page.
    """
    n = len(faces)
    x_scale = _x_scale(timeline, moment_s, window_s)
    tall = n + 0.35
    colors = {
        "field": "emotion",
        "type": "nominal",
        "legend": None,
        "scale": {
            "domain": [str(emotion) for emotion in Emotion],
            "range": [hex_color(emotion) for emotion in Emotion],
        },
    }
    layers = [
        _bars(stack_rows(timeline, tall), colors, ["word", "share"], _axis(faces, tall)),
        _bars(lane_rows(timeline, list(faces)), colors, ["face", "word"], None, corner=4),
        _words(lane_rows(timeline, list(faces))),
        *_cursor(moment_s, tall + STACK, ink),
        _clicks(timeline, tall + STACK),
    ]
    for layer in layers:
        layer["encoding"]["x"]["scale"] |= x_scale
    return {
        "height": round(LANE_PX * (n + STACK + 0.6)),
        "resolve": {"axis": {"y": "independent"}},
        "layer": layers,
    }


def _x_scale(timeline: Timeline, moment_s: float, window_s: float | None) -> Row:
    """The stretch of time to show, with the moment in its middle where there is room."""
    if window_s is None or window_s >= timeline.end_s:
        return {}
    start_s = max(0.0, min(moment_s - window_s / 2, timeline.end_s - window_s))
    return {"domain": [round(start_s, 3), round(start_s + window_s, 3)], "zero": False}


def _x(field: str) -> Row:
    axis = {"labelExpr": CLOCK, "tickMinStep": 1, "tickCount": {"expr": "width / 110"}}
    look = {"grid": False, "domain": False, "ticks": False, "labelPadding": 8}
    return {
        "field": field,
        "type": "quantitative",
        "title": None,
        "scale": {"nice": False, "zero": True},
        "axis": axis | look,
    }


def _axis(faces: Mapping[int, TimeShare], tall: float) -> Row:
    """Names beside the stack and the lanes."""
    places = {round(tall + STACK / 2, 2): "All faces"}
    for place, track in enumerate(faces):
        places[len(faces) - 1 - place + 0.5] = f"Face {track}"
    cases = " : ".join(f"datum.value == {value} ? '{name}'" for value, name in places.items())
    return {
        "values": list(places),
        "labelExpr": f"{cases} : ''",
        "grid": False,
        "domain": False,
        "ticks": False,
        "labelPadding": 8,
    }


def _bars(
    rows: list[Row], colors: Row, tips: Sequence[str], axis: Row | None, corner: int = 0
) -> Row:
    y = {"field": "y", "type": "quantitative", "title": None, "axis": axis}
    return {
        "data": {"values": rows},
        "mark": {
            "type": "rect",
            "cornerRadius": corner,
            "cursor": "pointer",
            "x2Offset": 0 if corner else SEAM_PX,
        },
        "encoding": {
            "x": _x("from_s"),
            "x2": {"field": "to_s"},
            "y": y | {"scale": {"nice": False}},
            "y2": {"field": "y2"},
            "color": colors,
            "tooltip": [{"field": name, "type": "nominal"} for name in tips],
        },
    }


def _words(rows: list[Row]) -> Row:
    middles = [
        {"at": (row["from_s"] + row["to_s"]) / 2, "y": (row["y"] + row["y2"]) / 2} | row
        for row in rows
        if row["label"]
    ]
    for middle in middles:
        middle["y"] = (middle["y"] + middle["y2"]) / 2
    return {
        "data": {"values": middles},
        "mark": {"type": "text", "color": INK, "fontWeight": 600, "fontSize": 12, "clip": True},
        "encoding": {
            "x": _x("at"),
            "y": {"field": "y", "type": "quantitative", "axis": None},
            "text": {"field": "label", "type": "nominal"},
        },
    }


def _cursor(moment_s: float, top: float, ink: str) -> list[Row]:
    values = [{"at": round(moment_s, 3), "y": 0, "y2": top, "text": clock(moment_s)}]
    place = {"x": _x("at"), "y": {"field": "y", "type": "quantitative", "axis": None}}
    rule = {"type": "rule", "strokeWidth": 3, "color": ink}
    return [
        {
            "data": {"values": values},
            "mark": rule,
            "encoding": place | {"y2": {"field": "y2"}},
        },
        {
            "data": {"values": values},
            "mark": {
                "type": "text",
                "dy": -8,
                "color": ink,
                "fontWeight": 700,
                "fontSize": 12,
                "clip": False,
            },
            "encoding": {
                "x": _x("at"),
                "y": {"field": "y2", "type": "quantitative", "axis": None},
                "text": {"field": "text", "type": "nominal"},
            },
        },
    ]


def _clicks(timeline: Timeline, top: float) -> Row:
    """Invisible bars over all, each an analyzed frame: what is clicked, and where to zoom."""
    times = [timeline.time_s(index) for index in range(len(timeline))]
    ends = [*times[1:], timeline.end_s]
    values = [
        {"t": round(start, 3), "end": round(end, 3), "y": 0, "y2": top}
        for start, end in zip(times, ends, strict=True)
    ]
    return {
        "data": {"values": values},
        "params": [
            {"name": "moment", "select": {"type": "point", "fields": ["t"], "toggle": False}},
            {
                "name": "zoom",
                "select": {"type": "interval", "encodings": ["x"]},
                "bind": "scales",
            },
        ],
        "mark": {"type": "rect", "opacity": 0, "cursor": "pointer"},
        "encoding": {
            "x": _x("t"),
            "x2": {"field": "end"},
            "y": {"field": "y", "type": "quantitative", "axis": None},
            "y2": {"field": "y2"},
        },
    }
