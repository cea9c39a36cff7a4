"""The command line: `python -m fer_core COMMAND`."""

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fer_core.emotions import FER2013_EMOTIONS
from fer_core.errors import FerError, OutputError
from fer_core.figures import read_figures
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
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        what = error.filename or "A file"
        reason = error.strerror or str(error).partition("\n")[0]
        sys.stderr.write(f"{what} cannot be used: {reason}.\n")
        return 2
    except KeyboardInterrupt as interruption:
        sys.stderr.write(f"{str(interruption) or 'Interrupted.'}\n")
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
    train.add_argument(
        "--balanced",
        action="store_true",
        help="let faces of rare emotions count more, so that all emotions count alike",
    )
    train.add_argument("--tensorboard", type=Path, metavar="DIR", help="write TensorBoard's logs")
    train.add_argument(
        "--data-parallel",
        action="store_true",
        help="share each batch among all accelerators (with KERAS_BACKEND=jax)",
    )

    crossvalidate = commands.add_parser("crossvalidate", help="judge a recipe on unseen people")
    crossvalidate.set_defaults(run=_crossvalidate)
    crossvalidate.add_argument("--recipe", default="ck-cnn", help="how to train")
    crossvalidate.add_argument(
        "--data", type=Path, required=True, help="a folder of class folders, such as CK+48"
    )
    crossvalidate.add_argument(
        "--skip-broken", action="store_true", help="leave out images that are broken"
    )
    crossvalidate.add_argument("--folds", type=_positive, default=10, help="groups of people")
    crossvalidate.add_argument(
        "--output",
        type=Path,
        required=True,
        help="folder for the figures, such as the network's own",
    )
    crossvalidate.add_argument("--epochs", type=_positive, help="instead of the recipe's number")
    crossvalidate.add_argument("--seed", type=_whole_number, default=0)
    crossvalidate.add_argument("--resume", action="store_true", help="go on where it was left")
    crossvalidate.add_argument("--json", action="store_true", help="print everything as JSON")

    evaluate = commands.add_parser("evaluate", help="judge a network")
    evaluate.set_defaults(run=_evaluate)
    which = evaluate.add_mutually_exclusive_group()
    which.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    which.add_argument(
        "--compare", nargs=2, metavar=("A", "B"), help="two networks side by side; writes nothing"
    )
    _add_data_options(evaluate)
    evaluate.add_argument(
        "--split",
        choices=["public", "private"],
        help="validation or test (private), by their names in FER2013; of a data set that the "
        "network was not trained on everything is asked",
    )
    evaluate.add_argument(
        "--report", type=Path, help="folder for figures and metrics.json instead of the network's"
    )
    evaluate.add_argument(
        "--mistakes",
        type=Path,
        metavar="PNG",
        help="also draw the surest mistakes; shows faces of the data set: do not publish it",
    )
    evaluate.add_argument("--json", action="store_true", help="print everything as JSON")

    calibrate = commands.add_parser("calibrate", help="give a network a temperature")
    calibrate.set_defaults(run=_calibrate)
    calibrate.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    _add_data_options(calibrate)

    export = commands.add_parser("export", help="write a network for another runtime")
    export.set_defaults(run=_export)
    export.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    export.add_argument(
        "--format",
        choices=["tflite", "tflite-int8", "json-h5", "onnx"],
        default="tflite",
        help="tflite is what the app serves; tflite-int8 is a quarter of its size",
    )
    _add_data_options(export, required=False)
    export.add_argument("--output", type=Path, help="folder instead of the network's own")
    export.add_argument("--json", action="store_true", help="print everything as JSON")

    recipes = commands.add_parser("recipes", help="list the ways to train a network")
    recipes.set_defaults(run=_recipes)
    recipes.add_argument("--json", action="store_true", help="print everything as JSON")

    models = commands.add_parser("models", help="list the networks that are here")
    models.set_defaults(run=_models)
    models.add_argument("--json", action="store_true", help="print everything as JSON")
    return parser


def _add_data_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        required=required,
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
    import keras

    from fer_core.training.devices import share_batches
    from fer_core.training.export import export_network
    from fer_core.training.recipes import find_recipe
    from fer_core.training.train import network_folders, train

    if args.data_parallel:
        share_batches()
    recipe = find_recipe(args.recipe)
    card = train(
        recipe,
        dataset,
        args.output,
        epochs=args.epochs,
        seed=args.seed,
        resume=args.resume,
        weights=args.weights,
        balanced=args.balanced,
        tensorboard=args.tensorboard,
    )
    folders = network_folders(recipe, args.output)
    for folder in folders:
        sys.stdout.write(f"{folder}: {card.trained_on['chosen_by']}\n")
    if keras.backend.backend() == "tensorflow":
        for folder in folders:
            export_network(folder)
    else:
        sys.stdout.write("The app's file is written by TensorFlow: run `export` with it.\n")
    if not card.trained_on["finished"]:
        raise KeyboardInterrupt(
            f"Interrupted after epoch {card.trained_on['epochs']} of "
            f"{args.epochs or recipe.epochs}; go on with --resume."
        )


def _crossvalidate(args: argparse.Namespace) -> None:
    from fer_core.training.crossvalidate import crossvalidate
    from fer_core.training.datasets import load_folds
    from fer_core.training.recipes import find_recipe

    folds = load_folds(args.data, args.folds, skip_broken=args.skip_broken)
    result = crossvalidate(
        find_recipe(args.recipe),
        folds,
        args.output,
        epochs=args.epochs,
        seed=args.seed,
        resume=args.resume,
    )
    if args.json:
        sys.stdout.write(json.dumps(result) + "\n")
        return
    accuracies = result["fold_accuracies"]
    sys.stdout.write(
        f"people not seen in training: {result['all']['n_images']} images, accuracy "
        f"{result['all']['accuracy']:.2%} ({min(accuracies):.2%} to {max(accuracies):.2%} in "
        f"{len(accuracies)} folds), macro F1 {result['all']['macro_f1']:.3f}\n"
        "A split by image puts the same people, and frames of the same moment, on both sides; "
        "its figure tends to be too good.\n"
    )


def _evaluate(args: argparse.Namespace) -> None:
    from fer_core.training.answers import split_for
    from fer_core.training.evaluate import evaluate
    from fer_core.training.report import report_text

    if args.compare:
        _compare(args)
        return
    folder = find_model(args.model)
    dataset = _load_dataset(args)
    card = read_card(folder)
    split = split_for(card, dataset, args.split)
    figures = evaluate(folder, dataset, split, args.report, args.mistakes)
    if args.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    written = args.report or f"{folder / 'evaluation'} and {folder / 'card.json'}"
    text = report_text(card.name, split, figures)
    sys.stdout.write(f"{text}\nwritten to {written}\n")


def _compare(args: argparse.Namespace) -> None:
    from fer_core.training.compare import compare
    from fer_core.training.report import comparison_text

    if args.report or args.mistakes:
        raise OutputError("--compare writes no files; leave out --report and --mistakes.")
    first, second = (find_model(model) for model in args.compare)
    comparison = compare(first, second, _load_dataset(args), args.split or "private")
    sys.stdout.write(json.dumps(comparison) + "\n" if args.json else comparison_text(comparison))


def _calibrate(args: argparse.Namespace) -> None:
    folder = find_model(args.model)
    dataset = _load_dataset(args)

    from fer_core.training.calibrate import calibrate

    card = calibrate(folder, dataset)
    sys.stdout.write(
        f"{folder}: temperature {card.trained_on['temperature']:.4f}; its figures hold no more, "
        "so evaluate it anew.\n"
    )


def _export(args: argparse.Namespace) -> None:
    folder = find_model(args.model)
    dataset = _load_dataset(args) if args.data else None

    from fer_core.training.export import export_network

    report = export_network(folder, args.format, dataset, args.output)
    text = json.dumps(asdict(report), default=str) + "\n" if args.json else report.table()
    sys.stdout.write(text)


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
        accuracy = "not judged yet" if row["accuracy"] is None else f"{row['accuracy']:.2%}"
        sys.stdout.write("{name}: {recipe}, {n_parameters:,} parameters".format(**row))
        sys.stdout.write(f", accuracy {accuracy}\n")


def _headline(card: ModelCard) -> dict[str, Any]:
    """What a list says of a network; None for figures that its card does not hold."""
    figures = read_figures(card)
    published, leak_free = figures.get("all"), figures.get("leak_free")
    return {
        "name": card.name,
        "recipe": card.recipe,
        "n_parameters": card.n_parameters,
        "dataset": card.trained_on.get("dataset"),
        "accuracy": published.accuracy if published else None,
        "macro_f1": published.macro_f1 if published else None,
        "leak_free_accuracy": leak_free.accuracy if leak_free else None,
    }


if __name__ == "__main__":
    sys.exit(main())
