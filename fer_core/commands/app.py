"""The command that starts the web app."""

import argparse
from importlib import import_module, resources
from pathlib import Path

from fer_core.commands.options import Commands, add_command, port


def add_app(commands: Commands) -> None:
    """Add the command `app`."""
    parser = add_command(
        commands, "app", _app, does="start the web app", examples=("app --port 8080",)
    )
    parser.add_argument("--port", type=port, help="port to listen on; by default 8501")
    parser.add_argument("--address", help="name or address to listen on; by default localhost")


def _app(args: argparse.Namespace) -> None:
    streamlit = import_module("streamlit.web.cli")  # what is in the core imports no web
    given = {"--server.port": args.port, "--server.address": args.address}
    options = [f"{name}={value}" for name, value in given.items() if value is not None]
    streamlit.main(["run", str(app_file()), *options], prog_name="fer-core app")


def app_file() -> Path:
    """Return the script for Streamlit: in the package if that was installed, else beside it."""
    package = Path(str(resources.files("fer_core")))
    inside = package / "app" / "serve.py"
    return inside if inside.is_file() else package.parent / "serve.py"
