"""The faces found in photos: filtered, sorted, as cards of photos or as tiles of faces."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

import fer_core
from fer_core.emotions import DISPLAY_ORDER, Emotion
from webapp.views import blocks
from webapp.views.photos import photo_cards
from webapp.visits.photo_results import FoundFace
from webapp.visits.photo_visit import PhotoVisit

MOST_OPEN = 3
"""More photos open as faces."""

TILES_A_PAGE = 48
PHOTOS_A_PAGE = 6
UNCLEAR = "unclear"

ORDERS: dict[str, Callable[[FoundFace], float]] = {
    "Photo order": lambda _: 0,
    "Most certain first": lambda found: -found.face.probability,
}
"""The ways to sort faces; those that are alike in it stay as in the photos."""


def show(visit: PhotoVisit, analyzer: fer_core.EmotionAnalyzer) -> None:
    """The faces found so far."""
    faces = visit.faces
    many = len(visit.photos) > MOST_OPEN
    as_tiles = (st.session_state.get("photo_view") or ("Faces" if many else "Photos")) == "Faces"
    as_tiles = as_tiles and len(visit.photos) > 1
    with st.container(horizontal=True, horizontal_alignment="distribute", key="chips"):
        kept = _filtered(faces) if len(faces) > 1 else list(faces)
        if as_tiles and len(faces) > 1 and not visit.is_working:
            order = st.segmented_control(
                "Order",
                list(ORDERS),
                default="Photo order",
                required=True,
                label_visibility="collapsed",
                key="photo_order",
            )
            kept.sort(key=ORDERS[order or "Photo order"])
    if as_tiles:
        _show_tiles(kept, len(visit.waiting))
    else:
        _show_cards(visit, kept, analyzer)


def _filtered(faces: Sequence[FoundFace]) -> list[FoundFace]:
    """The faces of the expression whose chip is chosen."""
    counts = Counter(_kind(found) for found in faces)
    kinds = [kind for kind in (*map(str, DISPLAY_ORDER), UNCLEAR) if counts[kind]]

    def label(kind: str) -> str:
        if kind == "all":
            return f"All {len(faces)}"
        if kind == UNCLEAR:
            return f"too unclear {counts[kind]}"
        emotion = Emotion(kind)
        return f"{blocks.swatch(emotion)} {emotion.adjective} {counts[kind]}"

    if st.session_state.get("photo_filter") not in (None, "all", *kinds):
        del st.session_state["photo_filter"]
    chosen = st.pills(
        "Show",
        ["all", *kinds],
        default="all",
        required=True,
        format_func=label,
        label_visibility="collapsed",
        key="photo_filter",
    )
    return [found for found in faces if chosen in (None, "all", _kind(found))]


def _kind(found: FoundFace) -> str:
    return str(found.face.shown_emotion or UNCLEAR)


def _show_tiles(faces: Sequence[FoundFace], n_waiting: int) -> None:
    n_pages = -(-len(faces) // TILES_A_PAGE)
    page = st.pagination(n_pages, key="tiles_page") if n_pages > 1 else 1
    start = (page - 1) * TILES_A_PAGE
    photo_cards.show_tiles(
        faces[start : start + TILES_A_PAGE], first_number=start + 1, n_waiting=min(n_waiting, 8)
    )


def _show_cards(
    visit: PhotoVisit, kept: Sequence[FoundFace], analyzer: fer_core.EmotionAnalyzer
) -> None:
    actions = photo_cards.Actions(
        visit.open, partial(visit.explain, analyzer), visit.opened, visit.whys
    )
    all_kept = len(kept) == len(visit.faces)
    by_photo = {
        photo.key: [found for found in kept if found.photo.key == photo.key]
        for photo in visit.readable
    }
    photos = [photo for photo in visit.readable if all_kept or by_photo[photo.key]]
    n_pages = -(-len(photos) // PHOTOS_A_PAGE)
    page = st.pagination(n_pages, key="photos_page") if n_pages > 1 else 1
    for photo in photos[(page - 1) * PHOTOS_A_PAGE : page * PHOTOS_A_PAGE]:
        photo_cards.show_card(photo, visit.results[photo.key], by_photo[photo.key], actions)
    if visit.waiting:
        st.skeleton(height=320)
