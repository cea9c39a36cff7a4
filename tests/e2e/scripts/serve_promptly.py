"""The page above behind the app's own bounds, with visits forgotten after a second."""

import streamlit as st

from webapp.patches import departed
from webapp.serving.start import bounds, lifespan

departed.EVERY_S = 2
app = st.App("keeps_a_photo.py", lifespan=lifespan, middleware=bounds())
