"""Milliseconds an image of training the tutorial CNN, beside the tutorials' own loop.

    python -m benchmarks.training FER-2013

Takes some of the images of Kaggle's folder, FER-2013, since the tutorials read that. Their loop is
Keras's `ImageDataGenerator.flow_from_directory` and `fit`, float32, with TensorFlow's own
settings; ours is `fer_core train --recipe tutorial-cnn`. The third one repeats a single batch that
lies ready: what it is faster by, ours spends waiting for data. Each runs in a process of its own,
in turn, three times; the first epoch of each warms up and does not count.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from itertools import zip_longest
from pathlib import Path

N_IMAGES = 2560
N_TEST_IMAGES = 70

TUTORIAL = """
import sys, time
import keras
from tensorflow.keras.preprocessing.image import ImageDataGenerator
from fer_core.training.architectures import tutorial_cnn

flow = ImageDataGenerator().flow_from_directory(
    sys.argv[1] + "/train", target_size=(48, 48), batch_size=64, color_mode="grayscale"
)
network = tutorial_cnn(7)
network.compile(keras.optimizers.Adam(1e-4), "categorical_crossentropy", metrics=["accuracy"])
for _ in range(2):
    start = time.perf_counter()
    network.fit(flow, steps_per_epoch=N_IMAGES // 64, verbose=0)
    seconds = time.perf_counter() - start
"""

OURS = """
import os, sys, tempfile, time
from pathlib import Path
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"  # as the command line does, before Keras is imported
import keras
from fer_core.__main__ import main
from fer_core.training import running

class Clock(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()
    def on_test_begin(self, logs=None):
        global seconds
        seconds = time.perf_counter() - self.start

fit = keras.Model.fit

def timed_fit(network, *args, callbacks, **options):
    return fit(network, *args, callbacks=[Clock(), *callbacks], **options)

keras.Model.fit = timed_fit
with tempfile.TemporaryDirectory() as folder:
    options = ["--epochs", "2", "--output", folder + "/net"]
    sys.stdout = sys.stderr
    assert main(["train", "--recipe", "tutorial-cnn", "--data", sys.argv[1], *options]) == 0
    sys.stdout = sys.__stdout__
"""

REPEATED = """
from fer_core.training.batches import FaceBatches
get, batch = FaceBatches.__getitem__, None
def same(self, index):
    global batch
    batch = batch or get(self, 0)
    return batch
FaceBatches.__getitem__ = same
"""

LOOPS = {"tutorials": TUTORIAL, "ours": OURS, "ours, one batch": REPEATED + OURS}


def main() -> None:
    """Print medians, their ratio, and the share of waiting."""
    results: dict[str, list[float]] = {name: [] for name in LOOPS}
    with tempfile.TemporaryDirectory() as folder:
        copy_some(Path(sys.argv[1]), Path(folder))
        for _ in range(3):
            for name, code in LOOPS.items():
                results[name].append(_milliseconds(code, folder))
    medians = {name: statistics.median(times) for name, times in results.items()}
    for name, times in results.items():
        print(f"{name}: {medians[name]:.2f} ms an image ({', '.join(f'{t:.2f}' for t in times)})")
    print(f"ours is {medians['tutorials'] / medians['ours']:.2f} times as fast")
    print(f"of a step, waiting for data: {1 - medians['ours, one batch'] / medians['ours']:.1%}")


def copy_some(source: Path, target: Path) -> None:
    """Copy as many images as are wanted, of all classes alike where there are as many."""
    for split, wanted in (("train", N_IMAGES), ("test", N_TEST_IMAGES)):
        of_classes = [sorted(folder.iterdir()) for folder in sorted((source / split).iterdir())]
        in_turn = [path for paths in zip_longest(*of_classes) for path in paths if path]
        for path in in_turn[:wanted]:
            copy = target / split / path.parent.name / path.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)


def _milliseconds(code: str, folder: str) -> float:
    """An image's share of the second epoch."""
    script = f"N_IMAGES = {N_IMAGES}\n{code}\nprint(seconds / N_IMAGES * 1000)"
    env = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    run = subprocess.run(
        [sys.executable, "-c", script, folder],
        env={**env, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
        text=True,
    )
    return float(json.loads(run.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main()
