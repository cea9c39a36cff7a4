"""Several devices are virtual ones, which JAX makes of one processor, in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from fer_core.errors import TrainingError
from fer_core.training.backend.devices import has_gpu, n_devices, share_batches
from tests.conftest import takes_long
from tests.fer2013 import rows, write_table

SHARED_RUN = """
import keras, numpy as np, sys
from fer_core.__main__ import main
from fer_core.training.run import stages
seen = []
class Batches(stages.FaceBatches):
    def __getitem__(self, index):
        batch = super().__getitem__(index)
        seen.append(len(batch[0]))
        return batch
stages.FaceBatches = Batches
assert main(sys.argv[1:]) == 0
assert seen and all(n % 2 == 0 for n in seen), seen
assert keras.distribution.distribution().device_mesh.devices.size == 2
"""


def jax_run(code: str, *args: str, n_virtual: int) -> subprocess.CompletedProcess[str]:
    flags = f"--xla_force_host_platform_device_count={n_virtual}"
    env = {**os.environ, "KERAS_BACKEND": "jax", "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    return subprocess.run(
        [sys.executable, "-c", code, *args], env=env, capture_output=True, text=True, check=False
    )


def test_other_backends_than_jax_say_that_they_cannot_share_batches() -> None:
    with pytest.raises(TrainingError, match=r"JAX backend alone, not on tensorflow.*KERAS_BACKEND"):
        share_batches()
    assert keras.distribution.distribution() is None
    assert n_devices() == 1


@pytest.mark.parametrize(
    ("names", "there_is_one"), [(["cpu:0", "cpu:1"], False), (["gpu:0"], True), (["tpu:0"], True)]
)
def test_what_is_no_processor_is_a_gpu(
    monkeypatch: pytest.MonkeyPatch, names: list[str], there_is_one: bool
) -> None:
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: names)
    assert has_gpu() is there_is_one


@takes_long
def test_two_devices_share_each_batch_and_one_device_is_told_so(tmp_path: Path) -> None:
    table = write_table(tmp_path / "fer2013.csv", rows(15, 9, 7))
    options = ["--data", str(table), "--output", str(tmp_path / "net"), "--epochs", "1"]
    command = ["train", "--recipe", "ck-cnn", *options, "--data-parallel"]
    shared = jax_run(SHARED_RUN, *command, n_virtual=2)
    assert shared.returncode == 0, shared.stderr[-2000:]
    assert "run `export` with it" in shared.stdout
    network = keras.models.load_model(tmp_path / "net" / "model.keras")  # TensorFlow reads it
    assert network.count_params() == 839_815
    alone = jax_run(
        "import sys\nfrom fer_core.__main__ import main\nsys.exit(main(sys.argv[1:]))",
        *command,
        n_virtual=1,
    )
    assert alone.returncode == 2
    assert "There is one device only; leave out --data-parallel." in alone.stderr
    assert "Traceback" not in alone.stderr
