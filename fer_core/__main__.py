"""Emotions of faces in photos, videos and folders, and the models that tell them."""

import argparse
import io
import os
import sys

from fer_core.commands.app import add_app
from fer_core.commands.evaluation import add_calibrate, add_evaluate, add_export
from fer_core.commands.models import add_models, add_recipes
from fer_core.commands.predict import add_predict
from fer_core.commands.training import add_crossvalidate, add_train
from fer_core.errors import FerError

EXTRA_OF = {
    "keras": "train",
    "matplotlib": "train",
    "prometheus_client": "app",
    "streamlit": "app",
    "streamlit_webrtc": "app",
    "tensorflow": "train",
}
"""The extra of this package that brings what a command may miss, by the name it is imported by."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns its exit code, 2 with one sentence on bad input."""
    _prepare_streams()
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _prepare_streams() -> None:
    """Have all three, and let no letter that a terminal does not know end a command."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # it was closed by who started this
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _run(argv: list[str] | None) -> int:
    args = _parser().parse_args(argv)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow leaves oneDNN out on AMD's processors, where it halves a training step too.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
    try:
        code: int | None = args.run(args)
    except FerError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in EXTRA_OF:
            raise
        extra = EXTRA_OF[missing]
        sys.stderr.write(f'This needs {missing}: install fer-core with its extra "{extra}".\n')
        return 2
    except BrokenPipeError:
        raise
    except OSError as error:
        what = error.filename or "A file"
        reason = (error.strerror or str(error)).partition("\n")[0]
        sys.stderr.write(f"{what} cannot be used: {reason}.\n")
        return 2
    except KeyboardInterrupt as interruption:
        sys.stderr.write(f"{str(interruption) or 'Interrupted.'}\n")
        return 130
    return code or 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fer-core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_predict(commands)
    add_app(commands)
    add_train(commands)
    add_crossvalidate(commands)
    add_evaluate(commands)
    add_calibrate(commands)
    add_export(commands)
    add_recipes(commands)
    add_models(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
