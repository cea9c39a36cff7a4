"""What the pages share of a visit: the settings, the network in use, what each page keeps."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import streamlit as st

import fer_core
from fer_core.jobs import Job, JobStatus
from fer_core.model_store import SERVED_FILE, find_model
from fer_core.recording import Recording
from fer_core.stream import VideoStream
from parts.widgets import code
from serving import logs
from serving.activity import Activity
from serving.metrics import Endpoint
from serving.places import LivePlaces
from serving.settings import Settings, read_settings

LOGGER = logging.getLogger(__name__)

NETWORK_KEY = "network"
"""Where the folder of the network lies that a viewer chose, in the session state."""

NETWORK_PROBLEM_KEY = "network_problem"
"""Where the sentence lies that says why the network last chosen is not in use."""

STREAM_KEY = "live_stream"
"""Where a viewer's `VideoStream` lies in the session state while the live page is open."""

RECORDING_KEY = "live_recording"
"""Where the viewer's `Recording` of a stream lies in the session state."""

FROZEN_KEY = "live_frozen"
"""Where the `LiveFrame` lies that the viewer froze."""

WAITING_KEY = "live_waiting"
"""In the session state while the viewer waits for a live place."""

CONNECTION_KEY = "live_connection"
"""Where the `Connection` lies, what is known of the viewer's."""

VIEWER_KEY = "viewer"
"""Where the random name lies that tells a viewer from others, in the session state."""

RESULTS_KEY = "photo_results"
"""Where the results of a viewer's photos lie in the session state while the photo page is open."""

VIDEO_KEY = "video_visit"
"""Where a viewer's `VideoVisit` lies in the session state while the video page is open."""

MOST_NETWORKS = 8
"""How many networks stay loaded; each writing of a network's file counts as one."""


ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="8" fill="#3e7bfa"/><g fill="#fff"><circle cx="11" cy="12" '
    'r="2.2"/><circle cx="21" cy="12" r="2.2"/></g><path d="M9 19q7 7 14 0" fill="none" '
    'stroke="#fff" stroke-width="2.4" stroke-linecap="round"/></svg>'
)
"""The page's icon, inline: an icon by name would be fetched from another server."""


ROUTED_KEY = "routed"
"""In the session state while the router, app.py, runs a page."""


def settings() -> Settings:
    """The settings; where one is malformed, the page says so and ends."""
    try:
        return read_settings(os.environ)
    except ValueError as error:
        st.error(f"The app is not set up correctly: {error}")
        st.stop()


@st.cache_resource(show_spinner=False)
def activity() -> Activity:
    """What notes the events of this server, and the log that it writes to."""
    logs.set_up(st.get_option("logger.messageFormat"))
    return Activity()


@st.cache_resource(show_spinner=False, on_release=lambda endpoint: endpoint.close())
def _metrics_endpoint(port: int) -> Endpoint:
    """It listens where the app does, so in the container to all of the container's network."""
    return activity().metrics.serve(st.get_option("server.address") or "0.0.0.0", port)


def open_metrics_port() -> None:
    """Let the counters be read, where a port is set; one that cannot be had is said and ends it."""
    port = settings().metrics_port
    if port:
        try:
            _metrics_endpoint(port)
        except OSError as error:
            st.error(
                f"The app is not set up correctly: FER_METRICS_PORT is {port}, but this port "
                f"cannot be opened: {error.strerror}."
            )
            st.stop()


def ice_servers() -> list[dict[str, Any]]:
    """What both ends of a viewer's stream may ask for a way to each other."""
    chosen = settings()
    if chosen.turn is None:
        return chosen.ice_servers
    viewer = st.session_state.setdefault(VIEWER_KEY, token_hex(8))
    return [*chosen.ice_servers, chosen.turn.ice_server(viewer, time.time())]


def _asks_for_sign_in() -> bool:
    """Whether the secrets name an OpenID Connect provider; unreadable ones let nobody in."""
    try:
        return "auth" in st.secrets
    except (OSError, ValueError) as error:
        if getattr(error, "error_id", None) == "no-secrets-found":
            return False
        st.error(
            "The app is not set up correctly: its `secrets.toml`, which says who may sign in, "
            "cannot be read."
        )
        st.stop()


def need_sign_in() -> None:
    """Where a provider is set up, show only the way to it until the viewer has signed in."""
    if _asks_for_sign_in() and not st.user.is_logged_in:
        st.title("Facial emotion recognition", anchor=False)
        st.markdown("This app is open to invited viewers.")
        st.button("Sign in", icon=":material/login:", type="primary", on_click=st.login)
        st.stop()


def show_sign_out() -> None:
    """The way out for a viewer who has signed in."""
    if _asks_for_sign_in():
        st.button("Sign out", icon=":material/logout:", type="tertiary", on_click=st.logout)


@contextmanager
def routed() -> Iterator[None]:
    """What the router runs a page in, so that the page knows it; an error there is counted."""
    st.session_state[ROUTED_KEY] = True
    try:
        yield
    except Exception as error:
        activity().failed(type(error))
        raise
    finally:
        del st.session_state[ROUTED_KEY]


def need_router(url_path: str) -> None:
    """Start over through app.py where Streamlit ran the file of the page at `url_path` alone.

    Until `st.navigation` was called once in the life of a server, Streamlit takes the folder
    pages/ for the app's pages, and a link to one of them leaves the router out.
    """
    if ROUTED_KEY not in st.session_state:
        places = ("home", url_path)
        st.navigation([st.Page(lambda: None, title="Home", url_path=path) for path in places])
        st.rerun()


@st.cache_resource(show_spinner=False)
def _load_detector(file: str) -> fer_core.FaceDetector:
    return fer_core.YuNetFaceDetector(file)


@st.cache_resource(show_spinner="Loading the network …", max_entries=MOST_NETWORKS)
def _load_analyzer(folder: str, mtime_ns: int) -> fer_core.EmotionAnalyzer:
    file = settings().detector
    loaded = fer_core.load_analyzer(folder, _load_detector(file) if file else None)
    loaded.warm_up()
    return loaded


def _current_analyzer(folder: Path) -> fer_core.EmotionAnalyzer:
    """The network in a folder as it is now: loaded anew once its file was written anew."""
    try:
        mtime_ns = (folder / SERVED_FILE).stat().st_mtime_ns
    except OSError as error:
        raise fer_core.ModelError(f"{folder} holds no {SERVED_FILE}.") from error
    return _load_analyzer(str(folder), mtime_ns)


def network_in_use() -> Path:
    """Folder of the network that the viewer chose, or else of the one the app is set up with.

    A chosen one that is gone gives way for good; the page of networks says so.

    Raises:
        ModelError: There is no network where the app is set up to find one.
    """
    chosen: Path | None = st.session_state.get(NETWORK_KEY)
    if chosen is None:
        return find_model(settings().model)
    return chosen if (chosen / "card.json").is_file() else _give_way(chosen)


def _give_way(chosen: Path) -> Path:
    """Forget a chosen network that does not work any more and return the configured one."""
    st.session_state.pop(NETWORK_KEY, None)
    configured = find_model(settings().model)
    st.session_state[NETWORK_PROBLEM_KEY] = (
        f"The network {code(chosen.name)} {_what_is_wrong(chosen)} and cannot be used any more; "
        f"{code(configured.name)} is in use."
    )
    return configured


def _what_is_wrong(folder: Path) -> str:
    return "is damaged" if (folder / "card.json").is_file() else "is gone"


def same_folder(one: Path, other: Path) -> bool:
    """Whether both are the same folder; a folder that is gone is the same as none."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def analyzer() -> fer_core.EmotionAnalyzer:
    """The network in use with its detector, shared by all viewers who use it.

    A chosen one that is gone or damaged gives way to the one the app is set up with. Where that
    cannot be loaded either, the page says so and ends.
    """
    try:
        folder = network_in_use()
        try:
            return _current_analyzer(folder)
        except fer_core.FerError:
            if NETWORK_KEY not in st.session_state:
                raise
            return _current_analyzer(_give_way(folder))
    except fer_core.FerError as error:
        st.error(f"The app is not set up correctly: {error}")
        st.stop()


def use_network(folder: Path) -> None:
    """From now on, analyze this viewer's pictures with another network, if it can be loaded."""
    try:
        _current_analyzer(folder)
    except fer_core.FerError as error:
        LOGGER.warning("A viewer chose a network that does not work: %s", error)
        st.session_state[NETWORK_PROBLEM_KEY] = (
            f"The network {code(folder.name)} {_what_is_wrong(folder)} and cannot be used; "
            f"{code(network_in_use().name)} stays in use."
        )
        return
    st.session_state[NETWORK_KEY] = folder
    st.session_state.pop(NETWORK_PROBLEM_KEY, None)


def leave_network_page() -> None:
    """Forget what the page of networks kept but the choice."""
    st.session_state.pop(NETWORK_PROBLEM_KEY, None)


def link_to_network() -> None:
    """Name the network in use, with the way to its figures and to the other networks."""
    st.page_link(
        "pages/model.py", label=f"Network: {network_in_use().name}", icon=":material/neurology:"
    )


def drop_stream() -> None:
    """Forget the viewer's stream, its faces and the last picture it held."""
    if STREAM_KEY in st.session_state:
        st.session_state.pop(STREAM_KEY).close()


def forget_recorded() -> None:
    """Forget what the viewer recorded and froze of a stream."""
    st.session_state.pop(RECORDING_KEY, None)
    st.session_state.pop(FROZEN_KEY, None)


def leave_live_page() -> None:
    """Forget what the live page kept of the viewer."""
    drop_stream()
    forget_recorded()
    st.session_state.pop(CONNECTION_KEY, None)
    st.session_state.pop(WAITING_KEY, None)


def leave_photo_page() -> None:
    """Forget what the photo page kept of the viewer."""
    st.session_state.pop(RESULTS_KEY, None)


def leave_video_page() -> None:
    """End what runs on the viewer's video and forget the video and its results."""
    if VIDEO_KEY in st.session_state:
        st.session_state.pop(VIDEO_KEY).close()


@st.cache_resource(
    scope="session", show_spinner=False, max_entries=4, on_release=lambda job: job.leave()
)
def _watched(_job: Job, number: int) -> Job:
    """Streamlit empties this when the viewer's connection is lost; the number tells jobs apart."""
    return _job


def keep_going(job: Job) -> JobStatus:
    """How far a job is; it ends a while after nobody has asked from an open page."""
    _watched(job, id(job))
    job.stay()
    return job.status


def stream() -> VideoStream:
    """The viewer's stream, made when first asked for; a recording of the last one goes on."""
    if STREAM_KEY not in st.session_state:
        recording: Recording | None = st.session_state.get(RECORDING_KEY)
        first_id = recording.last_track_id + 1 if recording else 1
        session = fer_core.LiveSession(analyzer(), first_track_id=first_id)
        made = st.session_state[STREAM_KEY] = VideoStream(session, activity().stream())
        made.recording = recording if recording and not recording.is_over else None
    found: VideoStream = st.session_state[STREAM_KEY]
    return found


@st.cache_resource
def _live_places(n_places: int) -> LivePlaces:
    return LivePlaces(n_places)


def live_places() -> LivePlaces:
    """The places for live viewers, shared by all of them."""
    return _live_places(settings().max_live_sessions)


def show_notice() -> None:
    """What the answers are and what they must not be used for, at the foot of each page."""
    weakest = analyzer().classifier.card.weakest(3)
    on = f"on {', '.join(weakest[:-1])} and {weakest[-1]}, and " if len(weakest) > 1 else ""
    st.divider()
    st.caption(
        "The labels name an **apparent facial expression**, not what a person feels. The network "
        f"errs, most of all {on}on turned, dark, blurred or small faces. "
        "Pictures are analyzed in memory and never logged; only an annotated video that you ask "
        "for lies in a temporary folder until you leave its page. Do not use this to judge people. "
        "The European Union forbids emotion inference at work and in education, "
        "except for medical or safety reasons (AI Act, article 5(1)(f))."
    )
