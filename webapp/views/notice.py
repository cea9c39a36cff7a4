"""The foot of every page."""

import streamlit as st

from webapp import auth, models
from webapp.views.words import listed


def show_notice() -> None:
    """Tell in one line what the labels are, what the app keeps and must not be used for."""
    with st.container(horizontal=True, vertical_alignment="center", key="notice"):
        st.caption(
            "Labels describe an apparent expression, not a feeling. Nothing is stored.",
            width="content",
        )
        with st.popover("Privacy and limits", type="tertiary"):
            st.markdown(
                "**Privacy.** Photos, videos and the camera are read in memory and never logged. "
                "They leave when you clear them or close the page. Only a video with labels that "
                "you ask for lies in a temporary folder, until you leave."
            )
            st.markdown(
                f"**Limits.** Less reliable for {weakest()}turned, dark, blurred or small faces. "
                "Do not use this to judge people. The European Union forbids emotion inference at "
                "work and in education, except for medical or safety reasons (AI Act, article "
                "5(1)(f))."
            )
        auth.show_sign_out()


def weakest() -> str:
    """The emotions that the model in use confuses most, to begin a list; empty if unknown."""
    weakest = models.analyzer().classifier.card.weakest(3)
    if len(weakest) < 2:
        return ""
    return f"{listed([emotion.adjective for emotion in weakest])} faces, and for "
