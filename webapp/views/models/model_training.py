"""A model's training, on the page of models."""

import logging
import math
from pathlib import Path
from typing import Any

import streamlit as st

import fer_core
from fer_core.classification.model_store import ModelCard, read_history
from webapp.views import blocks

LOGGER = logging.getLogger(__name__)

TRAINING, VALIDATION = "#8a8f98", "#3e7bfa"  # both stand out from white and from black


def show(folder: Path, card: ModelCard) -> None:
    """Accuracy and loss of each epoch, then what else the card tells."""
    try:
        history = read_history(folder)
    except fer_core.ModelError as error:
        LOGGER.warning("%s", error)
        history = []
    kept = card.trained_on.get("chosen_epoch")
    for column, measure in zip(st.columns(2, gap="large"), ("accuracy", "loss"), strict=True):
        points = curve_points(history, measure)
        if points:
            column.vega_lite_chart(
                curve_chart(points, measure, kept if isinstance(kept, int) else None),
                height=260,
                alt=f"{measure} of each epoch on the training and the validation split",
            )
        else:
            column.caption(f"The course of the {measure} was not recorded.")
    st.html(blocks.pairs(provenance(card)))


def curve_points(history: list[dict[str, float]], measure: str) -> list[dict[str, Any]]:
    """The points of both curves; epochs count from 1, without gaps."""
    return [
        {"epoch": epoch, "split": split, "value": row[key]}
        for split, key in (("training", measure), ("validation", f"val_{measure}"))
        for epoch, row in enumerate(history, 1)
        if math.isfinite(row.get(key, math.nan))
    ]


def curve_chart(points: list[dict[str, Any]], measure: str, kept: int | None) -> dict[str, Any]:
    """A Vega-Lite chart of two curves, with a line where the epoch is whose weights were kept."""
    share = measure == "accuracy"
    color = {
        "field": "split",
        "type": "nominal",
        "title": None,
        "scale": {"domain": ["training", "validation"], "range": [TRAINING, VALIDATION]},
        "legend": {"orient": "top"},
    }
    value = {
        "field": "value",
        "type": "quantitative",
        "title": measure,
        "scale": {"zero": False},
        "axis": {"format": "%" if share else "~g", "tickCount": 5},
    }
    epoch = {
        "field": "epoch",
        "type": "quantitative",
        "title": "epoch" if kept is None else f"epoch (kept: {kept})",
        "axis": {"tickMinStep": 1, "format": "d", "grid": False},
        "scale": {"nice": False},
    }
    tooltip = [epoch | {"title": "epoch"}, {"field": "split"}, value | {"format": ".3"}]
    curves = {
        "mark": {"type": "line", "point": len(points) < 6, "strokeWidth": 2},
        "encoding": {"x": epoch, "y": value, "color": color, "tooltip": tooltip},
    }
    rule = {
        "data": {"values": [{"epoch": kept}]},
        "mark": {"type": "rule", "strokeDash": [4, 4], "color": TRAINING},
        "encoding": {"x": epoch},
    }
    return {"data": {"values": points}, "layer": [curves] + ([rule] if kept is not None else [])}


def provenance(card: ModelCard) -> dict[str, str]:
    """The model's origin, as far as its card tells."""
    on = card.trained_on
    shape = card.input
    layers = "gray" if shape.channels == 1 else f"gray, repeated in {shape.channels} channels"
    versions = on.get("versions")
    kept = f"epoch {on['chosen_epoch']} was kept" if "chosen_epoch" in on else ""
    rows = {
        "recipe": _joined(card.recipe, on.get("summary"), ": "),
        "published for it": _joined(on.get("published"), on.get("source")),
        "parameters": f"{card.n_parameters:,}",
        "input": f"faces of {shape.width}x{shape.height} pixels, {layers}",
        "predicts": ", ".join(card.labels),
        "trained on": _joined(on.get("dataset"), _images(on.get("n_images"))),
        "fingerprint": str(on.get("fingerprint", ""))[:12],
        "epochs": _joined(on.get("epochs"), kept),
        "finished": "no, interrupted" if on.get("finished") is False else "",
        "chosen by": str(on.get("chosen_by", "")),
        "seed": str(on.get("seed", "")),
        "started from": str(on.get("pretrained", "")).replace("none", "random weights"),
        "learned from": ", ".join(map(str, on.get("teachers", ()))),
        "precision": str(on.get("precision", "")),
        "temperature": str(on.get("temperature", ""))[:6],
        "date": str(on.get("date", "")),
        "versions": ", ".join(f"{name} {number}" for name, number in versions.items())
        if isinstance(versions, dict)
        else "",
        "note": str(on.get("note", "")),
    }
    return {name: text for name, text in rows.items() if text}


def _images(n: object) -> str:
    return f"{n:,} images" if isinstance(n, int) else ""


def _joined(first: object, second: object, by: str = "; ") -> str:
    return by.join(str(part) for part in (first, second) if part not in (None, ""))
