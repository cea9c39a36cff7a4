"""The web app: `streamlit run app.py`."""

import streamlit as st

import ui
from parts.departed import forget_in_time

st.set_page_config(page_title="Facial emotion recognition", page_icon=ui.ICON, layout="wide")

PHOTO = st.Page("pages/photo.py", title="Photos", icon=":material/photo:", default=True)
LIVE = st.Page("pages/live.py", title="Live camera", icon=":material/videocam:")
VIDEO = st.Page("pages/video.py", title="Videos", icon=":material/movie:")
NETWORKS = st.Page("pages/model.py", title="Networks", icon=":material/neurology:")
page = st.navigation([PHOTO, VIDEO, LIVE, NETWORKS], position="top")
forget_in_time()
ui.open_metrics_port()
ui.need_sign_in()
ui.analyzer()  # where the app is not set up, that is all there is to show
if page != PHOTO:
    ui.leave_photo_page()
if page != VIDEO:
    ui.leave_video_page()
if page != LIVE:
    ui.leave_live_page()
if page != NETWORKS:
    ui.leave_network_page()
with ui.routed():
    page.run()
ui.show_notice()
ui.show_sign_out()
