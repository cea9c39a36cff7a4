"""The common parts of the pages' charts of emotions over time, for Vega-Lite."""

from collections.abc import Sequence
from typing import Any

from fer_core.emotions import Emotion
from webapp.views import blocks

PROBABILITY = {"type": "quantitative", "title": None, "scale": {"domain": [0, 1]}}
"""The upright axis of probabilities, but for its field and its marks."""

PERCENT_MARKS = {"format": "%", "tickCount": 3}
"""The marks of that axis."""

COLUMNS = {"expr": "width < 500 ? 4 : 8"}
"""In how many columns the legend stands: in one row where there is room."""

EMOTION_TIP = {"field": "emotion", "type": "nominal"}
PROBABILITY_TIP = {"field": "probability", "type": "quantitative", "format": ".0%"}
"""The tip of a bar that is pointed at."""


def emotion_color(labels: Sequence[Emotion], *, legend: bool) -> dict[str, Any]:
    """Each emotion in its own color, the same in all charts and drawings."""
    return {
        "field": "emotion",
        "type": "nominal",
        "scale": {
            "domain": [str(label) for label in labels],
            "range": [blocks.hex_color(label) for label in labels],
        },
        "legend": {"orient": "top", "title": None, "columns": COLUMNS} if legend else None,
    }
