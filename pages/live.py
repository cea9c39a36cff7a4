"""The live camera: the browser's video goes to the server and comes back with labels."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.live.stream import VideoStream
from webapp import examples, routing
from webapp.live import viewer
from webapp.live.connection import Problem
from webapp.patches import streams
from webapp.views.layout import action_icon, is_phone
from webapp.views.live import (
    browser,
    live_challenge,
    live_kept,
    live_panel,
    live_place,
    live_settings,
    live_video,
)

PROBLEMS = {
    Problem.NEVER_CAME: browser.NO_CONNECTION,
    Problem.LOST: browser.LOST_CONNECTION,
}


def show_actions(stream: VideoStream, playing: bool) -> None:
    """Show the buttons below the video: what can be kept, the settings, and the end."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="actions"):
        live_kept.show_buttons(stream, playing)
        with st.popover("Settings", icon=action_icon("tune")):
            stream.session.settings = live_settings.choose()
        if viewer.is_wanted():
            # What follows a fragment in its container was gone once another one ran the page again.
            st.button("Stop", type="primary", icon=action_icon("stop"), on_click=viewer.stop)
            if not is_phone():  # which has no room for it
                st.fragment(live_place.show_rate, run_every=1.0 if playing else None)(stream)


def show_viewer(stream: VideoStream, picture: DeltaGenerator, side: DeltaGenerator) -> bool:
    """Show the video, or what stands in its place, and the panel beside it."""
    with picture:
        place = st.empty()
        with st.container(key="stream", gap=None):
            playing = live_video.show(stream)
            refused = browser.camera_problem(live_place.give_up_at_error, wanted=viewer.is_wanted())
    known = viewer.connection()
    problem = refused or (PROBLEMS[known.problem] if known.problem else None)
    wanted = viewer.is_wanted()
    example = examples.example_result("portrait", (358, 269) if is_phone() else (880, 660))
    with place.container(key="poster") if not wanted else place.container():
        if known.is_tried_again(time.monotonic()):
            st.fragment(live_place.show_trying, run_every=0.5)()
        elif not wanted and problem:
            live_place.show_problem(problem)
        elif not wanted:
            live_place.show_poster(example)
    with side:
        result = live_challenge.finished(stream)
        if result is not None:
            live_challenge.show_result(result, stream, playing=playing)
        if wanted:
            show = live_panel.show_newest if result is None else live_panel.show_ribbon
            st.fragment(show, run_every=0.5 if playing else None)(stream, playing)
        elif result is None:
            if problem:
                live_panel.show_empty("Waiting for the camera", "No face yet")
            else:
                live_panel.show_example(example.report.faces[0])
            live_challenge.show_card(stream, playing=False)
    return playing


routing.need_router("live")
streams.apply()
stream = viewer.current_stream()
left, right = st.columns([7, 3], gap="medium")
picture, side = left.container(key="picture", gap=None), right.container(key="side")
if viewer.has_place(stream):
    viewer.leave_queue()
    is_playing = show_viewer(stream, picture, side)
else:
    is_playing = False
    viewer.join_queue()
    with picture.container(key="poster"):
        st.fragment(live_place.wait_for_place, run_every=live_place.ASKED_EVERY_S)()
    with side:
        live_panel.show_empty("Waiting for a place", "No face yet")
with left:
    show_actions(stream, is_playing)
live_kept.show_kept(running=stream.recording is not None)
