"""A page that keeps what a photo page keeps: in the session, an image and a download."""

import hashlib
import io

import numpy as np
import streamlit as st
from PIL import Image

from webapp.patches.departed import forget_in_time

forget_in_time()
# Nowhere else in this process, and not to be packed.
secret = hashlib.sha256(b"the face of " + st.query_params["name"].encode()).digest()
photo = io.BytesIO()
pixels = np.random.default_rng(0).integers(0, 256, (500, 500, 3), dtype=np.uint8)
Image.fromarray(pixels).save(photo, "PNG")
# What is freed goes back to the system by pages: those at both ends may be shared with others.
data = photo.getvalue() + 3000 * secret + bytes(8192)
st.session_state["photo"] = data
st.image(data)
st.download_button("Take it along", data, "photo.png")
