"""Milliseconds of one core for one face, of several model files side by side.

    python -m benchmarks.one_face models/tutorial-cnn-augmented/model.tflite OTHER.tflite

The files take turns, so that what else the machine does slows all of them alike. CPU time of the
calling thread, which is the only one that runs; the ratio is to the first file.
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np

from fer_core.classification.classifier import open_model

ROUNDS = 200
WARM_UP = 10


def main(paths: list[Path]) -> None:
    """Print each file's size, its median and its fastest twentieth."""
    models = [open_model(path) for path in paths]
    face = np.random.default_rng(0).integers(0, 256, (1, 48, 48, 1)).astype(np.float32)
    times_ms: list[list[float]] = [[] for _ in paths]
    for turn in range(WARM_UP + ROUNDS):
        for model, times in zip(models, times_ms, strict=True):
            start = time.thread_time()
            model(face)
            if turn >= WARM_UP:
                times.append(1000 * (time.thread_time() - start))
    medians = [statistics.median(times) for times in times_ms]
    for path, times, median in zip(paths, times_ms, medians, strict=True):
        fast = sorted(times)[ROUNDS // 20]
        print(
            f"{path}: {path.stat().st_size / 1e6:.2f} MB, {median:.2f} ms "
            f"(fastest twentieth {fast:.2f}), {median / medians[0]:.2f} times the first"
        )


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
