"""The changes that live streams need, checked and made together.

Not to be imported before the server runs: streamlit-webrtc tells Streamlit of its component when it
is imported, and there must be a server to tell, or the browser is answered 404 in its place.
"""

import logging
from collections.abc import Callable

from webapp.patches import lean_vp8, prompt_frames, prompt_track

LOGGER = logging.getLogger(__name__)

Check = Callable[[], str]
"""Tells which name a library lacks; empty if it has all."""

PATCHES: tuple[tuple[Check, Callable[[], object]], ...] = (
    (prompt_frames.missing, prompt_frames.receive_promptly),
    (prompt_track.missing, prompt_track.send_promptly),
    (lean_vp8.missing, lean_vp8.encode_leanly),
)
"""The checks of the libraries, each with its change."""

_said: set[str] = set()


def apply() -> None:
    """Change the libraries for all streams that start from now on; may be called again."""
    for missing, change in PATCHES:
        name = missing()
        if not name:
            change()
        elif name not in _said:
            _said.add(name)
            LOGGER.warning("%s is gone: the library is left as it is", name)
