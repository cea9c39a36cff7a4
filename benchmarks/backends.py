"""Milliseconds an image of a training step of `everyday`, on Keras's TensorFlow and PyTorch.

    python -m benchmarks.backends PYTHON_WITH_PYTORCH

PyTorch is no dependency of the app, so it stands in an environment of its own, as docs/training.md
tells; its Python is named. Each backend runs in a process of its own, in turn, with the faces
changed as training changes them; "plain" is Keras as it comes, without `one_pass`.
"""

import json
import os
import statistics
import subprocess
import sys

ROUNDS = 3

CODE = """
import json, sys, time
import keras, numpy as np
from fer_core.training.architectures import residual
from fer_core.training.backend.batch_norm import one_pass
from fer_core.training.data.batches import FaceBatches, label_targets, side_by_side
from fer_core.training.augmentation.camera import as_by_cameras
from fer_core.training.data.labeled_faces import LabeledFaces

rng = np.random.default_rng(0)
n = 128 * 6
faces = LabeledFaces(rng.integers(0, 256, (n, 48, 48), dtype=np.uint8), rng.integers(0, 7, n))
targets = label_targets(faces, 7)
batches = FaceBatches(faces, side_by_side(targets, targets), 128, 1, change=as_by_cameras)
seconds = {}
for name in ("fer_resnet_32", "fer_resnet"):
    network = getattr(residual, name)(7)
    if sys.argv[1] == "one pass":
        one_pass(network)
    network.compile(
        keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True, weight_decay=5e-3),
        loss="categorical_crossentropy",
        weighted_metrics=["accuracy"],
    )
    network.fit(batches, verbose=0, epochs=1, shuffle=False)
    start = time.perf_counter()
    network.fit(batches, verbose=0, epochs=1, shuffle=False)
    seconds[name] = (time.perf_counter() - start) / n
print(json.dumps(seconds))
"""

WAYS = (("tensorflow", "one pass"), ("torch", "plain"), ("torch", "one pass"))


def main() -> None:
    """Print medians and what they are of TensorFlow's."""
    found: dict[tuple[str, str], list[dict[str, float]]] = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in WAYS:
            found[way].append(_run(*way))
    for size, name in ((32, "fer_resnet_32"), (44, "fer_resnet")):
        medians = {
            way: statistics.median(run[name] for run in runs) * 1000 for way, runs in found.items()
        }
        for way, milliseconds in medians.items():
            share = milliseconds / medians[WAYS[0]]
            print(
                f"{size} pixels, {', '.join(way)}: {milliseconds:.2f} ms, {share:.2f} of the first"
            )


def _run(backend: str, how: str) -> dict[str, float]:
    python = sys.argv[1] if backend == "torch" else sys.executable
    run = subprocess.run(
        [python, "-c", CODE, how],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    seconds: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return seconds


if __name__ == "__main__":
    main()
