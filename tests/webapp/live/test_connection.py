from collections.abc import Iterable

import pytest

from fer_core.live.stream import StreamStatus
from webapp.live.connection import TRIED_AGAIN_S, Connection, Problem
from webapp.monitoring.activity import GIVEN_UP_S

NONE_YET = StreamStatus()


def playing_until(seconds_before: float) -> StreamStatus:
    """A stream whose last frame came so long before it was closed."""
    return StreamStatus(n_frames=100, time_s=50, closed_s=50 + seconds_before)


PLAYING, SILENT = playing_until(0), playing_until(GIVEN_UP_S + 1)

OFF = {"playing": False, "signalling": False, "comes": False}
CONNECTING = OFF | {"signalling": True}
STILL_PLAYS = OFF | {"playing": True}
SHOWS = STILL_PLAYS | {"comes": True}

Step = tuple[StreamStatus | None, dict[str, bool], float]


def follow(steps: Iterable[Step]) -> Connection:
    """The state after these runs of the page."""
    known = Connection()
    for status, state, now_s in steps:
        known = known.after(status, **state, now_s=now_s)
    return known


STARTED: list[Step] = [(NONE_YET, CONNECTING, 100), (PLAYING, SHOWS, 101)]
LOST: list[Step] = [*STARTED, (SILENT, OFF, 200)]


def test_nothing_is_known_before_the_first_start() -> None:
    assert follow([(None, OFF, 1), (NONE_YET, OFF, 2)]) == Connection()


def test_a_stream_that_plays_has_no_problem() -> None:
    assert follow(STARTED) == Connection(is_on=True, started_s=100)


def test_a_press_of_stop_is_no_loss() -> None:
    stopped = follow([*STARTED, (PLAYING, OFF, 200)])
    assert stopped == Connection()
    assert not stopped.is_tried_again(200)


def test_what_ends_without_frames_for_some_time_was_lost_and_is_tried_again() -> None:
    lost = follow(LOST)
    assert lost.problem is Problem.LOST
    assert lost.is_tried_again(200)
    assert lost.is_tried_again(200 + TRIED_AGAIN_S - 1)
    assert not lost.is_tried_again(200 + TRIED_AGAIN_S + 1)


def test_a_run_that_was_broken_off_changes_nothing() -> None:
    once = follow(LOST)
    assert follow([*LOST, (SILENT, OFF, 201)]) == once, "the next run sees the same"
    assert follow([*LOST, (NONE_YET, OFF, 201)]) == once, "with a new stream, too"


def test_a_start_that_was_seen_late_counts_too() -> None:
    assert follow([(PLAYING, SHOWS, 101), (SILENT, OFF, 200)]).problem is Problem.LOST


def test_a_loss_is_over_when_images_come() -> None:
    on_its_way = follow([*LOST, (NONE_YET, CONNECTING, 202)])
    assert on_its_way.problem is None
    assert on_its_way.is_tried_again(202)
    back = on_its_way.after(PLAYING, **SHOWS, now_s=203)
    assert not back.is_tried_again(203)
    assert not back.after(PLAYING, **OFF, now_s=204).is_tried_again(204), "STOP is STOP again"


def test_a_browser_that_wavers_does_not_end_the_loss() -> None:
    # It says once more that it plays, of the connection that the server has ended.
    for status in (SILENT, NONE_YET):
        wavering = follow([*LOST, (status, STILL_PLAYS, 200.5)])
        assert wavering.is_tried_again(200.5)
        assert wavering.after(status, **OFF, now_s=201).is_tried_again(201)


@pytest.mark.parametrize("seconds", [1, GIVEN_UP_S + 1])
def test_an_attempt_that_fails_is_made_once_more(seconds: float) -> None:
    known = follow([*LOST, (NONE_YET, CONNECTING, 201), (NONE_YET, OFF, 201 + seconds)])
    assert known.problem is Problem.LOST
    assert known.is_tried_again(201 + seconds)
    assert not known.is_tried_again(200 + TRIED_AGAIN_S + 1), "but not for ever"


def test_a_start_without_an_image_had_no_connection() -> None:
    waited = follow([(NONE_YET, CONNECTING, 100), (NONE_YET, OFF, 101 + GIVEN_UP_S)])
    assert waited == Connection(problem=Problem.NEVER_CAME)
    assert not waited.is_tried_again(105)


def test_a_start_that_is_taken_back_at_once_is_no_problem() -> None:
    assert follow([(NONE_YET, CONNECTING, 100), (NONE_YET, OFF, 101)]) == Connection()


def test_a_page_that_is_opened_again_starts_idle() -> None:
    # What played when it was left is said to play until the browser has ended it.
    assert follow([(NONE_YET, STILL_PLAYS, 300), (NONE_YET, OFF, 310)]) == Connection()


@pytest.mark.parametrize(
    ("ends_s", "problem"), [(301, None), (301 + GIVEN_UP_S, Problem.NEVER_CAME)]
)
def test_a_start_long_after_a_loss_is_a_start(ends_s: float, problem: Problem | None) -> None:
    known = follow([*LOST, (NONE_YET, CONNECTING, 300), (NONE_YET, OFF, ends_s)])
    assert known == Connection(problem=problem)


def test_it_is_tried_again_only_after_a_loss() -> None:
    assert not Connection().is_tried_again(0)
    assert not follow(STARTED).is_tried_again(101)
    assert follow(LOST).is_tried_again(201)
    assert not follow(LOST).is_tried_again(200 + TRIED_AGAIN_S)


def test_the_viewer_may_give_up_on_the_way() -> None:
    given_up = follow([*LOST, (NONE_YET, CONNECTING, 201)]).give_up()
    assert given_up.given_up
    given_up = given_up.after(NONE_YET, **STILL_PLAYS, now_s=202)
    assert given_up.given_up, "until the browser has ended it"
    ended = given_up.after(SILENT, **OFF, now_s=203)
    assert ended == Connection()


def test_the_viewer_may_give_up_between_two_attempts() -> None:
    given_up = follow(LOST).give_up()
    assert not given_up.is_tried_again(201)
    assert given_up.problem is Problem.LOST, "START is explained"
    again = given_up.after(NONE_YET, **CONNECTING, now_s=205).after(PLAYING, **SHOWS, now_s=206)
    assert again == Connection(is_on=True, started_s=205)
