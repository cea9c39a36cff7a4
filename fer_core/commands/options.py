"""Options that several commands share."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from fer_core.training.datasets import FaceDataset

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What a command adds its own parser to."""


def add_data_options(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add what `load_dataset` reads."""
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


def positive(text: str) -> int:
    """A number from an option, at least 1."""
    return whole_number(text, least=1)


def whole_number(text: str, least: int = 0) -> int:
    """A number from an option."""
    if not (text.isascii() and text.isdigit() and least <= int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"must be a whole number from {least}, not {text!r}")
    return int(text)


def rate(text: str) -> float:
    """A number of pictures a second from an option, above 0."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1000:
        raise argparse.ArgumentTypeError(f"must be a number above 0, up to 1000, not {text!r}")
    return value


def load_faces(args: argparse.Namespace, limit: int | None = None) -> "FaceDataset":
    """Read the data set that the options name."""
    from fer_core.training.datasets import load_dataset

    dataset = load_dataset(args.data, limit, split_by=args.split_by, skip_broken=args.skip_broken)
    if args.skip_broken:
        tell_skipped(dataset)
    return dataset


def tell_skipped(dataset: "FaceDataset") -> None:
    """Say how much of a data set was left out, beside what the command prints."""
    sys.stderr.write(f"Broken rows or images left out: {dataset.n_skipped}.\n")
