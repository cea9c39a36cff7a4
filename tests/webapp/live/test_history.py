import pytest

from fer_core.emotions import Emotion
from webapp.live.history import LAST_S, History

HAPPY, SAD = Emotion.HAPPY, Emotion.SAD


def test_before_anything_was_seen_all_of_it_is_empty() -> None:
    assert History().segments(100.0) == [(None, LAST_S)]


def test_what_is_the_same_is_joined_and_the_time_before_is_empty() -> None:
    history = History()
    for now_s, emotion in ((100, HAPPY), (105, HAPPY), (110, SAD), (112, None)):
        history.add(emotion, now_s)
    assert history.segments(115) == [(None, 45), (HAPPY, 10), (SAD, 2), (None, 3)]


def test_after_a_minute_the_oldest_is_forgotten() -> None:
    history = History()
    history.add(HAPPY, 0)
    for second in range(1, 100):
        history.add(SAD, second)
    [(emotion, seconds)] = history.segments(99)
    assert emotion == SAD
    assert seconds == pytest.approx(LAST_S)
