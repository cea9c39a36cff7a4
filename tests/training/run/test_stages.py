"""Runs in several stages, from pre-trained weights and without."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
from keras import layers

from fer_core.classification.model_store import read_card
from fer_core.training.recipes.named import RECIPES
from fer_core.training.recipes.recipe import FineTuning, Stage
from tests.conftest import takes_long
from tests.tiny_recipe import TINY, impatient
from tests.training.run.runs import (
    epochs,
    history,
    interrupt,
    same,
    script_validation,
    throw_away,
    weights,
)


def network_on_backbone(n_classes: int) -> keras.Model:
    backbone = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(2, 3, name="lower"),
            layers.BatchNormalization(name="normal"),
            layers.Conv2D(3, 3, name="upper"),
        ],
        name="backbone",
    )
    return keras.Sequential(
        [
            layers.Input((48, 48, 1)),
            layers.AveragePooling2D(6),
            layers.Rescaling(1 / 255),
            backbone,
            layers.Flatten(),
            layers.Dense(n_classes, activation="softmax"),
        ]
    )


def sevens(backbone: keras.Model, source: str) -> None:
    """Stands for pre-trained weights: every one of them is a hundredth of `source`."""
    backbone.set_weights([np.full_like(w, int(source) / 100) for w in backbone.get_weights()])


def stage(epochs: int, learns_from: str | None, rate: float = 0.1) -> Stage:
    return Stage(lambda _n_steps: keras.optimizers.SGD(rate), epochs, learns_from)


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recipe `tiny`, in three stages of two epochs each."""
    stages = (stage(2, None), stage(2, "upper", 0.01), stage(2, "normal", 0.001))
    recipe = replace(
        TINY,
        epochs=6,
        build=network_on_backbone,
        callbacks=impatient,
        fine_tuning=FineTuning("backbone", sevens, stages),
    )
    monkeypatch.setitem(RECIPES, "tiny", recipe)


def learned(folder: Path) -> set[str]:
    """The backbone's layers whose weights are no longer those of `sevens`, and the head."""
    network: Any = keras.models.load_model(folder / "model.keras")
    backbone = network.get_layer("backbone").layers
    return {
        layer.name
        for layer in backbone
        if any((np.asarray(w) != np.float32(0.07)).any() for w in layer.get_weights())
    }


@pytest.mark.usefixtures("staged")
@pytest.mark.parametrize(
    ("epochs_run", "learning"),
    [
        pytest.param(1, set(), id="half of the first stage"),
        pytest.param(3, {"upper"}, id="one and a half"),
        pytest.param(6, {"upper", "normal"}, id="all; what lies below never learns"),
    ],
)
def test_stages_free_layers_from_the_top_down(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    epochs_run: int,
    learning: set[str],
) -> None:
    script_validation(monkeypatch, *[0.1 + 0.1 * n for n in range(6)])
    assert run("--weights", "7", "--epochs", str(epochs_run)) == 0
    assert learned(tmp_path / "net") == learning
    assert len(epochs(tmp_path / "net")) == epochs_run
    assert read_card(tmp_path / "net").trained_on["pretrained"] == "7"
    rates = [float(row["learning_rate"]) for row in history(tmp_path / "net")]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001][:epochs_run])


@pytest.mark.usefixtures("staged")
def test_a_stage_begins_with_the_best_epoch_so_far(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script_validation(monkeypatch, 0.9, 0.8, 0.7)
    assert run("--weights", "7", "--epochs", "3") == 0
    kept = weights(tmp_path / "net")
    throw_away(tmp_path / "net")
    script_validation(monkeypatch, 0.9)
    assert run("--weights", "7", "--epochs", "1") == 0
    assert same(kept, weights(tmp_path / "net"))


@takes_long
@pytest.mark.usefixtures("staged")
def test_a_run_in_stages_resumes_in_the_stage_in_which_it_was_interrupted(
    run: Callable[..., int], tmp_path: Path
) -> None:
    measured = [0.1, 0.2, 0.3, 0.4]
    folder = tmp_path / "net"
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, *measured)
        assert run("--weights", "7", "--epochs", "4") == 0
    unbroken = weights(folder)
    throw_away(folder)
    for epoch in (2, 3, 4):  # in the middle of a stage, at the beginning of one, in its middle
        with pytest.MonkeyPatch.context() as patch:
            interrupt(patch, epoch=epoch)
            script_validation(patch, *measured[max(epoch - 2, 0) :])
            # Resumed weights are those of the backup: the file they came from may be gone.
            options = ("--weights", "7") if epoch == 2 else ("--weights", "gone", "--resume")
            assert run("--epochs", "4", *options) == 130
        assert epochs(folder) == list(range(epoch - 1))
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, measured[3])
        assert run("--weights", "gone", "--epochs", "4", "--resume") == 0
    assert epochs(folder) == [0, 1, 2, 3]
    assert read_card(folder).trained_on["pretrained"] == "7"
    for expected, found in zip(unbroken, weights(folder), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.usefixtures("staged")
def test_a_run_interrupted_in_its_first_epoch_resumes_from_its_pre_trained_weights(
    run: Callable[..., int], tmp_path: Path
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=1)
        assert run("--weights", "7", "--epochs", "1") == 130
    assert run("--epochs", "1", "--resume") == 0
    assert learned(tmp_path / "net") == set()
    assert read_card(tmp_path / "net").trained_on["pretrained"] == "7"


@pytest.mark.usefixtures("staged")
@pytest.mark.parametrize(("before", "now"), [("none", "7"), ("7", "none")])
def test_a_run_is_not_resumed_with_pre_trained_weights_instead_of_none_or_the_other_way_round(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], before: str, now: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=2)
        assert run("--weights", before) == 130
    capsys.readouterr()
    assert run("--weights", now, "--resume") == 2
    assert f"had weights {before}, not {now};" in capsys.readouterr().err


@pytest.mark.usefixtures("staged")
def test_without_pre_trained_weights_nothing_is_held_still(
    run: Callable[..., int], tmp_path: Path
) -> None:
    assert run("--weights", "none", "--epochs", "1") == 0
    assert learned(tmp_path / "net") == {"lower", "normal", "upper"}
    assert read_card(tmp_path / "net").trained_on["pretrained"] == "none"


@pytest.fixture
def in_two_stages(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The recipe `tiny` in two epochs and two more at a lower rate, with that much mixup."""

    def set_mixup(mixup: float) -> None:
        lower = replace(stage(2, None, rate=0.1), mixup=mixup)
        recipe = replace(TINY, epochs=4, then=(lower,), callbacks=impatient)
        monkeypatch.setitem(RECIPES, "tiny", recipe)

    return set_mixup


@pytest.mark.parametrize(
    ("options", "rates"),
    [
        pytest.param([], [0.5, 0.5, 0.1, 0.1], id="all"),
        pytest.param(["--epochs", "3"], [0.5, 0.5, 0.1], id="the second stage is cut short"),
        pytest.param(["--epochs", "1"], [0.5], id="the first stage is cut short"),
    ],
)
def test_a_second_stage_follows_the_first_one_with_its_own_rate(
    run: Callable[..., int],
    tmp_path: Path,
    in_two_stages: Callable[[float], None],
    options: list[str],
    rates: list[float],
) -> None:
    in_two_stages(0.0)
    assert run(*options) == 0
    assert epochs(tmp_path / "net") == list(range(len(rates)))
    found = [float(row["learning_rate"]) for row in history(tmp_path / "net")]
    assert found == pytest.approx(rates)


def test_stages_have_no_more_epochs_than_their_recipe(
    run: Callable[..., int],
    tmp_path: Path,
    in_two_stages: Callable[[float], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    in_two_stages(0.0)
    assert run("--epochs", "5") == 2
    said = capsys.readouterr().err
    assert "trains in stages, 4 epochs in all; --epochs can end it earlier, not later" in said
    assert not (tmp_path / "net").exists()


@takes_long
def test_a_stage_with_mixup_trains_on_blended_targets_and_those_before_it_do_not(
    run: Callable[..., int],
    tmp_path: Path,
    in_two_stages: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script_validation(monkeypatch, *[0.1 + 0.01 * n for n in range(18)])

    def trained(epochs_run: int, mixup: float) -> list[npt.NDArray[np.float32]]:
        in_two_stages(mixup)
        assert run("--epochs", str(epochs_run)) == 0
        found = weights(tmp_path / "net")
        throw_away(tmp_path / "net")
        return found

    assert same(trained(2, 0.3), trained(2, 0.0))
    assert not same(trained(3, 0.3), trained(3, 0.0))
    assert same(trained(4, 0.3), trained(4, 0.3))


@takes_long
def test_a_stage_with_mixup_resumes_as_if_it_had_not_been_interrupted(
    run: Callable[..., int],
    tmp_path: Path,
    in_two_stages: Callable[[float], None],
) -> None:
    in_two_stages(0.3)
    measured = [0.1, 0.2, 0.3, 0.4]
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, *measured)
        assert run() == 0
    unbroken = weights(tmp_path / "net")
    throw_away(tmp_path / "net")
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=4)
        script_validation(patch, *measured)
        assert run() == 130
    assert epochs(tmp_path / "net") == [0, 1, 2]
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, measured[3])
        assert run("--resume") == 0
    assert epochs(tmp_path / "net") == [0, 1, 2, 3]
    for expected, found in zip(unbroken, weights(tmp_path / "net"), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
