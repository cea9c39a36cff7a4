"""The frame of every page: the styles, the header with the model popover, the phone's tabs."""

from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from webapp import models

STYLES = Path(__file__).parent / "style.css"
LOGO = Path(__file__).parents[1] / "static" / "logo.svg"


def show_header(pages: Sequence[Page], compare: Page) -> None:
    """The logo, the model popover at the right end of the header, tabs for phones.

    Args:
        pages: The pages that the tabs lead to.
        compare: The page of models.
    """
    st.html(STYLES)
    st.logo(str(LOGO), size="large")
    with st.container(key="head", width="content"):
        _choose_model(compare)
    with st.container(key="tabs", horizontal=True):
        for page in pages:
            st.page_link(page)


def _choose_model(compare: Page) -> None:
    offered = models.choices()
    with st.popover(f"Model: {models.title_in_use(offered)}", type="tertiary"):
        if len(offered) > 1:
            _show_radio(offered)
        st.page_link(compare, label="Compare the models", icon=":material/arrow_forward:")


def _show_radio(offered: Sequence[models.Choice]) -> None:
    in_use = models.in_use()
    index = next((i for i, c in enumerate(offered) if models.same_folder(c.folder, in_use)), None)
    st.session_state["chosen_model"] = index  # the page of models may have chosen meanwhile

    def choose() -> None:
        models.use(offered[st.session_state["chosen_model"]].folder)

    st.radio(
        "Model",
        range(len(offered)),
        format_func=lambda i: offered[i].title,
        captions=[_in_short(choice) for choice in offered],
        key="chosen_model",
        label_visibility="collapsed",
        on_change=choose,
    )
    st.caption("What is on the page is read again with the model you choose, without a new upload.")


def _in_short(choice: models.Choice) -> str:
    agrees = (
        ""
        if choice.agreement is None
        else f"Agrees with people for {choice.agreement:.0%} of faces. "
    )
    return f"{agrees}{choice.size_mb:.1f} MB."
