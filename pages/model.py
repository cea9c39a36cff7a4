"""Networks: what was measured of each, side by side and in full, and which one to use."""

import logging
from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import streamlit as st

import fer_core
import ui
from fer_core.figures import Figures, read_figures
from fer_core.model_store import (
    MODELS_DIR,
    SERVED_FILE,
    ModelCard,
    find_model,
    list_models,
    read_card,
)
from parts import network_card, widgets

LOGGER = logging.getLogger("pages")


def percent_column(meaning: str) -> Any:
    """A column of percentages."""
    return st.column_config.NumberColumn(format=network_card.PERCENT, help=meaning)


CHOOSE_BY = "Accuracy on the validation split by the labels that the network learned"

COLUMNS = {
    "Network": st.column_config.TextColumn(pinned=True),
    "PublicTest": percent_column(CHOOSE_BY),
    "Validation": percent_column(CHOOSE_BY),
    "Labels": st.column_config.TextColumn(
        help="What the network learned, where that is not the data set's own"
    ),
    "Leak-free": percent_column("Accuracy on test images that are not also in training"),
    "Accuracy": percent_column("Published protocol: all test images"),
    "Macro F1": st.column_config.NumberColumn(format="%.3f", help="Leak-free test images"),
    "FER+ 7": percent_column("Accuracy against the majority of FER+'s votes, seven classes"),
    "Calibration error": percent_column(
        "How far off its probabilities are on average, by the labels that the network learned"
    ),
    "Parameters": st.column_config.NumberColumn(format="localized"),
}


@dataclass(frozen=True)
class Entry:
    """A network that the page can show.

    Attributes:
        folder: Where it lies.
        card: What is known of it.
        figures: What was measured on the test split, to report.
        elsewhere: What was measured on another data set.
        validation: Accuracy on the validation split by the labels that the network learned, to
            choose by; None before it was measured.
    """

    folder: Path
    card: ModelCard
    figures: dict[str, Figures]
    elsewhere: dict[str, Figures]
    validation: float | None

    @property
    def label(self) -> str:
        """Its name, which tells one from elsewhere from one of the same name here."""
        elsewhere = self.folder.parent != MODELS_DIR
        return self.folder.name + (" (set by FER_MODEL)" if elsewhere else "")

    @property
    def dataset(self) -> str:
        """What it was judged on, or else trained on."""
        judged_on = self.card.metrics.get("private", {}).get("dataset")
        return str(judged_on or self.card.trained_on.get("dataset") or "data of unknown name")

    @property
    def rank(self) -> tuple[bool, float, str]:
        """For sorting: by accuracy on the validation split, those without it last, by name.

        Never by the test split: its figures hold only while nothing is chosen by them.
        """
        return (self.validation is None, -(self.validation or 0.0), self.folder.name)

    @property
    def obstacle(self) -> str:
        """Why it cannot be used; empty where it can."""
        if (self.folder / SERVED_FILE).is_file():
            return ""
        if (self.folder / "model.keras").is_file():
            return (
                "It cannot be used yet: it was not exported for the app. Run "
                f"{widgets.code(f'python -m fer_core export --model {self.folder.name}')}."
            )
        train = f"train --recipe {self.card.recipe} --data … --output models/{self.folder.name}"
        return (
            "It cannot be used here: its figures are kept in this repository, its weights are "
            f"not. {widgets.code(f'python -m fer_core {train}')} trains it anew."
        )


def read_entries() -> list[Entry]:
    """The networks that can be read, by data set and `rank`; of the others the page says that."""
    folders = [MODELS_DIR / name for name in list_models()]
    try:
        own = find_model(ui.settings().model)
        if not any(ui.same_folder(folder, own) for folder in folders):
            folders.append(own)
    except fer_core.FerError as error:  # gone while a viewer uses another one
        LOGGER.warning("The network that the app is set up with is left out: %s", error)
    entries = []
    for folder in folders:
        try:
            card = read_card(folder)
            public = read_figures(card, "public").get(card.own_protocol)
            validation = public.accuracy if public else None
            elsewhere = read_figures(card, "cross-dataset")
            entries.append(Entry(folder, card, read_figures(card), elsewhere, validation))
        except fer_core.FerError as error:
            LOGGER.warning("A network is left out: %s", error)
            if (folder / "card.json").is_file():  # else it has gone since it was listed
                st.warning(f"{widgets.code(folder.name)} is left out: its card is damaged.")
    n_on = Counter(entry.dataset for entry in entries)
    return sorted(entries, key=lambda e: (-n_on[e.dataset], e.dataset, e.rank))


def validation_name(dataset: str) -> str:
    """What a data set's validation split is called, as a column's title."""
    return "PublicTest" if dataset == "FER2013" else "Validation"


def overview_row(entry: Entry, in_use: bool) -> dict[str, Any]:
    """What the overview says of a network; None for what was not measured."""
    published, leak_free, ferplus = map(entry.figures.get, ("all", "leak_free", "ferplus_7"))
    own = entry.figures.get(entry.card.own_protocol)
    return {
        "Network": entry.label + (" ✓" if in_use else ""),
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
        rows = [overview_row(entry, ui.same_folder(entry.folder, in_use)) for entry in group]
        if not network_card.has_ferplus(dataset):
            rows = without_empty_columns(rows)
        by = f", sorted by accuracy on {validation_name(dataset)}" if len(rows) > 1 else ""
        st.text(f"Judged on {dataset}{by}")
        st.dataframe(
            rows,
            column_config=COLUMNS,
            hide_index=True,
            placeholder="not yet",
            alt=f"Networks judged on {dataset}",
        )
    st.caption(
        "Choose by PublicTest or Validation, among networks that learned the same labels: FER+ is "
        "what most of ten people saw in a face, and where nothing is said the network learned the "
        "data set's own labels. The columns after it are of the test split and for reporting: they "
        "hold for new faces only while nothing is chosen by them. "
        "✓: in use in this session."
    )


def choose(entries: list[Entry], in_use: Path) -> Entry:
    """The network to show, with the button that puts it to use."""
    index = next((i for i, e in enumerate(entries) if ui.same_folder(e.folder, in_use)), 0)
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    entry = left.selectbox(
        "Show the network", entries, index, format_func=lambda entry: str(entry.label)
    )
    with right:
        if ui.same_folder(entry.folder, in_use):
            st.badge("In use in this session", icon=":material/check:", color="green")
        else:
            st.button(
                "Use this network",
                icon=":material/play_arrow:",
                type="primary",
                disabled=bool(entry.obstacle),
                on_click=ui.use_network,
                args=(entry.folder,),
            )
    if entry.obstacle:
        st.info(entry.obstacle)
    return entry


ui.need_router("model")
st.title("Networks", anchor=False)
st.markdown(
    "A network names the expression of a face. Choose the one for your photos, videos and "
    "camera in this session, and see what was measured of it."
)
if problem := st.session_state.get(ui.NETWORK_PROBLEM_KEY):
    st.error(problem)
known = read_entries()
if not known:
    st.stop()
if len(known) > 1:
    show_overview(known, ui.network_in_use())
chosen = choose(known, ui.network_in_use())
network_card.show(chosen.folder, chosen.card, chosen.figures, chosen.elsewhere)
