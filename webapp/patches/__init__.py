"""Each change to a library's behaviour, in a file of its own.

Each file says what is changed, why, with which versions that was tried, and what to delete once the
library mends it. Where a library has no longer what is to be changed, one line in the log says so
and the library stays as it is. `webapp.patches.streams` has those of live streams.
"""

from webapp.patches.lean_runs import keep_theme
from webapp.patches.page_turns import run_in_turn
from webapp.patches.prompt_stop import stop_promptly
from webapp.patches.shared_caches import keep_caches
from webapp.patches.uploads_in_memory import keep_uploads_in_memory

__all__ = ["apply"]


def apply() -> None:
    """Apply those that a server needs before its first visit."""
    keep_uploads_in_memory()
    keep_caches()
    stop_promptly()
    keep_theme()
    run_in_turn()
