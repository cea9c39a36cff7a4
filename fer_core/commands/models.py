"""Commands that list what is here."""

import argparse
import sys
from typing import Any

from fer_core.classification.figures import read_figures
from fer_core.classification.model_files import record_files
from fer_core.classification.model_store import (
    MODELS_DIR,
    WEIGHTS_TERMS,
    ModelCard,
    find_model,
    list_models,
    read_card,
)
from fer_core.commands.options import Commands, add_command, add_json_option, write_json
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.errors import FerError


def add_recipes(commands: Commands) -> None:
    """Add the command `recipes`."""
    parser = add_command(
        commands, "recipes", _recipes, does="list the ways to train a model", examples=("recipes",)
    )
    add_json_option(parser)


def _recipes(args: argparse.Namespace) -> None:
    from fer_core.training.recipes.named import RECIPES

    models = _headlines()
    rows: list[dict[str, Any]] = [
        {
            "name": recipe.name,
            "n_parameters": recipe.build(len(FER2013_EMOTIONS)).count_params(),
            "summary": recipe.summary,
            "source": recipe.source,
            "published": recipe.published,
            "reached": [model for model in models if model["recipe"] == recipe.name],
        }
        for recipe in RECIPES.values()
    ]
    if args.json:
        write_json(rows)
        return
    for row in rows:
        sys.stdout.write(
            "{name}: {summary}\n    {n_parameters:,} parameters; published: {published}\n"
            "    {source}\n".format(**row)
        )
        for model in row["reached"]:
            leak_free = model["leak_free_accuracy"]
            beside = "" if leak_free is None else f", leak-free by labels {leak_free:.2%}"
            sys.stdout.write(f"    reached by {model['name']}: {_accuracies(model)}{beside}\n")


def add_models(commands: Commands) -> None:
    """Add the command `models`."""
    parser = add_command(
        commands, "models", _models, does="list the models that are here", examples=("models",)
    )
    add_json_option(parser)
    parser.add_argument(
        "--record",
        nargs="+",
        metavar="MODEL",
        default=(),
        help="write the SHA-256 of these models' files, as they are now, into their cards first",
    )


def _models(args: argparse.Namespace) -> None:
    for model in args.record:
        record_files(find_model(model))
    rows = _headlines()
    if args.json:
        write_json(rows)
        return
    for row in rows:
        sys.stdout.write("{name}: {recipe}, {n_parameters:,} parameters".format(**row))
        sys.stdout.write(f", {_accuracies(row)}\n")
    if rows:
        sys.stdout.write(f"{WEIGHTS_TERMS}\n")


def _headlines() -> list[dict[str, Any]]:
    """The headline figures of all models that are here."""
    rows = []
    for name in list_models():
        try:
            rows.append(_headline(read_card(MODELS_DIR / name)))
        except FerError as error:  # one damaged card hides no other model
            sys.stderr.write(f"Left out: {error}\n")
    return rows


def _accuracies(row: dict[str, Any]) -> str:
    """Its accuracies on the test split, first the one by the labels that it learned."""
    named = [("", row["accuracy"]), ("by FER+'s votes ", row["ferplus_accuracy"])]
    if row["learned_votes"]:
        named = [named[1], (f"by {row['dataset']}'s own labels ", row["accuracy"])]
    texts = [f"{name}{accuracy:.2%}" for name, accuracy in named if accuracy is not None]
    return f"accuracy {', '.join(texts) or 'not evaluated yet'}"


def _headline(card: ModelCard) -> dict[str, Any]:
    """The headline figures of a model; None for those that its card does not hold."""
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
        "terms": WEIGHTS_TERMS,
        "ferplus_accuracy": ferplus.accuracy if ferplus else None,
    }
