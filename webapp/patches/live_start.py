"""A live stream is not stopped right after its start.

What is changed: streamlit-webrtc takes a context for an orphan, and stops it, when the session's
run count rose by more than one since it was last rendered. The count rises only when the event loop
reports a run as finished, so the quick reruns of a start look like that 5 times in 100. Without a
remembered count nothing is compared.

Tried with streamlit-webrtc 0.79 (the comparison came with 0.72.1). Delete this file once it counts
the runs that rendered the component; tests/e2e/test_live.py starts many times.
"""

import streamlit as st

COUNT = "_last_rendered_run_count"


def mend_start(key: str) -> None:
    """Forget the count of a stream's context; to be called right before `webrtc_streamer`.

    Args:
        key: Of the component.
    """
    context = st.session_state.get(key)
    if context is not None and hasattr(context, COUNT):
        setattr(context, COUNT, None)
