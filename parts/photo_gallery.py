"""The photo page's gallery: the faces of all photos, sorted and filtered."""

from collections import Counter
from collections.abc import Callable, Sequence

import streamlit as st

from fer_core.drawing import caption
from parts import widgets
from parts.photo_results import FoundFace

FACES_A_PAGE = 24
NAME_LENGTH = 24

ORDERS: dict[str, Callable[[FoundFace], float | str]] = {
    "As in the photos": lambda _: 0,
    "Most probable first": lambda found: -found.face.probability,
    "Least probable first": lambda found: found.face.probability,
    "By emotion": lambda found: found.face.answer,
    "Largest first": lambda found: -found.face.box.width,
}
"""What the gallery can be sorted by; faces that are alike in it stay as in the photos."""


def show_gallery(faces: Sequence[FoundFace], explain: Callable[[FoundFace], None]) -> None:
    """The faces with ways to sort and filter them; `explain` opens what there is to one."""
    counts = Counter(found.face.answer for found in faces)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.pills(
            "Show",
            list(counts),
            selection_mode="multi",
            format_func=lambda answer: f"{answer} {counts[answer]}",
            key="gallery_filter",
        )
        order = st.selectbox("Sort", list(ORDERS), width=220, key="gallery_order")
    kept = [found for found in faces if not wanted or found.face.answer in wanted]
    kept.sort(key=ORDERS[order])
    n_pages = -(-len(kept) // FACES_A_PAGE)
    page = st.pagination(n_pages, key="gallery_page") if n_pages > 1 else 1
    with st.grid(min_column_width=150):
        for found in kept[(page - 1) * FACES_A_PAGE : page * FACES_A_PAGE]:
            with st.container(border=True, height="stretch", gap="xsmall"):
                st.image(found.crop, alt=f"Face {found.number} of {found.photo.name}")
                st.markdown(f"**{caption(found.face)}**")
                widgets.show_note(f"Face {found.number} of {_short(found.photo.name)}")
                if st.button("Why?", key=f"gallery-why-{found.photo.key}-{found.number}"):
                    explain(found)


def _short(name: str) -> str:
    """A name with its middle left out, so that it fits on a card."""
    return name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 12]}…{name[-11:]}"


def show_summary(n_photos: int, n_unreadable: int, faces: Sequence[FoundFace]) -> None:
    """How many photos and faces there are, and how many faces of each emotion."""
    unreadable = f" ({n_unreadable} could not be read)" if n_unreadable else ""
    n_faces = widgets.count(len(faces), "face")
    st.markdown(f"**{widgets.count(n_photos, 'photo')}{unreadable}, {n_faces}**")
    widgets.show_counts(Counter(found.face.answer for found in faces))
