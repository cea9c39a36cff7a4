import json
from dataclasses import replace
from typing import Any

import pytest

from fer_core.classification.figures import Figures, SplitFigures, read_figures
from fer_core.classification.model_store import (
    DEFAULT_MODEL,
    ModelCard,
    find_model,
    list_models,
    read_card,
)
from fer_core.errors import ModelError
from tests.faces import card


def evaluated(part: object, trained_on: dict[str, Any] | None = None) -> ModelCard:
    return replace(card(), metrics={"private": {"all": part}}, trained_on=trained_on or {})


@pytest.mark.parametrize("metrics", [{}, {"public": {"all": {}}}, {"private": {}}])
def test_what_was_not_measured_has_no_figures(metrics: dict[str, Any]) -> None:
    assert read_figures(replace(card(), metrics=metrics)) == {}


def test_the_fewest_figures_are_how_many_images_and_how_many_of_them_right() -> None:
    assert read_figures(evaluated({"n_images": 4, "accuracy": 0.5})) == {"all": Figures(4, 0.5)}


EVERY = {
    "n_images": 3,
    "accuracy": 0.75,
    "macro_precision": 0.6,
    "macro_recall": 0.0,
    "macro_f1": 0.7,
    "intervals": {"accuracy": [0.7, 0.8], "macro_f1": [0.6, 0.8]},
    "precision": {"happy": 1.0, "sad": 0.5},
    "recall": {"happy": 1.0, "sad": 0.25},
    "f1": {"happy": 1.0, "sad": 0.0},
    "class_counts": {"happy": 1, "sad": 2},
    "confusion": [[1, 0], [1, 1]],
    "ece": 0.1,
    "nll": 1.5,
    "ece_before": 0.2,
    "nll_before": 1.6,
}


def test_every_figure_is_read_and_written_as_it_was() -> None:
    figures = read_figures(evaluated(EVERY, {"temperature": 1.5}))["all"]
    assert figures.intervals == {"accuracy": (0.7, 0.8), "macro_f1": (0.6, 0.8)}
    assert figures.confusion == ((1, 0), (1, 1))
    assert all(
        getattr(figures, name) == EVERY[name] for name in EVERY.keys() - {"intervals", "confusion"}
    )
    assert list(figures.to_dict().items()) == list(EVERY.items())
    assert json.loads(json.dumps(figures.to_dict())) == EVERY


def test_what_was_not_measured_is_not_written() -> None:
    assert Figures(0, 0.0).to_dict() == {"n_images": 0, "accuracy": 0.0}


@pytest.mark.parametrize("name", list_models())
def test_the_figures_of_every_card_are_written_as_they_were_read(name: str) -> None:
    metrics = read_card(find_model(name)).metrics
    for split in metrics.keys() - {"crossvalidation"}:
        assert SplitFigures.from_dict(metrics[split]).to_dict() == metrics[split]


@pytest.mark.parametrize(
    ("of_model", "of_split", "before"),
    [
        pytest.param({}, {}, None, id="no temperature"),
        pytest.param({}, {"temperature": 1.0}, None, id="temperature 1"),
        pytest.param({"temperature": 1}, {}, None, id="temperature 1 of the model"),
        pytest.param({}, {"temperature": 1.2}, 0.2, id="calibrated, by the split's figures"),
        pytest.param({"temperature": 1.2}, {}, 0.2, id="calibrated, by the model's training"),
    ],
)
def test_only_a_calibrated_model_has_an_error_before(
    of_model: dict[str, Any], of_split: dict[str, Any], before: float | None
) -> None:
    part = {"n_images": 4, "accuracy": 0.5, "ece": 0.1, "ece_before": 0.2}
    metrics = {"private": {"all": part, **of_split}}
    figures = read_figures(replace(card(), metrics=metrics, trained_on=of_model))
    assert (figures["all"].ece, figures["all"].ece_before) == (0.1, before)


def test_protocols_and_keys_of_other_versions_do_no_harm() -> None:
    figures = {"n_images": 4, "accuracy": 0.5, "temperature": 1.2}
    others = {"by_subject": figures, "dataset": "FER2013", "temperature": 1.2, "gaps": {"a": 1}}
    metrics = {"private": {"all": figures, **others}}
    assert set(read_figures(replace(card(), metrics=metrics))) == {"by_subject", "all"}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"accuracy": 62.8}, id="percent instead of a share"),
        pytest.param({"accuracy": float("nan")}, id="no number"),
        pytest.param({"accuracy": None}, id="null"),
        pytest.param({"accuracy": "good"}, id="a word"),
        pytest.param({"n_images": None}, id="no count"),
        pytest.param({"ece": -0.1}, id="below 0"),
        pytest.param({"intervals": {"accuracy": [0.1]}}, id="half an interval"),
        pytest.param({"intervals": [0.1, 0.2]}, id="an interval of what"),
        pytest.param({"recall": [0.1, 0.2]}, id="recall of no class"),
        pytest.param({"recall": {"happy": 2}}, id="recall above 1"),
        pytest.param({"recall": {"happy": 1}, "confusion": [[1, 2]]}, id="a matrix too wide"),
        pytest.param({"recall": {"happy": 1}, "confusion": [[1], [2]]}, id="a matrix too high"),
        pytest.param({"confusion": [[1]]}, id="a matrix of no classes"),
        pytest.param({"confusion": 7}, id="a matrix that is a number"),
        pytest.param({"f1": {"sad": 0.5}}, id="F1 of other classes than recall"),
        pytest.param({"class_counts": {"sad": 1}}, id="counts of other classes than recall"),
        pytest.param({"nll": float("inf")}, id="a likelihood without end"),
    ],
)
def test_what_cannot_be_a_figure_is_a_model_error_that_names_the_model(
    change: dict[str, object],
) -> None:
    part = {"n_images": 4, "accuracy": 0.5, "recall": {"happy": 0.5}} | change
    if "confusion" in change and len(change) == 1:
        del part["recall"]
    with pytest.raises(ModelError, match="figures of the model made-up are damaged"):
        read_figures(evaluated(part))


@pytest.mark.parametrize("metrics", [{"private": 3}, {"private": ["all"]}])
def test_metrics_of_another_shape_are_a_model_error(metrics: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="damaged"):
        read_figures(replace(card(), metrics=metrics))


def test_the_default_model_was_measured_under_both_protocols() -> None:
    figures = read_figures(read_card(find_model(DEFAULT_MODEL)))
    assert {"all", "leak_free"} <= set(figures)
    assert sum(map(sum, figures["all"].confusion)) == figures["all"].n_images
