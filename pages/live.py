"""The live camera: the browser's picture goes to the server and comes back annotated."""

import streamlit as st
from streamlit_webrtc import WebRtcMode, webrtc_streamer

import fer_core
import ui
from fer_core.stream import VideoStream

KEY = "live"  # also streamlit-webrtc's own place in the session state

# What the camera is asked for; it is also what the server decodes and encodes for each viewer.
VIDEO = {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 30}}


def choose_settings() -> fer_core.LiveSettings:
    """The controls; they act on the running stream."""
    left, right = st.columns(2, vertical_alignment="center")
    share = left.slider(
        "Smallest face",
        min_value=5,
        max_value=60,
        value=15,
        step=5,
        format="%d %%",
        help="Share of the picture's height. Larger is faster and overlooks people far behind.",
    )
    bars = right.toggle("Show probabilities in the picture")
    return fer_core.LiveSettings(min_face_share=share / 100, show_probabilities=bars)


def mend_start() -> None:
    """Keep streamlit-webrtc from stopping a stream that has just started.

    streamlit-webrtc 0.79 takes a context for an orphan, and stops it, when the session's run
    count rose by more than one since it was last rendered. The count rises only when the event
    loop reports a run as finished, so the quick reruns of a start look like that 5 times in 100.
    Without a remembered count nothing is compared.
    """
    context = st.session_state.get(KEY)
    if context is not None and hasattr(context, "_last_rendered_run_count"):
        context._last_rendered_run_count = None


def note_change() -> None:
    """Remember whether the stream came to play after START, or ended before it did."""
    before, now = st.session_state.get("live_state"), st.session_state[KEY].state
    st.session_state["live_state"] = now
    idle = not (now.playing or now.signalling)
    st.session_state["live_failed"] = bool(idle and before and before.signalling)


def show_newest(stream: VideoStream, playing: bool) -> None:
    """The newest faces with their probabilities, beside the video."""
    status = stream.status
    if not playing:
        st.info("Press START and allow the camera. The picture is analyzed and forgotten.")
        return
    if status.newest is None:
        st.info("Waiting for the first picture …")
        return
    if status.n_errors:
        st.warning(f"{status.n_errors} frames could not be analyzed and were left out.")
    if not status.newest.faces:
        st.info("No face in sight. Look at the camera, upright and evenly lit.")
    for face in status.newest.faces:
        ui.show_face(f"Face {face.track_id}", face)
    st.caption(f"{status.process_ms:.0f} ms a frame")


ui.need_router("live")
st.title("Emotions, live", anchor=False)
live_settings = choose_settings()
viewer = ui.stream()
viewer.session.settings = live_settings
video, newest = st.columns([3, 1], gap="large")
with video:
    mend_start()
    context = webrtc_streamer(
        key=KEY,
        mode=WebRtcMode.SENDRECV,
        rtc_configuration={"iceServers": ui.settings().ice_servers},
        media_stream_constraints={"video": VIDEO, "audio": False},
        video_frame_callback=viewer,
        sendback_audio=False,
        on_change=note_change,
    )
    ui.show_camera_problem()
    if st.session_state.get("live_failed"):
        st.error(ui.NO_CONNECTION, icon=":material/wifi_off:")
playing = context.state.playing
if not playing and not context.state.signalling:
    ui.drop_stream()
with newest:
    st.fragment(show_newest, run_every=0.5 if playing else None)(viewer, playing)
