"""What the README claims, held against the files that a command wrote."""

import re
from pathlib import Path

import pytest

from fer_core.model_store import DEFAULT_MODEL, MODELS_DIR, read_card

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


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


@pytest.mark.parametrize(
    "page",
    [path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))],
    ids=str,
)
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text(encoding="utf-8"))
    files = [target for target in targets if not target.startswith("https://")]
    assert [file for file in files if not ((ROOT / page).parent / file).exists()] == []


def test_it_names_the_two_commands_and_every_setting() -> None:
    for word in (
        "make run",
        "make test",
        *re.findall(r"FER_[A-Z_]+", (ROOT / "serving" / "settings.py").read_text()),
    ):
        assert word in README
