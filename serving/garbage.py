"""Garbage collections that do not hold up the viewers' frames."""

import gc
import importlib
from functools import cache


@cache
def spare_what_is_loaded() -> None:
    """Leave what the process holds at the first call out of its garbage collections, for good.

    Streamlit makes a whole collection after each run of a page and of a part of one, so twice a
    second for each live viewer, and Python stands still meanwhile.
    """
    importlib.import_module("pandas")  # Streamlit would load it with the first chart
    gc.collect()
    gc.freeze()
