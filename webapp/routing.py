"""Makes sure that the router, app.py, runs every page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from webapp import server

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="8" fill="#FCD72E"/><g fill="#17141F"><circle cx="11" cy="12" '
    'r="2.2"/><circle cx="21" cy="12" r="2.2"/></g><path d="M9 19q7 7 14 0" fill="none" '
    'stroke="#17141F" stroke-width="2.4" stroke-linecap="round"/></svg>'
)
"""The page's icon, inline: an icon by name would be fetched from another server."""

ROUTED_KEY = "routed"
"""In the session state while the router, app.py, runs a page."""


@contextmanager
def routed() -> Iterator[None]:
    """Run a page in this, so that it knows of the router; an error in it is counted."""
    st.session_state[ROUTED_KEY] = True
    try:
        yield
    except Exception as error:
        server.activity().failed(type(error))
        raise
    finally:
        del st.session_state[ROUTED_KEY]


def need_router(url_path: str) -> None:
    """Start over through app.py where Streamlit ran the file of the page at `url_path` alone.

    Until `st.navigation` was called once in the life of a server, Streamlit takes the folder
    pages/ for the app's pages, and a link to one of them leaves the router out.
    """
    if ROUTED_KEY not in st.session_state:
        places = ("home", url_path)
        st.navigation([st.Page(lambda: None, title="Home", url_path=path) for path in places])
        st.rerun()
