"""The finished examples that pages show before anything is uploaded."""

from pathlib import Path

import streamlit as st

import fer_core
from fer_core.timeline import USUAL_RATE
from webapp import models, server
from webapp.serving.turns import Visitor
from webapp.visits.photo_results import Photo, Result, analyze
from webapp.visits.video_visit import VideoVisit

EXAMPLES = Path(__file__).parents[1] / "static" / "examples"
MOST_KEPT = 16
"""Number of examples' results that are kept; each model has its own, on phones others."""


def example_photo(name: str) -> Photo:
    """One of the portraits."""
    return Photo(f"example-{name}", f"{name}.jpg", (EXAMPLES / f"{name}.jpg").read_bytes())


@st.cache_resource(show_spinner=False, max_entries=MOST_KEPT)
def _analyzed(name: str, folder: str, version: str, shown_wh: tuple[int, int]) -> Result:
    return analyze(models.analyzer(), example_photo(name), shown_wh)


def example_result(name: str, shown_wh: tuple[int, int]) -> Result:
    """The result of the model in use for one of the portraits, the same for all who use it."""
    version = models.analyzer().classifier.version
    return _analyzed(name, str(models.in_use()), version, shown_wh)


@st.cache_resource(show_spinner=False, max_entries=MOST_KEPT, on_release=lambda v: v.close())
def _followed(folder: str, version: str) -> VideoVisit:
    visit = VideoVisit(Visitor("example"), "example.mp4", (EXAMPLES / "clip.mp4").read_bytes())
    if visit.video is not None:
        visit.analyze(models.analyzer(), models.in_use(), USUAL_RATE, server.activity())
    if visit.analysis is not None:
        visit.analysis.wait()
    if visit.timeline is None or not len(visit.timeline):  # what raises is not kept
        raise fer_core.FerError(visit.analysis.status.problem if visit.analysis else visit.problem)
    return visit


def example_video() -> VideoVisit:
    """The result of the model in use for the clip, the same for all who use it.

    Raises:
        FerError: There is none just now, as too many others are waiting.
    """
    return _followed(str(models.in_use()), models.analyzer().classifier.version)
