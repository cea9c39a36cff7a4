"""The parts of the browser that Streamlit has no means for, and the meaning of its errors."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from webapp.views.words import code

CAMERA_ERROR_KEY = "camera_error"

LAST_ERROR_KEY = "last_camera_error"
"""Key in the session state of the error that ended the last attempt."""


@dataclass(frozen=True)
class CameraProblem:
    """A reason why the browser gave no camera, and the way out."""

    title: str
    way_out: str


NO_CONNECTION = CameraProblem(
    "The video could not reach the server",
    "This often happens on company and mobile networks. Try another network, or use photos. (For "
    "operators: such networks need a TURN server, named in FER_TURN_URLS.)",
)

LOST_CONNECTION = CameraProblem("The video connection was lost", "Press START to connect again.")

_CAMERA_PROBLEMS = {
    "NotAllowedError": CameraProblem(
        "Camera access is blocked",
        "Click the camera icon in the address bar, allow it, then press START.",
    ),
    "NotFoundError": CameraProblem(
        "No camera found", "Connect one and press START, or use photos."
    ),
    "NotReadableError": CameraProblem(
        "The camera is busy", "Close the program that uses it, then press START."
    ),
    "mediaDevices": CameraProblem(
        "Browsers give the camera to secure pages only",
        "Open this app through https:// or, on the same machine, through localhost.",
    ),
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

# streamlit-webrtc's own way to start, `desired_playing_state=True`, starts twice where the page is
# rendered again meanwhile, and the two connections end each other. Its button starts once. What it
# shows beside the video is said by the page itself.
_PRESS_START = """
export default function ({ data }) {
  const press = () => {
    const frame = document.querySelector('iframe[src*="streamlit_webrtc"]');
    const inside = frame?.contentDocument;
    if (!inside?.body) return;
    if (!inside.getElementById("quiet")) {
      const style = inside.createElement("style");
      style.id = "quiet";
      style.textContent = "button, [role=alert] { display: none !important; } "
        + ".MuiBox-root { padding: 0 !important; }";
      inside.head.append(style);
    }
    if (!data.wanted) return;
    const start = [...inside.querySelectorAll("button")].find((b) => b.textContent === "Start"
      || b.textContent === "START");
    const now = Date.now();
    if (!start || start.disabled || now - (frame.pressedAt ?? 0) < 8000) return;
    frame.pressedAt = now;
    start.click();
  };
  const timer = setInterval(press, 200);
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

# Streamlit's uploader shows which files it refuses, but is gone once the others are taken.
_REFUSED = """
export default function ({ data, setTriggerValue }) {
  const hear = (event) => {
    if (!event.target.closest?.('[data-testid="stFileUploader"]')) return;
    const files = [...((event.dataTransfer ?? event.target).files ?? [])];
    const isImage = ({ name }) => data.suffixes.some((s) => name.toLowerCase().endsWith(s));
    const others = files.filter((file) => !isImage(file) && file.name.includes("."));
    const large = files.filter((file) => isImage(file) && file.size > data.most_bytes);
    const n_refused = others.length + large.length;
    if (n_refused === 0 || n_refused === files.length) return;
    const names = (some) => some.map((file) => file.name);
    setTriggerValue("refused", { others: names(others), large: names(large) });
  };
  document.addEventListener("change", hear, true);
  document.addEventListener("drop", hear, true);
  return () => {
    document.removeEventListener("change", hear, true);
    document.removeEventListener("drop", hear, true);
  };
}
"""


def explain_camera_error(error: str) -> CameraProblem | None:
    """The problem behind an error that the browser gave instead of the camera; None for none."""
    if not error:
        return None
    for name, problem in _CAMERA_PROBLEMS.items():
        if name in error:
            return problem
    return CameraProblem("The camera could not be started", f"The browser says: {code(error)}")


def camera_problem(on_change: Callable[[], None], *, wanted: bool) -> CameraProblem | None:
    """The reason why the browser gives no camera, until the next attempt; None for none.

    Args:
        on_change: Is called once the browser gives an error, or no longer.
        wanted: True while there is an attempt.
    """
    watch = st.components.v2.component("camera_error", js=_READ_CAMERA_ERROR)
    error = watch(key=CAMERA_ERROR_KEY, on_error_change=on_change).error
    if error or wanted:
        st.session_state[LAST_ERROR_KEY] = error
    return explain_camera_error(st.session_state.get(LAST_ERROR_KEY) or "")


def press_start(*, wanted: bool) -> None:
    """Start the live stream once it is wanted, and hide what its component says of it."""
    press = st.components.v2.component("press_start", js=_PRESS_START)
    press(key="press_start", data={"wanted": wanted})


def paste_into_uploader() -> None:
    """Let the page's first uploader take images that are pasted anywhere on the page."""
    st.components.v2.component("paste", js=_PASTE)(key="paste")


def refused_files(suffixes: Sequence[str], most_mb: int) -> Mapping[str, list[str]]:
    """The names of files that the page's uploader refuses while it takes others.

    They are told once: `others` have none of these suffixes, `large` are larger than allowed.
    """
    listen = st.components.v2.component("refused_files", js=_REFUSED)
    data = {"suffixes": list(suffixes), "most_bytes": most_mb * 2**20}
    found = listen(key="refused_files", data=data, on_refused_change=lambda: None).refused
    if not isinstance(found, Mapping):  # none, or a client's own message
        return {}
    return {kind: names for kind, names in found.items() if isinstance(names, list)}
