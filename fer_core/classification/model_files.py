"""A check that a model's files are those that its card describes."""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from fer_core.classification.model_store import ModelCard, read_card, write_card
from fer_core.errors import ModelError, OutputError


def record_files(folder: Path, names: Collection[str] | None = None) -> ModelCard:
    """Write into a model's card the SHA-256 of its files as they are now.

    Whatever writes a model's file calls this after it; a file that is not as its card says does
    not load.

    Args:
        folder: The model's, with its card.
        names: The files that were written; None for all of the model, which forgets those gone.

    Raises:
        ModelError: The card is missing or damaged.
        OutputError: The card cannot be written, or a file cannot be read.
    """
    card = read_card(folder)
    known = card.files if names is not None else {}
    found = names if names is not None else [path.name for path in folder.glob("model*")]
    try:
        digests = {n: sha256(folder / n) for n in sorted(found) if (folder / n).is_file()}
    except OSError as error:
        raise OutputError(f"{error.filename} cannot be read: {error.strerror}.") from error
    card = replace(card, files={**known, **digests})
    write_card(card, folder)
    return card


def sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(card: ModelCard, path: Path) -> str:
    """Hold a model's file against its card; a card may be older than this and not name it.

    Returns:
        Its SHA-256.

    Raises:
        ModelError: It is not the file that the card describes.
        OSError: It cannot be read.
    """
    found = sha256(path)
    if card.files.get(path.name, found) != found:
        raise ModelError(
            f"{path} is not the file that its card describes: it is damaged or was replaced. "
            f"If you replaced it, run python -m fer_core models --record {path.parent}"
        )
    return found
