"""What is asked of the browser beyond Streamlit's own means, and what its errors mean."""

import streamlit as st

from parts.widgets import code

NO_CONNECTION = (
    "The video could not reach the server. This often happens on company and mobile networks: try "
    "another network, or use the photo page. (For operators: such networks need a TURN server, "
    "named in FER_TURN_URLS.)"
)

LOST_CONNECTION = "The video connection was lost. Press START to connect again."

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

# streamlit-webrtc ends a stream as soon as its connection is "disconnected", some five seconds
# after the network went, though it goes on by itself once that is back. Given up, it is "failed".
_WAIT_FOR_NETWORK = """
export default function () {
  const timer = setInterval(() => {
    const frame = document.querySelector('iframe[src*="streamlit_webrtc"]');
    const connections = frame?.contentWindow?.RTCPeerConnection?.prototype;
    if (!connections || connections.waitsForNetwork) return;
    connections.waitsForNetwork = true;
    const add = connections.addEventListener;
    connections.addEventListener = function (name, listener, ...options) {
      const patient = (event) => {
        if (this.connectionState !== "disconnected") listener.call(this, event);
      };
      const heard = name === "connectionstatechange" ? patient : listener;
      return add.call(this, name, heard, ...options);
    };
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


def explain_camera_error(error: str) -> str:
    """What to do about an error that the browser gave instead of the camera; empty for none."""
    if not error:
        return ""
    for name, sentence in _CAMERA_PROBLEMS.items():
        if name in error:
            return sentence
    return f"The camera could not be started. The browser says: {code(error)}"


def show_camera_problem() -> bool:
    """Say in plain words why the browser gave no camera, should that be so; whether it is."""
    watch = st.components.v2.component("camera_error", js=_READ_CAMERA_ERROR)
    sentence = explain_camera_error(
        watch(key="camera_error", on_error_change=lambda: None).error or ""
    )
    if sentence:
        st.error(sentence, icon=":material/videocam_off:")
    return sentence not in ("", NO_CONNECTION)


def wait_for_network() -> None:
    """Let a live stream go on after some seconds without a network, in place of ending it."""
    st.components.v2.component("wait_for_network", js=_WAIT_FOR_NETWORK)(key="wait_for_network")


def paste_into_uploader() -> None:
    """Let the page's first uploader take pictures that are pasted anywhere on the page."""
    st.components.v2.component("paste", js=_PASTE)(key="paste")
