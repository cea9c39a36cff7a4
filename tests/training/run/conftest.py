"""Training runs through the command line, on a handful of faces that a program drew.

They train a network of a few weights, in a blink.
"""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import pytest

from fer_core.__main__ import main
from fer_core.training.data.labeled_faces import FaceDataset
from fer_core.training.recipes.named import RECIPES
from tests.fer2013 import VOTES_HEADER, rows, vote_row, votes_for, write_table
from tests.tiny_recipe import TINY, TINY_WITH_VOTES
from tests.training.run.runs import USAGES, voted_for


@pytest.fixture(autouse=True)
def tiny_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RECIPES, "tiny", TINY)
    monkeypatch.setitem(RECIPES, "tiny-with-votes", TINY_WITH_VOTES)


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """28 faces to train on, 14 for validation, 7 for the test."""
    return write_table(tmp_path_factory.mktemp("data") / "fer2013.csv", rows(28, 14, 7))


@pytest.fixture(scope="session")
def voted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same faces; the votes agree on the emotion after the label."""
    folder = tmp_path_factory.mktemp("voted")
    votes = [vote_row(usage, votes_for(voted_for(n % 7))) for n, usage in enumerate(USAGES)]
    write_table(folder / "fer2013new.csv", votes, VOTES_HEADER)
    return write_table(folder / "fer2013.csv", rows(28, 14, 7))


def step_by_step(patch: pytest.MonkeyPatch) -> None:
    """Trace no graph: that takes longer than the few steps of a tiny model."""
    eager = property(lambda _model: True, lambda _model, _value: None)
    patch.setattr(keras.Model, "run_eagerly", eager)


@pytest.fixture
def run(table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs `train` into the folder `net`, without the export, which takes as long as a run."""

    def export_model(folder: Path, dataset: FaceDataset) -> Any:
        return SimpleNamespace(
            table=lambda: f"{folder.name} is checked on {len(dataset.test)} faces\n"
        )

    monkeypatch.setattr("fer_core.training.export.export.export_model", export_model)

    def train(*options: str, recipe: str = "tiny") -> int:
        if recipe.startswith("tiny"):
            step_by_step(monkeypatch)
        paths = ["--data", str(table), "--output", str(tmp_path / "net")]
        try:
            return main(["train", "--recipe", recipe, *paths, *options])
        except SystemExit as ended:  # an interrupted run, whose model has been written
            return int(ended.code or 0)

    return train
