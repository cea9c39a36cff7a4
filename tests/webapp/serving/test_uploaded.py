"""Files that a page lets go of."""

from types import SimpleNamespace

import pytest
from streamlit import runtime

from webapp.serving import uploaded
from webapp.serving.turns import Visitor
from webapp.visits.photo_results import Photo
from webapp.visits.photo_visit import PhotoVisit


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> set[tuple[str, str]]:
    """The files that the server holds, by visit."""
    files = {("visit", "one"), ("visit", "two"), ("another", "one")}
    manager = SimpleNamespace(remove_file=lambda visit, file: files.discard((visit, file)))
    context = SimpleNamespace(session_id="visit")
    monkeypatch.setattr(uploaded, "get_script_run_ctx", lambda suppress_warning: context)
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=manager))
    return files


def test_photos_that_are_cleared_are_held_no_longer(held: set[tuple[str, str]]) -> None:
    visit = PhotoVisit(Visitor("Ann"))
    visit.add([Photo("one", "1.jpg", b"1"), Photo("two", "2.jpg", b"2")])
    visit.clear()
    assert visit.photos == []
    assert held == {("another", "one")}


def test_a_photo_that_leaves_for_newer_ones_is_held_no_longer(
    held: set[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.visits.photo_visit.MOST_BYTES", 1)
    PhotoVisit(Visitor("Ann")).add([Photo("one", "1.jpg", b"1"), Photo("two", "2.jpg", b"2")])
    assert held == {("visit", "two"), ("another", "one")}


def test_outside_of_a_page_nothing_is_done(held: set[tuple[str, str]]) -> None:
    held_before = set(held)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uploaded, "get_script_run_ctx", lambda suppress_warning: None)
        uploaded.forget(["one"])
    assert held == held_before
