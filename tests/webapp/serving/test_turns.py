"""The order in which tasks get their turns."""

from contextlib import ExitStack

import pytest

from webapp.serving import turns
from webapp.serving.turns import Turn, Turns, Visitor, WorkError


def of(name: str, address: str | None = None) -> Visitor:
    """A visitor, at home alone where no address is given."""
    return Visitor(name, f"home of {name}" if address is None else address)


def begun(queue: Turns, turn: Turn) -> bool:
    return queue.wait(turn, 0)


def test_a_free_worker_is_given_at_once_and_a_second_task_waits() -> None:
    queue = Turns(1, 1, 50)
    with queue.turn(of("a")) as first, queue.turn(of("b")) as second, queue.turn(of("c")) as third:
        assert [begun(queue, turn) for turn in (first, second, third)] == [True, False, False]
        assert [queue.n_ahead(turn) for turn in (first, second, third)] == [0, 1, 2]


def test_one_task_of_a_visitor_is_done_at_a_time() -> None:
    queue = Turns(2, 2, 50)
    with ExitStack() as held:
        held.enter_context(queue.turn(of("a")))
        second = held.enter_context(queue.turn(of("a")))
        other = held.enter_context(queue.turn(of("b")))
        assert [begun(queue, turn) for turn in (second, other)] == [False, True]


def test_who_was_served_comes_after_who_was_not() -> None:
    queue = Turns(1, 1, 50)
    first = ExitStack()
    first.enter_context(queue.turn(of("a")))
    with queue.turn(of("a")) as again, queue.turn(of("b")) as new:
        assert [queue.n_ahead(turn) for turn in (again, new)] == [2, 1]
        first.close()
        assert [begun(queue, turn) for turn in (again, new)] == [False, True]


def test_who_leaves_the_queue_leaves_no_gap() -> None:
    queue = Turns(1, 1, 50)
    with queue.turn(of("a")):
        with queue.turn(of("b")), queue.turn(of("c")) as last:
            assert queue.n_ahead(last) == 2
        with queue.turn(of("d")) as later:
            assert queue.n_ahead(later) == 1
    assert queue.is_idle


def test_visits_from_one_address_share_its_turns_and_take_turns_among_each_other() -> None:
    queue = Turns(1, 1, 50)
    with ExitStack() as held:
        first = held.enter_context(ExitStack())
        first.enter_context(queue.turn(of("a1", "A")))
        names = (("a1", "A"), ("a2", "A"), ("b", "B"))
        turns = [held.enter_context(queue.turn(of(*name))) for name in names]
        assert [queue.n_ahead(turn) for turn in turns] == [3, 2, 1]


@pytest.mark.parametrize(("waiting", "most"), [("aa", 4), ("abcd", 4)], ids=["an address", "all"])
def test_not_more_than_so_many_wait(waiting: str, most: int) -> None:
    queue = Turns(1, 1, most)
    with ExitStack() as held:
        for number, home in enumerate(f"x{waiting}"):
            held.enter_context(queue.turn(of(str(number), home)))
        with pytest.raises(WorkError, match="Too many others"):
            held.enter_context(queue.turn(of("new", "a")))
    assert queue.is_idle


def test_tasks_that_take_long_leave_a_worker_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONG_S", -1.0)  # whatever was done took long
    queue = Turns(2, 1, 50)
    for visitor in "ab":
        with queue.turn(of(visitor)):
            pass
    with (
        queue.turn(of("a")) as first,
        queue.turn(of("b")) as second,
        queue.turn(of("new")) as other,
    ):
        assert [begun(queue, turn) for turn in (first, second, other)] == [True, False, True]


def test_visitors_of_long_ago_are_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MOST_REMEMBERED", 1)
    queue = Turns(1, 1, 50)
    for visitor in "ab":
        with queue.turn(of(visitor)):
            pass
    assert len(queue._served) == 1


def test_large_tasks_of_whoever_comes_first_leave_a_worker_to_the_small_ones() -> None:
    queue = Turns(2, 1, 50)
    with ExitStack() as held:
        large = [held.enter_context(queue.turn(of(name), is_large=True)) for name in "ab"]
        small = held.enter_context(queue.turn(of("c", "home of a")))
        assert [begun(queue, turn) for turn in (*large, small)] == [True, False, True]
