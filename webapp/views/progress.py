"""The progress of work beside a page, with a way to end it."""

import streamlit as st

from fer_core.jobs import Job
from webapp import jobs
from webapp.views.words import others_before


@st.fragment(run_every=0.5)
def show_progress(job: Job, doing: str) -> None:
    """Show a job's progress, with a way to end it; the page is shown again once it has ended."""
    status = jobs.keep_going(job)
    if status.ended:
        st.rerun()
    left = "" if status.left_s is None else f", {in_words(status.left_s)} left"
    place = others_before(status.n_ahead)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(status.progress, text=place or f"{doing}: {status.progress:.0%}{left}")
        st.button("Cancel", icon=":material/close:", key=f"cancel {doing}", on_click=job.cancel)


def in_words(seconds: float) -> str:
    """About how long that is."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} minutes"
