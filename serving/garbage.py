"""Garbage collections that do not hold up the viewers' frames, and memory that is given back."""

import ctypes
import gc
import sys

_M_ARENA_MAX = -8  # of glibc's malloc.h


def collect_and_spare() -> None:
    """Free all garbage, then leave what is in use out of the collections until the next call.

    Streamlit makes a whole collection after each run of a page and of a part of one, so twice a
    second for each live viewer, and Python stands still meanwhile. What becomes garbage later is
    kept until the next call, so there must be one now and then.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def keep_few_heaps() -> None:
    """Let all threads that begin from now on share two heaps of the C library, glibc's.

    It would keep eight for each processor, and of each what lies below its last piece in use; a
    frame is a large piece, and viewers who come and go leave holes.
    """
    _glibc("mallopt", _M_ARENA_MAX, 2)


def give_back() -> None:
    """Give what was freed back to the system, where the C library, glibc, keeps it."""
    _glibc("malloc_trim", 0)


def _glibc(function: str, *arguments: int) -> None:
    if sys.platform == "linux":
        found = getattr(ctypes.CDLL(None), function, None)  # other C libraries have none of these
        if found is not None:
            found(*arguments)
