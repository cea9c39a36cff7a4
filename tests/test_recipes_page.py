"""The table of recipes, held against the recipes and the cards of models trained by them."""

import re
from pathlib import Path

import pytest

from fer_core.classification.model_store import MODELS_DIR, read_card
from fer_core.training.recipes.named import RECIPES

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "recipes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_has_a_row_with_its_figures_or_says_that_it_has_none(name: str) -> None:
    row = re.search(rf"^\| `{name}` \|.*$", PAGE, re.MULTILINE)
    assert row
    if not (MODELS_DIR / name / "card.json").exists():
        assert "not yet trained" in row[0]
        return
    card = read_card(MODELS_DIR / name)
    figures = card.metrics["private"]
    if name == "ck-cnn":
        beside = card.metrics.get("crossvalidation", {}).get("all", {"accuracy": None})
    else:
        beside = figures["leak_free"]
    accuracies = [figures["all"]["accuracy"], beside["accuracy"]]
    found = [cell.strip() for cell in row[0].split("|")][2:-1]
    assert found[0] == f"{card.n_parameters:,}"
    assert found[2:] == [
        *["not yet" if n is None else f"{100 * n:.1f} %" for n in accuracies],
        str(card.trained_on["epochs"]),
    ]


@pytest.mark.parametrize("name", RECIPES)
def test_each_recipe_has_a_section_that_says_what_it_teaches(name: str) -> None:
    sections = re.split(r"^#+ ", PAGE, flags=re.MULTILINE)
    (section,) = [text for text in sections if f"`{name}`" in text.partition("\n")[0]]
    assert "→" in section or "layers" in section
    assert all(f"**{part}**" in section for part in ("Here", "It teaches"))
