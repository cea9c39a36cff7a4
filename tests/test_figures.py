from dataclasses import replace
from typing import Any

import pytest

from fer_core.errors import ModelError
from fer_core.figures import Figures, read_figures
from fer_core.model_store import DEFAULT_MODEL, ModelCard, find_model, read_card
from tests.faces import card


def judged(part: object, trained_on: dict[str, Any] | None = None) -> ModelCard:
    return replace(card(), metrics={"private": {"all": part}}, trained_on=trained_on or {})


@pytest.mark.parametrize("metrics", [{}, {"public": {"all": {}}}, {"private": {}}])
def test_what_was_not_measured_has_no_figures(metrics: dict[str, Any]) -> None:
    assert read_figures(replace(card(), metrics=metrics)) == {}


def test_the_fewest_figures_are_how_many_images_and_how_many_of_them_right() -> None:
    assert read_figures(judged({"n_images": 4, "accuracy": 0.5})) == {"all": Figures(4, 0.5)}


def test_every_figure_is_read() -> None:
    by_class = {"happy": 1.0, "sad": 0.5}
    part = {
        "n_images": 3,
        "accuracy": 0.75,
        "macro_f1": 0.7,
        "ece": 0.1,
        "ece_before": 0.2,
        "intervals": {"accuracy": [0.7, 0.8], "macro_f1": [0.6, 0.8]},
        "recall": by_class,
        "precision": by_class,
        "f1": by_class,
        "confusion": [[1, 0], [1, 1]],
    }
    assert read_figures(judged(part, {"temperature": 1.5}))["all"] == Figures(
        3,
        0.75,
        0.7,
        0.1,
        0.2,
        (0.7, 0.8),
        (0.6, 0.8),
        by_class,
        by_class,
        by_class,
        ((1, 0), (1, 1)),
    )


@pytest.mark.parametrize(
    ("of_network", "of_split", "before"),
    [
        pytest.param({}, {}, None, id="no temperature"),
        pytest.param({}, {"temperature": 1.0}, None, id="temperature 1"),
        pytest.param({"temperature": 1}, {}, None, id="temperature 1 of the network"),
        pytest.param({}, {"temperature": 1.2}, 0.2, id="calibrated, by the split's figures"),
        pytest.param({"temperature": 1.2}, {}, 0.2, id="calibrated, by the network's training"),
    ],
)
def test_only_a_calibrated_network_has_an_error_before(
    of_network: dict[str, Any], of_split: dict[str, Any], before: float | None
) -> None:
    part = {"n_images": 4, "accuracy": 0.5, "ece": 0.1, "ece_before": 0.2}
    metrics = {"private": {"all": part, **of_split}}
    figures = read_figures(replace(card(), metrics=metrics, trained_on=of_network))
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
    ],
)
def test_what_cannot_be_a_figure_is_a_model_error_that_names_the_network(
    change: dict[str, object],
) -> None:
    part = {"n_images": 4, "accuracy": 0.5, "recall": {"happy": 0.5}} | change
    if "confusion" in change and len(change) == 1:
        del part["recall"]
    with pytest.raises(ModelError, match="figures of the network made-up are damaged"):
        read_figures(judged(part))


@pytest.mark.parametrize("metrics", [{"private": 3}, {"private": ["all"]}])
def test_metrics_of_another_shape_are_a_model_error(metrics: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="damaged"):
        read_figures(replace(card(), metrics=metrics))


def test_the_default_network_was_measured_under_both_protocols() -> None:
    figures = read_figures(read_card(find_model(DEFAULT_MODEL)))
    assert {"all", "leak_free"} <= set(figures)
    assert sum(map(sum, figures["all"].confusion)) == figures["all"].n_images
