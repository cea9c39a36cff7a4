import time

import pytest

from fer_core.live.laps import Laps


def test_stages_come_one_after_another_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 10.0
    monkeypatch.setattr(time, "perf_counter", lambda: now_s)
    laps = Laps()
    assert laps.ms == {}
    now_s = 10.25
    laps.end("first")
    laps.end("empty")
    now_s = 10.75
    laps.end("last")
    assert laps.ms == {"first": 250, "empty": 0, "last": 500}
