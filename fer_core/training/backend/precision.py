"""The precision in which this machine trains fastest."""

from collections.abc import Callable
from pathlib import Path

import keras

from fer_core.training.backend.devices import has_gpu

CPU_INFO = Path("/proc/cpuinfo")


def fastest_policy() -> str:
    """Keras's name of the policy that suits the hardware.

    Half precision halves a step where the hardware has it. Elsewhere bfloat16 is emulated, and ten
    times slower than float32, so anything that is not known to have it gets float32.
    """
    if has_gpu():
        return _policy_of_gpu()
    # Linux alone tells what the processor can do in a file; other systems get float32.
    words = set(CPU_INFO.read_text().split()) if CPU_INFO.exists() else set()
    # Intel's AVX-512 multiplies bfloat16 no faster than float32 (7.1 to 7.7 ms an image of
    # `fer-resnet` on one core, to 5.0 in float32); AMD's does, and so does AMX.
    fast = "amx_bf16" in words or {"avx512_bf16", "AuthenticAMD"} <= words
    return "mixed_bfloat16" if fast else "float32"


def _policy_of_gpu() -> str:
    """NVIDIA's tensor cores take float16 from 7.0 (Volta) on, bfloat16 from 8.0 (Ampere) on."""
    if keras.backend.backend() != "tensorflow":
        return "mixed_bfloat16"
    import tensorflow as tf

    gpu = tf.config.list_physical_devices("GPU")[0]
    capability = tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0))
    if capability >= (8, 0):
        return "mixed_bfloat16"
    return "mixed_float16" if capability >= (7, 0) else "float32"


def build_under(policy: str, build: Callable[[], keras.Model]) -> keras.Model:
    """Call `build` while that policy is in force, put the old one back, and return the result."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        return build()
    finally:
        keras.config.set_dtype_policy(before)
