"""The web app: `streamlit run app.py`."""

import streamlit as st

import ui

st.set_page_config(page_title="Facial emotion recognition", page_icon=ui.ICON, layout="wide")

LIVE = st.Page("pages/live.py", title="Live camera", icon=":material/videocam:")
page = st.navigation(
    [
        st.Page("pages/photo.py", title="Photos", icon=":material/photo:", default=True),
        LIVE,
    ],
    position="top",
)
ui.analyzer()  # where the app is not set up, that is all there is to show
if page == LIVE:
    ui.leave_photo_page()
else:
    ui.leave_live_page()
with ui.routed():
    page.run()
ui.show_notice()
