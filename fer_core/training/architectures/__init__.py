"""The layers of each network, by family.

Every builder takes the number of classes and returns an untrained Keras model under the network
file's contract: raw gray pixels 0..255 in, float32 `(N, 48, 48, C)`, repeated where C is 3;
probabilities out, float32 `(N, K)`; scaling inside; built-in layers only.
"""

from fer_core.training.architectures.plain import ck_cnn, tutorial_cnn, wide_cnn
from fer_core.training.architectures.residual import (
    deepfer_resnet50v2,
    fer_resnet,
    fer_resnet_60,
    load_resnet50v2_weights,
    mini_xception,
)
from fer_core.training.architectures.vgg import deepfer_cnn, khaireddin_vgg, rgb_vgg

__all__ = [
    "ck_cnn",
    "deepfer_cnn",
    "deepfer_resnet50v2",
    "fer_resnet",
    "fer_resnet_60",
    "khaireddin_vgg",
    "load_resnet50v2_weights",
    "mini_xception",
    "rgb_vgg",
    "tutorial_cnn",
    "wide_cnn",
]
