"""Milliseconds an image of training the tutorial CNN, beside the tutorials' own loop.

    python -m benchmarks.training FER-2013

Takes some of the images of Kaggle's folder, FER-2013, since the tutorials read that. Their loop is
Keras's `ImageDataGenerator.flow_from_directory` and `fit`, float32, with TensorFlow's own
settings; ours is `fer_core train --recipe tutorial-cnn`. Each runs in a process of its own, in
turn, five times; the first epoch of each warms up and does not count. What ours takes to make its
batches is the most that a step can wait for data.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from itertools import islice, zip_longest
from pathlib import Path

N_IMAGES = 1280
N_OTHER_IMAGES = 70
ROUNDS = 5

TUTORIAL = """
import sys, time
import keras
from tensorflow.keras.preprocessing.image import ImageDataGenerator
from fer_core.training.architectures.plain import tutorial_cnn

flow = ImageDataGenerator().flow_from_directory(
    sys.argv[1] + "/train", target_size=(48, 48), batch_size=64, color_mode="grayscale"
)
network = tutorial_cnn(7)
network.compile(keras.optimizers.Adam(1e-4), "categorical_crossentropy", metrics=["accuracy"])
for _ in range(2):
    start = time.perf_counter()
    network.fit(flow, steps_per_epoch=N_IMAGES // 64, verbose=0)
    seconds, making_s = time.perf_counter() - start, 0
"""

OURS = """
import os, sys, tempfile, time
from pathlib import Path
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # as the command line does, before Keras is imported
import keras
from fer_core.__main__ import main
from fer_core.training.data.batches import FaceBatches

making_s = 0
make = FaceBatches.__getitem__

def timed_make(batches, index):
    global making_s
    start = time.perf_counter()
    made = make(batches, index)
    making_s += time.perf_counter() - start
    return made

class Clock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        global making_s
        self.start, making_s = time.perf_counter(), 0
    def on_test_begin(self, logs=None):
        global seconds
        seconds, FaceBatches.__getitem__ = time.perf_counter() - self.start, make
    def on_test_end(self, logs=None):
        FaceBatches.__getitem__ = timed_make

fit = keras.Model.fit

def timed_fit(network, *args, callbacks, **options):
    return fit(network, *args, callbacks=[Clock(), *callbacks], **options)

keras.Model.fit = timed_fit
FaceBatches.__getitem__ = timed_make
with tempfile.TemporaryDirectory() as folder:
    options = ["--epochs", "2", "--output", folder + "/net"]
    sys.stdout = sys.stderr
    assert main(["train", "--recipe", "tutorial-cnn", "--data", sys.argv[1], *options]) == 0
    sys.stdout = sys.__stdout__
"""

LOOPS = {"tutorials": TUTORIAL, "ours": OURS}


def main() -> None:
    """Print medians, their ratio, and the share of making batches."""
    results: dict[str, list[float]] = {name: [] for name in LOOPS}
    shares: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        copy_some(Path(sys.argv[1]), Path(folder))
        for _ in range(ROUNDS):
            for name, code in LOOPS.items():
                milliseconds, share = _run(code, folder)
                results[name].append(milliseconds)
            shares.append(share)
    medians = {name: statistics.median(times) for name, times in results.items()}
    for name, times in results.items():
        print(f"{name}: {medians[name]:.2f} ms an image ({', '.join(f'{t:.2f}' for t in times)})")
    print(f"ours is {medians['tutorials'] / medians['ours']:.2f} times as fast")
    print(f"of a step, waiting for data at most: {statistics.median(shares):.2%}")


def copy_some(source: Path, target: Path) -> None:
    """Copy as many images as are wanted, of all classes alike where there are as many."""
    for split, of_split, wanted in (
        ("train", "train", N_IMAGES),
        ("validation", "test", N_OTHER_IMAGES),
        ("test", "test", N_OTHER_IMAGES),
    ):
        of_classes = [sorted(folder.iterdir()) for folder in sorted((source / of_split).iterdir())]
        in_turn = (path for paths in zip_longest(*of_classes) for path in paths if path)
        for path in islice(in_turn, wanted):
            copy = target / split / path.parent.name / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)


def _run(code: str, folder: str) -> tuple[float, float]:
    """An image's milliseconds of the second epoch, and which share of them made batches."""
    script = (
        f"N_IMAGES = {N_IMAGES}\n{code}\nprint([seconds / N_IMAGES * 1000, making_s / seconds])"
    )
    env = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    run = subprocess.run(
        [sys.executable, "-c", script, folder],
        env={**env, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    milliseconds, share = json.loads(run.stdout.splitlines()[-1])
    return milliseconds, share


if __name__ == "__main__":
    main()
