"""The place of the live video without one: the example, a problem, a wait."""

import time

import streamlit as st

from fer_core.live.stream import VideoStream
from webapp import server
from webapp.live import viewer
from webapp.views.layout import say
from webapp.views.live.browser import CAMERA_ERROR_KEY, CameraProblem
from webapp.visits.photo_results import Result

ASKED_EVERY_S = 2.0
"""Time after which a viewer who waits looks for a place again."""


def show_poster(example: Result) -> None:
    """The finished example with the button that starts the camera."""
    if example.annotated is not None:
        st.image(example.annotated, alt="An example: a portrait with its label", width="stretch")
    with st.container(key="invite", gap="small"):
        st.title("See what your face says", anchor=False)
        st.markdown("Press START and allow the camera. Nothing is stored.")
        _show_start(width="stretch")


def _show_start(width: str = "content") -> None:
    st.button(
        "START",
        type="primary",
        icon=":material/videocam:",
        width="stretch" if width == "stretch" else "content",
        on_click=viewer.start,
    )


def show_problem(problem: CameraProblem) -> None:
    """Show a problem and the way out in the place of the video."""
    with st.container(key="problem", horizontal_alignment="center", vertical_alignment="center"):
        st.title(
            problem.title,
            icon=":material/videocam_off:",
            anchor=False,
            width="content",
            text_alignment="center",
        )
        st.markdown(problem.way_out, width="content", text_alignment="center")
        with st.container(
            horizontal=True, horizontal_alignment="center", vertical_alignment="center"
        ):
            _show_start()
            st.page_link(
                "pages/photos.py", label="Use photos instead", icon=":material/photo_library:"
            )


def show_trying() -> None:
    """Say that a lost connection is made again, until frames come or none came for too long."""
    if not viewer.connection().is_tried_again(time.monotonic()):
        st.rerun()
    say("The video connection was lost. Connecting again …", "wifi_off")
    st.button("Stop connecting", on_click=viewer.stop)


def wait_for_place() -> None:
    """Say that all places are taken, and run the page again once one is free."""
    if server.live_places().n_free > 0:
        st.rerun()
    n_places = server.live_places().n_places
    taken = "The live place is taken" if n_places == 1 else f"All {n_places} live places are taken"
    with st.container(key="problem", horizontal_alignment="center", vertical_alignment="center"):
        st.title(f"{taken} right now", anchor=False, width="content")
        st.markdown(
            "Stay on this page: it lets you in as soon as one is free. Photos can be analyzed "
            "meanwhile.",
            text_alignment="center",
        )


def show_rate(stream: VideoStream) -> None:
    """Show the number of frames that come back each second, at the right."""
    rate = stream.status.frame_rate
    with st.container(horizontal=True, horizontal_alignment="right"):
        st.caption(f"{rate:.0f} fps" if rate else "", width="content")


def give_up_at_error() -> None:
    """End the attempt once the browser says that there is no camera."""
    state = st.session_state.get(CAMERA_ERROR_KEY)
    if state is not None and state.get("error"):
        viewer.stop()
