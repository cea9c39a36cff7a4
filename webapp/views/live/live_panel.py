"""The panel beside the live video: the expression as a poster, its bars, the last minute."""

import time

import streamlit as st

from fer_core.emotions import Emotion
from fer_core.faces import FaceEmotion, TrackedFace
from fer_core.live.stream import StreamStatus, VideoStream
from webapp import session
from webapp.live.history import History
from webapp.views import blocks
from webapp.views.live import live_challenge
from webapp.views.live.live_challenge import SEVEN
from webapp.views.words import count

EXAMPLE_RIBBON: list[blocks.Segment] = [
    (Emotion.NEUTRAL, 16),
    (Emotion.HAPPY, 10),
    (Emotion.SURPRISE, 8),
    (Emotion.NEUTRAL, 10),
    (Emotion.HAPPY, 16),
]


def show_example(face: FaceEmotion) -> None:
    """Show the panel with the values of the example."""
    _show_face("Example", face)
    st.html(blocks.ribbon(EXAMPLE_RIBBON, note="example"))


def show_empty(title: str, word: str) -> None:
    """The panel without a face, everything in its place."""
    st.html(blocks.field(title, word, "", None))
    st.html(blocks.bars(None, SEVEN))
    st.html(blocks.ribbon([(None, 1.0)], note=""))


def show_newest(stream: VideoStream, playing: bool) -> None:
    """The newest faces, what was seen in the last minute, and "Make this face"."""
    status = stream.status
    if live_challenge.finished(stream):
        st.rerun()  # as a whole, which shows it
    challenge = live_challenge.current(stream)
    if challenge is not None and not challenge.is_over:
        live_challenge.show_field(challenge)
        face = main_face(status)
        st.html(blocks.bars(face.probabilities if face else None, SEVEN))
    else:
        _show_main_face(status)
    show_ribbon(stream, playing)
    if sentence := trouble(status):
        st.caption(sentence)
    live_challenge.show_card(stream, playing=playing)


def _show_main_face(status: StreamStatus) -> None:
    face = main_face(status)
    if face is None:
        st.html(blocks.field("", *_why_none(status), None))
        st.html(blocks.bars(None, SEVEN))
        return
    n_faces = len(status.newest.faces) if status.newest else 1
    title = "Apparent expression" if n_faces == 1 else f"Largest of {count(n_faces, 'face')}"
    _show_face(title, face)


def show_ribbon(stream: VideoStream, playing: bool) -> None:
    """Show the expressions of the last minute."""
    status = stream.status
    history: History = st.session_state.setdefault(session.HISTORY_KEY, History())
    now_s = time.monotonic()
    if playing and status.newest is not None and not status.stands_still:
        face = main_face(status)
        history.add(face.shown_emotion if face else None, now_s)
    st.html(blocks.ribbon(history.segments(now_s)))


def main_face(status: StreamStatus) -> TrackedFace | None:
    """The largest face in sight."""
    if status.newest is None or status.stands_still:
        return None
    return status.newest.largest_face


def _why_none(status: StreamStatus) -> tuple[str, str]:
    if status.newest is None:
        return "Connecting …", ""
    return ("Video stands still", "") if status.stands_still else ("No face in sight", "")


def _show_face(title: str, face: FaceEmotion) -> None:
    emotion = face.shown_emotion
    if emotion is None:
        st.html(blocks.field(title, "too unclear", "", None))
    else:
        share = f"{face.probabilities[emotion]:.0%}"
        st.html(blocks.field(title, emotion.adjective, share, emotion))
    st.html(blocks.bars(face.probabilities, blocks.in_order(face.probabilities)))


def trouble(status: StreamStatus) -> str:
    """Tell what is wrong with the video; empty if nothing is."""
    if status.failed:
        return "The last frame could not be analyzed; an earlier one is shown."
    if status.newest is None:
        return ""
    if status.stands_still:
        return "The video stands still. If the network is gone, it goes on once that is back."
    if status.is_busy:
        return "The server is busy, so the video moves less smoothly."
    if not status.newest.faces:
        return "Look at the camera, in even light; come closer, or let smaller faces count."
    return ""
