"""Checks that a library still has the names that a patch changes or uses."""

from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any


def first_missing(owners: Iterable[tuple[object, Iterable[str]]]) -> str:
    """The first name that its owner, a module or a class, does not have; empty if all are there.

    Args:
        owners: Modules or classes, each with the names that it must have.
    """
    for owner, names in owners:
        for name in names:
            if not hasattr(owner, name):
                return (
                    f"{getattr(owner, '__module__', '')}.{getattr(owner, '__name__', owner)}.{name}"
                )
    return ""


def first_unused(owner: Callable[..., Any], names: Iterable[str]) -> str:
    """The first attribute that a class does not set when it is made; empty if it sets all.

    Args:
        owner: The class.
        names: Attributes of its objects, private ones with the name of the class.
    """
    code: CodeType = owner.__init__.__code__
    for name in names:
        if name not in code.co_names:
            return f"{owner.__module__}.{owner.__qualname__}.{name}"
    return ""
