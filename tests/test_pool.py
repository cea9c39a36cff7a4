import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from fer_core.pool import MOST_WARM, Pool


class Thing:
    pass


def raise_(error: Exception) -> None:
    raise error


def test_an_empty_pool_makes_nothing_before_it_is_asked() -> None:
    made: list[Thing] = []
    Pool(lambda: made.append(Thing()), size=3)
    assert made == []


def test_what_was_handed_back_is_lent_again() -> None:
    pool = Pool(Thing, size=3)
    with pool.borrow() as first:
        pass
    with pool.borrow() as second:
        assert second is first


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(1, 1, id="one"),
        pytest.param(3, 3, id="all that the pool holds"),
        pytest.param(64, MOST_WARM, id="no more than a few"),
    ],
)
def test_a_warm_pool_has_used_what_it_lends_next(size: int, expected: int) -> None:
    made: list[Thing] = []
    used: list[Thing] = []

    def make() -> Thing:
        made.append(Thing())
        return made[-1]

    pool = Pool(make, size)
    for _ in range(2):
        pool.warm_up(used.append)
    assert used == made
    assert len(made) == expected
    with ExitStack() as lent:
        for _ in range(expected):
            lent.enter_context(pool.borrow())
    assert len(made) == expected


def test_what_is_lent_while_a_pool_is_warmed_up_counts_as_made() -> None:
    made: list[Thing] = []

    def make() -> Thing:
        made.append(Thing())
        return made[-1]

    pool = Pool(make, size=3)
    with pool.borrow():
        pool.warm_up(lambda thing: None)
    assert len(made) == 3


def test_many_who_warm_up_a_pool_while_it_lends_make_no_more_than_it_holds() -> None:
    made: list[Thing] = []

    def make() -> Thing:
        time.sleep(0.005)  # others come meanwhile
        made.append(Thing())
        return made[-1]

    pool = Pool(make, size=3)

    def lend(_: int) -> None:
        with pool.borrow():
            time.sleep(0.002)

    with ThreadPoolExecutor(8) as threads:
        warm_ups = [threads.submit(pool.warm_up, lambda thing: None) for _ in range(4)]
        list(threads.map(lend, range(40)))
    assert [warm_up.exception() for warm_up in warm_ups] == [None] * 4
    assert len(made) == 3


def test_an_object_that_fails_when_it_is_warmed_up_is_not_lost() -> None:
    pool = Pool(Thing, size=1)
    with pytest.raises(ValueError, match="no picture"):
        pool.warm_up(lambda thing: raise_(ValueError("no picture")))
    with pool.borrow() as thing:
        assert isinstance(thing, Thing)


def test_two_at_once_get_two_objects() -> None:
    pool = Pool(Thing, size=2)
    with pool.borrow() as first, pool.borrow() as second:
        assert first is not second


def test_what_fails_while_it_is_lent_is_handed_back() -> None:
    pool = Pool(Thing, size=1)
    with pytest.raises(RuntimeError, match="photo"), pool.borrow() as first:
        raise RuntimeError("a broken photo")
    with pool.borrow() as second:
        assert second is first


def test_an_object_that_could_not_be_made_does_not_cost_a_place() -> None:
    attempts: list[str] = []

    def make() -> Thing:
        attempts.append("one more")
        if len(attempts) < 3:
            raise OSError("the file is missing")
        return Thing()

    pool = Pool(make, size=1)
    for _ in range(2):
        with pytest.raises(OSError, match="missing"), pool.borrow():
            pass
    with pool.borrow() as thing:
        assert isinstance(thing, Thing)


def test_the_next_thread_waits_until_one_is_handed_back() -> None:
    pool = Pool(Thing, size=1)
    got_one = threading.Event()

    def wait_for_one() -> None:
        with pool.borrow():
            got_one.set()

    waiting = threading.Thread(target=wait_for_one)
    with pool.borrow():
        waiting.start()
        assert not got_one.wait(0.05)
    assert got_one.wait(5)
    waiting.join()


def test_many_threads_never_hold_the_same_object_nor_more_than_there_are() -> None:
    made: list[Thing] = []

    def make() -> Thing:
        made.append(Thing())
        return made[-1]

    pool = Pool(make, size=3)
    holders: Counter[int] = Counter()
    most_at_once: list[tuple[int, int]] = []
    lock = threading.Lock()

    def work(_: int) -> None:
        with pool.borrow() as thing:
            with lock:
                holders[id(thing)] += 1
                most_at_once.append((max(holders.values()), holders.total()))
            time.sleep(0.001)
            with lock:
                holders[id(thing)] -= 1

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(work, range(100)))
    assert max(same for same, _ in most_at_once) == 1
    assert max(lent for _, lent in most_at_once) <= 3
    assert len(made) <= 3
