"""The live camera: the browser's picture goes to the server and comes back annotated."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit_webrtc import WebRtcMode, webrtc_streamer
from streamlit_webrtc.component import enhance_frontend_rtc_configuration

import fer_core
import ui
from fer_core.images import encode_jpeg, encode_png
from fer_core.recording import MOST_S, Recording
from fer_core.reports import AnswerSource
from fer_core.smoothing import HALF_LIFE_S
from fer_core.stream import VideoStream
from fer_core.timeline import Timeline, clock
from parts import browser, live_results, widgets
from parts.prompt_track import send_promptly
from serving.connection import Connection, Problem
from serving.lean_vp8 import encode_leanly
from serving.prompt_frames import receive_promptly

RENEWED_WITHIN_S = 60.0

PLACE_ASKED_EVERY_S = 2.0

KEY = "live"  # also streamlit-webrtc's own place in the session state

PROBLEMS = {
    Problem.NEVER_CAME: browser.NO_CONNECTION,
    Problem.LOST: browser.LOST_CONNECTION,
}

# What the camera is asked for; it is also what the server decodes and encodes for each viewer.
VIDEO = {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 30}}

HALF_LIVES_S = {"Little": HALF_LIFE_S / 4, "Medium": HALF_LIFE_S, "Much": HALF_LIFE_S * 4}
USUAL_SMOOTHING = "Medium"


def choose_settings() -> fer_core.LiveSettings:
    """The controls; they act on the running stream."""
    left, right = st.columns(2, vertical_alignment="center")
    share = left.slider(
        "Smallest face, in percent of the picture's shorter side",
        min_value=5,
        max_value=60,
        value=15,
        step=5,
        format="%d %%",
        help="A larger value is faster and overlooks people far off.",
    )
    mirror = right.toggle("Mirror the picture", value=True)
    bars = right.toggle("Show probabilities in the picture")
    smoothing = left.segmented_control(
        "Smoothing of the answers",
        HALF_LIVES_S,
        default=USUAL_SMOOTHING,
        required=True,
        help="With more of it answers are calmer and follow a change later.",
    )
    return fer_core.LiveSettings(
        share / 100,
        show_probabilities=bars,
        half_life_s=HALF_LIVES_S[smoothing or USUAL_SMOOTHING],
        mirror=mirror,
    )


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


def keep_current(ice_servers: list[dict[str, Any]]) -> None:
    """Run the page again once its credentials for the TURN server have been renewed."""
    if ui.ice_servers() != ice_servers:
        st.rerun()


def has_place(stream: VideoStream) -> bool:
    """Whether the viewer is live, or could start."""
    context = st.session_state.get(KEY)
    if context is not None and (context.state.playing or context.state.signalling):
        return ui.live_places().take(stream)
    return ui.live_places().n_free > 0


def wait_for_place() -> None:
    """Say that all places are taken, and run the page again once one is free."""
    if ui.live_places().n_free > 0:
        st.rerun()
    n_places = ui.live_places().n_places
    taken = "The live place is taken" if n_places == 1 else f"All {n_places} live places are taken"
    st.info(
        f"{taken} right now. Stay on this page: it lets you in as soon as one is free. "
        "Photos can be analyzed meanwhile.",
        icon=":material/hourglass_top:",
    )


def connection() -> Connection:
    """What is known of the viewer's connection now."""
    context, stream = st.session_state.get(KEY), st.session_state.get(ui.STREAM_KEY)
    known: Connection = st.session_state.get(ui.CONNECTION_KEY, Connection())
    if context is None:
        return known
    state = context.state
    comes = stream is not None and not stream.closed and stream.status.n_frames > 0
    known = known.after(
        stream.status if stream is not None else None,
        playing=state.playing,
        signalling=state.signalling,
        comes=comes,
        now_s=time.monotonic(),
    )
    st.session_state[ui.CONNECTION_KEY] = known
    return known


def current_stream() -> VideoStream:
    """The viewer's stream; a new one where the last one's connection has ended."""
    connection()  # as it can be told from the last stream alone how it ended
    context, stream = st.session_state.get(KEY), st.session_state.get(ui.STREAM_KEY)
    if context is not None and stream is not None and not context.state.playing:
        has_ended = stream.closed or not context.state.signalling
        if has_ended:
            ui.drop_stream()
    return ui.stream()


def give_up() -> None:
    """Make a lost connection anew no more."""
    st.session_state[ui.CONNECTION_KEY] = connection().give_up()


def show_trying() -> None:
    """That a lost connection is made anew, until pictures come again or none came for too long."""
    if not connection().is_tried_again(time.monotonic()):
        st.rerun()
    st.info("The video connection was lost. Connecting again …", icon=":material/wifi_off:")
    st.button("Stop connecting", on_click=give_up)  # START and STOP are hidden meanwhile


def show_newest(stream: VideoStream, playing: bool, connecting: bool) -> None:
    """The newest faces with their probabilities, beside the video."""
    status = stream.status
    if connecting:
        st.info("Connecting …")
        return
    if not playing:
        st.info("Press START and allow the camera. The picture is analyzed and forgotten.")
        return
    if status.failed:
        st.warning("The last picture could not be analyzed; an earlier one is shown.")
    if status.newest is None:
        st.info("Waiting for the first picture …")
        return
    if status.stands_still:
        st.warning(
            "The picture stands still. If the network is gone, it goes on once that is back.",
            icon=":material/wifi_off:",
        )
        return
    if status.is_busy:
        st.warning(
            "The server is busy: it keeps up with less than two thirds of the camera's pictures, "
            "so the picture moves less smoothly.",
            icon=":material/hourglass_bottom:",
        )
    faces = status.newest.faces
    if not faces:
        st.info(
            "No face in sight. Look at the camera, upright and evenly lit; if you do, come closer "
            "or lower the smallest face below."
        )
    for face in faces:
        widgets.show_face(f"Face {face.track_id}" if len(faces) > 1 else "Face", face)
    st.caption(f"{status.frame_rate:.0f} frames a second, {status.process_ms:.0f} ms a frame")


def start_recording(stream: VideoStream) -> None:
    """Record the results from now on; an earlier recording is forgotten."""
    labels = ui.analyzer().classifier.labels
    stream.recording = st.session_state[ui.RECORDING_KEY] = Recording(labels)


def stop_recording(stream: VideoStream) -> None:
    """Keep what was recorded and add nothing more."""
    if stream.recording is not None:
        stream.recording.is_over = True
        stream.recording = None


def freeze(stream: VideoStream) -> None:
    """Keep the picture on the screen, with what is drawn on it."""
    newest = stream.status.newest
    if newest is not None:
        st.session_state[ui.FROZEN_KEY] = newest


def choose_what_to_keep(stream: VideoStream, playing: bool) -> None:
    """Freeze a picture, record the results, and take both along."""
    with st.container(horizontal=True):
        st.button(
            "Freeze the picture",
            icon=":material/photo_camera:",
            disabled=not playing,
            on_click=freeze,
            args=(stream,),
        )
        if stream.recording is None:
            st.button(
                "Record the results",
                icon=":material/radio_button_checked:",
                disabled=not playing,
                on_click=start_recording,
                args=(stream,),
                help="The faces' boxes and probabilities, ten times a second; no pictures. For up "
                f"to {MOST_S / 60:.0f} minutes. A new recording takes the place of the last one.",
            )
        else:
            st.button(
                "Stop recording",
                icon=":material/stop_circle:",
                type="primary",
                on_click=stop_recording,
                args=(stream,),
            )
    st.caption(
        "A frozen picture and a recording are kept in memory alone and forgotten when you press "
        "STOP or leave this page, so download them before."
    )
    show_frozen()
    show_recorded(running=stream.recording is not None)


def show_frozen() -> None:
    """The frozen picture, should there be one."""
    frozen: fer_core.LiveFrame | None = st.session_state.get(ui.FROZEN_KEY)
    if frozen is None:
        return
    st.subheader("Frozen picture", anchor=False)
    st.image(encode_jpeg(frozen.image), alt="The frozen picture with a box around each face")
    with st.container(horizontal=True):
        st.download_button(
            "Picture (PNG)",
            data=partial(encode_png, frozen.image),
            file_name="live-emotions.png",
            mime="image/png",
            icon=":material/download:",
            on_click="ignore",
        )
        st.button(
            "Discard the picture",
            icon=":material/delete:",
            on_click=st.session_state.pop,
            args=(ui.FROZEN_KEY, None),
        )


def _rows_file(
    table: Callable[[Timeline, AnswerSource], bytes], recording: Recording, source: AnswerSource
) -> bytes:
    """All rows up to the moment of the download."""
    return table(recording.timeline(), source)


def show_recorded(*, running: bool) -> None:
    """The recording so far, should there be one, and its files."""
    recording: Recording | None = st.session_state.get(ui.RECORDING_KEY)
    if recording is None:
        return
    st.subheader("Recording", anchor=False)
    source = AnswerSource.of(ui.analyzer())
    st.fragment(show_recording, run_every=1.0 if running else None)(recording, running)
    with st.container(horizontal=True):
        widgets.offer_rows(
            "live-emotions",
            partial(_rows_file, live_results.table_csv, recording, source),
            partial(_rows_file, live_results.table_json, recording, source),
        )


def show_recording(recording: Recording, running: bool) -> None:
    """How long the recording is, and each face's last minute."""
    timeline = recording.timeline()
    length = f"{clock(timeline.end_s)} with {widgets.count(len(timeline.tracks()), 'face')}"
    if recording.is_full:
        st.warning(f"The recording is full: {length}. Download it, then record again.")
    else:
        st.caption(f"Recording: {length}" if running else f"Recorded: {length}")
    live_results.show_last_minute(timeline)


def show_stream(
    viewer: VideoStream, video: DeltaGenerator, newest: DeltaGenerator, kept: DeltaGenerator
) -> None:
    """The returned video with its controls and, beside it, the newest faces."""
    ice_servers = ui.ice_servers()
    now_s = time.monotonic()
    known = connection()
    with video:
        mend_start()
        context = webrtc_streamer(
            key=KEY,
            mode=WebRtcMode.SENDRECV,
            desired_playing_state=known.wanted(now_s),
            rtc_configuration={"iceServers": ice_servers},
            media_stream_constraints={"video": VIDEO, "audio": False},
            queued_video_frames_callback=viewer.newest_of,
            sendback_audio=False,
            on_video_ended=viewer.close,
            video_html_attrs={"autoPlay": True, "muted": True, "style": {"width": "100%"}},
        )
        if ui.settings().turn:
            enhance_frontend_rtc_configuration.clear()  # it would keep every viewer's for good
            st.fragment(keep_current, run_every=RENEWED_WITHIN_S)(ice_servers)
        browser.wait_for_network()
        if browser.show_camera_problem() and known.lost_s is not None:
            give_up()  # the camera itself is gone
            st.rerun()
        if known.is_tried_again(now_s):
            st.fragment(show_trying, run_every=0.5)()
        elif known.problem:
            st.error(PROBLEMS[known.problem], icon=":material/wifi_off:")
    playing = context.state.playing
    if not playing and not context.state.signalling:
        ui.drop_stream()
        if not known.problem:  # the viewer's own decision
            ui.forget_recorded()
    with newest:
        shown = st.fragment(show_newest, run_every=0.5 if playing else None)
        shown(viewer, playing, context.state.signalling or known.is_tried_again(now_s))
    with kept:
        choose_what_to_keep(viewer, playing)


ui.need_router("live")
receive_promptly()
send_promptly()
encode_leanly()
st.title("Emotions, live", anchor=False)
video, newest = st.columns([3, 2], gap="large")
with st.container():  # below the video, so that STOP is in sight
    live_settings = choose_settings()
kept = st.container()
ui.link_to_network()
viewer = current_stream()
viewer.session.settings = live_settings
if has_place(viewer):
    st.session_state.pop(ui.WAITING_KEY, None)
    show_stream(viewer, video, newest, kept)
else:
    if not st.session_state.get(ui.WAITING_KEY):
        ui.activity().refused_viewer()
    st.session_state.pop(KEY, None)  # a start that came too late
    ui.drop_stream()
    st.session_state.pop(ui.CONNECTION_KEY, None)
    st.session_state[ui.WAITING_KEY] = True
    with video:
        st.fragment(wait_for_place, run_every=PLACE_ASKED_EVERY_S)()
    with kept:  # of a connection that was lost, and whose place somebody took
        show_frozen()
        show_recorded(running=False)
