"""A visit to the app through Streamlit's AppTest: everything but the browser."""

import asyncio
import io
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
import skimage.data
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

ROOT_APP = Path(__file__).resolve().parents[2] / "app.py"


class StubStreamer:
    """Stands in for `webrtc_streamer`, which needs a browser: keeps what the page gave it."""

    def __init__(self) -> None:
        self.arguments: dict[str, Any] = {}
        self._context = SimpleNamespace(state=SimpleNamespace(playing=False, signalling=False))

    def becomes(self, *, playing: bool = False, signalling: bool = False) -> None:
        """Change the state, as the browser's messages do, with the page's next run."""
        self._context.state = SimpleNamespace(playing=playing, signalling=signalling)

    def __call__(self, **arguments: Any) -> SimpleNamespace:
        self.arguments = arguments
        st.session_state[arguments["key"]] = self._context
        return self._context

    @property
    def callback(self) -> Callable[[av.VideoFrame], av.VideoFrame]:
        newest_of = self.arguments["queued_video_frames_callback"]

        def callback(frame: av.VideoFrame) -> av.VideoFrame:
            annotated: list[av.VideoFrame] = asyncio.run(newest_of([frame]))
            return annotated[0]

        return callback


def encoded(image: np.ndarray[Any, Any], file_format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, format=file_format, **options)
    return buffer.getvalue()


def open_app() -> AppTest:
    return AppTest.from_file(ROOT_APP, default_timeout=200).run()


def open_page(name: str) -> AppTest:
    page = open_app()
    page.switch_page(f"pages/{name}.py").run()
    assert not page.exception
    return page


def upload(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Give photos to the uploader and wait until they are analyzed."""
    page.file_uploader[0].set_value([(name, data, "image/png") for name, data in files]).run()
    return finished(page)


def finished(page: AppTest) -> AppTest:
    """The page once its photos are analyzed."""
    visit = page.session_state["photos"]
    if visit.job is not None:
        visit.job.wait()
    page.run()
    assert not page.exception
    return page


def title(page: AppTest) -> str:
    heading: str = page.title[0].value
    return heading


def texts(page: AppTest) -> str:
    return "\n".join(element.value for element in [*page.markdown, *page.caption, *page.header])


def html(page: AppTest) -> str:
    return "\n".join(element.proto.body for element in page.get("html"))


def button(page: AppTest, label: str) -> Button:
    (found,) = [button for button in page.button if button.label == label]
    return found


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def downloads(page: AppTest) -> list[str]:
    return [button.proto.label for button in page.get("download_button")]


def portrait() -> np.ndarray[Any, Any]:
    return np.asarray(skimage.data.astronaut())


def portrait_frame() -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(portrait()[:384, :512]), format="rgb24")


def after_the_search(callback: Callable[[av.VideoFrame], av.VideoFrame]) -> av.VideoFrame:
    """Return the shown stream of portraits once its face was found, and the stream."""
    for _ in range(500):
        annotated = callback(portrait_frame())
        mirrored = portrait_frame().to_ndarray(format="rgb24")[:, ::-1]
        if (annotated.to_ndarray(format="rgb24") != mirrored).any():
            return annotated
        time.sleep(0.02)
    pytest.fail("the face was not found")
