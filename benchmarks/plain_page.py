"""A page of streamlit-webrtc alone: its callback gives the frame back after some milliseconds.

    streamlit run benchmarks/plain_page.py

`CALLBACK_MS` says after how many; the callback is busy for as long.
"""

import os
import time

import av
import streamlit as st
from streamlit_webrtc import webrtc_streamer

CALLBACK_S = float(os.environ.get("CALLBACK_MS", "0")) / 1000


def callback(frame: av.VideoFrame) -> av.VideoFrame:
    """The same frame."""
    end_s = time.thread_time() + CALLBACK_S
    while time.thread_time() < end_s:
        pass
    return frame


def want() -> None:
    """Play from now on."""
    st.session_state["is_wanted"] = True


st.button("START", on_click=want)  # where the app's page has its own
webrtc_streamer(
    key="plain",
    desired_playing_state=st.session_state.get("is_wanted", False),
    video_frame_callback=callback,
    rtc_configuration={"iceServers": []},
    media_stream_constraints={
        "video": {"width": {"ideal": 640}, "height": {"ideal": 480}, "frameRate": {"ideal": 30}},
        "audio": False,
    },
    sendback_audio=False,
    video_html_attrs={"autoPlay": True, "muted": True, "style": {"width": "100%"}},
)
