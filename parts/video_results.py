"""The results of a video on its page: shares of time, timelines and the moment chosen in them."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

import streamlit as st

from fer_core.timeline import Timeline, TimeShare, clock
from parts import widgets
from parts.charts import EMOTION_TIP, PERCENT_MARKS, PROBABILITY, PROBABILITY_TIP, emotion_color

MOMENT_KEY = "video_moment"
"""Where the time lies that is shown, in seconds: the key of its slider."""

PART_KEY = "video_part"
"""Where start and end of the shown part lie, in seconds: the key of their slider."""

MOST_FACES = 8
"""How many faces get a line of their own."""

SHORTEST_S = 0.5
"""A face in sight for less time gets no line; the files hold it."""

AXIS = {"minExtent": 48, "maxExtent": 48, "ticks": False, "domain": False, "grid": False}
"""Both charts begin at the same place, so that a moment is above itself."""

CLOCK = "utcFormat(1000 * datum.value, datum.value < 3600 ? '%-M:%S' : '%-H:%M:%S')"
"""How Vega writes times: as `fer_core.timeline.clock` does."""

SEAM_PX = {"expr": "length(data('moment_store')) ? 0 : 0.7"}
"""How far each bar reaches under the next one, or a hairline would show between them; not while
the bars are faded, where it would show the more."""

N_BARS = 240
"""Into how many parts a timeline is cut at most."""


def shown_faces(timeline: Timeline) -> dict[int, TimeShare]:
    """The faces that get a line of their own, by number, in the order of their first sight."""
    long = [item for item in timeline.tracks().items() if item[1].seconds >= SHORTEST_S]
    return dict(sorted(long[:MOST_FACES]))


def show_summary(summary: TimeShare, faces: Mapping[int, TimeShare]) -> None:
    """How the time is shared by the emotions, over all faces and for each."""
    overall, each = st.columns([2, 3], gap="medium")
    with overall:
        st.markdown("**Share of time, all faces**")
        st.html(widgets.bars(summary.shares))
    with each:
        st.markdown("**Each face**")
        rows = [
            {
                "Face": str(track),
                "In sight": in_sight(face),
                "Seconds": f"{face.seconds:.1f}",
                "Mostly": f"{face.emotion} ({face.shares[face.emotion]:.0%} of the time)",
            }
            for track, face in faces.items()
        ]
        if rows:
            st.table(rows)
        else:
            st.caption(f"No face was in sight for {SHORTEST_S} s or longer.")


def in_sight(face: TimeShare) -> str:
    """From when to when a face is seen; within one second it is that second."""
    first, end = clock(face.first_s), clock(face.end_s)
    return first if first == end else f"{first} to {end}"


def show_timelines(timeline: Timeline, faces: Sequence[int]) -> None:
    """Two charts over the same time: the mean of all faces, and the main emotion of each face.

    A click on either chooses the moment.
    """
    start_s, end_s = st.session_state.get(PART_KEY, (0.0, timeline.end_s))
    for key, chart, alt in (
        (
            "video_overall",
            overall_chart(timeline, start_s, end_s),
            "Probability of each emotion over the video's time, mean of all faces",
        ),
        (
            "video_faces",
            faces_chart(timeline, faces, start_s, end_s),
            "Most probable emotion of each face over the video's time",
        ),
    ):
        if chart["data"]["values"]:
            st.vega_lite_chart(
                chart,
                key=key,
                on_select=choose_moment,
                selection_mode="moment",
                width="stretch",
                alt=alt,
            )
    if timeline.end_s > 2 / timeline.rate:
        st.slider(
            "Part of the video that the charts show",
            min_value=0.0,
            max_value=timeline.end_s,
            value=(0.0, timeline.end_s),
            format="%.1f s",
            key=PART_KEY,
            help="With a mouse, scroll over a chart to zoom in and drag it to move.",
        )


def choose_moment() -> None:
    """Take over the time of the bar that was clicked last, in either chart."""
    for key in ("video_overall", "video_faces"):
        chosen = st.session_state[key].selection.get("moment") if key in st.session_state else None
        last = f"{key}_last"
        if chosen and chosen != st.session_state.get(last):
            st.session_state[MOMENT_KEY] = float(chosen[0]["from_s"])
        st.session_state[last] = chosen


def overall_chart(timeline: Timeline, start_s: float, end_s: float) -> dict[str, Any]:
    """Stacked bars of the mean probabilities, as a Vega-Lite chart."""
    values = []
    for from_s, to_s, probabilities in timeline.binned(N_BARS, start_s, end_s):
        tops = list(accumulate(probabilities.values()))
        for (emotion, probability), top in zip(probabilities.items(), tops, strict=True):
            values.append(
                {
                    "from_s": round(from_s, 3),
                    "to_s": round(to_s, 3),
                    "emotion": str(emotion),
                    "probability": round(probability, 3),
                    "bottom": round(top - probability, 3),
                    "top": round(top, 3),
                }
            )
    y = {**PROBABILITY, "field": "bottom", "axis": PERCENT_MARKS | AXIS}
    return _chart(
        timeline,
        values,
        {"y": y, "y2": {"field": "top"}},
        [PROBABILITY_TIP],
        start_s,
        end_s,
        height=260,
        legend=True,
    )


def faces_chart(
    timeline: Timeline, faces: Sequence[int], start_s: float, end_s: float
) -> dict[str, Any]:
    """A line a face with its most probable emotion over time, as a Vega-Lite chart."""
    values = [
        {
            "from_s": round(from_s, 3),
            "to_s": round(to_s, 3),
            "emotion": str(max(probabilities, key=lambda emotion: probabilities[emotion])),
            "face": f"Face {track}",
        }
        for track in faces
        for from_s, to_s, probabilities in timeline.binned(N_BARS, start_s, end_s, track)
    ]
    y = {
        "field": "face",
        "type": "nominal",
        "title": None,
        "sort": [f"Face {track}" for track in faces],
        "scale": {"paddingInner": 0.3},
        "axis": AXIS,
    }
    tooltip = [{"field": "face", "type": "nominal"}]
    height = 60 + 26 * len(faces)
    return _chart(timeline, values, {"y": y}, tooltip, start_s, end_s, height=height, legend=False)


def _chart(
    timeline: Timeline,
    values: list[dict[str, Any]],
    encoding: dict[str, Any],
    tooltip: list[dict[str, Any]],
    start_s: float,
    end_s: float,
    *,
    height: int,
    legend: bool,
) -> dict[str, Any]:
    """Bars over time in the emotions' colors that can be zoomed, moved and clicked."""
    x = {
        "field": "from_s",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [start_s, end_s], "nice": False},
        "axis": {
            "labelExpr": CLOCK,
            "tickMinStep": 1,
            "tickCount": {"expr": "width / 120"},
            "grid": False,
        },
    }
    faded = {"condition": {"param": "moment", "value": 1}, "value": 0.45}
    return {
        "height": height,
        "data": {"values": values},
        "mark": {"type": "rect", "cursor": "pointer", "x2Offset": SEAM_PX},
        "params": [
            {
                "name": "moment",
                "select": {"type": "point", "fields": ["from_s"], "toggle": False},
            },
            {
                "name": "zoom",
                "select": {"type": "interval", "encodings": ["x"]},
                "bind": "scales",
            },
        ],
        "encoding": {
            "x": x,
            "x2": {"field": "to_s"},
            **encoding,
            "color": emotion_color(timeline.labels, legend=legend),
            "opacity": faded,
            "tooltip": [
                {"field": "from_s", "type": "quantitative", "title": "second", "format": ".1f"},
                EMOTION_TIP,
                *tooltip,
            ],
        },
    }
