"""The settings of the live page, which act on the running stream."""

import streamlit as st

import fer_core
from fer_core.tracking.smoothing import HALF_LIFE_S
from webapp.views.layout import is_phone

HALF_LIVES_S = {"Fast": HALF_LIFE_S / 4, "Balanced": HALF_LIFE_S, "Calm": HALF_LIFE_S * 4}
CAMERAS = {"Front": "user", "Back": "environment"}
CAMERA_KEY = "live_camera"
MIRROR, BARS = "Mirror", "Bars beside each face"


def choose() -> fer_core.LiveSettings:
    """Show the controls and return what they say."""
    steadiness = st.segmented_control(
        "Steadiness", HALF_LIVES_S, default="Balanced", required=True, key="live_steadiness"
    )
    share = st.slider(
        "Ignore faces smaller than", 5, 60, 15, 5, format="%d%% of the frame", key="live_smallest"
    )
    shown = st.pills(
        "Display", [MIRROR, BARS], selection_mode="multi", default=[MIRROR], key="live_display"
    )
    if is_phone():
        st.segmented_control(
            "Camera, from the next START on",
            CAMERAS,
            default="Front",
            required=True,
            key=CAMERA_KEY,
        )
    return fer_core.LiveSettings(
        share / 100,
        show_probabilities=BARS in shown,
        half_life_s=HALF_LIVES_S[steadiness or "Balanced"],
        mirror=MIRROR in shown,
        shown_width_px=358 if is_phone() else 880,
    )


def facing_mode() -> str:
    """The chosen camera, in the browser's word."""
    return CAMERAS[st.session_state.get(CAMERA_KEY) or "Front"]
