"""Commands that train models."""

import argparse
import shlex
import sys
from contextlib import redirect_stdout
from pathlib import Path

from fer_core.commands.options import (
    Commands,
    add_command,
    add_data_options,
    add_folder_options,
    add_json_option,
    folder_options,
    load_faces,
    positive,
    tell_reading,
    whole_number,
    write_json,
)
from fer_core.errors import FerError


def add_train(commands: Commands) -> None:
    """Add the command `train`."""
    parser = add_command(
        commands,
        "train",
        _train,
        does="train a model",
        examples=(
            "train --data fer2013.csv --output models/mine",
            "train --recipe fer-resnet --data fer2013.csv --output models/mine --resume",
            "train --data DATASET --classes raf-db --output models/raf",
            "train --status models",
        ),
    )
    parser.add_argument("--recipe", default="tutorial-cnn-augmented", help="how to train")
    add_data_options(parser, several=True)
    parser.add_argument("--output", type=Path, required=True, help="folder of the new model")
    parser.add_argument("--epochs", type=positive, help="instead of the recipe's number")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--limit", type=positive, help="only this many images of each split")
    parser.add_argument("--resume", action="store_true", help="go on where a run was interrupted")
    _add_learning_options(parser)
    parser.add_argument("--tensorboard", type=Path, metavar="DIR", help="write TensorBoard's logs")
    parser.add_argument(
        "--data-parallel",
        action="store_true",
        help="share each batch among all accelerators (with KERAS_BACKEND=jax)",
    )
    parser.add_argument(
        "--status",
        action=_ShowStatus,
        metavar="DIR",
        help="show where the runs in a folder stand, and start none",
    )


def _add_learning_options(parser: argparse.ArgumentParser) -> None:
    """Add what a model starts from and what it learns beside the labels."""
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
        metavar="MODEL",
        help="models whose probabilities are learned beside the labels, by name or folder",
    )


class _ShowStatus(argparse.Action):
    """Shows where runs stand in place of starting one, as `--help` does with help."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        """Print it and end the program."""
        from fer_core.training.run.status import find_runs, status_text

        try:
            sys.stdout.write(status_text(find_runs(Path(str(values)))))
        except FerError as error:
            parser.exit(2, f"{error}\n")
        except OSError as error:
            parser.exit(2, f"{values} cannot be read: {error.strerror}.\n")
        parser.exit()


def _train(args: argparse.Namespace) -> None:
    dataset = load_faces(args, args.limit)

    # TensorFlow takes seconds to start and is talkative: only once there is something to train on.
    import keras

    from fer_core.training.backend.devices import share_batches
    from fer_core.training.export.export import export_model
    from fer_core.training.recipes.named import find_recipe
    from fer_core.training.run.models import model_folders
    from fer_core.training.run.options import TrainingOptions
    from fer_core.training.run.train import train

    if args.data_parallel:
        share_batches()
    recipe = find_recipe(args.recipe)
    options = TrainingOptions(
        epochs=args.epochs,
        seed=args.seed,
        weights=args.weights,
        balanced=args.balanced,
        teachers=tuple(args.teachers),
        tensorboard=args.tensorboard,
        command=_command_line(),
    )
    card = train(recipe, dataset, args.output, options, resume=args.resume)
    folders = model_folders(recipe, args.output)
    for folder in folders:
        sys.stdout.write(f"{folder}: {card.trained_on['chosen_by']}\n")
    if keras.backend.backend() == "tensorflow":
        for folder in folders:
            sys.stdout.write(export_model(folder, dataset=dataset).table())
    else:
        sys.stdout.write("The app's file is written by TensorFlow: run `export` with it.\n")
    if not card.trained_on["finished"]:
        raise KeyboardInterrupt(
            f"Interrupted after epoch {card.trained_on['epochs']} of "
            f"{args.epochs or recipe.epochs}; go on with --resume."
        )


def _command_line() -> str:
    """The command that made this model, as typed; one that was resumed counts as the first one."""
    words = [word for word in sys.argv[1:] if word != "--resume"]
    return shlex.join(["python", "-m", "fer_core", *words])


def add_crossvalidate(commands: Commands) -> None:
    """Add the command `crossvalidate`."""
    parser = add_command(
        commands,
        "crossvalidate",
        _crossvalidate,
        does="evaluate a recipe on people that it was not trained on",
        examples=("crossvalidate --recipe ck-cnn --data CK+48 --output models/ck-cnn",),
    )
    parser.add_argument("--recipe", default="ck-cnn", help="how to train")
    parser.add_argument(
        "--data", type=Path, required=True, help="a folder of class folders, such as CK+48"
    )
    add_folder_options(parser)
    parser.add_argument("--folds", type=positive, default=10, help="groups of people")
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        help="folder for the figures, such as the model's own",
    )
    parser.add_argument("--epochs", type=positive, help="instead of the recipe's number")
    parser.add_argument("--seed", type=whole_number, default=0)
    parser.add_argument("--resume", action="store_true", help="go on where it was left")
    add_json_option(parser)


def _crossvalidate(args: argparse.Namespace) -> None:
    from fer_core.training.data.datasets import load_folds

    folds = load_folds(args.data, args.folds, **folder_options(args))
    tell_reading(folds[0], args.skip_broken)  # each fold has every image in one of its splits

    from fer_core.training.evaluation.report import crossvalidation_text
    from fer_core.training.recipes.named import find_recipe
    from fer_core.training.run.crossvalidate import crossvalidate

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
        write_json(result)
        return
    sys.stdout.write(crossvalidation_text(result))
