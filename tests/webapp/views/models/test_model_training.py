import math
from dataclasses import replace
from typing import Any

import pytest

from tests.faces import card
from webapp.views.models.model_training import curve_chart, curve_points, provenance


@pytest.mark.parametrize("history", [[], [{"epoch": 0.0}], [{"accuracy": math.nan}]])
def test_without_a_number_there_is_no_point(history: list[dict[str, float]]) -> None:
    assert curve_points(history, "accuracy") == []


def test_epochs_count_from_1_without_the_gaps_of_a_run_in_stages() -> None:
    history: list[dict[str, float]] = [
        {"epoch": 0, "loss": 3, "val_loss": 4},
        {"epoch": 20, "loss": math.inf, "val_loss": 2},
    ]
    points = [(p["split"], p["epoch"], p["value"]) for p in curve_points(history, "loss")]
    assert points == [("training", 1, 3), ("validation", 1, 4), ("validation", 2, 2)]


@pytest.mark.parametrize(("kept", "n_layers"), [(None, 1), (2, 2)])
def test_the_kept_epoch_is_marked_where_it_is_known(kept: int | None, n_layers: int) -> None:
    points = [{"epoch": 1, "split": "training", "value": 0.5}]
    assert len(curve_chart(points, "accuracy", kept)["layer"]) == n_layers


@pytest.mark.parametrize(
    "trained_on", [{}, {"versions": "3"}, {"n_images": "many"}, {"epochs": None}]
)
def test_what_a_card_does_not_tell_has_no_row(trained_on: dict[str, Any]) -> None:
    rows = provenance(replace(card(), trained_on=trained_on))
    assert list(rows) == ["recipe", "parameters", "input", "predicts"]


@pytest.mark.parametrize(
    ("finished", "row"),
    [({"finished": False}, "no, interrupted"), ({"finished": True}, None), ({}, None)],
    ids=["interrupted", "finished", "an older card"],
)
def test_an_unfinished_network_is_called_so(finished: dict[str, Any], row: str | None) -> None:
    assert provenance(replace(card(), trained_on=finished)).get("finished") == row


def test_what_is_published_stands_with_its_source() -> None:
    told = {"summary": "small", "published": "66 %", "source": "arXiv:1710.07557"}
    rows = provenance(replace(card(), recipe="mini", trained_on=told))
    assert rows["recipe"] == "mini: small"
    assert rows["published for it"] == "66 %; arXiv:1710.07557"


def test_what_a_command_alone_does_not_tell_is_told() -> None:
    rows = provenance(replace(card(), trained_on={"note": "The second half ran elsewhere."}))
    assert rows["note"] == "The second half ran elsewhere."
