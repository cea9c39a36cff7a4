"""Options that several commands share."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from fer_core.emotions import Emotion
from fer_core.training.data.class_names import CLASS_PRESETS, parse_classes

if TYPE_CHECKING:
    from fer_core.training.data.datasets import FaceDataset

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""The object that a command adds its own parser to."""

LAST_PORT = 65535


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int | None],
    *,
    does: str,
    examples: Sequence[str],
) -> argparse.ArgumentParser:
    """Add a command.

    Args:
        commands: The parsers to add to.
        name: The command's name.
        run: Does it and returns the exit code, None for 0.
        does: The help in a few words.
        examples: Calls, without the program's name.
    """
    lines = [f"  fer-core {example}" for example in examples]
    parser = commands.add_parser(
        name,
        help=does,
        description=f"{does[0].upper()}{does[1:]}.",
        epilog="\n".join(["examples:" if len(lines) > 1 else "example:", *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add `--json` to a command that prints its result for people or for programs."""
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def write_json(result: Any) -> None:
    """Print a result as a line of JSON; paths become text."""
    sys.stdout.write(json.dumps(result, default=str) + "\n")


def add_data_options(
    parser: argparse.ArgumentParser, *, required: bool = True, several: bool = False
) -> None:
    """Add what `load_dataset`, or of several data sets `load_joined`, reads."""
    parser.add_argument(
        "--data",
        type=Path,
        required=required,
        nargs="+" if several else None,
        help="fer2013.csv, a folder with train/ and test/, a folder of class folders, or an "
        "archive of one of these"
        + ("; more folders of class folders, such as CK+48, teach beside it" if several else ""),
    )
    parser.add_argument(
        "--split-by",
        choices=["image", "subject"],
        default="image",
        help="how to split a folder of class folders; subject: nobody on both sides",
    )
    add_folder_options(parser)


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Add what tells how class folders are read."""
    parser.add_argument(
        "--skip-broken",
        action="store_true",
        help="leave out rows and images that are broken, and folders that name no emotion",
    )
    parser.add_argument(
        "--classes",
        type=_classes,
        default={},
        metavar="FOLDER=EMOTION,…",
        help="emotions of class folders whose names tell none, such as 1=surprise,2=fear; or "
        f"the numbers of {', '.join(CLASS_PRESETS)}",
    )
    parser.add_argument(
        "--ignore-class",
        action="append",
        default=[],
        metavar="FOLDER",
        help="leave out a class folder; may be given several times",
    )


def folder_options(args: argparse.Namespace) -> dict[str, Any]:
    """The values of those options, by the names that the readers of data sets give them."""
    return {
        "skip_broken": args.skip_broken,
        "classes": args.classes,
        "ignore_classes": args.ignore_class,
    }


def _classes(text: str) -> dict[str, Emotion]:
    try:
        return parse_classes(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def positive(text: str) -> int:
    """A number from an option, at least 1."""
    return whole_number(text, least=1)


def whole_number(text: str, least: int = 0) -> int:
    """A number from an option."""
    if not (text.isascii() and text.isdigit() and least <= int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"must be a whole number from {least}, not {text!r}")
    return int(text)


def port(text: str) -> int:
    """A TCP port from an option."""
    number = whole_number(text, least=1)
    if number > LAST_PORT:
        raise argparse.ArgumentTypeError(f"must be a port up to {LAST_PORT}, not {text!r}")
    return number


def rate(text: str) -> float:
    """Number of frames a second from an option, above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError(f"must be a number above 0, up to 1000, not {text!r}")
    return value


def load_faces(args: argparse.Namespace, limit: int | None = None) -> "FaceDataset":
    """Read the data set that the options name."""
    from fer_core.training.data.datasets import load_joined

    dataset = load_joined(
        args.data if isinstance(args.data, list) else [args.data],
        limit,
        split_by=args.split_by,
        **folder_options(args),
    )
    tell_reading(dataset, args.skip_broken)
    return dataset


def tell_reading(dataset: "FaceDataset", skip_broken: bool) -> None:
    """Say what was done to read a data set, beside what the command prints."""
    for note in dataset.notes:
        sys.stderr.write(f"{note}\n")
    if skip_broken:
        sys.stderr.write(f"Broken rows or images left out: {dataset.n_skipped}.\n")
