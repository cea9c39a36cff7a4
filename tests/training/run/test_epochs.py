"""The epochs of a run: the one that is kept, the last one, and their precision."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from fer_core.classification.model_store import read_card
from fer_core.training.augmentation.geometry import flips_and_shifts
from fer_core.training.recipes.named import RECIPES
from fer_core.training.run.files import RunFiles
from tests.conftest import takes_long
from tests.tiny_recipe import TINY, impatient, tiny_network
from tests.training.run.runs import (
    accuracies,
    epochs,
    files,
    history,
    interrupt,
    script_validation,
    throw_away,
    validation_accuracy,
    weights,
)


def dropout_network(n_classes: int) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((48, 48, 3)),
            layers.Rescaling(1 / 255),
            layers.AveragePooling2D(6),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(n_classes, activation="softmax", dtype="float32"),
        ]
    )


RANDOM = replace(TINY, build=dropout_network, augment=flips_and_shifts, callbacks=impatient)


def test_a_resumed_run_ends_as_an_unbroken_one(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Order of images, augmentation, dropout, momentum and two learning rates are all at stake.
    monkeypatch.setitem(RECIPES, "tiny", RANDOM)
    folder = tmp_path / "net"
    measured = [0.5, 0.4, 0.3, 0.6]

    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, *measured)
        assert run("--epochs", "4") == 0
    unbroken, rates = weights(folder), [row["learning_rate"] for row in history(folder)]
    assert [float(rate) for rate in rates] == [0.5, 0.5, 0.25, 0.125]
    throw_away(folder)

    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=3)
        script_validation(patch, *measured[:2])
        assert run("--epochs", "4") == 130
    with pytest.MonkeyPatch.context() as patch:
        script_validation(patch, *measured[2:])
        assert run("--epochs", "4", "--resume") == 0
    assert [row["learning_rate"] for row in history(folder)] == rates
    for expected, found in zip(unbroken, weights(folder), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


@takes_long
def test_patience_outlasts_an_interruption(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", RANDOM)
    with pytest.MonkeyPatch.context() as patch:
        interrupt(patch, epoch=4)
        script_validation(patch, 0.5, 0.4, 0.3)
        assert run("--epochs", "9") == 130
    # The third epoch that is not better is the first after the interruption.
    script_validation(monkeypatch, 0.2, 0.9)
    assert run("--epochs", "9", "--resume") == 0
    assert accuracies(tmp_path / "net") == pytest.approx([0.5, 0.4, 0.3, 0.2])
    assert read_card(tmp_path / "net").trained_on["chosen_epoch"] == 1


def test_a_run_that_was_stopped_early_and_then_cut_off_gets_no_further_epoch(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", RANDOM)

    def cut_off(files: RunFiles, number: int) -> None:
        if number == 1:
            raise KeyboardInterrupt
        begin(files, number)

    begin = RunFiles.begin_stage
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RunFiles, "begin_stage", cut_off)
        script_validation(patch, 0.5, 0.4, 0.3, 0.2)
        assert run("--epochs", "9") == 130
    script_validation(monkeypatch, 0.9)
    assert run("--epochs", "9", "--resume") == 0
    assert accuracies(tmp_path / "net") == pytest.approx([0.5, 0.4, 0.3, 0.2])
    trained_on = read_card(tmp_path / "net").trained_on
    assert (trained_on["epochs"], trained_on["finished"]) == (4, True)


def test_a_recipe_may_choose_the_epoch_by_its_loss(
    run: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(RECIPES, "tiny", replace(TINY, chosen_by="val_loss"))
    measured = [(0.1, 2.0), (0.2, 1.0), (0.9, 3.0)]
    monkeypatch.setattr(
        keras.Model,
        "evaluate",
        lambda *_, **__: dict(zip(("accuracy", "loss"), measured.pop(0), strict=True)),
    )
    assert run("--epochs", "3") == 0
    trained_on = read_card(tmp_path / "net").trained_on
    assert (trained_on["chosen_epoch"], trained_on["chosen_by"]) == (2, "validation loss, 1.0000")


def test_a_run_ends_with_the_first_epoch_whose_loss_is_no_number(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The second of an epoch's two steps is from weights that the first one has blown up.
    exploding = replace(TINY, optimizer=lambda _n_steps: keras.optimizers.SGD(float("inf")))
    monkeypatch.setitem(RECIPES, "tiny", exploding)
    assert run("--epochs", "3") == 2
    assert capsys.readouterr().err == (
        "The loss of epoch 1 is nan, so training ends here; try another --seed, or a recipe with "
        "a lower learning rate, in another folder.\n"
    )
    assert not {"model.keras", "card.json"} & set(files(tmp_path / "net"))


def test_a_validation_loss_that_is_no_number_ends_the_run_before_the_epoch_counts(
    run: Callable[..., int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    measured = [1.0, float("nan")]
    monkeypatch.setattr(
        keras.Model, "evaluate", lambda *_, **__: {"accuracy": 0.5, "loss": measured.pop(0)}
    )
    assert run("--epochs", "3") == 2
    assert capsys.readouterr().err.startswith("The validation loss of epoch 2 is nan, so training")
    assert epochs(tmp_path / "net") == [0]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_network_trained_in_half_precision_is_written_in_float32(
    run: Callable[..., int],
    table: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    policy: str,
) -> None:
    monkeypatch.setattr("fer_core.training.run.train.fastest_policy", lambda: policy)
    monkeypatch.setitem(RECIPES, "tiny", replace(RANDOM, build=tiny_network, augment=None))
    assert run("--epochs", "8") == 0
    folder = tmp_path / "net"
    network: Any = keras.models.load_model(folder / "model.keras")
    assert {layer.dtype_policy.name for layer in network.layers} == {"float32"}
    assert {w.dtype for w in weights(folder)} == {np.dtype(np.float32)}
    assert max(accuracies(folder)) > 0.5
    assert validation_accuracy(table, folder) == pytest.approx(max(accuracies(folder)), abs=0.1)
    assert read_card(folder).trained_on["precision"] == policy
    assert keras.config.dtype_policy().name == "float32"
