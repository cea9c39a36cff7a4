"""The README's claims, held against the files that a command wrote."""

import re
from pathlib import Path

import pytest

from fer_core.classification.model_store import DEFAULT_MODEL, MODELS_DIR, read_card

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODEL_CARD = (ROOT / "docs" / "model-card.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("part", ["all", "leak_free", "ferplus_7", "ferplus_8"])
def test_the_figures_are_those_of_the_card(part: str) -> None:
    figures = read_card(MODELS_DIR / DEFAULT_MODEL).metrics["private"][part]
    low, high = figures["intervals"]["accuracy"]
    error = f"{100 * figures['ece']:.1f} % " if "ece" in figures else ""
    row = (
        f"{figures['n_images']:,} | {100 * figures['accuracy']:.1f} % | "
        f"{figures['macro_f1']:.3f} | {error}| {100 * low:.1f} to {100 * high:.1f} % |"
    )
    assert row in README


def test_the_emotions_it_calls_weakest_are_the_networks_weakest() -> None:
    first, second, third = read_card(MODELS_DIR / DEFAULT_MODEL).weakest(3)
    assert f"weakest on {first}, {second} and {third}," in " ".join(README.split())


def test_the_model_card_is_of_the_apps_network() -> None:
    card = read_card(MODELS_DIR / DEFAULT_MODEL)
    assert MODEL_CARD.startswith(f"# Model card: `{card.name}`\n")
    assert f"{card.n_parameters:,} parameters" in MODEL_CARD
    assert f"Training, {card.trained_on['n_images']:,} faces" in MODEL_CARD


def test_its_figures_are_those_of_the_card() -> None:
    card = read_card(MODELS_DIR / DEFAULT_MODEL)
    metrics, words = card.metrics, " ".join(MODEL_CARD.split())
    private, posed = metrics["private"], metrics["other-people"]["all"]
    figures = private["ferplus_7"]
    low, high = (100 * bound for bound in figures["intervals"]["accuracy"])
    assert (
        f"{figures['n_images']:,} of 3,589: accuracy {100 * figures['accuracy']:.1f} % "
        f"(95 %: {low:.1f} to {high:.1f}), macro F1 {figures['macro_f1']:.3f}, "
        f"calibration error {100 * figures['ece']:.1f} % in 15 bins. "
        f"Trained on {card.trained_on['date']}."
    ) in words
    every, leak_free = (100 * private[part]["accuracy"] for part in ("all", "leak_free"))
    assert f"right for {every:.1f} % with them and for {leak_free:.1f} % without" in words
    errors = 100 * private["all"]["ece"], 100 * posed["ece"]
    assert f"is {errors[0]:.1f} % by FER2013's labels and {errors[1]:.1f} % on CK+48" in words
    for emotion, n in figures["class_counts"].items():
        row = (
            f"| {emotion} | {n:,} | {100 * figures['precision'][emotion]:.1f} % | "
            f"{100 * figures['recall'][emotion]:.1f} % | {figures['f1'][emotion]:.3f} |"
        )
        assert row in MODEL_CARD
    anger, fear = (100 * posed["recall"][emotion] for emotion in ("angry", "fear"))
    assert f"right for {100 * posed['accuracy']:.1f} %:" in words
    assert f"of posed anger it finds {anger:.0f} % and of posed fear {fear:.0f} %" in words


@pytest.mark.parametrize(
    "page",
    [path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))],
    ids=str,
)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8"))
    files = [target for target in targets if not target.startswith("https://")]
    assert [file for file in files if not ((ROOT / page).parent / file).exists()] == []


def test_it_names_the_two_commands_and_can_be_skimmed() -> None:
    assert "make run" in README
    assert "make test" in README
    assert len(README.splitlines()) <= 120


def test_every_setting_is_explained() -> None:
    settings = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    read = re.findall(r"FER_[A-Z_]+", (ROOT / "webapp" / "settings.py").read_text("utf-8"))
    assert [name for name in read if f"| `{name}` |" not in settings] == []


def test_the_index_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in ROOT.glob("docs/*.md")} - {"README.md"}
    assert [page for page in sorted(pages) if f"]({page})" not in index] == []
