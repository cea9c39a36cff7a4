"""The video of the live page: the camera's frames to the server, the annotated ones back."""

import os
from typing import Any

import streamlit as st
import streamlit_webrtc
from streamlit_webrtc.component import enhance_frontend_rtc_configuration

from fer_core.live.stream import VideoStream
from webapp import server
from webapp.live import viewer
from webapp.patches.live_start import mend_start
from webapp.patches.patient_network import wait_for_network
from webapp.views.live import browser, live_settings

RENEWED_WITHIN_S = 60.0
"""Time between two looks whether the credentials for the TURN server were renewed."""

SIZE_WH = (960, 720) if (os.cpu_count() or 1) >= 8 else (640, 480)
"""The size that the camera is asked for, and that the server decodes and encodes."""


def show(stream: VideoStream) -> bool:
    """Show the video that comes back; True while it plays."""
    ice_servers = viewer.ice_servers()
    mend_start(viewer.KEY)
    width, height = SIZE_WH
    video = {
        "width": {"ideal": width},
        "height": {"ideal": height},
        "frameRate": {"ideal": 30},
        "facingMode": live_settings.facing_mode(),
    }
    # The corners are rounded around it: on the video itself they cost browsers without a graphics
    # processor as much again as all the rest of showing it.
    look = {"width": "100%", "aspectRatio": "4/3", "objectFit": "cover"}
    context = streamlit_webrtc.webrtc_streamer(
        key=viewer.KEY,
        mode=streamlit_webrtc.WebRtcMode.SENDRECV,
        desired_playing_state=None if viewer.is_wanted() else False,
        rtc_configuration={"iceServers": ice_servers},
        media_stream_constraints={"video": video, "audio": False},
        queued_video_frames_callback=stream.newest_of,
        sendback_audio=False,
        on_video_ended=stream.close,
        video_html_attrs={"autoPlay": True, "muted": True, "style": look},
    )
    if server.settings().turn:
        enhance_frontend_rtc_configuration.clear()  # it would keep every viewer's for good
        st.fragment(_keep_current, run_every=RENEWED_WITHIN_S)(ice_servers)
    wait_for_network()
    browser.press_start(wanted=viewer.is_wanted())
    return bool(context.state.playing)


def _keep_current(ice_servers: list[dict[str, Any]]) -> None:
    """Run the page again once its credentials for the TURN server have been renewed."""
    if viewer.ice_servers() != ice_servers:
        st.rerun()
