"""Adam with fewer passes over memory, against Keras's own."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from fer_core.training.backend.adam import OnePassAdam


def trained(optimizer: keras.optimizers.Optimizer) -> list[npt.NDArray[np.float32]]:
    """Weights of a small network, and the moments, after seven steps."""
    keras.utils.set_random_seed(0)
    network: Any = keras.Sequential(
        [keras.layers.Input((5,)), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(3)]
    )
    network.compile(optimizer, loss="mse")
    rng = np.random.default_rng(0)
    for _ in range(7):
        network.train_on_batch(rng.normal(size=(6, 5)), rng.normal(size=(6, 3)))
    assert int(optimizer.iterations) == 7
    found: list[npt.NDArray[np.float32]] = [
        keras.ops.convert_to_numpy(variable)
        for variable in (*network.weights, *optimizer.variables)
    ]
    return found


@pytest.mark.parametrize(
    "learning_rate",
    [
        pytest.param(0.01, id="a number"),
        pytest.param(keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.5), id="a schedule"),
    ],
)
@pytest.mark.parametrize("backend", ["tensorflow", "another"])
def test_the_steps_are_those_of_keras(
    learning_rate: Any, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = trained(keras.optimizers.Adam(learning_rate))
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    one_pass, calls = tf.raw_ops.ResourceApplyAdam, 0

    def count(**options: Any) -> Any:
        nonlocal calls
        calls += 1
        return one_pass(**options)

    monkeypatch.setattr(tf.raw_ops, "ResourceApplyAdam", count)
    found = trained(OnePassAdam(learning_rate))
    assert bool(calls) == (backend == "tensorflow")
    assert len(found) == len(expected) > 8
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
