"""Reads the rows that `predict` wrote, and the content of a folder."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fer_core

ROOT = Path(fer_core.__file__).parents[1]


def rows_of(path: str) -> list[dict[str, Any]]:
    with Path(path).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def files_of(rows: list[dict[str, Any]]) -> list[str]:
    return [str(row["file"]) for row in rows]


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise error

    return fail


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}
