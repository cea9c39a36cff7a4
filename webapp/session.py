"""The state that a visit keeps, and its end."""

from secrets import token_hex

import streamlit as st

from webapp.serving.turns import Visitor
from webapp.visits.photo_visit import PhotoVisit
from webapp.visits.video_visit import VideoVisit

STREAM_KEY = "live_stream"
"""Key in the session state of a viewer's `VideoStream`, while the live page is open."""

STREAM_MODEL_KEY = "live_model"
"""Key of the folder of the model that the stream uses."""

WANTED_KEY = "live_wanted"
"""Key of True once the viewer pressed START and not STOP since."""

HISTORY_KEY = "live_history"
"""Key of the `History` of the last minute."""

RECORDING_KEY = "live_recording"
RECORDING_SOURCE_KEY = "live_recording_source"
"""Key of the viewer's `Recording` of a stream."""

SNAPSHOT_KEY = "live_snapshot"
"""Key of the `LiveFrame` of the viewer's snapshot."""

CHALLENGE_KEY = "live_challenge"
"""Key of the viewer's `Challenge`, running or over."""

COLLAGE_KEY = "live_collage"
"""Key of the files of the collage of a challenge that is over."""

MADE_KEY = "live_made"
"""Key of the best score of each expression in this visit."""

WAITING_KEY = "live_waiting"
"""In the session state while the viewer waits for a live place."""

CONNECTION_KEY = "live_connection"
"""Key of the viewer's `Connection`."""

VIEWER_KEY = "viewer"
"""Key of the random name that tells a viewer from others."""

PHOTOS_KEY = "photos"
"""Key of the viewer's `PhotoVisit`."""

VIDEO_KEY = "video_visit"
"""Key of a viewer's `VideoVisit`."""


def drop_stream() -> None:
    """Forget the viewer's stream, its faces and the last frame it held."""
    if STREAM_KEY in st.session_state:
        st.session_state.pop(STREAM_KEY).close()


def discard_challenge() -> None:
    """Forget the viewer's challenge and its collage; its score stays."""
    for key in (CHALLENGE_KEY, COLLAGE_KEY):
        st.session_state.pop(key, None)


def leave_live_page() -> None:
    """End the stream; a snapshot, a recording and a collage stay until they are discarded."""
    drop_stream()
    recording = st.session_state.get(RECORDING_KEY)
    if recording is not None:
        recording.is_over = True
    for key in (CONNECTION_KEY, WAITING_KEY, WANTED_KEY, HISTORY_KEY):
        st.session_state.pop(key, None)


def viewer() -> str:
    """The random name that tells the viewer from others."""
    name: str = st.session_state.setdefault(VIEWER_KEY, token_hex(8))
    return name


def visitor() -> Visitor:
    """The visit and its address, for the queue."""
    return Visitor(viewer(), st.context.ip_address or "")


def photos() -> PhotoVisit:
    """The viewer's photos, which stay until they are cleared."""
    visit: PhotoVisit = st.session_state.setdefault(PHOTOS_KEY, PhotoVisit(visitor()))
    return visit


def clear_photos() -> None:
    """Forget the viewer's photos and all that was found in them."""
    photos().clear()
    del st.session_state[PHOTOS_KEY]
    for key in ("photo_filter", "photo_view", "photo_order", "photo_camera"):
        st.session_state.pop(key, None)


def video() -> VideoVisit | None:
    """The viewer's video, which stays until it is cleared."""
    found: VideoVisit | None = st.session_state.get(VIDEO_KEY)
    return found


def clear_video() -> None:
    """End what runs on the viewer's video and forget it with its results."""
    if VIDEO_KEY in st.session_state:
        st.session_state.pop(VIDEO_KEY).close()
    st.session_state.pop("video_moment", None)
