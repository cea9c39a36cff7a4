"""Choosing a network in a real browser."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from fer_core.model_store import DEFAULT_MODEL, MODELS_DIR, read_card, write_card
from tests.e2e.conftest import App

PATIENCE_MS = 30_000


@pytest.fixture
def app_with_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An app set up with a network that is the default one with each answer named as the next."""
    folder = tmp_path / "own"
    folder.mkdir()
    shipped = MODELS_DIR / DEFAULT_MODEL
    card = read_card(shipped)
    labels = card.labels[1:] + card.labels[:1]
    write_card(replace(card, name="own", labels=labels, metrics={}), folder)
    shutil.copy(shipped / "model.tflite", folder)
    monkeypatch.setenv("FER_MODEL", str(folder))
    running = App(tmp_path / "log.txt")
    yield running
    running.stop()
    assert "Traceback" not in running.log.read_text()


def answers(page: Page) -> list[str]:
    """What the photo page says of both sample portraits; once asked for, they stay."""
    faces = page.get_by_text("Face 1:")
    if faces.count() == 0:
        page.get_by_role("button", name="Try a sample").click()
    expect(faces).to_have_count(2, timeout=PATIENCE_MS)
    return faces.all_inner_texts()


def test_a_chosen_network_analyzes_the_photos_from_then_on(page: Page, app_with_own: App) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(app_with_own.url)
    link = page.get_by_test_id("stPageLink")
    expect(link.get_by_text("Network: own")).to_be_visible(timeout=PATIENCE_MS)
    before = answers(page)

    link.get_by_text("Network: own").click()
    expect(page.get_by_role("heading", name="Networks")).to_be_visible(timeout=PATIENCE_MS)
    in_use = page.get_by_text(re.compile("In use in this session"))
    expect(in_use).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("combobox").click()
    page.get_by_role("combobox").press_sequentially(DEFAULT_MODEL)  # the list shows but a few
    page.get_by_role("option", name=DEFAULT_MODEL, exact=True).click()
    expect(in_use).to_have_count(0, timeout=PATIENCE_MS)
    page.get_by_role("button", name="Use this network").click()
    expect(in_use).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page.get_by_role("rowheader", name="surprise")).to_be_visible(timeout=PATIENCE_MS)

    page.get_by_role("link", name="Photos").click()
    expect(link.get_by_text(f"Network: {DEFAULT_MODEL}")).to_be_visible(timeout=PATIENCE_MS)
    after = answers(page)
    for one, other in zip(before, after, strict=True):
        assert one.split()[-1] == other.split()[-1], "the same probability"
        assert one != other, "of another emotion"
    elsewhere = [u for u in asked if not u.startswith((app_with_own.url, "data:", "blob:"))]
    assert elsewhere == []
