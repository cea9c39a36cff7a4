import numpy as np
import pytest

from fer_core.decoding.pixel_values import Values, full_range


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param(np.array([0, 7], np.uint16), [0, 7], id="nearly black"),
        pytest.param(np.array([0, 256], np.uint16), [0, 63], id="9 bits need 10"),
        pytest.param(np.array([-5, 1023], np.int32), [0, 255], id="negative numbers are black"),
        pytest.param(np.array([0, 2**20 - 1], np.int32), [0, 255], id="20 bits"),
        pytest.param(np.array([0, 0], np.uint16), [0, 0], id="black"),
        pytest.param(np.array([0, 1.2, 0.5], np.float32), [0, 255, 127], id="a little above 1"),
        pytest.param(np.array([0.0, 0.0]), [0, 0], id="black in floating point"),
        pytest.param(np.array([-1.0, 0.0, 1.0]), [0, 127, 255], id="from -1 to 1"),
        pytest.param(np.array([-3.0, -3.0]), [0, 0], id="one negative number"),
        pytest.param(np.array([np.nan, np.inf, 1.0]), [0, 0, 255], id="no numbers"),
        pytest.param(np.array([3e38, -3e38, 1]), [0, 0, 255], id="the ends of what is stored"),
        pytest.param(np.array([0, 1e29]), [0, 255], id="huge"),
    ],
)
def test_values_of_any_range_become_bytes(values: Values, expected: list[int]) -> None:
    assert full_range(values).tolist() == expected
