"""Words beside a photo's faces."""

import pytest

from fer_core.emotions import Emotion
from webapp.views.photos.photo_cards import why_sentence


@pytest.mark.parametrize(
    ("fall", "effect"),
    [
        (0.17, "lowers “neutral” by 17 points."),
        (0.012, "lowers “neutral” by 1 point."),
        (0.004, "hardly changes “neutral”."),
        (-0.02, "hardly changes “neutral”."),
    ],
)
def test_the_legend_says_what_hiding_the_reddest_area_does(fall: float, effect: str) -> None:
    assert why_sentence(Emotion.NEUTRAL, fall).endswith(f"Hiding the reddest {effect}")
