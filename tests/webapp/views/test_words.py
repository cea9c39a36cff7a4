"""Numbers and places in plain words."""

import pytest

from webapp.views.words import named, others_before


@pytest.mark.parametrize(
    ("n", "sentence"),
    [
        (0, ""),
        (1, "One other is before you."),
        (2, "Two others are before you."),
        (10, "Ten others are before you."),
        (11, "11 others are before you."),
    ],
)
def test_the_place_in_the_queue_is_said_in_plain_words(n: int, sentence: str) -> None:
    assert others_before(n) == sentence


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (1, "`0`"),
        (2, "`0` and `1`"),
        (5, "`0`, `1`, `2`, `3` and `4`"),
        (6, "`0`, `1`, `2`, `3`, `4` and 1 other"),
        (60, "`0`, `1`, `2`, `3`, `4` and 55 others"),
    ],
)
def test_a_message_names_a_few_files_and_counts_the_others(n: int, text: str) -> None:
    assert named([str(number) for number in range(n)]) == text
