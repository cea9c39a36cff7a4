"""The snapshots and recordings that a live viewer keeps until they are discarded."""

import streamlit as st

import fer_core
from fer_core.images import encode_jpeg, encode_png
from fer_core.live.recording import MOST_S, Recording
from fer_core.live.stream import VideoStream
from fer_core.reports import PredictionSource
from fer_core.timeline import clock
from webapp import models, session
from webapp.views.layout import action_icon, offer_rows
from webapp.views.live import live_results
from webapp.views.words import count


def show_buttons(stream: VideoStream, playing: bool) -> None:
    """Snapshot and Record."""
    st.button(
        "Snapshot",
        icon=action_icon("photo_camera"),
        disabled=not playing,
        on_click=_take_snapshot,
        args=(stream,),
    )
    if stream.recording is None:
        st.button(
            "Record",
            icon=action_icon("radio_button_checked"),
            disabled=not playing,
            on_click=_start_recording,
            args=(stream,),
            help="Keeps the faces' boxes and probabilities, ten times a second, for up to "
            f"{MOST_S / 60:.0f} minutes; no video. A new recording replaces the last one.",
        )
    else:
        st.button(
            "Stop recording",
            icon=action_icon("stop_circle"),
            on_click=_stop_recording,
            args=(stream,),
        )


def _take_snapshot(stream: VideoStream) -> None:
    newest = stream.status.newest
    if newest is not None:
        st.session_state[session.SNAPSHOT_KEY] = newest


def _start_recording(stream: VideoStream) -> None:
    labels = models.analyzer().classifier.labels
    stream.recording = st.session_state[session.RECORDING_KEY] = Recording(labels)
    st.session_state[session.RECORDING_SOURCE_KEY] = PredictionSource.of(models.analyzer())


def _stop_recording(stream: VideoStream) -> None:
    if stream.recording is not None:
        stream.recording.is_over = True
        stream.recording = None


def show_kept(*, running: bool) -> None:
    """The snapshot and the recording, should there be any."""
    snapshot: fer_core.LiveFrame | None = st.session_state.get(session.SNAPSHOT_KEY)
    recording: Recording | None = st.session_state.get(session.RECORDING_KEY)
    if snapshot is not None:
        with st.container(border=True, key="card-snapshot"):
            _show_snapshot(snapshot)
    if recording is not None:
        with st.container(border=True, key="card-recording"):
            _show_recording(recording, running=running)


def _show_snapshot(snapshot: fer_core.LiveFrame) -> None:
    image, side = st.columns([1, 2], vertical_alignment="center")
    alt = "The snapshot with a box around each face"
    image.image(encode_jpeg(snapshot.image), alt=alt, width="stretch")
    with side:
        st.header("Snapshot", anchor=False)
        with st.container(horizontal=True):
            st.download_button(
                "Download",
                data=encode_png(
                    snapshot.image
                ),  # ready before it is asked for, while the stream goes on
                file_name="live-emotions.png",
                mime="image/png",
                icon=":material/download:",
                key="download_snapshot",
                on_click="ignore",
            )
            _show_discard(session.SNAPSHOT_KEY)


def _show_recording(recording: Recording, *, running: bool) -> None:
    st.header("Recording", anchor=False)
    st.fragment(_show_minute, run_every=1.0 if running else None)(recording, running)
    source = st.session_state[session.RECORDING_SOURCE_KEY]
    with st.container(horizontal=True):
        with st.popover("Download", icon=":material/download:"):
            offer_rows("live-emotions", lambda: [live_results.report(recording.timeline())], source)
        if not running:
            _show_discard(session.RECORDING_KEY)


def _show_minute(recording: Recording, running: bool) -> None:
    """Show the length of the recording, and each face's last minute."""
    timeline = recording.timeline()
    length = f"{clock(timeline.end_s)} with {count(len(timeline.tracks()), 'face')}"
    if recording.is_full:
        st.caption(f"The recording is full: {length}. Download it, then record again.")
    else:
        st.caption(f"Recording: {length}" if running else f"Recorded: {length}")
    live_results.show_last_minute(timeline)


def _show_discard(key: str) -> None:
    st.button(
        "Discard",
        type="tertiary",
        icon=":material/delete:",
        key=f"discard_{key}",
        on_click=st.session_state.pop,
        args=(key, None),
    )
