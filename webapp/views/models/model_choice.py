"""The models in plain words: a card each."""

import time
from collections.abc import Sequence

import numpy as np
import streamlit as st

import fer_core
from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.figures import Figures, read_figures
from fer_core.classification.model_store import SERVED_FILE
from fer_core.emotions import Emotion
from webapp import models
from webapp.views import blocks

N_TIMED = 9

MOST_CARDS = 3
"""Number of models that the page shows at first."""


@st.cache_resource(show_spinner=False, max_entries=models.MOST_MODELS)
def time_a_face_ms(folder: str, mtime_ns: int) -> float | None:
    """Milliseconds that one of this machine's processors takes for a face; None for a failure."""
    try:
        classifier = EmotionClassifier.load(folder)
    except fer_core.FerError:
        return None
    shape = classifier.card.input
    face = np.full((1, shape.height, shape.width), 128, np.uint8)
    times_s = []
    for _ in range(N_TIMED):
        start_s = time.thread_time()
        classifier.probabilities(face)
        times_s.append(time.thread_time() - start_s)
    return 1000 * min(times_s)


def first_cards(choices: Sequence[models.Choice]) -> list[models.Choice]:
    """The models to show at first, in their order; the one in use is among them."""
    in_use = models.in_use()
    others = [c for c in choices if not models.same_folder(c.folder, in_use)]
    left_out = others[max(0, MOST_CARDS - (len(choices) - len(others))) :]
    return [choice for choice in choices if choice not in left_out]


def show_cards(choices: Sequence[models.Choice]) -> None:
    """The models that stand out, three in a row where there is room."""
    in_use = models.in_use()
    with st.grid(3, min_column_width=300):
        for choice in choices:
            is_used = models.same_folder(choice.folder, in_use)
            kind = "used" if is_used else "free"
            with st.container(
                border=True, height="stretch", key=f"card-{kind}-{choice.folder.name}"
            ):
                _show_card(choice, is_used=is_used)


def _show_card(choice: models.Choice, *, is_used: bool) -> None:
    badge = " :gray-badge[:material/check: In use]" if is_used else ""
    st.header(f"{choice.title}{badge}", anchor=False)
    st.markdown(choice.purpose)
    if choice.agreement is not None:
        st.html(agreement(round(100 * choice.agreement)))
    if pair := most_confused(choice):
        st.html(pair)
    file = choice.folder / SERVED_FILE
    ms = time_a_face_ms(str(choice.folder), file.stat().st_mtime_ns)
    size = {
        "Size": f"{choice.size_mb:.1f} MB" if choice.size_mb < 1 else f"{choice.size_mb:.0f} MB"
    }
    st.html(blocks.pairs(size | ({} if ms is None else {"Time a face": f"{ms:.1f} ms"})))
    st.button(
        "In use" if is_used else "Use",
        width="stretch",
        disabled=is_used,
        key=f"use-{choice.folder.name}",
        on_click=models.use,
        args=(choice.folder,),
    )


def agreement(n: int) -> str:
    """For how many of 100 faces a model agrees with people, in words and in dots."""
    return (
        f'<div>Agrees with people for</div><div style="{blocks.HEADING};margin-bottom:12px"><span '
        f'style="font-size:56px;line-height:1;letter-spacing:-.03em">{n}</span>'
        f'<span style="font-size:22px"> of 100 faces</span></div>{blocks.dots(n)}'
    )


def most_confused(choice: models.Choice) -> str:
    """The mistake that the model makes most often; empty if that was not measured."""
    figures = read_figures(choice.card)
    measured = figures.get(models.BY_PEOPLE) or figures.get(choice.card.own_protocol)
    found = _worst(measured) if measured else None
    if found is None:
        return ""
    true, taken_for, share = found
    return (
        f'<div style="color:var(--muted);line-height:2.1">Of 100 {blocks.chip(true)} faces, '
        f"{round(100 * share)} are called {blocks.chip(taken_for)}</div>"
    )


def _worst(figures: Figures) -> tuple[Emotion, Emotion, float] | None:
    if not figures.confusion or not figures.recall:
        return None
    names = [Emotion(name) for name in figures.recall]
    shares = [
        (names[row], names[column], n / max(1, sum(counts)))
        for row, counts in enumerate(figures.confusion)
        for column, n in enumerate(counts)
        if row != column
    ]
    return max(shares, key=lambda found: found[2], default=None)


def counted_on(choices: Sequence[models.Choice]) -> str:
    """Tell the number of faces on which the agreement was counted; empty if it was not measured."""
    numbers = {
        figures[models.BY_PEOPLE].n_images
        for figures in (read_figures(choice.card) for choice in choices)
        if models.BY_PEOPLE in figures
    }
    if len(numbers) != 1:
        return ""
    return f"Counted on the same {numbers.pop():,} test faces, by the majority of ten people. "
