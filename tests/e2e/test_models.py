"""Choosing a model in a real browser."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from fer_core.classification.model_store import DEFAULT_MODEL, MODELS_DIR, read_card, write_card
from tests.e2e.conftest import App
from tests.waiting import wait_until

PATIENCE_MS = 30_000


@pytest.fixture
def app_with_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    """An app set up with a model that is the default one with each emotion named as the next."""
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


def labels(page: Page) -> list[tuple[str, str]]:
    """The example on the photo page: each face's label, and its share in percent."""
    expect(page.get_by_text("Two portraits, 2 faces")).to_be_visible(timeout=PATIENCE_MS)
    faces = page.locator("[class*='st-key-face-']")
    expect(faces).to_have_count(2, timeout=PATIENCE_MS)
    for face in faces.all():
        expect(face).to_contain_text("%", timeout=PATIENCE_MS)
    return [
        (found[1], found[2])
        for face in faces.all()
        if (found := re.match(r"\d\s*(\w*?)\s*(\d+)%", face.inner_text()))
    ]


def test_a_chosen_model_reads_what_is_on_the_page_from_then_on(
    page: Page, app_with_own: App
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{app_with_own.url}/photos")
    popover = page.get_by_role("button", name="Model: ")
    expect(popover).to_have_text(re.compile("Model: own"), timeout=PATIENCE_MS)
    before = labels(page)
    popover.click()
    page.get_by_text("Best for photos").click()
    expect(popover).to_have_text(re.compile("Model: Best for photos"), timeout=PATIENCE_MS)
    expect(page.get_by_text("Loading the model")).to_have_count(0, timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    wait_until(lambda: not set(labels(page)) & set(before), 30, "the page is read again")
    after = labels(page)
    assert len(before) == len(after) == 2
    for (label, share), (other_label, other_share) in zip(before, after, strict=True):
        assert share == other_share, "the same probability"
        assert label != other_label, "of another expression"
    elsewhere = [u for u in asked if not u.startswith((app_with_own.url, "data:", "blob:"))]
    assert elsewhere == []
