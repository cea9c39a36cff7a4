"""The devices that Keras computes on, and one batch on several of them at once."""

import keras

from fer_core.errors import TrainingError


def has_gpu() -> bool:
    """True if Keras computes on an accelerator; it takes one wherever there is one."""
    if keras.backend.backend() == "torch":  # the only backend that cannot list its devices
        import torch

        return bool(torch.cuda.is_available())
    return any(not name.startswith("cpu") for name in keras.distribution.list_devices())


def share_batches() -> None:
    """Let all of this machine's accelerators, or virtual devices, share each batch from now on.

    Keras's own `DataParallel`: every device holds the whole network and takes its part of each
    batch, and gradients are averaged over all of them.

    Raises:
        TrainingError: Keras runs on a backend that cannot do this, or there is one device only.
    """
    backend = keras.backend.backend()
    if backend != "jax":
        raise TrainingError(
            f"Keras shares batches among devices on its JAX backend alone, not on {backend}; "
            "install jax and set KERAS_BACKEND=jax, or leave out --data-parallel."
        )
    if len(keras.distribution.list_devices()) == 1:
        raise TrainingError("There is one device only; leave out --data-parallel.")
    keras.distribution.set_distribution(keras.distribution.DataParallel())


def n_devices() -> int:
    """Number of devices that share a batch; 1 unless `share_batches` was called."""
    distribution = keras.distribution.distribution()
    return distribution.device_mesh.devices.size if distribution else 1
