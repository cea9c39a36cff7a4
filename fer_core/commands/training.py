"""Commands that train and judge networks."""

import argparse
import json
import sys
from contextlib import redirect_stdout
from dataclasses import asdict
from pathlib import Path

from fer_core.commands.options import (
    Commands,
    add_data_options,
    load_faces,
    positive,
    tell_skipped,
    whole_number,
)
from fer_core.errors import OutputError
from fer_core.model_store import DEFAULT_MODEL, find_model, read_card


def add_train(commands: Commands) -> None:
    """Add the command `train`."""
    parser = commands.add_parser("train", help="train a network")
    parser.set_defaults(run=_train)
    parser.add_argument("--recipe", default="tutorial-cnn-augmented", help="how to train")
    add_data_options(parser)
    parser.add_argument("--output", type=Path, required=True, help="folder of the new network")
    parser.add_argument("--epochs", type=positive, help="instead of the recipe's number")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--limit", type=positive, help="only this many images of each split")
    parser.add_argument("--resume", action="store_true", help="go on where a run was interrupted")
    parser.add_argument(
        "--weights",
        metavar="imagenet|none|PATH",
        help="what a recipe that fine-tunes starts from (imagenet)",
    )
    parser.add_argument(
        "--balanced",
        action="store_true",
        help="let faces of rare emotions count more, so that all emotions count alike",
    )
    parser.add_argument(
        "--teachers",
        nargs="+",
        default=[],
        metavar="NETWORK",
        help="networks whose answers are learned beside the labels, by name or folder",
    )
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help="write TensorBoard's logs")
    parser.add_argument(
        "--data-parallel",
        action="store_true",
        help="share each batch among all accelerators (with KERAS_BACKEND=jax)",
    )


def _train(args: argparse.Namespace) -> None:
    dataset = load_faces(args, args.limit)

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
        teachers=args.teachers,
        tensorboard=args.tensorboard,
    )
    folders = network_folders(recipe, args.output)
    for folder in folders:
        sys.stdout.write(f"{folder}: {card.trained_on['chosen_by']}\n")
    if keras.backend.backend() == "tensorflow":
        for folder in folders:
            sys.stdout.write(export_network(folder, dataset=dataset).table())
    else:
        sys.stdout.write("The app's file is written by TensorFlow: run `export` with it.\n")
    if not card.trained_on["finished"]:
        raise KeyboardInterrupt(
            f"Interrupted after epoch {card.trained_on['epochs']} of "
            f"{args.epochs or recipe.epochs}; go on with --resume."
        )


def add_crossvalidate(commands: Commands) -> None:
    """Add the command `crossvalidate`."""
    parser = commands.add_parser("crossvalidate", help="judge a recipe on unseen people")
    parser.set_defaults(run=_crossvalidate)
    parser.add_argument("--recipe", default="ck-cnn", help="how to train")
    parser.add_argument(
        "--data", type=Path, required=True, help="a folder of class folders, such as CK+48"
    )
    parser.add_argument(
        "--skip-broken", action="store_true", help="leave out images that are broken"
    )
    parser.add_argument("--folds", type=positive, default=10, help="groups of people")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="folder for the figures, such as the network's own",
    )
    parser.add_argument("--epochs", type=positive, help="instead of the recipe's number")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--resume", action="store_true", help="go on where it was left")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def _crossvalidate(args: argparse.Namespace) -> None:
    from fer_core.training.datasets import load_folds

    folds = load_folds(args.data, args.folds, skip_broken=args.skip_broken)
    if args.skip_broken:
        tell_skipped(folds[0])  # each fold has every image in one of its splits

    from fer_core.training.crossvalidate import crossvalidate
    from fer_core.training.recipes import find_recipe
    from fer_core.training.report import crossvalidation_text

    with redirect_stdout(sys.stderr):  # Keras's progress
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
    sys.stdout.write(crossvalidation_text(result))


def add_evaluate(commands: Commands) -> None:
    """Add the command `evaluate`."""
    parser = commands.add_parser("evaluate", help="judge a network")
    parser.set_defaults(run=_evaluate)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    which.add_argument(
        "--compare", nargs=2, metavar=("A", "B"), help="two networks side by side; writes nothing"
    )
    add_data_options(parser)
    parser.add_argument(
        "--split",
        choices=["public", "private"],
        help="validation or test (private), by their names in FER2013; of a data set with other "
        "emotions than the network's everything is asked",
    )
    parser.add_argument(
        "--report", type=Path, help="folder for figures and metrics.json instead of the network's"
    )
    parser.add_argument(
        "--mistakes",
        type=Path,
        metavar="PNG",
        help="also draw the surest mistakes; shows faces of the data set: do not publish it",
    )
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def _evaluate(args: argparse.Namespace) -> None:
    if args.compare:
        _compare(args)
        return
    folder = find_model(args.model)
    dataset = load_faces(args)

    from fer_core.training.answers import split_for, why_not_own
    from fer_core.training.evaluate import evaluate
    from fer_core.training.report import report_text

    card = read_card(folder)
    split = split_for(card, dataset, args.split)
    figures = evaluate(folder, dataset, split, args.report, args.mistakes)
    reason = why_not_own(card, dataset)
    kept = args.report or split == "cross-dataset" or not reason
    if not kept:
        sys.stderr.write(f"{reason}: its card and its figures stay as they were.\n")
    if args.json:
        sys.stdout.write(json.dumps(figures) + "\n")
        return
    written = args.report or f"{folder / 'evaluation'} and {folder / 'card.json'}"
    text = report_text(card, split, figures)
    sys.stdout.write(f"{text}\nwritten to {written}\n" if kept else text)


def _compare(args: argparse.Namespace) -> None:
    if args.report or args.mistakes:
        raise OutputError("--compare writes no files; leave out --report and --mistakes.")
    first, second = (find_model(model) for model in args.compare)
    dataset = load_faces(args)

    from fer_core.training.compare import compare
    from fer_core.training.report import comparison_text

    comparison = compare(first, second, dataset, args.split or "private")
    sys.stdout.write(json.dumps(comparison) + "\n" if args.json else comparison_text(comparison))


def add_calibrate(commands: Commands) -> None:
    """Add the command `calibrate`."""
    parser = commands.add_parser("calibrate", help="give a network a temperature")
    parser.set_defaults(run=_calibrate)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    add_data_options(parser)


def _calibrate(args: argparse.Namespace) -> None:
    folder = find_model(args.model)
    dataset = load_faces(args)

    from fer_core.training.calibrate import calibrate

    card = calibrate(folder, dataset)
    sys.stdout.write(
        f"{folder}: temperature {card.trained_on['temperature']:.4f}; its figures hold no more, "
        "so evaluate it anew.\n"
    )


def add_export(commands: Commands) -> None:
    """Add the command `export`."""
    parser = commands.add_parser("export", help="write a network for another runtime")
    parser.set_defaults(run=_export)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    parser.add_argument(
        "--format",
        choices=["tflite", "tflite-int8", "json-h5", "onnx"],
        default="tflite",
        help="tflite is what the app serves; tflite-int8 is a quarter of its size",
    )
    add_data_options(parser, required=False)
    parser.add_argument("--output", type=Path, help="folder instead of the network's own")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def _export(args: argparse.Namespace) -> None:
    folder = find_model(args.model)
    dataset = load_faces(args) if args.data else None

    from fer_core.training.export import export_network

    report = export_network(folder, args.format, dataset, args.output)
    text = json.dumps(asdict(report), default=str) + "\n" if args.json else report.table()
    sys.stdout.write(text)
