"""Garbage collections that do not hold up the viewers' frames."""

import gc


def collect_and_spare() -> None:
    """Free all garbage, then leave what is in use out of the collections until the next call.

    Streamlit makes a whole collection after each run of a page and of a part of one, so twice a
    second for each live viewer, and Python stands still meanwhile. What becomes garbage later is
    kept until the next call, so there must be one now and then.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()
