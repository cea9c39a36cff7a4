"""All that was measured of all models, for researchers: a table, then one model in full."""

import logging
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import streamlit as st

import fer_core
from fer_core.classification.figures import Figures, read_figures
from fer_core.classification.model_store import MODELS_DIR, SERVED_FILE, ModelCard, read_card
from webapp import models
from webapp.views.layout import say
from webapp.views.models import model_card
from webapp.views.words import code

LOGGER = logging.getLogger(__name__)


def percent_column(meaning: str) -> Any:
    """A column of percentages."""
    return st.column_config.NumberColumn(format=model_card.PERCENT, help=meaning)


CHOOSE_BY = "Accuracy on the validation split by the labels that the model learned"

COLUMNS = {
    "Model": st.column_config.TextColumn(pinned=True),
    "PublicTest": percent_column(CHOOSE_BY),
    "Validation": percent_column(CHOOSE_BY),
    "Labels": st.column_config.TextColumn(
        help="What the model learned, where that is not the data set's own"
    ),
    "Leak-free": percent_column("Accuracy on test images that are not also in training"),
    "Accuracy": percent_column("Published protocol: all test images"),
    "Macro F1": st.column_config.NumberColumn(format="%.3f", help="Leak-free test images"),
    "FER+ 7": percent_column("Accuracy against the majority of FER+'s votes, seven classes"),
    "Calibration error": percent_column(
        "How far off its probabilities are on average, by the labels that the model learned"
    ),
    "Parameters": st.column_config.NumberColumn(format="localized"),
}


@dataclass(frozen=True)
class Entry:
    """A model that the page can show.

    Attributes:
        folder: Its folder.
        card: Its card.
        figures: Those of the test split, to report.
        elsewhere: Sentences on its figures on other faces.
        validation: Accuracy on the validation split by the labels that the model learned, to
            choose by; None before it was measured.
    """

    folder: Path
    card: ModelCard
    figures: dict[str, Figures]
    elsewhere: list[str]
    validation: float | None

    @property
    def label(self) -> str:
        """Its name, which tells one from elsewhere from one of the same name here."""
        elsewhere = self.folder.parent != MODELS_DIR
        return self.folder.name + (" (set by FER_MODEL)" if elsewhere else "")

    @property
    def dataset(self) -> str:
        """The data set that it was evaluated on, or else trained on."""
        evaluated_on = self.card.metrics.get("private", {}).get("dataset")
        return str(evaluated_on or self.card.trained_on.get("dataset") or "data of unknown name")

    @property
    def rank(self) -> tuple[bool, float, str]:
        """For sorting: by accuracy on the validation split, those without it last, by name.

        Never by the test split: its figures hold only while nothing is chosen by them.
        """
        return (self.validation is None, -(self.validation or 0.0), self.folder.name)

    @property
    def obstacle(self) -> str:
        """The reason why it cannot be used; empty if it can."""
        if (self.folder / SERVED_FILE).is_file():
            return ""
        if (self.folder / "model.keras").is_file():
            return (
                "It cannot be used yet: it was not exported for the app. Run "
                f"{code(f'python -m fer_core export --model {self.folder.name}')}."
            )
        train = f"train --recipe {self.card.recipe} --data … --output models/{self.folder.name}"
        return (
            "It cannot be used here: its figures are kept in this repository, its weights are "
            f"not. {code(f'python -m fer_core {train}')} trains it again."
        )


def read_entries() -> list[Entry]:
    """The models that can be read, by data set and `rank`; of the others the page says that."""
    entries = []
    for folder in models.folders():
        try:
            card = read_card(folder)
            public = read_figures(card, "public").get(card.own_protocol)
            validation = public.accuracy if public else None
            elsewhere = model_card.elsewhere_lines(card)
            entries.append(Entry(folder, card, read_figures(card), elsewhere, validation))
        except fer_core.FerError as error:
            LOGGER.warning("A model is left out: %s", error)
            if (folder / "card.json").is_file():  # else it has gone since it was listed
                say(f"{code(folder.name)} is left out: its card is damaged.", "warning")
    n_on = Counter(entry.dataset for entry in entries)
    return sorted(entries, key=lambda e: (-n_on[e.dataset], e.dataset, e.rank))


def validation_name(dataset: str) -> str:
    """The name of a data set's validation split, as a column's title."""
    return "PublicTest" if dataset == "FER2013" else "Validation"


def overview_row(entry: Entry, in_use: bool) -> dict[str, Any]:
    """A model's row in the overview; None for figures that were not measured."""
    published, leak_free, ferplus = map(entry.figures.get, ("all", "leak_free", "ferplus_7"))
    own = entry.figures.get(entry.card.own_protocol)
    return {
        "Model": entry.label + (" ✓" if in_use else ""),
        validation_name(entry.dataset): in_percent(entry.validation),
        "Labels": "FER+" if entry.card.learned_votes else "",
        "Leak-free": in_percent(leak_free.accuracy if leak_free else None),
        "Accuracy": in_percent(published.accuracy if published else None),
        "Macro F1": leak_free.macro_f1 if leak_free else None,
        "FER+ 7": in_percent(ferplus.accuracy if ferplus else None),
        "Calibration error": in_percent(own.ece if own else None),
        "Parameters": entry.card.n_parameters,
    }


def in_percent(share: float | None) -> float | None:
    """A share from 0 to 1 as 0 to 100."""
    return None if share is None else 100 * share


def without_empty_columns(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without what is known of none of them, but with the validation accuracy."""
    columns = [
        name
        for name in rows[0]
        if name == "Validation" or any(row[name] not in (None, "") for row in rows)
    ]
    return [{name: row[name] for name in columns} for row in rows]


def show_overview(entries: list[Entry], in_use: Path) -> None:
    """A table for each data set, since accuracies on different ones do not compare."""
    for dataset, group in groupby(entries, key=lambda entry: entry.dataset):
        rows = [overview_row(entry, models.same_folder(entry.folder, in_use)) for entry in group]
        if not model_card.has_ferplus(dataset):
            rows = without_empty_columns(rows)
        by = f", sorted by accuracy on {validation_name(dataset)}" if len(rows) > 1 else ""
        st.text(f"Accuracy on {dataset}{by}")
        st.dataframe(
            rows,
            column_config=COLUMNS,
            hide_index=True,
            placeholder="not yet",
            alt=f"Models evaluated on {dataset}",
        )
    st.caption(
        "Compare models by the first column; the others are final test scores. Models that learned "
        "FER+ are for what most of ten people saw in a face. ✓: in use."
    )


def show(entries: list[Entry], in_use: Path) -> None:
    """The table and the model that the viewer picks."""
    if len(entries) > 1:
        show_overview(entries, in_use)
    index = next((i for i, e in enumerate(entries) if models.same_folder(e.folder, in_use)), 0)
    entry = st.selectbox(
        "Show the model", entries, index, format_func=lambda entry: str(entry.label)
    )
    if entry.obstacle:
        st.caption(entry.obstacle)
    model_card.show(entry.folder, entry.card, entry.figures, entry.elsewhere)
