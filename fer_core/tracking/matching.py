"""The faces of a frame, matched to those of the one before."""

from collections.abc import Callable, Sequence
from typing import TypeVar

Known = TypeVar("Known")
Found = TypeVar("Found")

KEEP_LOST_S = 1.0
"""Time for which a face that is out of sight is remembered."""


def match(
    known: Sequence[Known],
    found: Sequence[Found],
    likeness: Callable[[Known, Found], float | None],
) -> dict[int, int]:
    """Pair the likest two, then the likest two of the rest, and so on.

    Args:
        known: The faces that were there before.
        found: Those that are there now.
        likeness: A number that is larger the more alike two are; None if they cannot be the same.

    Returns:
        Index of a known face for the index of each found one that has one, the likest first.
    """
    likenesses = [
        (value, i, j)
        for i, old in enumerate(known)
        for j, new in enumerate(found)
        if (value := likeness(old, new)) is not None
    ]
    known_of: dict[int, int] = {}
    for _, i, j in sorted(likenesses, reverse=True):
        if j not in known_of and i not in known_of.values():
            known_of[j] = i
    return known_of
