import re

import pytest

from fer_core.emotions import Emotion
from webapp.views import blocks


@pytest.mark.parametrize(
    ("share", "text", "width"),
    [
        pytest.param(0.0, "0%", None, id="nothing"),
        pytest.param(0.004, "0%", None, id="rounded to nothing"),
        pytest.param(0.006, "1%", "0.6", id="rounded to 1 percent"),
        pytest.param(1.0, "100%", "100.0", id="all"),
    ],
)
def test_a_bar_is_as_long_as_its_share(share: float, text: str, width: str | None) -> None:
    html = blocks.bars({Emotion.HAPPY: share}, [Emotion.HAPPY])
    assert f"{text}</span>" in html
    assert re.findall(r"width:([\d.]+)%;min", html) == ([] if width is None else [width])


def test_without_a_face_every_track_is_there_and_empty() -> None:
    html = blocks.bars(None, list(Emotion))
    assert html.count("-</span>") == len(Emotion)
    assert "width:" not in html.replace("max-width", "")


def test_a_number_lies_on_the_image_below_it_and_takes_no_place() -> None:
    html = blocks.badge(12)
    assert html.startswith('<div style="height:0;position:relative')
    assert ">12</span>" in html


def test_a_face_that_is_too_unclear_has_no_color() -> None:
    assert "dashed" in blocks.tag(None, 0)
    assert "dashed" in blocks.chip(None)
    assert "background" not in blocks.tag(None, 0)


def test_a_ribbon_is_as_long_as_its_time_and_hatched_where_no_face_was() -> None:
    html = blocks.ribbon([(None, 15), (Emotion.HAPPY, 45)])
    assert re.findall(r"flex:([\d.]+) ", html) == ["0.2500", "0.7500"]
    assert html.count("repeating-linear-gradient") == 1
    assert ">happy</div>" in html


def test_what_a_card_holds_is_shown_as_it_is() -> None:
    assert "&lt;b&gt;" in blocks.pairs({"note": "<b>"})
