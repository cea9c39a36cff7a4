from collections.abc import Sequence

import pytest

from fer_core.emotions import Emotion
from fer_core.faces import UNCERTAIN_BELOW
from fer_core.tracking.smoothing import HALF_LIFE_S, HOLD_S, LEAD, MARGIN, SteadyLabel, blended

HAPPY, SAD = Emotion.HAPPY, Emotion.SAD


def shares(happy: float, sad: float) -> dict[Emotion, float]:
    rest = (1 - happy - sad) / 2
    return {HAPPY: happy, SAD: sad, Emotion.FEAR: rest, Emotion.ANGRY: rest}


def names(
    predictions: Sequence[tuple[float, float]], every_s: float = 0.05
) -> list[Emotion | None]:
    """The names after each prediction of happy and sad."""
    name = SteadyLabel(shares(*predictions[0]), 0.0)
    later = [name.update(shares(*a), (i + 1) * every_s) for i, a in enumerate(predictions[1:])]
    return [SteadyLabel(shares(*predictions[0]), 0.0).emotion, *later]


# --- probabilities over time ---


@pytest.mark.parametrize(
    ("elapsed_s", "happy"),
    [
        pytest.param(0, 1, id="no time"),
        pytest.param(HALF_LIFE_S, 0.5, id="one half-life"),
        pytest.param(3 * HALF_LIFE_S, 0.125, id="three"),
        pytest.param(1e6, 0, id="long ago"),
    ],
)
def test_what_was_seen_before_loses_half_its_weight_in_a_half_life(
    elapsed_s: float, happy: float
) -> None:
    found = blended(shares(1, 0), shares(0, 1), elapsed_s)
    assert found == pytest.approx(shares(happy, 1 - happy))


@pytest.mark.parametrize("kept", [range(1, 31), range(3, 31, 3), [1, 2, 17, 30], [30]])
def test_dropped_frames_change_nothing(kept: Sequence[int]) -> None:
    average, last = shares(0.9, 0.1), 0
    for number in kept:  # of thirty frames in a second
        average = blended(average, shares(0.2, 0.7), (number - last) / 30)
        last = number
    assert average == pytest.approx(blended(shares(0.9, 0.1), shares(0.2, 0.7), 1.0))


def test_blended_probabilities_sum_to_one() -> None:
    assert sum(blended(shares(0.3, 0.3), shares(0.1, 0.8), 0.07).values()) == pytest.approx(1)


# --- the name ---


@pytest.mark.parametrize(
    ("happy", "named"),
    [
        pytest.param(UNCERTAIN_BELOW - 0.01, None, id="just too unsure"),
        pytest.param(UNCERTAIN_BELOW, HAPPY, id="just sure enough"),
    ],
)
def test_the_first_answer_is_named_if_it_is_sure_enough(
    happy: float, named: Emotion | None
) -> None:
    assert names([(happy, 0.25)]) == [named]


def test_a_name_that_leads_no_more_by_a_little_is_kept() -> None:
    less = (1 - LEAD) / 2 + 0.001
    assert names([(0.6, 0.3)] + [(less, 1 - less)] * 20) == [HAPPY] * 21


def test_a_name_changes_once_another_has_led_for_long_enough() -> None:
    before, after = (0.8, 0.1), (0.1, 0.8)
    assert names([before, after, after, after], HOLD_S / 2) == [HAPPY, HAPPY, HAPPY, SAD]


def test_a_lead_that_is_interrupted_starts_again() -> None:
    before, after = (0.8, 0.1), (0.1, 0.8)
    predictions = [before, after, after, before, after, after, after]
    assert names(predictions, HOLD_S / 2) == [HAPPY] * 6 + [SAD]


def test_answers_that_jump_to_and_fro_change_no_name() -> None:
    assert set(names([(0.7, 0.2), (0.2, 0.7)] * 20)) == {HAPPY}


def test_the_evidence_may_come_in_few_frames() -> None:
    assert names([(0.8, 0.1), (0.1, 0.8), (0.1, 0.8)], 1.0) == [HAPPY, HAPPY, SAD]


def test_what_becomes_unsure_loses_its_name_and_gets_it_back_with_some_to_spare() -> None:
    inside, below, above = UNCERTAIN_BELOW, UNCERTAIN_BELOW - 0.06, UNCERTAIN_BELOW + MARGIN
    predictions = [
        (p, 0.3) for p in [0.6] + [inside] * 5 + [below] * 5 + [inside] * 5 + [above] * 5
    ]
    named = names(predictions, HOLD_S)
    assert named[5] == HAPPY
    assert named[10] is None
    assert named[15] is None
    assert named[20] == HAPPY


def test_a_rival_that_leads_but_is_unsure_itself_is_not_named() -> None:
    assert names([(0.6, 0.2)] + [(0.24, UNCERTAIN_BELOW - 0.02)] * 5)[-1] is None
