"""PyTorch is no dependency: these run where it is installed, as docs/training.md tells."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import keras, numpy as np
from fer_core.training.architectures.residual import fer_resnet
from fer_core.training.backend.batch_norm import BatchNormalization, one_pass

keras.utils.set_random_seed(1)
plain, fast = fer_resnet(7), fer_resnet(7)
fast.set_weights(plain.get_weights())
one_pass(fast)
assert sum(type(layer) is BatchNormalization for layer in fast.layers) == 18
faces = np.random.default_rng(0).uniform(0, 255, (16, 48, 48, 1)).astype(np.float32)
targets = np.eye(7, dtype=np.float32)[np.arange(32).reshape(16, 2) % 7]
for network in (plain, fast):
    network.compile(keras.optimizers.SGD(0.01), loss="categorical_crossentropy")
    network.train_on_batch(faces, targets)
for one, other in zip(plain.get_weights(), fast.get_weights(), strict=True):
    # The running variance alone is counted without bias: 16 x 2 x 2 positions at the least.
    assert np.allclose(one, other, rtol=2e-3, atol=2e-4), np.abs(one - other).max()
assert np.allclose(plain.predict(faces, verbose=0), fast.predict(faces, verbose=0), atol=1e-2)
# What a run leaves is read by a network of Keras's layers, as the finished one is.
fast.save_weights("run.weights.h5")
plain.load_weights("run.weights.h5")
assert all((a == b).all() for a, b in zip(plain.get_weights(), fast.get_weights(), strict=True))
"""


BEHIND_A_DENSE_LAYER = """
import keras, numpy as np
from fer_core.training.backend.batch_norm import BatchNormalization, one_pass

vectors = np.random.default_rng(0).normal(3, 2, (32, 5)).astype(np.float32)
plain, fast = (
    keras.Sequential([keras.layers.Input((5,)), keras.layers.BatchNormalization()])
    for _ in range(2)
)
one_pass(fast)
assert type(fast.layers[0]) is BatchNormalization
for training in (True, False):
    one, other = (
        keras.ops.convert_to_numpy(network(vectors, training=training)) for network in (plain, fast)
    )
    assert np.allclose(one, other, rtol=2e-2, atol=2e-3), np.abs(one - other).max()
"""

NEEDS_TORCH = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is not installed"
)


@NEEDS_TORCH
@pytest.mark.parametrize("program", [PROGRAM, BEHIND_A_DENSE_LAYER], ids=["maps", "vectors"])
def test_it_trains_as_the_layer_of_keras_does_and_leaves_its_weights_to_it(
    program: str, tmp_path: Path
) -> None:
    root = Path(__file__).parents[3]
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "KERAS_BACKEND": "torch", "PYTHONPATH": str(root)},
    )


def test_other_backends_keep_the_layers_of_keras() -> None:
    import keras

    from fer_core.training.backend.batch_norm import one_pass

    assert keras.backend.backend() != "torch"
    network = keras.Sequential([keras.layers.Input((4, 4, 2)), keras.layers.BatchNormalization()])
    one_pass(network)
    assert type(network.layers[0]) is keras.layers.BatchNormalization
