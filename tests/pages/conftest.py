from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
import streamlit_webrtc
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.util import patch_config_options

from tests.pages.visits import StubStreamer, open_page
from webapp import server


@pytest.fixture(autouse=True)
def streamer(monkeypatch: pytest.MonkeyPatch) -> StubStreamer:
    """Every visit begins on the live page, where all places are free."""
    server._live_places.clear()
    stub = StubStreamer()
    monkeypatch.setattr(streamlit_webrtc, "webrtc_streamer", stub)
    monkeypatch.setattr("fer_core.live.stream.STILL_S", 300.0)  # a page may take its time here
    monkeypatch.setenv("FER_MAX_LIVE_SESSIONS", "1000")  # visits of other tests may linger
    return stub


@pytest.fixture
def photo_page() -> AppTest:
    return open_page("photos")


@pytest.fixture
def secrets_file(tmp_path: Path) -> Iterator[Path]:
    """The place where Streamlit looks for secrets, empty so far."""
    path = tmp_path / "secrets.toml"
    with patch_config_options({"secrets.files": [str(path)]}):
        st.secrets._reset()
        yield path
    st.secrets._reset()
