"""The command line: `python -m fer_core COMMAND`."""

import argparse
import sys
from pathlib import Path

from fer_core.errors import FerError


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code, 2 with one sentence on bad input."""
    args = _parser().parse_args(argv)
    try:
        args.run(args)
    except FerError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fer_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train a network on FER2013")
    train.set_defaults(run=_train)
    train.add_argument("--recipe", default="tutorial-cnn-augmented", help="how to train")
    train.add_argument("--data", type=Path, required=True, help="fer2013.csv or its folder")
    train.add_argument("--output", type=Path, required=True, help="folder of the new network")
    train.add_argument("--epochs", type=_positive, help="instead of the recipe's number")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--limit", type=_positive, help="only this many images of each split")
    train.add_argument("--resume", action="store_true", help="go on where a run was interrupted")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, not {value}")
    return value


def _train(args: argparse.Namespace) -> None:
    # TensorFlow is imported by this command alone, once its arguments make sense.
    from fer_core.training.datasets import load_dataset

    dataset = load_dataset(args.data, args.limit)

    from fer_core.training.recipes import find_recipe
    from fer_core.training.train import train

    train(
        find_recipe(args.recipe),
        dataset,
        args.output,
        epochs=args.epochs,
        seed=args.seed,
        resume=args.resume,
    )


if __name__ == "__main__":
    sys.exit(main())
