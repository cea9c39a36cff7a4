from pathlib import Path
from types import SimpleNamespace

import keras
import pytest
import tensorflow as tf

from fer_core.training.backend import precision
from fer_core.training.backend.precision import build_under, fastest_policy


@pytest.mark.parametrize(
    ("flags", "policy"),
    [
        pytest.param(None, "float32", id="no such file, as on macOS"),
        pytest.param("", "float32", id="an empty file"),
        pytest.param("flags : fpu avx2 avx512f avx512_vnni", "float32", id="AVX-512 without it"),
        pytest.param("flags : avx512_bf16x", "float32", id="a longer word"),
        pytest.param("Features : fp asimd bf16", "float32", id="ARM, which nobody measured"),
        pytest.param(
            "vendor_id : AuthenticAMD\nflags : fpu avx512_bf16 sse", "mixed_bfloat16", id="AMD"
        ),
        pytest.param(
            "vendor_id : GenuineIntel\nflags : fpu avx512_bf16 sse", "float32", id="Intel"
        ),
        pytest.param("flags : fpu\nflags : amx_bf16", "mixed_bfloat16", id="AMX"),
    ],
)
def test_a_processor_trains_in_bfloat16_only_where_it_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str | None, policy: str
) -> None:
    path = tmp_path / "cpuinfo"
    if flags is not None:
        path.write_text(flags)
    monkeypatch.setattr(precision, "CPU_INFO", path)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    assert fastest_policy() == policy


@pytest.mark.parametrize(
    ("details", "policy"),
    [
        pytest.param({}, "float32", id="unknown"),
        pytest.param({"compute_capability": (6, 1)}, "float32", id="Pascal"),
        pytest.param({"compute_capability": (7, 0)}, "mixed_float16", id="Volta"),
        pytest.param({"compute_capability": (7, 5)}, "mixed_float16", id="Turing"),
        pytest.param({"compute_capability": (8, 0)}, "mixed_bfloat16", id="Ampere"),
        pytest.param({"compute_capability": (9, 0)}, "mixed_bfloat16", id="Hopper"),
    ],
)
def test_a_gpu_trains_in_what_its_tensor_cores_take(
    monkeypatch: pytest.MonkeyPatch, details: dict[str, tuple[int, int]], policy: str
) -> None:
    gpu = SimpleNamespace(name="GPU:0")
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0"])
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda _kind: [gpu])
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda _gpu: details)
    assert fastest_policy() == policy


def test_a_policy_holds_for_the_network_alone_even_if_it_cannot_be_built() -> None:
    network = build_under("mixed_bfloat16", lambda: keras.Sequential([keras.layers.Dense(1)]))
    assert network.dtype_policy.name == "mixed_bfloat16"
    assert keras.config.dtype_policy().name == "float32"

    def fail() -> keras.Model:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        build_under("mixed_bfloat16", fail)
    assert keras.config.dtype_policy().name == "float32"
