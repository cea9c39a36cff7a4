from types import SimpleNamespace

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from webapp.views.layout import has_touch_screen, is_phone

AGENTS = {
    "an Android phone": ("Mozilla/5.0 (Linux; Android 14; K) Chrome/140 Mobile Safari/537", True),
    "an iPhone": ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18.0 Mobile/15E148", True),
    "an Android tablet": ("Mozilla/5.0 (Linux; Android 14; K) Chrome/140 Safari/537", False),
    "a laptop": ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140 Safari/537", None),
    "nothing": (None, None),
}


@pytest.mark.parametrize(("agent", "phone"), AGENTS.values(), ids=AGENTS.keys())
def test_phones_and_touch_screens_are_told_by_their_browser(
    agent: str | None, phone: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {} if agent is None else {"User-Agent": agent}
    monkeypatch.setattr(st, "context", SimpleNamespace(headers=headers))
    assert is_phone() == bool(phone)
    assert has_touch_screen() == (phone is not None)


@pytest.mark.parametrize("on_phone", [False, True], ids=["laptop", "phone"])
def test_what_forgets_all_runs_the_whole_page_and_has_room_on_a_phone(
    on_phone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.views.layout.is_phone", lambda: on_phone)
    page = AppTest.from_function(_page).run()
    assert page.button(key="clear").label == (":material/delete:" if on_phone else "Clear all")
    page.button(key="clear").click().run()
    assert page.session_state["runs"] == 3, "the first run, the click, the whole page after it"


def _page() -> None:
    import streamlit as st

    from webapp.views.layout import show_clear

    st.session_state["runs"] = st.session_state.get("runs", 0) + 1
    show_clear("Clear all", lambda: None)
