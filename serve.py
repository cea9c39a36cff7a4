"""The web app as it is served: `streamlit run serve.py`. Its pages begin in `app.py`."""

import streamlit as st
from starlette.routing import Route

from webapp.serving.readiness import ready
from webapp.serving.start import bounds, lifespan

app = st.App("app.py", lifespan=lifespan, middleware=bounds(), routes=[Route("/ready", ready)])
