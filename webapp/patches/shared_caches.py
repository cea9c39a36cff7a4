"""No visitor can empty the caches that all share.

Streamlit's front end has a message "clear cache" for developers, which any client may send, before
sign-in too. Made for Streamlit 1.67.
"""

import logging

from streamlit.runtime.app_session import AppSession

LOGGER = logging.getLogger(__name__)


def keep_caches() -> None:
    """Let the message do nothing from now on."""
    if not hasattr(AppSession, "_handle_clear_cache_request"):
        LOGGER.warning("Visitors may empty the caches of all, if Streamlit still lets them.")
        return
    AppSession._handle_clear_cache_request = _ignore  # type: ignore[method-assign]


def _ignore(self: AppSession) -> None:
    pass
