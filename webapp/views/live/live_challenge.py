"""The card "Make this face": where a try starts, how it goes, the collage that comes of it."""

import base64
import math
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.drawing.challenge import draw_collage
from fer_core.emotions import DISPLAY_ORDER, FER2013_EMOTIONS, Emotion
from fer_core.images import encode_jpeg, encode_png, scale_to_fit
from fer_core.live.challenge import LASTS_S, MOST_MOMENTS, Challenge
from fer_core.live.stream import VideoStream
from webapp import session
from webapp.views import blocks
from webapp.views.layout import is_phone
from webapp.views.words import count

SEVEN = [emotion for emotion in DISPLAY_ORDER if emotion in FER2013_EMOTIONS]
TARGETS = [
    Emotion.HAPPY,
    Emotion.SAD,
    Emotion.ANGRY,
    Emotion.FEAR,
    Emotion.SURPRISE,
    Emotion.DISGUST,
    Emotion.NEUTRAL,
]
"""The expressions to try, the funniest first; in this order the words take two rows."""

TARGET_KEY = "challenge_target"
SLOT_PX = 240


def current(stream: VideoStream) -> Challenge | None:
    """The viewer's try; one is forgotten whose stream ended before its time was up."""
    challenge: Challenge | None = st.session_state.get(session.CHALLENGE_KEY)
    if challenge is None or challenge.is_over or stream.challenge is challenge:
        return challenge
    session.discard_challenge()
    return None


def finished(stream: VideoStream) -> Challenge | None:
    """The viewer's try once it is over and has come to something."""
    challenge = current(stream)
    return challenge if challenge and challenge.is_over and challenge.moments else None


def show_card(stream: VideoStream, *, playing: bool) -> None:
    """Show the start of a try, or the try under way."""
    challenge = current(stream)
    with st.container(border=True, key="card-challenge", gap="xsmall"):
        if challenge is not None and not challenge.is_over:
            _show_running(challenge, stream)
            return
        with _heading("Make this face"):
            st.button(
                "Start",
                type="primary",
                icon=":material/timer:",
                disabled=not playing,
                key="challenge_start",
                on_click=_start_chosen,
                args=(stream,),
            )
        if challenge is not None:
            st.caption("No face was in sight. Look at the camera and start again.")
        else:
            st.caption("Hold it for five seconds. Your best moments become a poster.")
        st.pills(
            "What to look like",
            TARGETS,
            default=_next_target(),
            required=True,
            format_func=lambda emotion: f"{blocks.swatch(emotion)} {emotion.adjective}",
            label_visibility="collapsed",
            disabled=not playing,
            key=TARGET_KEY,
        )


def _heading(text: str) -> DeltaGenerator:
    """A row of a title and what can be done at its right."""
    row = st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    )
    row.header(text, anchor=False, width="content")
    return row


def _made() -> dict[Emotion, int]:
    """The best score of each face that was made in this visit."""
    made: dict[Emotion, int] = st.session_state.setdefault(session.MADE_KEY, {})
    return made


def _next_target() -> Emotion:
    """The first face that was not made yet."""
    return next((emotion for emotion in TARGETS if emotion not in _made()), TARGETS[0])


def _start_chosen(stream: VideoStream) -> None:
    _start(stream, st.session_state[TARGET_KEY] or TARGETS[0])


def _start(stream: VideoStream, target: Emotion) -> None:
    session.discard_challenge()
    st.session_state[session.CHALLENGE_KEY] = stream.challenge = Challenge(target)


def _cancel(stream: VideoStream) -> None:
    stream.challenge = None
    session.discard_challenge()


def show_field(challenge: Challenge) -> None:
    """The target as the poster, the score of the moment, the time that is left."""
    number = f'{challenge.score} <span style="font-size:15px">of 100</span>'
    st.html(blocks.field("Make this face", challenge.target.adjective, number, challenge.target))
    left = f"{count(math.ceil(challenge.left_s), 'second')} left"
    st.progress(1 - challenge.left_s / LASTS_S, text=left)


def _show_running(challenge: Challenge, stream: VideoStream) -> None:
    with _heading(f"Best so far: {challenge.best}"):
        st.button(
            "Cancel",
            icon=":material/close:",
            key="challenge_cancel",
            on_click=_cancel,
            args=(stream,),
        )
    slots = [
        (moment.score, _data_url(encode_jpeg(scale_to_fit(moment.image, SLOT_PX))))
        for moment in challenge.moments
    ]
    st.html(blocks.slots(slots, MOST_MOMENTS))


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def show_result(challenge: Challenge, stream: VideoStream, *, playing: bool) -> None:
    """The collage, what can be done with it, and the faces made so far."""
    made = _made()
    made[challenge.target] = max(challenge.best, made.get(challenge.target, 0))
    shown, file = _collage(challenge)
    alt = f"Your best moments: {challenge.target.adjective}, {challenge.best} of 100"
    show = partial(st.image, shown, alt=alt, width="stretch")
    if not is_phone():
        show()
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.download_button(
            "Download",
            data=file,
            file_name=f"make-this-face-{challenge.target.adjective}.png",
            mime="image/png",
            type="primary",
            icon=":material/download:",
            key="download_collage",
            on_click="ignore",
        )
        st.button(
            "Try again",
            icon=":material/replay:",
            disabled=not playing,
            on_click=_start,
            args=(stream, challenge.target),
        )
        st.button(
            "Discard",
            type="tertiary",
            key="discard_collage",
            on_click=session.discard_challenge,
        )
    if is_phone():  # which shows little below the buttons
        show()
    st.html(blocks.made(made, SEVEN))


def _collage(challenge: Challenge) -> tuple[bytes, bytes]:
    """The collage to show, JPEG, and to take along, PNG; drawn once."""
    files: tuple[bytes, bytes] | None = st.session_state.get(session.COLLAGE_KEY)
    if files is None:
        moments = [(moment.score, moment.image) for moment in challenge.moments]
        collage = draw_collage(challenge.target, moments)
        files = encode_jpeg(collage), encode_png(collage)
        st.session_state[session.COLLAGE_KEY] = files
    return files
