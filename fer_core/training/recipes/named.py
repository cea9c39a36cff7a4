"""The recipes, by name."""

from collections.abc import Callable
from functools import partial

import keras
from keras.callbacks import Callback, EarlyStopping, ReduceLROnPlateau

from fer_core.errors import UnknownRecipeError
from fer_core.training.architectures import plain, residual, vgg
from fer_core.training.augmentation import geometry
from fer_core.training.augmentation.camera import as_by_cameras
from fer_core.training.backend.adam import OnePassAdam
from fer_core.training.recipes.recipe import FineTuning, Recipe, Stage


def _adam_as_published(_n_steps: int) -> keras.optimizers.Optimizer:
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-4, 100_000, 0.96)
    return OnePassAdam(schedule)


def _adam_cosine(n_steps: int) -> keras.optimizers.Optimizer:
    warmup = max(1, n_steps // 20)
    schedule = keras.optimizers.schedules.CosineDecay(
        1e-4, max(1, n_steps - warmup), warmup_target=1e-3, warmup_steps=warmup
    )
    return OnePassAdam(schedule)


def _adam(rate: float = 1e-3) -> Callable[[int], keras.optimizers.Optimizer]:
    return lambda _n_steps: OnePassAdam(rate)


def _sgd_with_decay(_n_steps: int) -> keras.optimizers.Optimizer:
    # The published decay of 1e-4 is part of a gradient, which a momentum of .9 adds up tenfold;
    # Keras decays weights past the momentum.
    decay = 1e-4 / (1 - 0.9)
    return keras.optimizers.SGD(0.01, momentum=0.9, nesterov=True, weight_decay=decay)


def _sgd_in_cycles(n_steps: int) -> keras.optimizers.Optimizer:
    # A third of the steps, then the rest: two cosines (Loshchilov & Hutter 2017, arXiv:1608.03983).
    return _sgd_along(
        keras.optimizers.schedules.CosineDecayRestarts(
            0.1, max(1, n_steps // 3), t_mul=2.0, m_mul=0.5
        )
    )


def _sgd_in_a_first_cycle(n_steps: int) -> keras.optimizers.Optimizer:
    warmup = max(1, n_steps // 20)
    return _sgd_along(
        keras.optimizers.schedules.CosineDecay(
            0.01, max(1, n_steps - warmup), warmup_target=0.1, warmup_steps=warmup
        )
    )


def _sgd_in_a_last_cycle(n_steps: int) -> keras.optimizers.Optimizer:
    return _sgd_along(keras.optimizers.schedules.CosineDecay(0.05, n_steps))


def _sgd_along(
    schedule: keras.optimizers.schedules.LearningRateSchedule,
) -> keras.optimizers.Optimizer:
    return keras.optimizers.SGD(
        schedule, momentum=0.9, nesterov=True, weight_decay=5e-4 / (1 - 0.9)
    )


def _ck_callbacks() -> list[Callback]:
    return [
        EarlyStopping("val_loss", mode="min", patience=10),
        ReduceLROnPlateau("val_loss", mode="min", factor=0.2, patience=5, min_lr=1e-5),
    ]


def _mini_xception_callbacks() -> list[Callback]:
    return [
        EarlyStopping("val_loss", mode="min", patience=50),
        ReduceLROnPlateau("val_loss", mode="min", factor=0.1, patience=12, min_delta=1e-4),
    ]


_own_recipe = partial(
    Recipe, source="this project", published="none but this project's own figures"
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            name="tutorial-cnn",
            summary="the tutorials' CNN, trained as they publish it",
            source="FER2013 tutorials that follow atulapra/Emotion-detection on GitHub",
            published="61.1 % on FER2013",
            build=plain.tutorial_cnn,
            optimizer=_adam_as_published,
            augment=None,
            batch_size=64,
            epochs=30,
        ),
        _own_recipe(
            name="tutorial-cnn-augmented",
            summary="the same layers with flips, small shifts and a cosine learning rate",
            build=plain.tutorial_cnn,
            optimizer=_adam_cosine,
            augment=geometry.flips_and_shifts,
            batch_size=128,
            epochs=20,
        ),
        _own_recipe(
            name="fer-resnet",
            summary="this project's own: a ResNet that learns FER2013's labels and FER+'s votes",
            build=residual.fer_resnet,
            optimizer=_sgd_in_cycles,
            augment=geometry.strong_geometry,
            batch_size=128,
            epochs=140,
            then=(Stage(_sgd_in_a_last_cycle, epochs=80, mixup=0.4),),
            learns_votes=True,
        ),
        _own_recipe(
            name="fer-resnet-60",
            summary="the same network on faces enlarged to 60 pixels",
            build=residual.fer_resnet_60,
            optimizer=_sgd_in_cycles,
            augment=geometry.strong_geometry,
            batch_size=128,
            epochs=204,
            then=(
                Stage(_sgd_in_a_last_cycle, epochs=80, mixup=0.4),
                Stage(_sgd_in_a_last_cycle, epochs=64, mixup=0.4),
            ),
            learns_votes=True,
        ),
        _own_recipe(
            name="everyday",
            summary="the app's: labels and votes joined in one prediction, cameras' faults learned",
            build=residual.fer_resnet,
            first_build=residual.fer_resnet_32,
            optimizer=_sgd_in_a_first_cycle,
            augment=None,
            change=as_by_cameras,
            batch_size=128,
            epochs=95,
            then=(
                Stage(_sgd_in_a_last_cycle, epochs=13),
                Stage(_sgd_in_a_last_cycle, epochs=32, change=partial(as_by_cameras, share=0.25)),
                Stage(_sgd_in_a_last_cycle, epochs=24, change=partial(as_by_cameras, share=0.125)),
            ),
            learns_votes=True,
            joins=True,
        ),
        Recipe(
            name="wide-cnn",
            summary="four wide convolutions with much dropout",
            source="FER2013 tutorials with 128, 256, 512 and 512 filters",
            published="62 % on FER2013",
            build=plain.wide_cnn,
            optimizer=_adam(),
            augment=None,
            batch_size=128,
            epochs=100,
        ),
        Recipe(
            name="ck-cnn",
            summary="a small CNN for CK+48's seven classes, with contempt and without neutral",
            source="CK+48 tutorials that split it 80:20 by image",
            published="96.95 % on a test split by image of CK+48, 98.98 % on its training split",
            build=plain.ck_cnn,
            optimizer=_adam(1e-4),
            # The published shear of .1 is one of ImageDataGenerator, which counts in degrees.
            augment=lambda: geometry.geometry(shear=0.1),
            batch_size=64,
            epochs=100,
            callbacks=_ck_callbacks,
            chosen_by="val_loss",
        ),
        Recipe(
            name="rgb-vgg",
            summary="a small VGG on gray repeated in three channels",
            source="FER2013 tutorials that load the faces as RGB",
            published="57 to 58 % on FER2013",
            build=vgg.rgb_vgg,
            optimizer=_adam(),
            augment=None,
            batch_size=16,
            epochs=70,
        ),
        Recipe(
            name="deepfer-cnn",
            summary="DeepFER's own CNN, with changes of geometry and light",
            source="the DeepFER student projects on GitHub",
            published="59.7 % on FER2013",
            build=vgg.deepfer_cnn,
            optimizer=_adam(1e-4),
            augment=geometry.geometry_and_light,
            batch_size=64,
            epochs=100,
            callbacks=lambda: [
                ReduceLROnPlateau("val_loss", mode="min", factor=0.8, patience=8),
            ],
        ),
        Recipe(
            name="deepfer-resnet50v2",
            summary="ImageNet's ResNet50V2, held still at first and then freed from its top down",
            source="the DeepFER student projects on GitHub; ResNet50V2: arXiv:1603.05027",
            published="69 % on FER2013, from ImageNet's weights",
            build=residual.deepfer_resnet50v2,
            optimizer=_adam(),
            augment=geometry.geometry_and_light,
            batch_size=64,
            epochs=60,
            callbacks=lambda: [EarlyStopping("val_accuracy", mode="max", patience=7)],
            fine_tuning=FineTuning(
                backbone="resnet50v2",
                load=residual.load_resnet50v2_weights,
                stages=(
                    Stage(_adam(), epochs=20, learns_from=None),
                    Stage(_adam(1e-4), epochs=20, learns_from="conv5_block1_preact_bn"),
                    Stage(_adam(1e-5), epochs=20, learns_from="conv4_block1_preact_bn"),
                ),
            ),
        ),
        Recipe(
            name="mini-xception",
            summary="a residual network of separable convolutions, the smallest one here",
            source="Arriaga, Plöger & Valdenegro 2017, arXiv:1710.07557",
            published="66 % on FER2013, chosen on its test images",
            build=residual.mini_xception,
            optimizer=_adam(),
            augment=geometry.geometry,
            batch_size=32,
            epochs=10_000,  # as published: it is the callback that ends the run
            callbacks=_mini_xception_callbacks,
            chosen_by="val_loss",
        ),
        Recipe(
            name="khaireddin-vgg",
            summary="a large VGG with crops, erasing and weight decay",
            source="Khaireddin & Chen 2021, arXiv:2105.03588",
            published="73.28 % on FER2013, the mean of ten crops, chosen on the test set",
            build=vgg.khaireddin_vgg,
            optimizer=_sgd_with_decay,
            augment=geometry.crops_and_erasing,
            batch_size=64,
            epochs=300,
            callbacks=lambda: [
                ReduceLROnPlateau("val_accuracy", mode="max", factor=0.75, patience=5),
            ],
        ),
    )
}
"""Every recipe by its name."""


def find_recipe(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UnknownRecipeError: There is none; the sentence lists those there are.
    """
    try:
        return RECIPES[name]
    except KeyError:
        raise UnknownRecipeError(
            f"There is no recipe {name!r}; there are {', '.join(sorted(RECIPES))}."
        ) from None
