"""The page of models, and what choosing one does to the other pages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from fer_core.classification import model_store
from fer_core.classification.model_store import read_card, write_card
from tests.pages.visits import html, labels, open_page, texts
from webapp import models
from webapp.views import blocks
from webapp.views.models import model_table

SHIPPED = model_store.find_model(model_store.DEFAULT_MODEL)


@pytest.fixture
def models_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for models that holds one, which is in use."""
    (tmp_path / SHIPPED.name).symlink_to(SHIPPED)
    monkeypatch.setattr(model_store, "MODELS_DIR", tmp_path)
    monkeypatch.setattr(models, "MODELS_DIR", tmp_path)
    monkeypatch.setattr(model_table, "MODELS_DIR", tmp_path)
    return tmp_path


def add(models_dir: Path, name: str, *, weights: bytes | None = None, **changes: Any) -> Path:
    """A model like the default one; without weights unless some are given."""
    folder = models_dir / name
    folder.mkdir()
    write_card(replace(read_card(SHIPPED), **({"name": name, "files": {}} | changes)), folder)
    if weights is not None:
        (folder / model_store.SERVED_FILE).write_bytes(weights)
    return folder


def working() -> bytes:
    return (SHIPPED / model_store.SERVED_FILE).read_bytes()


def use_buttons(page: AppTest) -> list[str]:
    return [label for label in labels(page) if label in ("Use", "In use")]


def test_each_model_that_stands_out_has_a_card_in_plain_words() -> None:
    page = open_page("models")
    assert "In use" in labels(page)
    titles = [heading.value for heading in page.header]
    assert titles[0].startswith("Best for photos")
    assert titles[1] == "Smallest and fastest"
    assert "of 100 faces" in html(page)
    assert "Time a face" in html(page)


def test_a_model_that_cannot_be_used_is_not_offered(models_dir: Path) -> None:
    add(models_dir, "no-weights")
    page = open_page("models")
    assert use_buttons(page) == ["In use"]
    assert len(page.radio) == 0, "there is nothing to choose"
    assert "no-weights" in [option.strip() for option in page.selectbox[0].options]


def test_a_click_puts_a_model_to_use_on_all_pages(models_dir: Path) -> None:
    add(models_dir, "small", weights=working(), n_parameters=1)
    page = open_page("models")
    page.button(key="use-small").click().run()
    assert not page.exception
    assert page.session_state[models.MODEL_KEY].name == "small"
    page.switch_page("pages/photos.py").run()
    assert page.radio(key="chosen_model").value == 1


def test_a_model_that_cannot_be_loaded_gets_a_sentence_and_the_one_before_stays(
    models_dir: Path,
) -> None:
    add(models_dir, "torn", weights=working()[:1000], n_parameters=1)
    page = open_page("models")
    page.button(key="use-torn").click().run()
    assert "The model `torn` is damaged and cannot be used" in texts(page)
    assert models.MODEL_KEY not in page.session_state


def test_a_chosen_model_that_is_gone_gives_way(models_dir: Path) -> None:
    folder = add(models_dir, "small", weights=working(), n_parameters=1)
    page = open_page("models")
    page.button(key="use-small").click().run()
    (folder / "card.json").unlink()
    page.run()
    assert not page.exception
    assert models.MODEL_KEY not in page.session_state


@pytest.mark.parametrize("content", ["", "{}", '{"name": "bad'], ids=["empty", "none", "cut off"])
def test_a_model_whose_card_is_damaged_is_left_out_by_name(models_dir: Path, content: str) -> None:
    add(models_dir, "bad", weights=working())
    (models_dir / "bad" / "card.json").write_text(content)
    page = open_page("models")
    assert "`bad` is left out: its card is damaged." in texts(page)
    assert use_buttons(page) == ["In use"]


def test_models_are_named_by_what_they_are_best_at_whatever_their_folders_are_called(
    models_dir: Path,
) -> None:
    by_labels = dict(read_card(SHIPPED).trained_on, labels="FER2013")
    add(models_dir, "one", weights=working(), n_parameters=1)
    add(models_dir, "two", weights=working(), trained_on=by_labels)
    add(models_dir, "three", weights=working())
    titles = [choice.title for choice in models.choices()]
    assert titles == ["Best for photos", "Smallest and fastest", "Original labels", "three"]


def test_three_models_come_first_and_the_one_in_use_is_among_them(models_dir: Path) -> None:
    taught = dict(read_card(SHIPPED).trained_on)
    add(models_dir, "one", weights=working(), n_parameters=1)
    add(models_dir, "two", weights=working(), trained_on=taught | {"labels": "FER2013"})
    add(models_dir, "three", weights=working(), trained_on=taught)
    page = open_page("models")
    assert card_titles(page.main) == ["Best for photos", "Smallest and fastest", "Original labels"]
    page.session_state[models.MODEL_KEY] = models_dir / "three"
    page.run()
    shown = ["Best for photos", "Smallest and fastest", "three"]
    more = "Original labels"
    assert card_titles(page.main) == [*shown, more], "the rest under the expander"
    assert card_titles(page.expander[0]) == [more]


def card_titles(block: Block) -> list[str]:
    """The cards' titles, without the mark of the model in use."""
    titles = [heading.value.split(" :gray-badge")[0] for heading in block.header]
    return [
        title for title in titles if title.startswith(("Best", "Smallest", "Original", "three"))
    ]


def test_researchers_see_the_figures_of_every_model() -> None:
    page = open_page("models")
    assert len(page.dataframe) >= 1
    assert "How good it is" in [heading.value for heading in page.subheader]


def test_a_hundred_dots_are_a_hundred() -> None:
    assert blocks.dots(87).count("<i ") == 100
    assert blocks.dots(87).count("background:var(--ink)") == 87
