"""A video's faces: cards, shares of time, the strongest moments."""

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from fer_core.faces import TrackedFace
from fer_core.images import RgbImage, encode_jpeg
from fer_core.timeline import TimeShare, clock
from webapp.views import blocks
from webapp.views.layout import is_phone, show_tile
from webapp.visits.photo_results import tile
from webapp.visits.video_moments import MOST_MOMENTS, Moment

MOST_CARDS = 4


def show_cards(
    image: RgbImage, faces: Sequence[TrackedFace], tracks: Mapping[int, TimeShare]
) -> None:
    """A card for each face in sight, at most `MOST_CARDS`."""
    if not faces:
        st.markdown("**No face in sight at this moment.**")
    if is_phone():
        _show_row(image, faces[:MOST_CARDS])
        return
    with st.grid(2, min_column_width=300):
        for face in faces[:MOST_CARDS]:
            with st.container(border=True, key=f"card-face-{face.track_id}"):
                _show_card(image, face, tracks.get(face.track_id))


def _show_row(image: RgbImage, faces: Sequence[TrackedFace]) -> None:
    """The faces on a phone, which is to show the timeline below them, too."""
    with st.container(horizontal=True, gap="small"):
        for face in faces:
            with st.container(
                horizontal=True, vertical_alignment="center", width=168, gap="xsmall"
            ):
                _show_face(image, face, 60)
                emotion = face.shown_emotion
                share = f"{face.probabilities[emotion]:.0%}" if emotion else ""
                st.html(blocks.chip(emotion, share), width="content")


def _show_face(image: RgbImage, face: TrackedFace, width_px: int) -> None:
    with st.container(width=width_px):
        jpeg = encode_jpeg(tile(image, face.box))
        show_tile(jpeg, face.track_id, f"Face {face.track_id}", width_px)


def _show_card(image: RgbImage, face: TrackedFace, share: TimeShare | None) -> None:
    emotion = face.shown_emotion
    with st.container(horizontal=True, gap="small"):
        _show_face(image, face, 96)
        with st.container(gap="xsmall", width="stretch"):
            st.html(blocks.tag(emotion, face.probabilities[emotion] if emotion else 0))
            ranked = sorted(face.probabilities, key=lambda e: -face.probabilities[e])
            st.html(blocks.bars(face.probabilities, ranked[:3], row_px=21))
    if share:
        main = f"{share.emotion.adjective}, {share.shares[share.emotion]:.0%} of the time"
        st.html(blocks.pairs({"Visible": in_sight(share), "Main expression": main}))


def in_sight(face: TimeShare) -> str:
    """From when to when a face is seen; within one second it is that second."""
    first, end = clock(face.first_s), clock(face.end_s)
    return first if first == end else f"{first} to {end}"


def legend(summary: TimeShare) -> str:
    """A chip for each expression with its share of the time, in the order of display."""
    chips = [
        blocks.chip(emotion, f"{summary.shares[emotion]:.0%}")
        for emotion in blocks.in_order(summary.shares)
        if summary.shares[emotion] >= 0.005
    ]
    return f'<div style="display:flex;flex-wrap:wrap;gap:6px">{"".join(chips)}</div>'


def show_moments(moments: Sequence[Moment], jump: Callable[[float], None] | None) -> None:
    """The strongest moments, each with the way to it."""
    st.header("Strongest moments", anchor=False)
    with st.grid(MOST_MOMENTS, min_column_width=150):
        for moment in moments:
            with st.container(horizontal=True, gap="xsmall", key=f"moment-{moment.emotion}"):
                st.image(moment.tile, alt=f"{moment.emotion.adjective}", width=72)
                with st.container(gap="xxsmall", width="content"):
                    share = f"{moment.face.probabilities[moment.emotion]:.0%}"
                    st.html(blocks.chip(moment.emotion, share))
                    if jump is None:
                        st.caption(clock(moment.time_s))
                    else:
                        st.button(
                            clock(moment.time_s),
                            type="tertiary",
                            icon=":material/my_location:",
                            key=f"jump-{moment.emotion}",
                            on_click=jump,
                            args=(moment.time_s,),
                        )
