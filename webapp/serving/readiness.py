"""Tells whether visitors would find the app in order, not only that it responds."""

import os
from functools import cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from fer_core.classification.model_files import check_file
from fer_core.classification.model_store import SERVED_FILE, find_model, read_card
from fer_core.errors import FerError
from webapp.settings import read_settings


async def ready(request: Request) -> PlainTextResponse:
    """Answer 200 where the settings hold and the model is whole, else 503; the log says why."""
    try:
        await run_in_threadpool(check_model)
    except (FerError, OSError, ValueError):
        return PlainTextResponse("not ready", 503)
    return PlainTextResponse("ready")


def check_model() -> None:
    """Hold the model that the app is set up with against its card.

    Raises:
        FerError: It is missing or damaged.
        OSError: Its file cannot be read.
        ValueError: The settings are malformed.
    """
    folder = find_model(read_settings(os.environ).model)
    file = folder / SERVED_FILE
    _check(folder, (folder / "card.json").stat().st_mtime_ns, file.stat().st_mtime_ns)


@cache
def _check(folder: Path, card_mtime_ns: int, file_mtime_ns: int) -> None:
    check_file(read_card(folder), folder / SERVED_FILE)
