"""The command line: `python -m fer_core COMMAND`."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.emotions import FER2013_EMOTIONS
from fer_core.errors import FerError
from fer_core.model_store import (
    DEFAULT_MODEL,
    MODELS_DIR,
    ModelCard,
    find_model,
    list_models,
    read_card,
)

if TYPE_CHECKING:
    from fer_core.training.datasets import FaceDataset


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code, 2 with one sentence on bad input."""
    args = _parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow leaves oneDNN out on AMD's processors, where it halves a training step too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        args.run(args)
    except FerError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"{error.filename} cannot be used: {error.strerror}.\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fer_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train a network")
    train.set_defaults(run=_train)
    train.add_argument("--recipe", default="tutorial-cnn-augmented", help="how to train")
    _add_data_options(train)
    train.add_argument("--output", type=Path, required=True, help="folder of the new network")
    train.add_argument("--epochs", type=_positive, help="instead of the recipe's number")
    train.add_argument("--seed", type=_whole_number, default=0)
    train.add_argument("--limit", type=_positive, help="only this many images of each split")
    train.add_argument("--resume", action="store_true", help="go on where a run was interrupted")
    train.add_argument(
        "--weights",
        metavar="imagenet|none|PATH",
        help="what a recipe that fine-tunes starts from (imagenet)",
    )

    evaluate = commands.add_parser("evaluate", help="judge a network")
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    _add_data_options(evaluate)
    evaluate.add_argument(
        "--split",
        choices=["public", "private"],
        default="private",
        help="validation or test, by their names in FER2013",
    )
    evaluate.add_argument(
        "--report", type=Path, help="folder for metrics.json instead of the network's own"
    )
    evaluate.add_argument("--json", action="store_true", help="print everything as JSON")

    export = commands.add_parser("export", help="write the file that the app serves")
    export.set_defaults(run=_export)
    export.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")

    recipes = commands.add_parser("recipes", help="list the ways to train a network")
    recipes.set_defaults(run=_recipes)
    recipes.add_argument("--json", action="store_true", help="print everything as JSON")

    models = commands.add_parser("models", help="list the networks that are here")
    models.set_defaults(run=_models)
    models.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


def _add_data_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        help="fer2013.csv, a folder with train/ and test/, a folder of class folders, or a zip",
    )
    parser.add_argument(
        "--split-by",
        choices=["image", "subject"],
        default="image",
        help="how to split a folder of class folders; subject: nobody on both sides",
    )
    parser.add_argument(
        "--skip-broken", action="store_true", help="leave out rows and images that are broken"
    )


def _positive(text: str) -> int:
    return _whole_number(text, least=1)


def _whole_number(text: str, least: int = 0) -> int:
    if not (text.isascii() and text.isdigit() and least <= int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"must be a whole number from {least}, not {text!r}")
    return int(text)


def _load_dataset(args: argparse.Namespace, limit: int | None = None) -> "FaceDataset":
    from fer_core.training.datasets import load_dataset

    dataset = load_dataset(args.data, limit, split_by=args.split_by, skip_broken=args.skip_broken)
    if args.skip_broken:
        sys.stderr.write(f"Broken rows or images left out: {dataset.n_skipped}.\n")
    return dataset


def _train(args: argparse.Namespace) -> None:
    dataset = _load_dataset(args, args.limit)

    # TensorFlow takes seconds to start and is talkative: only once there is something to train on.
    from fer_core.training.export import export_tflite
    from fer_core.training.recipes import find_recipe
    from fer_core.training.train import train

    card = train(
        find_recipe(args.recipe),
        dataset,
        args.output,
        epochs=args.epochs,
        seed=args.seed,
        resume=args.resume,
        weights=args.weights,
    )
    export_tflite(args.output)
    sys.stdout.write(f"{args.output}: {card.trained_on['chosen_by']}\n")


def _evaluate(args: argparse.Namespace) -> None:
    from fer_core.training.evaluate import evaluate

    folder = find_model(args.model)
    figures = evaluate(folder, _load_dataset(args), args.split, args.report)
    if args.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    for name, title in (("all", "all images"), ("leak_free", "images not in the training split")):
        part = figures[name]
        sys.stdout.write(
            f"{title}: {part['n_images']}, accuracy {part['accuracy']:.2%}, macro F1 "
            f"{part['macro_f1']:.3f}, calibration error {part['ece']:.2%}\n"
        )
    written = args.report or f"{folder / 'evaluation'} and {folder / 'card.json'}"
    sys.stdout.write(f"written to {written}\n")


def _export(args: argparse.Namespace) -> None:
    folder = find_model(args.model)

    from fer_core.training.export import export_tflite

    sys.stdout.write(f"{export_tflite(folder)}\n")


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


def _models(args: argparse.Namespace) -> None:
    rows = [_headline(read_card(MODELS_DIR / name)) for name in list_models()]
    if args.json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return
    for row in rows:
        accuracy = "not judged yet" if row["accuracy"] is None else f"{row['accuracy']:.2%}"
        sys.stdout.write("{name}: {recipe}, {n_parameters:,} parameters".format(**row))
        sys.stdout.write(f", accuracy {accuracy}\n")


def _headline(card: ModelCard) -> dict[str, Any]:
    """What a list says of a network; None for figures that its card does not hold."""
    private = card.metrics.get("private", {})
    return {
        "name": card.name,
        "recipe": card.recipe,
        "n_parameters": card.n_parameters,
        "dataset": card.trained_on.get("dataset"),
        "accuracy": private.get("all", {}).get("accuracy"),
        "macro_f1": private.get("all", {}).get("macro_f1"),
        "leak_free_accuracy": private.get("leak_free", {}).get("accuracy"),
    }


if __name__ == "__main__":
    sys.exit(main())
