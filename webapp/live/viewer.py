"""A viewer's live stream: how it starts and ends, and the ways on which it comes."""

import time
from typing import Any

import streamlit as st

import fer_core
from fer_core.live.recording import Recording
from fer_core.live.stream import VideoStream
from webapp import models, server, session
from webapp.live.connection import Connection

KEY = "live"
"""Of the stream's component; also streamlit-webrtc's own place in the session state."""


def ice_servers() -> list[dict[str, Any]]:
    """The servers that both ends of a viewer's stream may ask for a way to each other."""
    chosen = server.settings()
    if chosen.turn is None:
        return chosen.ice_servers
    return [*chosen.ice_servers, chosen.turn.ice_server(session.viewer(), time.time())]


def stream() -> VideoStream:
    """The viewer's stream, made when first asked for; a recording of the last one goes on."""
    if session.STREAM_KEY not in st.session_state:
        recording: Recording | None = st.session_state.get(session.RECORDING_KEY)
        first_id = recording.last_track_id + 1 if recording else 1
        live = fer_core.LiveSession(models.analyzer(), first_track_id=first_id)
        made = VideoStream(live, server.activity().stream())
        made.recording = recording if recording and not recording.is_over else None
        st.session_state[session.STREAM_KEY] = made
        st.session_state[session.STREAM_MODEL_KEY] = models.in_use()
    found: VideoStream = st.session_state[session.STREAM_KEY]
    return found


def current_stream() -> VideoStream:
    """The viewer's stream; a new one where the last one's connection has ended.

    Where another model was chosen meanwhile, the stream goes on with that one.
    """
    connection()  # as it can be told from the last stream alone how it ended
    context, found = st.session_state.get(KEY), st.session_state.get(session.STREAM_KEY)
    if context is not None and found is not None and not context.state.playing:
        has_ended = found.closed or not context.state.signalling
        if has_ended:
            session.drop_stream()
    current = stream()
    if st.session_state[session.STREAM_MODEL_KEY] != models.in_use():
        current.session = fer_core.LiveSession(models.analyzer())
        if current.recording is not None:  # a recording is of one model
            current.recording.is_over, current.recording = True, None
        st.session_state[session.STREAM_MODEL_KEY] = models.in_use()
    return current


def connection() -> Connection:
    """The state of the viewer's connection."""
    context, found = st.session_state.get(KEY), st.session_state.get(session.STREAM_KEY)
    before: Connection = st.session_state.get(session.CONNECTION_KEY, Connection())
    if context is None:
        return before
    state, now_s = context.state, time.monotonic()
    comes = found is not None and not found.closed and found.status.n_frames > 0
    known = before.after(
        found.status if found is not None else None,
        playing=state.playing,
        signalling=state.signalling,
        comes=comes,
        now_s=now_s,
    )
    st.session_state[session.CONNECTION_KEY] = known
    if before.is_on and not known.is_on:  # it ended, or never came to be
        st.session_state[session.WANTED_KEY] = False
    return known


def is_wanted() -> bool:
    """True if the viewer wants the stream to run, or it is being connected again."""
    known: Connection = st.session_state.get(session.CONNECTION_KEY, Connection())
    if known.given_up:
        return False
    wanted = bool(st.session_state.get(session.WANTED_KEY))
    return wanted or known.is_on or known.is_tried_again(time.monotonic())


def start() -> None:
    """The viewer pressed START."""
    st.session_state[session.WANTED_KEY] = True
    st.session_state.pop(session.CONNECTION_KEY, None)


def stop() -> None:
    """The viewer wants no stream any more, or it cannot be had."""
    st.session_state[session.WANTED_KEY] = False
    st.session_state[session.CONNECTION_KEY] = connection().give_up()


def has_place(found: VideoStream) -> bool:
    """True if the viewer is live, or could start."""
    context = st.session_state.get(KEY)
    if context is not None and (context.state.playing or context.state.signalling):
        return server.live_places().take(found)
    return server.live_places().n_free > 0


def leave_queue() -> None:
    """The viewer has a place."""
    st.session_state.pop(session.WAITING_KEY, None)


def join_queue() -> None:
    """The viewer waits for a place; a start that came too late is forgotten."""
    if not st.session_state.get(session.WAITING_KEY):
        server.activity().refused_viewer()
    st.session_state[session.WAITING_KEY] = True
    for key in (KEY, session.CONNECTION_KEY, session.WANTED_KEY):
        st.session_state.pop(key, None)
    session.drop_stream()
