import keras
import numpy as np
import pytest

from fer_core.training.architectures import tutorial_cnn
from tests.faces import gray_faces

BUILT_IN = {"Rescaling", "Conv2D", "MaxPooling2D", "Dropout", "Flatten", "Dense"}


def test_the_tutorial_cnn_has_the_parameters_that_are_published_for_it() -> None:
    # 3*3*1*32+32, 3*3*32*64+64, 3*3*64*128+128, 3*3*128*128+128; 4*4*128*1024+1024, 1024*7+7.
    by_layer = [320, 18_496, 73_856, 147_584, 2_098_176, 7_175]
    network = tutorial_cnn(7)
    assert [n for layer in network.layers if (n := layer.count_params())] == by_layer
    assert network.count_params() == 2_345_607


@pytest.mark.parametrize("n_classes", [2, 7, 8])
def test_an_untrained_network_takes_raw_pixels_and_is_close_to_undecided(n_classes: int) -> None:
    keras.utils.set_random_seed(0)
    network = tutorial_cnn(n_classes)
    assert network.input_shape == (None, 48, 48, 1)
    faces = gray_faces(3)[..., np.newaxis].astype(np.float32)
    rows = keras.ops.convert_to_numpy(network(faces, training=False))
    assert rows.shape == (3, n_classes)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    # Unscaled pixels would already make the first weights sure of something.
    assert rows.max() < 1.5 / n_classes


def test_only_layers_that_come_with_keras_are_used() -> None:
    network = tutorial_cnn(7)
    assert {type(layer).__name__ for layer in network.layers} <= BUILT_IN
    assert type(network.layers[0]).__name__ == "Rescaling"
    assert network.layers[0].scale == 1 / 255
