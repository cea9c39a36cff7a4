"""The layout of pages: the row of the title, messages, downloads, the kind of screen."""

import html
from collections.abc import Callable, Sequence
from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from fer_core.reports.rows import PredictionSource
from fer_core.reports.tables import Reports, table_csv, table_json
from webapp.examples import EXAMPLES
from webapp.views import blocks


def is_phone() -> bool:
    """True if the viewer's browser says that it is on a phone."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")


def has_touch_screen() -> bool:
    """True if the viewer's browser says that it is on a phone or a tablet."""
    agent = st.context.headers.get("User-Agent") or ""
    return any(word in agent for word in ("Mobi", "Android", "iPad"))


def title_row(title: str) -> DeltaGenerator:
    """The page's title, and the place for its actions at the right."""
    with st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="center",
        key="title",
    ):
        st.title(title, anchor=False, width="content")
        return st.container(
            horizontal=True, vertical_alignment="center", gap="xsmall", width="content"
        )


def action_icon(name: str) -> str | None:
    """The icon of one of a page's actions; phones have no room for it."""
    return None if is_phone() else f":material/{name}:"


def show_clear(label: str, clear: Callable[[], None]) -> None:
    """The button that forgets what is on the page; on phones its icon alone."""
    icon = ":material/delete:"
    if st.button(
        icon if is_phone() else label,
        type="tertiary",
        icon=None if is_phone() else icon,
        help=label if is_phone() else None,
        key="clear",
        on_click=clear,
    ):
        st.rerun()  # as a whole: the button may stand in a fragment, which would show it all again


def say_no_face(what: str) -> None:
    """Tell that there is no face, and what makes it easier to find.

    Args:
        what: The kind of file.
    """
    st.markdown(f"**No face found. Try a brighter, closer {what} that faces the camera.**")
    tips = (("brighter", "Brighter"), ("closer", "Closer"), ("facing", "Facing the camera"))
    with st.grid(len(tips), min_column_width=80, gap="small"):
        for name, text in tips:
            with st.container(gap="xsmall"):
                st.image(EXAMPLES / f"{name}.jpg", alt=text, width="stretch")
                st.caption(text)


def say(text: str, icon: str) -> None:
    """A message in ink with an icon; colors are for emotions."""
    say_all([(text, icon)])


def say_all(messages: Sequence[tuple[str, str]]) -> None:
    """Messages, each with its icon, below each other in one frame."""
    with st.container(border=True, gap="xxsmall", key=f"say-{abs(hash(tuple(messages)))}"):
        for text, icon in messages:
            st.markdown(f":material/{icon}: {text}")


def show_tile(tile: bytes, number: int, alt: str, width: Literal["stretch"] | int) -> None:
    """A face's tile with its number in the corner."""
    with st.container(gap=None):
        st.html(blocks.badge(number))
        st.image(tile, alt=alt, width=width)


def note(text: str) -> None:
    """Small pale text as it is, whatever it holds, broken where it must be."""
    st.html(
        '<div style="color:var(--muted);font-size:.875rem;line-height:1.4;overflow-wrap:anywhere">'
        f"{html.escape(text)}</div>"
    )


def offer(label: str, data: Callable[[], bytes], file_name: str, mime: str) -> None:
    """A download in a popover, made when it is clicked."""
    st.download_button(
        label,
        data=data,
        file_name=file_name,
        mime=mime,
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )


def offer_rows(stem: str, reports: Callable[[], Reports], source: PredictionSource) -> None:
    """Offer downloads of all rows.

    Args:
        stem: The files' name without its ending.
        reports: Gives the photos or the video, when a download is clicked.
        source: The model and the detector.
    """
    offer("Table (CSV)", lambda: table_csv(reports(), source), f"{stem}.csv", "text/csv")
    offer("Data (JSON)", lambda: table_json(reports(), source), f"{stem}.json", "application/json")
