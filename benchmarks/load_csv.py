"""Seconds and peak memory of reading FER2013's table, beside the way the tutorials read it.

    python -m benchmarks.load_csv fer2013.csv

Each reader runs in a process of its own, whose peak includes Python and what the reader imports.
"""

import subprocess
import sys

LOAD_DATASET = """
from pathlib import Path
from fer_core.training.data.datasets import load_dataset
def read(path):
    dataset = load_dataset(Path(path))
    return len(dataset.train) + len(dataset.validation) + len(dataset.test)
"""
PANDAS = """
import numpy, pandas
def read(path):
    table = pandas.read_csv(path)
    pixels = table["pixels"].apply(lambda text: numpy.array(text.split(), dtype="float32"))
    return len(numpy.stack(pixels).reshape(-1, 48, 48, 1))
"""
MEASURE = """
import resource, sys, time
start = time.perf_counter()
n_images = read(sys.argv[1])
seconds = time.perf_counter() - start
peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"{n_images} images, {seconds:.1f} s, peak {peak_kb / 1024:.0f} MB")
"""


def main() -> None:
    """Print the figures."""
    for name, reader in (("load_dataset", LOAD_DATASET), ("pandas", PANDAS)):
        print(f"{name}: ", end="", flush=True)
        subprocess.run([sys.executable, "-c", reader + MEASURE, sys.argv[1]], check=True)


if __name__ == "__main__":
    main()
