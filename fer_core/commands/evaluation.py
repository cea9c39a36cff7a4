"""Commands for models that were trained: evaluate, calibrate and export them."""

import argparse
import sys
from pathlib import Path

from fer_core.classification.model_store import DEFAULT_MODEL, find_model, read_card
from fer_core.commands.options import (
    Commands,
    add_command,
    add_data_options,
    add_json_option,
    folder_options,
    load_faces,
    write_json,
)
from fer_core.errors import OutputError


def add_evaluate(commands: Commands) -> None:
    """Add the command `evaluate`."""
    parser = add_command(
        commands,
        "evaluate",
        _evaluate,
        does="measure a model on a data set",
        examples=(
            "evaluate --model mine --data fer2013.csv --split public",
            "evaluate --compare mine everyday --data fer2013.csv",
        ),
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    which.add_argument(
        "--compare", nargs=2, metavar=("A", "B"), help="two models side by side; writes nothing"
    )
    add_data_options(parser)
    parser.add_argument(
        "--split",
        choices=["public", "private"],
        help="validation or test (private), by their names in FER2013; of a data set with other "
        "emotions than the model's all is used",
    )
    parser.add_argument(
        "--report", type=Path, help="folder for figures and metrics.json instead of the model's"
    )
    parser.add_argument(
        "--mistakes",
        type=Path,
        metavar="PNG",
        help="also draw the most confident mistakes; do not publish it: it shows the data set",
    )
    add_json_option(parser)


def _evaluate(args: argparse.Namespace) -> None:
    if args.compare:
        _compare(args)
        return
    folder = find_model(args.model)
    card, dataset = read_card(folder), load_faces(args)

    from fer_core.training.data.datasets import load_beside
    from fer_core.training.evaluation.cross_dataset import OTHER_PEOPLE
    from fer_core.training.evaluation.evaluate import ELSEWHERE, evaluate
    from fer_core.training.evaluation.predictions import split_for, why_not_own
    from fer_core.training.evaluation.report import report_text

    split = split_for(card, dataset, args.split)
    if split == OTHER_PEOPLE:
        dataset = load_beside(args.data, **folder_options(args))
    figures = evaluate(folder, dataset, split, args.report, args.mistakes)
    reason = why_not_own(card, dataset)
    kept = args.report or split in ELSEWHERE or not reason
    if not kept:
        sys.stderr.write(f"{reason}: its card and its figures stay as they were.\n")
    if args.json:
        write_json(figures.to_dict())
        return
    written = args.report or f"{folder / 'evaluation'} and {folder / 'card.json'}"
    text = report_text(card, split, figures)
    sys.stdout.write(f"{text}\nwritten to {written}\n" if kept else text)


def _compare(args: argparse.Namespace) -> None:
    if args.report or args.mistakes:
        raise OutputError("--compare writes no files; leave out --report and --mistakes.")
    first, second = (find_model(model) for model in args.compare)
    dataset = load_faces(args)

    from fer_core.training.evaluation.compare import compare
    from fer_core.training.evaluation.report import comparison_text

    comparison = compare(first, second, dataset, args.split or "private")
    if args.json:
        write_json(comparison)
    else:
        sys.stdout.write(comparison_text(comparison))


def add_calibrate(commands: Commands) -> None:
    """Add the command `calibrate`."""
    parser = add_command(
        commands,
        "calibrate",
        _calibrate,
        does="fit the temperature of a model's probabilities",
        examples=("calibrate --model mine --data fer2013.csv",),
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    add_data_options(parser)


def _calibrate(args: argparse.Namespace) -> None:
    folder = find_model(args.model)
    dataset = load_faces(args)

    from fer_core.training.run.calibrate import calibrate

    card = calibrate(folder, dataset)
    sys.stdout.write(
        f"{folder}: temperature {card.trained_on['temperature']:.4f}; its figures no longer hold, "
        "so evaluate it again.\n"
    )


def add_export(commands: Commands) -> None:
    """Add the command `export`."""
    parser = add_command(
        commands,
        "export",
        _export,
        does="write a model for another runtime",
        examples=("export --model mine --format onnx --output exported",),
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, help="its name or folder")
    parser.add_argument(
        "--format",
        choices=["tflite", "tflite-int8", "json-h5", "onnx"],
        default="tflite",
        help="tflite is what the app serves; tflite-int8 is a quarter of its size",
    )
    add_data_options(parser, required=False)
    parser.add_argument("--output", type=Path, help="folder instead of the model's own")
    add_json_option(parser)


def _export(args: argparse.Namespace) -> None:
    folder = find_model(args.model)
    dataset = load_faces(args) if args.data else None

    from fer_core.training.export.export import export_model

    report = export_model(folder, args.format, dataset, args.output)
    if args.json:
        write_json(report.to_dict())
    else:
        sys.stdout.write(report.table())
