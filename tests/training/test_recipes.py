import keras
import numpy as np
import pytest

from fer_core.errors import UnknownRecipeError
from fer_core.model_store import DEFAULT_MODEL
from fer_core.training.recipes import RECIPES, find_recipe


def test_an_unknown_recipe_is_an_error_that_lists_those_there_are() -> None:
    with pytest.raises(UnknownRecipeError, match=r"'cake'.*tutorial-cnn, tutorial-cnn-augmented"):
        find_recipe("cake")


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_found_by_its_name(name: str) -> None:
    recipe = find_recipe(name)
    assert recipe.name == name
    assert recipe.summary
    assert recipe.epochs >= 1
    assert recipe.batch_size >= 1


def test_the_default_network_has_a_recipe_of_its_name() -> None:
    assert DEFAULT_MODEL in RECIPES


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_builds_a_network_under_the_contract(name: str) -> None:
    network = find_recipe(name).build(7)
    assert network.input_shape == (None, 48, 48, 1)
    assert network.output_shape == (None, 7)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("n_steps", [1, 2, 19, 20, 4500])
def test_an_optimizer_fits_runs_of_any_length(name: str, n_steps: int) -> None:
    optimizer = find_recipe(name).optimizer(n_steps)
    assert 0 < float(optimizer.learning_rate) <= 1e-3


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


def test_augmentation_is_made_anew_for_each_run() -> None:
    augment = find_recipe("tutorial-cnn-augmented").augment
    assert augment is not None
    assert augment() is not augment()
    assert augment()(np.zeros((1, 48, 48, 1), np.float32), training=True).shape == (1, 48, 48, 1)
