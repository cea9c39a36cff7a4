"""The model that a visit uses, those it may choose from, and the loaded ones that all share."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from threading import Thread

import streamlit as st

import fer_core
from fer_core.classification.figures import read_figures
from fer_core.classification.model_store import (
    DEFAULT_MODEL,
    MODELS_DIR,
    SERVED_FILE,
    ModelCard,
    find_model,
    list_models,
    read_card,
)
from fer_core.detection.from_file import load_detector
from webapp import server
from webapp.serving.workers import SHARED
from webapp.views.words import code
from webapp.visits.photo_results import get_ready

LOGGER = logging.getLogger(__name__)

NO_MODEL = "The app is not set up correctly: its model cannot be loaded. The server's log says why."

MODEL_KEY = "model"
"""Key in the session state of the folder of the model that a viewer chose."""

PROBLEM_KEY = "model_problem"
"""Key of the sentence that says why the model last chosen is not in use."""

MOST_MODELS = 8
"""Number of models that stay loaded; each writing of a model's file counts as one."""

MOST_CARDS = 100
"""Number of cards that stay in memory."""

BY_PEOPLE = "ferplus_7"
"""The figures against the majority of ten people, the same faces for every model."""


@dataclass(frozen=True)
class Choice:
    """A model that can be used, as the pages offer it.

    Attributes:
        folder: Its folder.
        card: Its card.
        title: Its name on the pages.
        purpose: Its purpose, in a sentence or two.
        agreement: Share of the test faces, from 0 to 1, on which it agrees with most of ten
            people; None if that was not measured.
        size_mb: Size of the file that the app runs, in megabytes.
        stands_out: True if it is offered for a purpose of its own, or in use.
    """

    folder: Path
    card: ModelCard
    title: str
    purpose: str
    agreement: float | None
    size_mb: float
    stands_out: bool


@st.cache_resource(show_spinner=False)
def _load_detector(file: str) -> fer_core.FaceDetector:
    return load_detector(file)


@st.cache_resource(show_spinner="Loading the model …", max_entries=MOST_MODELS)
def _load_analyzer(folder: str, mtime_ns: int) -> fer_core.EmotionAnalyzer:
    file = server.settings().detector
    loaded = fer_core.load_analyzer(folder, _load_detector(file) if file else None)
    loaded.warm_up()
    if SHARED.photos is not None:
        prepare = partial(SHARED.photos.prepare, partial(get_ready, loaded))
        Thread(target=prepare, name="workers", daemon=True).start()
    return loaded


def _current_analyzer(folder: Path) -> fer_core.EmotionAnalyzer:
    """The model in a folder as it is now: loaded again once its file was written again."""
    try:
        mtime_ns = (folder / SERVED_FILE).stat().st_mtime_ns
    except OSError as error:
        raise fer_core.ModelError(f"{folder} holds no {SERVED_FILE}.") from error
    return _load_analyzer(str(folder), mtime_ns)


def in_use() -> Path:
    """Folder of the model that the viewer chose, or else of the one the app is set up with.

    A chosen one that is gone gives way for good; the page of models says so.

    Raises:
        ModelError: There is no model where the app is set up to find one.
    """
    chosen: Path | None = st.session_state.get(MODEL_KEY)
    if chosen is None:
        return find_model(server.settings().model)
    return chosen if (chosen / "card.json").is_file() else _give_way(chosen)


def _give_way(chosen: Path) -> Path:
    """Forget a chosen model that does not work any more and return the configured one."""
    st.session_state.pop(MODEL_KEY, None)
    configured = find_model(server.settings().model)
    st.session_state[PROBLEM_KEY] = (
        f"The model {code(chosen.name)} {_what_is_wrong(chosen)} and cannot be used any more; "
        f"{code(configured.name)} is in use."
    )
    return configured


def _what_is_wrong(folder: Path) -> str:
    return "is damaged" if (folder / "card.json").is_file() else "is gone"


def same_folder(one: Path, other: Path) -> bool:
    """True if both are the same folder; a folder that is gone is the same as none."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def analyzer() -> fer_core.EmotionAnalyzer:
    """The model in use with its detector, shared by all viewers who use it.

    A chosen one that is gone or damaged gives way to the one the app is set up with. Where that
    cannot be loaded either, the page says so and ends.
    """
    try:
        folder = in_use()
        try:
            return _current_analyzer(folder)
        except fer_core.FerError:
            if MODEL_KEY not in st.session_state:
                raise
            return _current_analyzer(_give_way(folder))
    except fer_core.FerError as error:
        LOGGER.error("There is no model to use: %s", error)  # names folders of the server
        st.error(NO_MODEL)
        st.stop()


def use(folder: Path) -> None:
    """Analyze this viewer's photos with another model from now on, if it can be loaded."""
    try:
        _current_analyzer(folder)
    except fer_core.FerError as error:
        LOGGER.warning("A viewer chose a model that does not work: %s", error)
        st.session_state[PROBLEM_KEY] = (
            f"The model {code(folder.name)} {_what_is_wrong(folder)} and cannot be used; "
            f"{code(in_use().name)} stays in use."
        )
        return
    st.session_state[MODEL_KEY] = folder
    st.session_state.pop(PROBLEM_KEY, None)


def folders() -> list[Path]:
    """The folders of the models that come with the app, and of the one that it is set up with."""
    found = [MODELS_DIR / name for name in list_models()]
    try:
        own = find_model(server.settings().model)
    except fer_core.FerError as error:  # gone while a viewer uses another one
        LOGGER.warning("The model that the app is set up with is left out: %s", error)
        return found
    return found if any(same_folder(folder, own) for folder in found) else [*found, own]


def choices() -> list[Choice]:
    """The models that can be used: those of a purpose first, then the others by their names."""
    usable, used = list(_usable()), in_use()
    titles = _titles([(folder, card) for folder, card in usable])
    offered = [
        Choice(
            folder,
            card,
            *titles.get(folder, (folder.name, _learned(card))),
            agreement=agreement(card),
            size_mb=(folder / SERVED_FILE).stat().st_size / 1e6,
            stands_out=folder in titles or same_folder(folder, used),
        )
        for folder, card in usable
    ]
    order = list(titles)
    last = len(order)
    return sorted(
        offered, key=lambda c: (order.index(c.folder) if c.folder in order else last, c.title)
    )


def _usable() -> Iterator[tuple[Path, ModelCard]]:
    for folder in folders():
        try:
            card = _card(folder, (folder / "card.json").stat().st_mtime_ns)
        except (fer_core.FerError, OSError) as error:
            LOGGER.warning("A model is left out: %s", error)
            continue
        if (folder / SERVED_FILE).is_file():
            yield folder, card


@lru_cache(MOST_CARDS)
def _card(folder: Path, mtime_ns: int) -> ModelCard:
    """A card whose figures can be read, too; every run of a page needs all of them."""
    card = read_card(folder)
    read_figures(card)
    return card


def _titles(usable: list[tuple[Path, ModelCard]]) -> dict[Path, tuple[str, str]]:
    """Title and purpose of those that stand out, by folder, in the order in which to offer them."""
    titles: dict[Path, tuple[str, str]] = {}
    for folder, card in usable:
        if folder == MODELS_DIR / DEFAULT_MODEL:
            titles[folder] = (
                "Best for photos",
                f"{_learned(card)} For photos, videos and the camera.",
            )
    if len(usable) < 2:
        return titles
    smallest = min(usable, key=lambda found: found[1].n_parameters)[0]
    titles.setdefault(
        smallest, ("Smallest and fastest", "For a slow machine, a phone or many viewers at once.")
    )
    by_labels = [found for found in usable if not found[1].learned_votes and found[0] not in titles]
    if by_labels:
        original = max(by_labels, key=lambda found: _validation(found[1]))[0]
        titles[original] = (
            "Original labels",
            "Learned FER2013 as published, to compare with other work on it.",
        )
    return titles


def _learned(card: ModelCard) -> str:
    if card.learned_votes:
        return "Learned from what ten people saw in each face."
    return f"Learned the labels of {card.trained_on.get('dataset', 'its data set')}."


def _validation(card: ModelCard) -> float:
    """Accuracy on the validation split by the labels that it learned, to choose by."""
    figures = read_figures(card, "public").get(card.own_protocol)
    return figures.accuracy if figures else 0.0


def agreement(card: ModelCard) -> float | None:
    """Share of the test faces, from 0 to 1, on which the model agrees with most of ten people."""
    figures = read_figures(card).get(BY_PEOPLE)
    return figures.accuracy if figures else None


def title_in_use(offered: list[Choice]) -> str:
    """The title of the model in use."""
    folder = in_use()
    return next((c.title for c in offered if same_folder(c.folder, folder)), folder.name)
