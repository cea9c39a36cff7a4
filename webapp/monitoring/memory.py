"""Garbage collections that do not hold up the viewers' frames, and memory that is given back."""

import ctypes
import gc
import sys

_M_ARENA_MAX = -8  # in malloc.h


def collect_and_spare() -> None:
    """Free all garbage, then leave what is in use out of the collections until the next call.

    Python stands still during a whole collection. What becomes garbage later is kept until the next
    call, so there must be one now and then.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Give what was freed back to the system, where the C library, glibc, keeps it.

    glibc keeps several heaps, and of each what lies below its last piece in use; a frame is a large
    piece, and viewers who come and go leave holes.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not in other C libraries
        if trim is not None:
            trim(0)


def use_few_heaps() -> None:
    """Have glibc keep two heaps for all threads; each further one would reserve 64 MB."""
    if sys.platform == "linux":
        choose = getattr(ctypes.CDLL(None), "mallopt", None)  # not in other C libraries
        if choose is not None:
            choose(_M_ARENA_MAX, 2)
