"""Commands that list what is here."""

import argparse
import json
import sys
from typing import Any

from fer_core.commands.options import Commands
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.errors import FerError
from fer_core.figures import read_figures
from fer_core.model_store import MODELS_DIR, ModelCard, list_models, read_card


def add_recipes(commands: Commands) -> None:
    """Add the command `recipes`."""
    parser = commands.add_parser("recipes", help="list the ways to train a network")
    parser.set_defaults(run=_recipes)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def _recipes(args: argparse.Namespace) -> None:
    from fer_core.training.recipes import RECIPES

    rows = [
        {
            "name": recipe.name,
            "n_parameters": recipe.build(len(FER2013_EMOTIONS)).count_params(),
            "summary": recipe.summary,
            "source": recipe.source,
            "published": recipe.published,
        }
        for recipe in RECIPES.values()
    ]
    if args.json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    for row in rows:
        sys.stdout.write(
            "{name}: {summary}\n    {n_parameters:,} parameters; published: {published}\n"
            "    {source}\n".format(**row)
        )


def add_models(commands: Commands) -> None:
    """Add the command `models`."""
    parser = commands.add_parser("models", help="list the networks that are here")
    parser.set_defaults(run=_models)
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def _models(args: argparse.Namespace) -> None:
    rows = []
    for name in list_models():
        try:
            rows.append(_headline(read_card(MODELS_DIR / name)))
        except FerError as error:  # one damaged card hides no other network
            sys.stderr.write(f"Left out: {error}\n")
    if args.json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    for row in rows:
        sys.stdout.write("{name}: {recipe}, {n_parameters:,} parameters".format(**row))
        sys.stdout.write(f", {_accuracies(row)}\n")


def _accuracies(row: dict[str, Any]) -> str:
    """Its accuracies, first the one by the labels that it learned."""
    named = [("", row["accuracy"]), ("by FER+'s votes ", row["ferplus_accuracy"])]
    if row["learned_votes"]:
        named = [named[1], (f"by {row['dataset']}'s own labels ", row["accuracy"])]
    texts = [f"{name}{accuracy:.2%}" for name, accuracy in named if accuracy is not None]
    return f"accuracy {', '.join(texts) or 'not judged yet'}"


def _headline(card: ModelCard) -> dict[str, Any]:
    """What a list says of a network; None for figures that its card does not hold."""
    figures = read_figures(card)
    published, leak_free, ferplus = map(figures.get, ("all", "leak_free", "ferplus_7"))
    return {
        "name": card.name,
        "recipe": card.recipe,
        "n_parameters": card.n_parameters,
        "dataset": card.trained_on.get("dataset"),
        "learned_votes": card.learned_votes,
        "accuracy": published.accuracy if published else None,
        "macro_f1": published.macro_f1 if published else None,
        "leak_free_accuracy": leak_free.accuracy if leak_free else None,
        "ferplus_accuracy": ferplus.accuracy if ferplus else None,
    }
