"""Size and time a face of each recipe's network, untrained, as the app would run it.

    python -m benchmarks.recipes

Prints a line a recipe: parameters, megabytes of `model.tflite` in float32, and milliseconds of one
core for one face, the median of many. CPU time of the calling thread, which is the only one that
runs; the models take turns, so that what else the machine does slows all of them alike.
"""

import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

from fer_core.classification.classifier import Model, open_model
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.training.export.formats import find_format
from fer_core.training.recipes.named import RECIPES
from fer_core.training.recipes.recipe import Recipe

ROUNDS = 40
WARM_UP = 5


def main() -> None:
    """Build, export, measure and print."""
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: _export(recipe, Path(scratch)) for name, recipe in RECIPES.items()}
        times_ms = _times_ms({name: open_model(file) for name, (file, _) in files.items()})
        for name, (file, n_parameters) in files.items():
            megabytes = file.stat().st_size / 1e6
            ms = statistics.median(times_ms[name])
            print(f"| `{name}` | {n_parameters:,} | {megabytes:.1f} MB | {ms:.1f} ms |")


def _export(recipe: Recipe, scratch: Path) -> tuple[Path, int]:
    """The file of an untrained network and how many parameters it has."""
    network = recipe.build(len(FER2013_EMOTIONS))
    if recipe.learns_votes:  # as a model that ships: one prediction, not one a label set
        network = keras.Model(network.input, network.get_layer("labels").output)
    folder = scratch / recipe.name
    folder.mkdir()
    find_format("tflite").write(network, folder, np.zeros((1, 48, 48, 1), np.float32))
    return folder / "model.tflite", network.count_params()


def _times_ms(models: dict[str, Model]) -> dict[str, list[float]]:
    rng = np.random.default_rng(0)
    gray = rng.integers(0, 256, (1, 48, 48, 1)).astype(np.float32)
    faces = {n: gray.repeat(RECIPES[n].build(7).input_shape[-1], axis=3) for n in models}
    times_ms: dict[str, list[float]] = {name: [] for name in models}
    for turn in range(WARM_UP + ROUNDS):
        for name, model in models.items():
            start = time.thread_time()
            model(faces[name])
            if turn >= WARM_UP:
                times_ms[name].append(1000 * (time.thread_time() - start))
    return times_ms


if __name__ == "__main__":
    main()
