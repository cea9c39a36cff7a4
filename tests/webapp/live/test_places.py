import gc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from webapp.live.places import LivePlaces


@dataclass(eq=False)
class Stream:
    closed: bool = False


def test_a_stream_keeps_its_place_however_often_it_asks() -> None:
    places, one, other = LivePlaces(1), Stream(), Stream()
    assert [places.take(one), places.take(one), places.take(other)] == [True, True, False]
    assert places.n_free == 0


@pytest.mark.parametrize("closed_first", [True, False])
def test_a_closed_stream_frees_its_place(closed_first: bool) -> None:
    places, one, other = LivePlaces(1), Stream(closed=closed_first), Stream()
    places.take(one)
    one.closed = True
    assert places.n_free == 1
    assert places.take(other)


def test_a_stream_that_is_gone_without_a_word_frees_its_place() -> None:
    places = LivePlaces(1)
    lost = Stream()
    assert places.take(lost)
    del lost
    gc.collect()
    assert places.n_free == 1


def test_two_at_once_do_not_get_one_place() -> None:
    places = LivePlaces(3)
    streams = [Stream() for _ in range(200)]
    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(places.take, streams)) == 3
