"""The results of a video: a moment of it with its faces, the timeline, the strongest moments."""

from collections.abc import Callable

import streamlit as st

import fer_core
from fer_core.drawing import draw_faces
from fer_core.images import encode_jpeg
from fer_core.timeline import Timeline, clock
from webapp.views import blocks
from webapp.views.layout import has_touch_screen, is_phone, say
from webapp.views.videos import video_cards, video_chart
from webapp.visits.video_visit import VideoVisit

MOMENT_KEY = "video_moment"
"""Key in the session state of the time that is shown, in seconds."""

LEAST_ZOOMED_S = 10.0
WINDOWS_S = {"All": None, "10 s": LEAST_ZOOMED_S}
"""Lengths of the chart to choose from on screens without a wheel to zoom with."""


def show(visit: VideoVisit, extra: Callable[[], None] | None) -> None:
    """All of it.

    Args:
        visit: The video, analyzed.
        extra: Shows further actions; None for an example, which has none.
    """
    timeline = visit.timeline
    if timeline is None or visit.video is None:
        raise ValueError("Expected a video that was analyzed.")
    index = timeline.index_at(st.session_state.setdefault(MOMENT_KEY, _fullest_s(timeline)))
    _show_moment(visit, timeline, index, extra)
    _show_timeline(timeline, index)
    if visit.moments:
        video_cards.show_moments(visit.moments, None if extra is None else _jump)


def show_waiting() -> None:
    """Show places for what is not found yet."""
    left, side = st.columns([44, 56], gap="medium")
    left.skeleton(height=300)
    with side.container(horizontal=True):
        st.skeleton(height=180)
        st.skeleton(height=180)
    st.skeleton(height=196)


def _fullest_s(timeline: Timeline) -> float:
    """The first time at which the most faces are in sight."""
    return max(timeline.frames(), key=lambda frame: len(frame[1]))[0]


def _show_moment(
    visit: VideoVisit, timeline: Timeline, index: int, extra: Callable[[], None] | None
) -> None:
    time_s = timeline.time_s(index)
    left, side = st.columns([44, 56], gap="medium")
    try:
        image = visit.frame_at(time_s)
    except fer_core.FerError as error:
        with left:
            say(str(error), "broken_image")
        return
    scale = image.shape[1] / timeline.frame_wh(index)[0]
    faces = [face.scaled(scale) for face in timeline.faces(index)]
    shown = draw_faces(image, faces, shown_width_px=358 if is_phone() else 548)
    alt = f"The video at {clock(time_s)} with a box around each face"
    left.image(encode_jpeg(shown), alt=alt, width="stretch")
    with side.container(key="side"):
        video_cards.show_cards(image, faces, timeline.tracks())
        with st.container(horizontal=True, vertical_alignment="center"):
            _show_steps(timeline, index)
            if extra is not None:
                extra()


def _show_steps(timeline: Timeline, index: int) -> None:
    """Buttons for one frame back or on, and the time of the frame shown."""
    time_s = timeline.time_s(index) + 1e-6
    for icon, other, name in (("skip_previous", index - 1, "back"), ("skip_next", index + 1, "on")):
        st.button(
            "",
            icon=f":material/{icon}:",
            key=f"step-{name}",
            help=f"One frame {name}",
            disabled=not 0 <= other < len(timeline),
            on_click=_jump,
            args=(timeline.time_s(max(0, min(other, len(timeline) - 1))),),
        )
    st.caption(
        f"{clock(time_s)}.{int(10 * time_s % 10)} of {clock(timeline.end_s)}, "
        f"{timeline.rate:g} frames a second",
        width="content",
    )


def _jump(time_s: float) -> None:
    st.session_state[MOMENT_KEY] = time_s


def _show_timeline(timeline: Timeline, index: int) -> None:
    summary = timeline.summary()
    if summary is None:
        return
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.header("Timeline", anchor=False, width="content")
            st.caption("Top: average of all faces. Bottom: each face. Click to jump.")
        st.html(video_cards.legend(summary), width="content")
    zooms = has_touch_screen() and timeline.end_s > LEAST_ZOOMED_S
    window_s = _choose_window() if zooms else None
    ink = blocks.PAPER if st.context.theme.type == "dark" else blocks.INK
    faces = video_chart.shown_faces(timeline)
    st.vega_lite_chart(
        video_chart.chart(timeline, faces, timeline.time_s(index), window_s, ink),
        key=video_chart.CHART_KEY,
        on_select=_take_click,
        selection_mode="moment",
        width="stretch",
        alt="Above the mean probabilities of all faces over time, below each face's expression",
    )


def _choose_window() -> float | None:
    chosen = st.segmented_control(
        "Shown",
        list(WINDOWS_S),
        default="All",
        required=True,
        label_visibility="collapsed",
        key="video_window",
    )
    return WINDOWS_S[chosen or "All"]


def _take_click() -> None:
    """Show the moment that was clicked."""
    chosen = st.session_state[video_chart.CHART_KEY].selection.get("moment")
    if chosen:
        _jump(float(chosen[0]["t"]))
