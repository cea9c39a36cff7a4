"""The web app: `streamlit run app.py`."""

import streamlit as st

from webapp import auth, look, models, routing, server, session
from webapp.patches.departed import forget_in_time
from webapp.views import notice

st.set_page_config(
    page_title="Facial emotion recognition",
    page_icon=routing.ICON,
    layout="wide",
    initial_sidebar_state="collapsed",
)

LIVE = st.Page(
    "pages/live.py",
    title="Live camera",
    icon=":material/videocam:",
    url_path="camera",
    default=True,
)
PHOTOS = st.Page("pages/photos.py", title="Photos", icon=":material/photo_library:")
VIDEOS = st.Page("pages/videos.py", title="Videos", icon=":material/movie:")
MODELS = st.Page("pages/models.py", title="Models", icon=":material/neurology:")
BY_ITS_NAME = st.Page("pages/live.py", title="Live camera", url_path="live", visibility="hidden")
PAGES = [LIVE, PHOTOS, VIDEOS, MODELS]
page = st.navigation([*PAGES, BY_ITS_NAME], position="top")
forget_in_time()
server.open_metrics_port()
auth.need_sign_in()
models.analyzer()  # where the app is not set up, that is all there is to show
if page not in (LIVE, BY_ITS_NAME):
    session.leave_live_page()
look.show_header(PAGES, MODELS)
with routing.routed():
    page.run()
notice.show_notice()
