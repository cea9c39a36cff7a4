"""Numbers, lists and names as the pages write them."""

from collections.abc import Sequence

from fer_core.words import counted

MOST_NAMED = 5
"""Number of files that a message names."""

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def count(n: int, what: str) -> str:
    """A number with its noun: `1 face`, `2 faces`, `no face`."""
    return counted(n, what) if n else f"no {what}"


def others_before(n: int) -> str:
    """The place in a queue: `Two others are before you.`; empty where nobody is."""
    if n == 0:
        return ""
    number = _NUMBERS[n - 1].capitalize() if n <= len(_NUMBERS) else str(n)
    return f"{number} {'other is' if n == 1 else 'others are'} before you."


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def code(text: str) -> str:
    """Markdown that shows text such as a file's name as it is, whatever it holds."""
    return "`{}`".format(text.replace("`", "'"))


def named(names: Sequence[str]) -> str:
    """Markdown of files' names, of which at most `MOST_NAMED` are written out."""
    shown = [code(name) for name in names[:MOST_NAMED]]
    if n_others := len(names) - len(shown):
        shown.append(count(n_others, "other"))
    return listed(shown)


def short(name: str, length: int = 28) -> str:
    """A name with its middle left out, so that it fits on a card."""
    return name if len(name) <= length else f"{name[: length - 12]}…{name[-11:]}"
