import re

import pytest

from fer_core.emotions import Emotion
from parts import widgets


@pytest.mark.parametrize(
    ("share", "text", "width"),
    [
        pytest.param(0.0, "0%", None, id="nothing"),
        pytest.param(0.004, "0%", None, id="rounded to nothing"),
        pytest.param(0.005, "0%", None, id="halfway to 1 percent, rounded to even"),
        pytest.param(0.006, "1%", "0.8", id="rounded to 1 percent"),
        pytest.param(1.0, "100%", "80.0", id="all"),
    ],
)
def test_a_bar_is_as_long_as_the_percentage_beside_it(
    share: float, text: str, width: str | None
) -> None:
    html = widgets.bars({Emotion.HAPPY: share})
    assert f"{text}</span>" in html
    assert re.findall(r"width:([\d.]+)%", html) == ([] if width is None else [width])
