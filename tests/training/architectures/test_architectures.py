import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest

from fer_core.errors import ModelError
from fer_core.training.architectures import residual
from fer_core.training.recipes.named import RECIPES
from tests.faces import gray_faces

BUILT_IN = {
    "Activation",
    "Add",
    "AveragePooling2D",
    "BatchNormalization",
    "CenterCrop",
    "Concatenate",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePooling2D",
    "InputLayer",
    "LayerNormalization",
    "MaxPooling2D",
    "ReLU",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv2D",
    "Softmax",
    "ZeroPadding2D",
}

BUILDERS = {
    build.__name__: build
    for recipe in RECIPES.values()
    for build in (recipe.build, recipe.first_build)
    if build
}


@pytest.fixture(scope="module")
def network() -> Callable[[str], Any]:
    """Builds each network once, since the larger ones take a second."""
    built: dict[str, Any] = {}

    def get(name: str) -> Any:
        if name not in built:
            keras.utils.set_random_seed(0)
            built[name] = BUILDERS[name](7)
        return built[name]

    return get


def leaves(model: Any) -> list[Any]:
    """All layers, those of nested networks too."""
    return [
        leaf
        for layer in model.layers
        for leaf in (leaves(layer) if isinstance(layer, keras.Model) else [layer])
    ]


def faces(n: int, n_channels: int) -> npt.NDArray[np.float32]:
    return np.repeat(gray_faces(n)[..., np.newaxis].astype(np.float32), n_channels, axis=3)


# A convolution has height * width * in * out weights and out biases, a batch normalization four
# numbers a channel. Layers without weights are left out; a pooling halves, rounding down.
COUNTS = {
    # 48 -> 46 -> 44, 22 -> 20, 10 -> 8, 4: 3*3*1*32+32, 3*3*32*64+64, 3*3*64*128+128,
    # 3*3*128*128+128; 4*4*128*1024+1024, 1024*7+7.
    "tutorial_cnn": ([320, 18_496, 73_856, 147_584, 2_098_176, 7_175], 2_345_607),
    # 48 -> 46, 23 -> 21, 10 -> 8, 4 -> 2, 1: 9*128+128, 9*128*256+256, 9*256*512+512,
    # 9*512*512+512; 1*1*512*512+512, 512*256+256, 256*7+7.
    "wide_cnn": (
        [1_280, 295_168, 1_180_160, 2_359_808, 262_656, 131_328, 1_799],
        4_232_199,
    ),
    # 48 -> 46, 23 -> 21, 10: 9*32+32, 9*32*64+64, 4*64; 10*10*64*128+128, 4*128, 128*7+7.
    "ck_cnn": ([320, 18_496, 256, 819_328, 512, 903], 839_815),
    # 48, 24, 12, 6, 3: 9*3*32+32, 9*32*32+32, 9*32*64+64, 9*64*64+64 and so on, each with 4 a
    # channel; 3*3*256*64+64, 4*64, 64*64+64, 4*64, 64*7+7.
    "rgb_vgg": (
        [
            *(896, 128, 9_248, 128, 18_496, 256, 36_928, 256),
            *(73_856, 512, 147_584, 512, 295_168, 1_024, 590_080, 1_024),
            *(147_520, 256, 4_160, 256, 455),
        ],
        1_328_743,
    ),
    # 48, 24, 12, 6: the convolutions above, with one channel and one convolution of 32 and 64
    # each; 6*6*256*256+256, 4*256, 256*7+7.
    "deepfer_cnn": (
        [
            *(320, 128, 18_496, 256, 73_856, 512, 147_584, 512, 295_168, 1_024, 590_080, 1_024),
            *(2_359_552, 1_024, 1_799),
        ],
        3_491_335,
    ),
    # 40, 20, 10, 5, 2: 9*64+64, 9*64*64+64, ..., 9*512*512+512, each with 4 a channel;
    # 2*2*512*4096+4096, 4096*4096+4096, 4096*7+7.
    "khaireddin_vgg": (
        [
            *(640, 256, 36_928, 256, 73_856, 512, 147_584, 512),
            *(295_168, 1_024, 590_080, 1_024, 1_180_160, 2_048, 2_359_808, 2_048),
            *(8_392_704, 16_781_312, 28_679),
        ],
        29_894_599,
    ),
    # Without biases 9*8, 4*8, 9*8*8, 4*8. A block from c to w channels: 9*c + c*w, 4*w, then
    # 9*w + w*w, and beside them c*w, with 4*w after each. In the end 9*128*7+7.
    "mini_xception": (
        [
            *(72, 32, 576, 32),
            *(200, 64, 400, 128, 64, 64),  # 8 to 16
            *(656, 128, 1_312, 512, 128, 128),  # 16 to 32
            *(2_336, 256, 4_672, 2_048, 256, 256),  # 32 to 64
            *(8_768, 512, 17_536, 8_192, 512, 512),  # 64 to 128
            8_071,
        ],
        58_423,
    ),
    # Without biases 9*16, 4*16, 9*16*32. A block from c to w channels: 4*c, 9*c*w, 4*w, 9*w*w, and
    # c*w beside it where it grows. In the end 4*256 and twice 256*7+7.
    "fer_resnet": (
        [
            *(144, 64, 4_608),
            *(128, 9_216, 128, 9_216) * 2,
            *(128, 18_432, 256, 36_864, 2_048, 256, 36_864, 256, 36_864),  # 32 to 64
            *(256, 73_728, 512, 147_456, 8_192, 512, 147_456, 512, 147_456),  # 64 to 128
            *(512, 294_912, 1_024, 589_824, 32_768, 1_024, 589_824, 1_024, 589_824),  # to 256
            *(1_024, 1_799, 1_799),
        ],
        2_805_598,
    ),
    # ResNet50V2 has 25,613,800 parameters with its last layer, 2048*1000+1000 (Keras's table of
    # applications says 25.6 million); here 2048*256+256, 4*256 and 256*7+7 take its place.
    "deepfer_resnet50v2": ([25_613_800 - 2_049_000, 524_544, 1_024, 1_799], 24_092_167),
}


COUNTS["fer_resnet_32"] = COUNTS["fer_resnet_60"] = COUNTS["fer_resnet"]


def test_every_recipe_has_a_network_whose_parameters_are_worked_out() -> None:
    assert set(COUNTS) == set(BUILDERS)


@pytest.mark.parametrize("name", COUNTS)
def test_a_network_has_the_parameters_that_are_published_for_it(
    network: Callable[[str], Any], name: str
) -> None:
    by_layer, total = COUNTS[name]
    counts = [n for layer in network(name).layers if (n := layer.count_params())]
    # The two paths of a residual block may stand in any order.
    assert sorted(counts) == sorted(by_layer)
    assert network(name).count_params() == sum(by_layer) == total


@pytest.mark.parametrize("name", BUILDERS)
def test_only_layers_that_come_with_keras_are_used_and_scaling_stands_before_all_that_learns(
    network: Callable[[str], Any], name: str
) -> None:
    kinds = [type(layer).__name__ for layer in leaves(network(name))]
    assert set(kinds) <= BUILT_IN
    learning = [index for index, layer in enumerate(leaves(network(name))) if layer.weights]
    scaling = [n for n, kind in enumerate(kinds) if kind in ("Rescaling", "LayerNormalization")]
    assert scaling
    assert scaling[-1] < learning[0]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        pytest.param("tutorial_cnn", 0, 1, id="0..1"),
        pytest.param("mini_xception", -1, 1, id="-1..1, as its authors scale"),
        pytest.param("deepfer_resnet50v2", -1, 1, id="-1..1, as ImageNet's photos were scaled"),
    ],
)
def test_pixels_are_scaled_to_the_range_that_the_network_was_designed_for(
    network: Callable[[str], Any], name: str, low: float, high: float
) -> None:
    (scaling,) = [x for x in leaves(network(name)) if type(x).__name__ == "Rescaling"]
    scaled = keras.ops.convert_to_numpy(scaling(np.array([[0.0, 255.0]], np.float32)))
    np.testing.assert_allclose(scaled, [[low, high]], atol=1e-6)


@pytest.mark.parametrize("n_classes", [2, 8])
@pytest.mark.parametrize("name", [name for name in BUILDERS if "resnet" not in name])
def test_an_untrained_network_takes_raw_pixels_and_returns_probabilities(
    name: str, n_classes: int
) -> None:
    keras.utils.set_random_seed(0)
    network = BUILDERS[name](n_classes)
    assert network.input_shape[:3] == (None, 48, 48)
    rows = network(faces(3, network.input_shape[3]), training=False)
    rows = keras.ops.convert_to_numpy(rows)
    assert rows.shape == (3, n_classes)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-5)
    # Unscaled pixels would already make the first weights sure of something.
    assert rows.max() < 1.5 / n_classes


@pytest.mark.parametrize("name", ["rgb_vgg", "deepfer_resnet50v2"])
def test_networks_for_color_take_three_channels(network: Callable[[str], Any], name: str) -> None:
    assert network(name).input_shape == (None, 48, 48, 3)
    assert network(name).output_shape == (None, 7)


@pytest.mark.parametrize(
    ("name", "unseen_px"),
    [
        pytest.param("khaireddin_vgg", 4, id="40 of 48"),
        pytest.param("fer_resnet", 2, id="44 of 48"),
        pytest.param("fer_resnet_60", 2, id="44 of 48, enlarged"),
    ],
)
def test_networks_that_crop_see_the_inner_pixels_alone(
    network: Callable[[str], Any], name: str, unseen_px: int
) -> None:
    framed, touched = faces(1, 1), faces(1, 1)
    framed[:, :unseen_px] = framed[:, -unseen_px:] = 255
    framed[:, :, :unseen_px] = framed[:, :, -unseen_px:] = 255
    touched[:, unseen_px, unseen_px] = 255 - touched[:, unseen_px, unseen_px]
    once, same, other = (
        keras.ops.convert_to_numpy(network(name)(x, training=False))
        for x in (faces(1, 1), framed, touched)
    )
    np.testing.assert_array_equal(same, once)
    assert (other != once).any()


# --- the network with two outputs ---


@pytest.mark.parametrize("n_classes", [2, 7])
def test_it_answers_by_both_sets_of_labels(n_classes: int) -> None:
    keras.utils.set_random_seed(0)
    network: Any = residual.fer_resnet(n_classes)
    assert network.input_shape == (None, 48, 48, 1)
    predictions = network(faces(3, 1), training=False)
    for index, name in enumerate(("labels", "votes")):
        alone = keras.Model(network.input, network.get_layer(name).output)
        np.testing.assert_array_equal(alone(faces(3, 1), training=False), predictions[:, index])
    predictions = keras.ops.convert_to_numpy(predictions)
    assert (predictions.shape, predictions.dtype) == ((3, 2, n_classes), np.float32)
    np.testing.assert_allclose(predictions.sum(axis=2), 1, atol=1e-5)
    assert not np.allclose(predictions[:, 0], predictions[:, 1])


@pytest.mark.parametrize("value", [0, 255])
def test_a_flat_face_has_an_answer(network: Callable[[str], Any], value: int) -> None:
    flat = np.full((1, 48, 48, 1), value, np.float32)
    assert np.isfinite(network("fer_resnet")(flat, training=False)).all()


def test_light_and_contrast_of_the_photo_do_not_matter(network: Callable[[str], Any]) -> None:
    bright, dim = (
        keras.ops.convert_to_numpy(network("fer_resnet")(x, training=False))
        for x in (faces(3, 1), faces(3, 1) / 2 + 20)
    )
    np.testing.assert_allclose(dim, bright, atol=0.02)


# --- pre-trained weights ---


def filled(value: float) -> Any:
    """A stand-in for ResNet50V2: one layer, so that weights are written and read in a blink."""
    network = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    network.set_weights([np.full((1, 1), value, np.float32), np.zeros(1, np.float32)])
    return network


def test_weights_that_cannot_be_downloaded_are_one_sentence_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def offline(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    with pytest.raises(ModelError) as caught:
        residual.load_resnet50v2_weights(filled(0), "imagenet")
    sentence = str(caught.value)
    assert sentence.startswith("ImageNet's weights cannot be loaded into ResNet50V2 (")
    assert sentence.endswith("--weights PATH, or start from random ones with --weights none.")
    assert "\n" not in sentence


@pytest.mark.parametrize("content", [None, b"", b"not weights"])
def test_a_file_without_weights_is_one_sentence_that_names_it(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "some.weights.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"The weights in .*some\.weights\.h5 cannot be loaded"):
        residual.load_resnet50v2_weights(filled(0), str(path))


def test_weights_come_from_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "some.weights.h5"
    filled(3).save_weights(path)

    def resnet(*, weights: str, **_: object) -> Any:
        source = filled(0)
        source.load_weights(weights)
        return source

    monkeypatch.setattr(keras.applications, "ResNet50V2", resnet)
    backbone = filled(1)
    residual.load_resnet50v2_weights(backbone, str(path))
    assert backbone.get_weights()[0].tolist() == [[3.0]]


def test_faces_may_be_enlarged_before_the_first_convolution() -> None:
    smaller: Any = residual.fer_resnet(7)
    larger: Any = residual.fer_resnet_60(7)
    assert larger.count_params() == smaller.count_params()
    positions = [
        next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)).output
        for network in (smaller, larger)
    ]
    assert [tuple(output.shape[1:3]) for output in positions] == [(44, 44), (60, 60)]
    assert larger.output_shape == (None, 2, 7)
