"""The last minute of a recording, to show, and all of its rows, to download."""

import math
from typing import Any

import streamlit as st

from fer_core.reports.rows import NO_FACE, VideoReport
from fer_core.timeline import Timeline
from webapp.views.charts import (
    EMOTION_TIP,
    PERCENT_MARKS,
    PROBABILITY,
    PROBABILITY_TIP,
    emotion_color,
)

FILE = "live camera"
"""The file's name in the rows."""

CHART_S = 60
"""Number of seconds in the charts, a bar each."""

MOST_CHARTS = 4
"""Number of faces that get a chart; the files hold all of them."""


def report(timeline: Timeline) -> VideoReport:
    """The report of a recording, whose rows docs/live.md describes."""
    return VideoReport(FILE, timeline=timeline, problem="" if timeline.n_faces else NO_FACE)


def recent_faces(timeline: Timeline) -> list[int]:
    """The faces seen longest in the last minute, by number."""
    since_s = _chart_end_s(timeline) - CHART_S
    return sorted(list(timeline.tracks(since_s))[:MOST_CHARTS])


def show_last_minute(timeline: Timeline) -> None:
    """A chart for each face."""
    for index, track in enumerate(recent_faces(timeline)):
        st.caption(f"Face {track}, last minute")
        st.vega_lite_chart(
            last_minute(timeline, track),
            _chart(timeline, legend=index == 0),
            key=f"live_chart_{track}",
            width="stretch",
            alt=f"Probability of each emotion of face {track} over the last minute",
        )


def last_minute(timeline: Timeline, track: int) -> list[dict[str, Any]]:
    """The values of a face's chart: for each second and emotion the mean probability.

    Times are seconds before the end of the recording, so that the chart itself never changes.
    """
    end_s = _chart_end_s(timeline)
    return [
        {
            "from_s": round(from_s - end_s),
            "to_s": round(to_s - end_s),
            "emotion": str(emotion),
            "probability": round(probability, 3),
        }
        for from_s, to_s, probabilities in timeline.binned(CHART_S, end_s - CHART_S, end_s, track)
        for emotion, probability in probabilities.items()
    ]


def _chart_end_s(timeline: Timeline) -> int:
    """The end in whole seconds, so that a bar always stands for the same moments."""
    return math.ceil(timeline.end_s - 1e-6)


def _chart(timeline: Timeline, *, legend: bool) -> dict[str, Any]:
    """Stacked bars, a second wide."""
    return {
        "height": 200 if legend else 120,
        "mark": {"type": "bar", "binSpacing": 0},
        "encoding": {
            "x": {
                "field": "from_s",
                "type": "quantitative",
                "bin": {"binned": True, "step": 1},
                "title": None,
                "scale": {"domain": [-CHART_S, 0], "nice": False},
                "axis": {
                    "labelExpr": "datum.value + ' s'",
                    "values": list(range(-CHART_S, 1, 15)),
                    "grid": False,
                },
            },
            "x2": {"field": "to_s"},
            "y": {**PROBABILITY, "field": "probability", "axis": PERCENT_MARKS},
            "color": emotion_color(timeline.labels, legend=legend),
            "tooltip": [EMOTION_TIP, PROBABILITY_TIP],
        },
    }
