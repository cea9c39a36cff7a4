import math
from dataclasses import replace
from typing import Any, Literal

import keras
import numpy as np
import pytest
from keras.callbacks import Callback, EarlyStopping, ReduceLROnPlateau

from fer_core.classification.model_store import DEFAULT_MODEL, find_model, read_card
from fer_core.errors import UnknownRecipeError
from fer_core.training.recipes.named import RECIPES, find_recipe
from tests.tiny_recipe import TINY


def test_an_unknown_recipe_is_an_error_that_lists_those_there_are() -> None:
    with pytest.raises(UnknownRecipeError, match=r"'cake'.*tutorial-cnn, tutorial-cnn-augmented"):
        find_recipe("cake")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_its_name(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.name == name
    assert recipe.summary
    assert recipe.source
    assert recipe.published
    assert recipe.epochs >= 1
    assert recipe.batch_size >= 1


def test_the_default_network_was_trained_by_a_recipe_that_is_here() -> None:
    assert read_card(find_model(DEFAULT_MODEL)).recipe in RECIPES


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("n_steps", [1, 2, 19, 20, 4500])
def test_an_optimizer_fits_runs_of_any_length(name: str, n_steps: int) -> None:
    optimizer = find_recipe(name).optimizer(n_steps)
    assert 0 < float(optimizer.learning_rate) < 0.101


@pytest.mark.parametrize("name", RECIPES)
def test_each_run_gets_an_optimizer_of_its_own(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.optimizer(100) is not recipe.optimizer(100)


@pytest.mark.parametrize(
    ("step", "rate"),
    [  # of 100 steps, 5 of them to warm up
        pytest.param(0, 1e-4, id="the start"),
        pytest.param(5, 1e-3, id="the end of the warm-up"),
        pytest.param(100, 0.0, id="the end"),
        # 19 of 95 steps later: (1 + cos(pi / 5)) / 2 = .9045
        pytest.param(24, 0.9045e-3, id="a fifth of the way down"),
    ],
)
def test_the_cosine_recipe_warms_up_and_ends_at_nothing(step: int, rate: float) -> None:
    optimizer = find_recipe("tutorial-cnn-augmented").optimizer(100)
    optimizer.iterations.assign(step)
    assert float(optimizer.learning_rate) == pytest.approx(rate, abs=1e-7)


def test_the_published_recipe_trains_as_published() -> None:
    recipe = find_recipe("tutorial-cnn")
    optimizer = recipe.optimizer(100)
    assert isinstance(optimizer, keras.optimizers.Adam)
    assert float(optimizer.learning_rate) == pytest.approx(1e-4)
    optimizer.iterations.assign(100_000)
    assert float(optimizer.learning_rate) == pytest.approx(0.96e-4)
    assert (recipe.augment, recipe.batch_size) == (None, 64)


def test_augmentation_is_made_afresh_for_each_run() -> None:
    augment = find_recipe("tutorial-cnn-augmented").augment
    assert augment is not None
    assert augment() is not augment()
    assert augment()(np.zeros((1, 48, 48, 1), np.float32), training=True).shape == (1, 48, 48, 1)


def settings(callback: Callback) -> dict[str, Any]:
    """The settings that decide when a callback acts, under the names that papers use."""
    names = ("monitor", "mode", "patience", "factor", "min_lr")
    return {name: getattr(callback, name) for name in names if hasattr(callback, name)}


@pytest.mark.parametrize(
    ("name", "stops", "lowers"),
    [
        ("tutorial-cnn", None, None),
        ("wide-cnn", None, None),
        ("rgb-vgg", None, None),
        ("ck-cnn", ("val_loss", 10), ("val_loss", 5, 0.2, 1e-5)),
        ("deepfer-cnn", None, ("val_loss", 8, 0.8, 0)),
        ("deepfer-resnet50v2", ("val_accuracy", 7), None),
        ("mini-xception", ("val_loss", 50), ("val_loss", 12, 0.1, 0)),
        ("khaireddin-vgg", None, ("val_accuracy", 5, 0.75, 0)),
    ],
)
def test_callbacks_are_those_published(
    name: str, stops: tuple[Any, ...] | None, lowers: tuple[Any, ...] | None
) -> None:
    found = {type(callback): settings(callback) for callback in find_recipe(name).callbacks()}
    expected = {}
    if stops:
        expected[EarlyStopping] = dict(zip(("monitor", "patience"), stops, strict=True))
    if lowers:
        keys = ("monitor", "patience", "factor", "min_lr")
        expected[ReduceLROnPlateau] = dict(zip(keys, lowers, strict=True))
    # A resumed run replays figures before Keras could find out by itself which way is up.
    for figures in expected.values():
        figures["mode"] = "min" if figures["monitor"] == "val_loss" else "max"
    assert found == expected


@pytest.mark.parametrize(
    ("name", "batch_size", "epochs", "rate"),
    [
        ("tutorial-cnn", 64, 30, 1e-4),
        ("wide-cnn", 128, 100, 1e-3),
        ("ck-cnn", 64, 100, 1e-4),
        ("rgb-vgg", 16, 70, 1e-3),
        ("deepfer-cnn", 64, 100, 1e-4),
        ("mini-xception", 32, 10_000, 1e-3),
        ("khaireddin-vgg", 64, 300, 0.01),
    ],
)
def test_batch_epochs_and_learning_rate_are_those_published(
    name: str, batch_size: int, epochs: int, rate: float
) -> None:
    recipe = find_recipe(name)
    assert (recipe.batch_size, recipe.epochs) == (batch_size, epochs)
    assert float(recipe.optimizer(100).learning_rate) == pytest.approx(rate)


def test_weight_decay_adds_up_to_what_is_published() -> None:
    optimizer = find_recipe("khaireddin-vgg").optimizer(1)
    assert isinstance(optimizer, keras.optimizers.SGD)
    assert (optimizer.momentum, optimizer.nesterov) == (0.9, True)
    # A constant pull of 1e-4 in the gradient: 1e-4 * (1 + .9 + .81 + ...) = 1e-4 / (1 - .9).
    assert optimizer.weight_decay == pytest.approx(1e-3)


def rates(optimizer: keras.optimizers.Optimizer, *steps: int) -> list[float]:
    """Learning rates at these steps."""
    found = []
    for step in steps:
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


def test_our_own_network_is_trained_along_three_cosines_the_last_one_with_mixup() -> None:
    recipe = find_recipe("fer-resnet")
    first = rates(recipe.optimizer(60), 0, 10, 20, 40)
    assert first == pytest.approx([0.1, 0.05, 0.05, 0.025], abs=1e-6)
    (stage,) = recipe.then
    assert (recipe.epochs - stage.epochs, stage.epochs, stage.mixup) == (60, 80, 0.4)
    last = rates(stage.optimizer(100), 0, 50, 100)
    assert last == pytest.approx([0.05, 0.025, 0], abs=1e-6)


def test_the_network_on_enlarged_faces_has_one_stage_more() -> None:
    smaller, larger = find_recipe("fer-resnet"), find_recipe("fer-resnet-60")
    assert larger.then[:1] == smaller.then
    assert [(stage.epochs, stage.mixup) for stage in larger.then] == [(80, 0.4), (64, 0.4)]
    assert larger.epochs == smaller.epochs + 64


def test_fine_tuning_frees_more_layers_at_a_lower_rate_from_stage_to_stage() -> None:
    recipe = find_recipe("deepfer-resnet50v2")
    assert recipe.fine_tuning is not None
    stages = recipe.fine_tuning.stages
    rates = [float(stage.optimizer(1).learning_rate) for stage in stages]
    assert rates == sorted(rates, reverse=True)
    assert sum(stage.epochs for stage in stages) == recipe.epochs
    names = [layer.name for layer in recipe.build(7).get_layer(recipe.fine_tuning.backbone).layers]
    starts = [
        names.index(stage.learns_from) if stage.learns_from else len(names) for stage in stages
    ]
    assert starts == sorted(starts, reverse=True)
    assert len(set(starts)) == len(starts)


@pytest.mark.parametrize(
    ("chosen_by", "measures", "best"),
    [
        pytest.param("val_loss", [0.5, 0.3, 0.4, 0.3], 1, id="the first with the lowest loss"),
        pytest.param("val_accuracy", [0.5, 0.7, 0.6, 0.7], 1, id="the first of the most accurate"),
        pytest.param("val_loss", [math.nan, 0.5, 0.6], 1, id="no number first"),
        pytest.param("val_loss", [0.5, -math.inf], 0, id="endless"),
        pytest.param("val_accuracy", [math.nan, 0.5, math.inf], 1, id="no numbers around"),
        pytest.param("val_loss", [math.nan, math.nan], 0, id="nothing better"),
    ],
)
def test_the_best_epoch_is_the_first_of_the_best_whose_figures_are_numbers(
    chosen_by: Literal["val_loss", "val_accuracy"], measures: list[float], best: int
) -> None:
    epochs = [{"epoch": float(n), chosen_by: value} for n, value in enumerate(measures)]
    assert replace(TINY, chosen_by=chosen_by).best(epochs)["epoch"] == best


def test_an_epoch_without_a_loss_is_not_the_most_accurate() -> None:
    epochs = [{"val_accuracy": 0.9, "loss": math.nan}, {"val_accuracy": 0.2, "loss": 1.0}]
    assert TINY.best(epochs) == epochs[1]
