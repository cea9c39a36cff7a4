"""Networks with residual connections."""

from typing import Any

import keras
from keras import layers, regularizers

from fer_core.errors import ModelError
from fer_core.training.architectures.output import probabilities


def mini_xception(n_classes: int) -> keras.Model:
    """The mini-Xception of Arriaga et al. 2017 (arXiv:1710.07557): 58,423 parameters.

    Two convolutions, four residual blocks of separable convolutions (16, 32, 64, 128) and global
    pooling in place of dense layers. As in the authors' code faces are enlarged to 64x64 and scaled
    to -1..1, and L2 of .01 acts on the two first convolutions alone.
    """
    inputs = x = layers.Input((48, 48, 1))
    x = layers.Resizing(64, 64)(x)
    x = layers.Rescaling(1 / 127.5, offset=-1)(x)
    for _ in range(2):
        x = layers.Conv2D(8, 3, use_bias=False, kernel_regularizer=regularizers.L2(0.01))(x)
        x = layers.BatchNormalization()(x)
        x = layers.ReLU()(x)
    for width in (16, 32, 64, 128):
        x = _separable_block(x, width)
    x = layers.Conv2D(n_classes, 3, padding="same")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Softmax(dtype="float32")(x), name="mini_xception")


def _separable_block(x: Any, width: int) -> Any:
    """Two separable convolutions, halved, plus a 1x1 convolution of stride 2 beside them."""
    # A stride of its own: TensorFlow 2.21 on processors with AVX512 crashes in the gradient of a
    # 1x1 convolution of stride 2 over eight channels.
    beside = layers.AveragePooling2D(1, strides=2, padding="same")(x)
    beside = layers.Conv2D(width, 1, use_bias=False)(beside)
    beside = layers.BatchNormalization()(beside)
    x = layers.SeparableConv2D(width, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU()(x)
    x = layers.SeparableConv2D(width, 3, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    return layers.Add()([x, beside])


def fer_resnet(n_classes: int, *, resized_to: int = 44) -> keras.Model:
    """This project's pre-activation ResNet (He et al. 2016, arXiv:1603.05027), with two outputs.

    Each face is cropped to its middle 44x44 pixels and given mean 0 and variance 1, so that light
    and contrast of the photo do not matter; four stages of two blocks (32, 64, 128, 256). From the
    same features the layer `labels` predicts the data set's labels, `votes` FER+'s votes.

    Args:
        n_classes: K.
        resized_to: Height and width to which the crop is resized: larger, so that every stage sees
            more positions, or smaller, so that an early stage of training takes less time.

    Returns:
        A network with outputs `(N, 2, K)`, in that order: 2,805,598 parameters for seven classes.
    """
    inputs = x = layers.Input((48, 48, 1))
    x = layers.CenterCrop(44, 44)(x)
    if resized_to != 44:
        x = layers.Resizing(resized_to, resized_to)(x)
    # Scaled first, since 8 bits hold no variance of raw pixels. Epsilon keeps the noise of a flat
    # patch small: it stands for 5 of 255 grays.
    x = layers.Rescaling(1 / 255)(x)
    x = layers.LayerNormalization(
        axis=(1, 2, 3), epsilon=(5 / 255) ** 2, center=False, scale=False
    )(x)
    x = _activated(_convolved(x, 16))
    x = _convolved(x, 32, stride=2)
    for width in (32, 64, 128, 256):
        for _ in range(2):
            x = _preactivation_block(x, width)
    x = layers.GlobalAveragePooling2D()(_activated(x))
    heads = [
        layers.Dense(n_classes, activation="softmax", dtype="float32", name=name)(x)
        for name in ("labels", "votes")
    ]
    outputs = layers.Concatenate(axis=1)([layers.Reshape((1, n_classes))(head) for head in heads])
    return keras.Model(inputs, outputs, name="fer_resnet")


def fer_resnet_60(n_classes: int) -> keras.Model:
    """The same on crops enlarged to 60x60 pixels: 1.4 times the time a prediction."""
    return fer_resnet(n_classes, resized_to=60)


def fer_resnet_32(n_classes: int) -> keras.Model:
    """The same on crops shrunk to 32x32 pixels: two thirds of the time a training step."""
    return fer_resnet(n_classes, resized_to=32)


def _preactivation_block(x: Any, width: int) -> Any:
    """Two convolutions beside the identity, or beside a 1x1 convolution where the width grows."""
    grows = x.shape[-1] != width
    stride = 2 if grows else 1
    activated = _activated(x)
    beside = _convolved(activated, width, size=1, stride=stride) if grows else x
    x = _activated(_convolved(activated, width, stride=stride))
    return layers.Add()([_convolved(x, width), beside])


def _convolved(x: Any, width: int, *, size: int = 3, stride: int = 1) -> Any:
    return layers.Conv2D(
        width, size, stride, "same", use_bias=False, kernel_initializer="he_normal"
    )(x)


def _activated(x: Any) -> Any:
    return layers.ReLU()(layers.BatchNormalization()(x))


def deepfer_resnet50v2(n_classes: int) -> keras.Model:
    """DeepFER's ResNet50V2 below a new head: 24,092,167 parameters for seven classes.

    Faces in three channels are enlarged to 224x224 and scaled to -1..1, as ImageNet's photos were.
    The layer `resnet50v2` starts from random weights; see `load_resnet50v2_weights`.
    """
    backbone = keras.applications.ResNet50V2(
        include_top=False, weights=None, input_shape=(224, 224, 3)
    )
    return keras.Sequential(
        [
            layers.Input((48, 48, 3)),
            layers.Resizing(224, 224),
            layers.Rescaling(1 / 127.5, offset=-1),
            backbone,
            layers.GlobalAveragePooling2D(),
            layers.Dense(256, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
            probabilities(n_classes),
        ],
        name="deepfer_resnet50v2",
    )


def load_resnet50v2_weights(backbone: keras.Model, weights: str) -> None:
    """Give a ResNet50V2 without top its pre-trained weights.

    Args:
        backbone: The network; its weights are replaced.
        weights: `imagenet`, which Keras downloads once, or the path of a file of such weights.

    Raises:
        ModelError: They cannot be downloaded, or the file is missing or not of this network.
    """
    try:
        backbone.set_weights(
            keras.applications.ResNet50V2(
                include_top=False, weights=weights, input_shape=(224, 224, 3)
            ).get_weights()
        )
    except Exception as error:  # what a download or a file raises differs with what is wrong
        what = "ImageNet's weights" if weights == "imagenet" else f"The weights in {weights}"
        reason = str(error).strip().split("\n")[0].rstrip(".")
        raise ModelError(
            f"{what} cannot be loaded into ResNet50V2 ({reason}); name a file of them with "
            "--weights PATH, or start from random ones with --weights none."
        ) from error
