"""Cards of photos: the photo beside each of its faces."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from fer_core.emotions import Emotion
from fer_core.faces import FaceSource
from fer_core.words import counted
from webapp.views import blocks
from webapp.views.layout import is_phone, note, say_no_face, show_tile
from webapp.views.words import listed, short
from webapp.visits.photo_results import FoundFace, Photo, Result, found_faces

MOST_CARDS = 6
"""A photo with more faces shows them as tiles."""

N_BARS = 3


__all__ = ["Actions", "found_faces", "show_card", "show_face", "show_tiles"]


@dataclass(frozen=True)
class Actions:
    """The actions of the buttons below a face, and their results.

    Attributes:
        open: Shows all bars of the face of a key, or the highest ones again.
        explain: Shows why it got its label, or no more.
        opened: Keys of the faces with all bars.
        whys: Images and falls of the faces that are explained, by their keys.
    """

    open: Callable[[str], None]
    explain: Callable[[str], None]
    opened: set[str]
    whys: dict[str, tuple[bytes, float]]


def show_card(
    photo: Photo,
    result: Result,
    faces: Sequence[FoundFace],
    actions: Actions | None,
    heading: str = "",
) -> None:
    """A photo and its faces.

    Args:
        photo: The file.
        result: The faces found in it.
        faces: Those of its faces that are to be shown.
        actions: The actions of the faces' buttons; None for no buttons.
        heading: Markdown in place of the file's name.
    """
    with st.container(border=True, key=f"card-{photo.key}"):
        if faces and all(found.face.source == FaceSource.WHOLE_IMAGE for found in faces):
            _show_cut_out(photo, faces, actions)
            return
        left, side = st.columns([65, 35], gap="small" if is_phone() else "medium")
        if result.annotated is not None:
            left.image(
                result.annotated,
                width=result.width_px,
                alt=f"{photo.name} with a box around each face",
            )
        with side.container(key=f"side-{photo.key}"):
            if heading:
                st.markdown(heading)
            else:
                st.text(short(photo.name))
            if not result.report.faces:
                say_no_face("photo")
            elif len(faces) > MOST_CARDS:
                show_tiles(faces)
            else:
                for found in faces:
                    show_face(found, actions)


def _show_cut_out(photo: Photo, faces: Sequence[FoundFace], actions: Actions | None) -> None:
    """A photo that is a face, without a second copy of itself."""
    for found in faces:
        show_face(found, actions)
    note(f"{short(photo.name)}: already cropped to the face, so it is read whole.")


def show_face(found: FoundFace, actions: Actions | None) -> None:
    """A face: its tile, its label, its highest bars and, on demand, all of them and the reason."""
    why = actions.whys.get(found.key) if actions else None
    with st.container(horizontal=True, gap="small", key=f"face-{found.key}"):
        with st.container(width=112, gap="xsmall"):
            alt = f"Face {found.number} of {found.photo.name}"
            show_tile(found.tile, found.number, alt, 112)
            if why:
                st.image(why[0], alt="Where the model looked most is red", width=112)
        with st.container(gap="xsmall", width="stretch"):
            show_label(found.face.shown_emotion, found, all_bars=_is_opened(found, actions))
            if why:
                st.caption(why_sentence(found.face.emotion, why[1]))
            if actions and not found.face.doubts:
                _show_buttons(found, actions, explained=why is not None)


def _is_opened(found: FoundFace, actions: Actions | None) -> bool:
    return actions is not None and found.key in actions.opened


def show_label(emotion: Emotion | None, found: FoundFace, *, all_bars: bool = False) -> None:
    """The label of a face, and its bars or why it is too unclear."""
    face = found.face
    st.html(blocks.tag(emotion, face.probability if emotion else 0))
    if emotion is None:
        st.caption(f"The face is {listed(face.doubts)}. A closer, brighter photo helps.")
        return
    shown = blocks.in_order(face.probabilities)
    if not all_bars:
        shown = sorted(shown, key=lambda e: -face.probabilities[e])[:N_BARS]
    st.html(blocks.bars(face.probabilities, shown, row_px=21))


def why_sentence(emotion: Emotion, fall: float) -> str:
    """The legend of the red areas of an explanation."""
    points, word = round(100 * fall), f"“{emotion.adjective}”"
    effect = (
        f"lowers {word} by {counted(points, 'point')}" if points > 0 else f"hardly changes {word}"
    )
    return f"The model looked most at the red areas. Hiding the reddest {effect}."


def _show_buttons(found: FoundFace, actions: Actions, *, explained: bool) -> None:
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Highest three" if found.key in actions.opened else "All seven",
            type="tertiary",
            icon=":material/keyboard_arrow_down:",
            key=f"all-{found.key}",
            on_click=actions.open,
            args=(found.key,),  # Streamlit keeps arguments, a photo's too, to the visit's end
        )
        st.button(
            "Hide the heat map" if explained else "Why?",
            type="tertiary",
            icon=":material/blur_on:",
            key=f"why-{found.key}",
            on_click=actions.explain,
            args=(found.key,),  # Streamlit keeps arguments, a photo's too, to the visit's end
        )


def show_tiles(faces: Sequence[FoundFace], *, first_number: int = 1, n_waiting: int = 0) -> None:
    """Faces as square tiles, eight in a row where there is room, each with its label below."""
    with st.grid(8, min_column_width=104, gap="small"):
        for index, found in enumerate(faces):
            with st.container(gap="xxsmall", key=f"tile-{found.key}"):
                alt = f"Face {found.number} of {found.photo.name}"
                show_tile(found.tile, first_number + index, alt, "stretch")
                emotion = found.face.shown_emotion
                share = f"{found.face.probability:.0%}" if emotion else ""
                st.html(blocks.chip(emotion, share))
        for _ in range(n_waiting):
            st.skeleton(height=140)
