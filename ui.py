"""What the pages share: settings from the environment, the analyzer, widgets for results."""

import html
import json
import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import streamlit as st

import fer_core
from fer_core.drawing import COLORS, UNCERTAIN_COLOR, Color, caption
from fer_core.emotions import Emotion
from fer_core.faces import UNCERTAIN, FaceEmotion
from fer_core.jobs import Job, JobStatus
from fer_core.model_store import DEFAULT_MODEL, SERVED_FILE, find_model
from fer_core.stream import VideoStream
from serving.places import LivePlaces
from serving.turn import TurnServer

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

STARTED_KEY = "live_started_s"
"""When START was pressed, on the clock of `time.monotonic`, while the stream runs."""

PROBLEM_KEY = "live_problem"
"""Where the sentence lies that says why a stream ended by itself."""

VIEWER_KEY = "viewer"
"""Where the random name lies that tells a viewer from others, in the session state."""

RESULTS_KEY = "photo_results"
"""Where the results of a viewer's photos lie in the session state while the photo page is open."""

VIDEO_KEY = "video_visit"
"""Where a viewer's `VideoVisit` lies in the session state while the video page is open."""

MOST_NETWORKS = 8
"""How many networks stay loaded; each writing of a network's file counts as one."""

MOST_LIVE_SESSIONS = 1000
"""More viewers than one process could ever serve."""

MOST_UPLOAD_MB = 200
"""The server's own limit, `server.maxUploadSize`."""


ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    '<rect width="32" height="32" rx="8" fill="#3e7bfa"/><g fill="#fff"><circle cx="11" cy="12" '
    'r="2.2"/><circle cx="21" cy="12" r="2.2"/></g><path d="M9 19q7 7 14 0" fill="none" '
    'stroke="#fff" stroke-width="2.4" stroke-linecap="round"/></svg>'
)
"""The page's icon, inline: an icon by name would be fetched from another server."""

NO_CONNECTION = (
    "The video could not reach the server. This often happens on company and mobile networks: try "
    "another network, or use the photo page. (For operators: such networks need a TURN server, "
    "named in FER_TURN_URLS.)"
)

LOST_CONNECTION = "The video connection was lost. Press START to connect again."

ROUTED_KEY = "routed"
"""In the session state while the router, app.py, runs a page."""

_CAMERA_PROBLEMS = {
    "NotAllowedError": "The browser may not use the camera. Allow it at the camera symbol in the "
    "address bar, then press START again.",
    "NotFoundError": "No camera was found. Connect one and press START again, or use the photo "
    "page.",
    "NotReadableError": "The camera is busy. Close the program that uses it, then press START "
    "again.",
    "mediaDevices": "Browsers give the camera to secure pages only. Open this app through "
    "https:// or, on the same machine, through localhost.",
    "taking longer": NO_CONNECTION,
}

# streamlit-webrtc shows the browser's error in its frame and does not report it to Python.
_READ_CAMERA_ERROR = """
export default function ({ setStateValue }) {
  let last = "";
  const timer = setInterval(() => {
    const frame = document.querySelector('iframe[src*="streamlit_webrtc"]');
    const alert = frame?.contentDocument?.querySelector('[role="alert"]');
    const text = alert?.innerText ?? "";
    if (text !== last) setStateValue("error", (last = text));
  }, 300);
  return () => clearInterval(timer);
}
"""


# Streamlit's uploader takes dropped files but none that are pasted; this hands them to it.
_PASTE = """
export default function () {
  const paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    const input = document.querySelector('[data-testid="stFileUploader"] input[type=file]');
    if (files.length === 0 || !input) return;
    event.preventDefault();
    const list = new DataTransfer();
    files.forEach((file) => list.items.add(file));
    input.files = list.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  document.addEventListener("paste", paste);
  return () => document.removeEventListener("paste", paste);
}
"""


@dataclass(frozen=True)
class Settings:
    """What the environment sets, the same for all viewers.

    Attributes:
        model: `FER_MODEL`, name or folder of the network.
        ice_servers: `FER_ICE_SERVERS`, a JSON list such as `[{"urls": "stun:host:3478"}]` for
            viewers on other networks; without it none is asked, which is all localhost needs.
        max_upload_mb: `FER_MAX_UPLOAD_MB`, the largest photo in megabytes.
        max_video_mb: `FER_MAX_VIDEO_MB`, the largest video in megabytes.
        turn: `FER_TURN_URLS`, separated by commas, and `FER_TURN_SECRET`; each viewer gets
            credentials of their own for it.
        max_live_sessions: `FER_MAX_LIVE_SESSIONS`, viewers whose camera is live at a time.
        detector: `FER_DETECTOR`, file of a YuNet network that finds the faces; "" for Haar.
    """

    model: str = DEFAULT_MODEL
    ice_servers: list[dict[str, Any]] = field(default_factory=list)
    max_upload_mb: int = 20
    max_video_mb: int = MOST_UPLOAD_MB
    turn: TurnServer | None = None
    max_live_sessions: int = MOST_LIVE_SESSIONS
    detector: str = ""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        ValueError: One of them is malformed; the sentence names it.
    """
    return Settings(
        model=environ.get("FER_MODEL") or DEFAULT_MODEL,
        ice_servers=_read_ice_servers(environ),
        max_upload_mb=_read_whole_number(environ, "FER_MAX_UPLOAD_MB", 20, MOST_UPLOAD_MB),
        max_video_mb=_read_whole_number(
            environ, "FER_MAX_VIDEO_MB", MOST_UPLOAD_MB, MOST_UPLOAD_MB
        ),
        turn=_read_turn(environ),
        max_live_sessions=_read_whole_number(
            environ, "FER_MAX_LIVE_SESSIONS", MOST_LIVE_SESSIONS, MOST_LIVE_SESSIONS
        ),
        detector=environ.get("FER_DETECTOR") or "",
    )


def _read_ice_servers(environ: Mapping[str, str]) -> list[dict[str, Any]]:
    try:
        ice_servers = json.loads(environ.get("FER_ICE_SERVERS") or "[]")
    except ValueError as error:
        raise ValueError(f"FER_ICE_SERVERS is not valid JSON: {error}.") from error
    if not isinstance(ice_servers, list) or not all(
        isinstance(server, dict) and "urls" in server for server in ice_servers
    ):
        raise ValueError('FER_ICE_SERVERS must be a list such as [{"urls": "stun:host:3478"}].')
    return ice_servers


def _read_turn(environ: Mapping[str, str]) -> TurnServer | None:
    urls = [url.strip() for url in (environ.get("FER_TURN_URLS") or "").split(",") if url.strip()]
    secret = environ.get("FER_TURN_SECRET") or ""
    if not urls and not secret:
        return None
    if not secret:
        raise ValueError("FER_TURN_SECRET must be set where FER_TURN_URLS is.")
    try:
        return TurnServer(tuple(urls), secret)
    except ValueError as error:
        raise ValueError(
            "FER_TURN_URLS must be such as turn:host:3478, several separated by commas."
        ) from error


def _read_whole_number(environ: Mapping[str, str], name: str, default: int, largest: int) -> int:
    value = environ.get(name) or str(default)
    if value not in map(str, range(1, largest + 1)):
        raise ValueError(f"{name} must be a whole number from 1 to {largest}. Received: {value!r}.")
    return int(value)


def settings() -> Settings:
    """The settings; where one is malformed, the page says so and ends."""
    try:
        return read_settings(os.environ)
    except ValueError as error:
        st.error(f"The app is not set up correctly: {error}")
        st.stop()


def ice_servers() -> list[dict[str, Any]]:
    """What both ends of a viewer's stream may ask for a way to each other."""
    chosen = settings()
    if chosen.turn is None:
        return chosen.ice_servers
    viewer = st.session_state.setdefault(VIEWER_KEY, token_hex(8))
    return [*chosen.ice_servers, chosen.turn.ice_server(viewer, time.time())]


def _asks_for_sign_in() -> bool:
    """Whether the server's secrets name an OpenID Connect provider."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


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
    """What the router runs a page in, so that the page knows it."""
    st.session_state[ROUTED_KEY] = True
    try:
        yield
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
    loaded.detector.warm_up()
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
    st.session_state.pop(PROBLEM_KEY, None)
    st.session_state.pop(STARTED_KEY, None)


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
    """The viewer's stream, made when first asked for."""
    if STREAM_KEY not in st.session_state:
        st.session_state[STREAM_KEY] = VideoStream(fer_core.LiveSession(analyzer()))
    found: VideoStream = st.session_state[STREAM_KEY]
    return found


@st.cache_resource
def _live_places(n_places: int) -> LivePlaces:
    return LivePlaces(n_places)


def live_places() -> LivePlaces:
    """The places for live viewers, shared by all of them."""
    return _live_places(settings().max_live_sessions)


def show_face(name: str, face: FaceEmotion) -> None:
    """A face's emotion and a bar for each probability, in the order of the network's labels."""
    st.markdown(f"**{name}: {caption(face)}**")
    if face.doubts:
        st.caption(f"The face is {_and(face.doubts)}: an answer would be a guess.")
    st.html(bars(face.probabilities))


def bars(shares: Mapping[Emotion, float]) -> str:
    """HTML with a named bar for each share; it holds nothing that a user wrote."""
    return _bars("".join(_bar(e, COLORS[e], share, f"{share:.0%}") for e, share in shares.items()))


def show_counts(counts: Mapping[str, int]) -> None:
    """How many faces there are of each emotion, and how many are uncertain."""
    colors = {str(emotion): color for emotion, color in COLORS.items()}
    colors[UNCERTAIN] = UNCERTAIN_COLOR
    most = max(counts.values(), default=1)
    rows = "".join(
        _bar(name, color, counts[name] / most, str(counts[name]))
        for name, color in colors.items()
        if counts[name]
    )
    if rows:
        st.html(_bars(rows))


def count(n: int, what: str) -> str:
    """A number with its noun: `1 face`, `2 faces`."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _and(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _bars(rows: str) -> str:
    return (
        '<div style="display:grid;grid-template-columns:max-content 1fr;gap:.2rem .6rem;'
        f'align-items:center;font-size:.875rem">{rows}</div>'
    )


def _bar(name: str, color: Color, share: float, text: str) -> str:
    """One row of HTML; it holds nothing that a user wrote."""
    return (
        f"<span>{name}</span>"
        '<span style="display:flex;align-items:center;gap:.4rem">'
        f'<span style="width:{share * 80:.1f}%;min-width:2px;height:.8rem;border-radius:2px;'
        f'background:{_hex(color)}"></span>{text}</span>'
    )


def hex_color(emotion: Emotion) -> str:
    """The emotion's color as `#rrggbb`."""
    return _hex(COLORS[emotion])


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def named_rows(texts: Mapping[str, str]) -> str:
    """HTML that shows names and beside each its text, as they are, whatever they hold."""
    rows = "".join(
        f'<span style="opacity:.7">{html.escape(name)}</span><span style="overflow-wrap:anywhere">'
        f"{html.escape(text)}</span>"
        for name, text in texts.items()
    )
    return (
        '<div style="display:grid;grid-template-columns:max-content 1fr;gap:.25rem .8rem;'
        f'font-size:.875rem">{rows}</div>'
    )


def explain_camera_error(error: str) -> str:
    """What to do about an error that the browser gave instead of the camera; empty for none."""
    if not error:
        return ""
    for name, sentence in _CAMERA_PROBLEMS.items():
        if name in error:
            return sentence
    return f"The camera could not be started. The browser says: {code(error)}"


def paste_into_uploader() -> None:
    """Let the page's first uploader take pictures that are pasted anywhere on the page."""
    st.components.v2.component("paste", js=_PASTE)(key="paste")


def show_camera_problem() -> None:
    """Say in plain words why the browser gave no camera, should that be so."""
    watch = st.components.v2.component("camera_error", js=_READ_CAMERA_ERROR)
    sentence = explain_camera_error(
        watch(key="camera_error", on_error_change=lambda: None).error or ""
    )
    if sentence:
        st.error(sentence, icon=":material/videocam_off:")


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


def code(text: str) -> str:
    """Markdown that shows text such as a file's name as it is, whatever it holds."""
    return "`{}`".format(text.replace("`", "'"))
