"""All that is known of one model, on the page of models."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from fer_core.classification.figures import Figures, Interval, read_figures, read_robustness
from fer_core.classification.model_store import ModelCard
from webapp.views import blocks
from webapp.views.models import model_training

NOT_MEASURED = "not measured yet"

PERCENT = "%.1f %%"
"""The format of percentages in tables."""

PROTOCOLS = {
    "all": "Published protocol",
    "leak_free": "Leak-free",
    "ferplus_7": "FER+, 7 classes",
    "ferplus_8": "FER+, 8 classes",
    "by_subject": "Unseen people",
}
"""The names of the protocols, in the order in which they stand."""

MEANINGS = {
    "all": "All test images, as the literature reports it.",
    "leak_free": "Only test images that are not pixel for pixel in the training split: by the "
    "data set's own labels, the figure to expect on faces that the model has not seen.",
    "ferplus_7": "Against the majority of ten people's votes (FER+, Barsoum et al. 2016), in the "
    "seven classes of FER2013.",
    "ferplus_8": "Against the majority of ten people's votes (FER+, Barsoum et al. 2016), with "
    "contempt as an eighth class.",
    "by_subject": "Cross-validation by subject: each face is evaluated by a model that has seen no "
    "other face of its person. Split by image, the same people, and frames of the same moment, "
    "stand on both sides, so that figure is too good.",
}


ELSEWHERE = {
    "cross-dataset": "{dataset}, another data set",
    "other-people": "people of {dataset} of whom it learned nothing",
}
"""Names of the splits of other data, in the order in which their figures stand."""

LABELS = {
    "FER2013": "It predicts FER2013's labels.",
    "FER+": "It predicts what ten people saw in each face (FER+).",
}
"""The kind of labels that the model learned, by `labels` of its card; older cards do not say it."""


def show(
    folder: Path,
    card: ModelCard,
    figures: Mapping[str, Figures],
    elsewhere: Sequence[str],
) -> None:
    """Show a model: its figures, its training, what it must not be used for."""
    st.subheader("How good it is", anchor=False)
    if learned := LABELS.get(str(card.trained_on.get("labels"))):
        st.caption(learned)
    _show_headlines(card, figures)
    for line in elsewhere:
        st.html(f"<p>{html.escape(line)}</p>")
    _show_classes(card, figures)
    st.subheader("How it was trained", anchor=False)
    model_training.show(folder, card)
    st.subheader("What it must not be used for", anchor=False)
    st.html(f"<ul>{''.join(f'<li>{html.escape(str(limit))}</li>' for limit in card.limits)}</ul>")


def elsewhere_lines(card: ModelCard) -> list[str]:
    """Sentences on a model's figures on other faces than those of its test split.

    Raises:
        ModelError: The card holds something that cannot be a figure.
    """
    lines = []
    for split, faces in ELSEWHERE.items():
        figures = read_figures(card, split)
        if "all" in figures:
            dataset = dict(card.metrics[split]).get("dataset", "other data")
            lines.append(_elsewhere_line(faces.format(dataset=dataset), figures))
    if robustness := read_robustness(card):
        mean, loss = robustness
        lines.append(
            f"As poor cameras show the test faces: right in {percent(mean)}, "
            f"{100 * loss:.1f} points fewer than of clean ones."
        )
    return lines


def _elsewhere_line(faces: str, figures: Mapping[str, Figures]) -> str:
    measured, best = figures["all"], figures.get("best_of_shared")
    line = f"On {faces}: right in {percent(measured.accuracy)} of {measured.n_images:,} faces"
    if interval := measured.intervals.get("accuracy"):
        line += f" (95 % interval {_interval(interval)})"
    if best:
        line += f"; {percent(best.accuracy)} if it must pick one of the expressions shown there"
    return f"{line}."


def has_ferplus(dataset: str) -> bool:
    """True if the votes of FER+ are for the images of this data set."""
    return dataset.startswith("FER2013")


def percent(share: float | None) -> str:
    """A share from 0 to 1 for people, to a tenth of a percent."""
    return NOT_MEASURED if share is None else f"{100 * share:.1f} %"


def _show_headlines(card: ModelCard, figures: Mapping[str, Figures]) -> None:
    """A tile for each protocol, beside each other, on a phone below each other."""
    optional = {"ferplus_8", "by_subject"}
    shown = [name for name in PROTOCOLS if name in figures or name not in optional]
    if not has_ferplus(str(card.trained_on.get("dataset", ""))):
        shown = [name for name in shown if name in figures or not name.startswith("ferplus")]
    if card.learned_votes:  # what it learned comes first
        shown.sort(key=lambda name: not name.startswith("ferplus"))
    for column, name in zip(st.columns(len(shown)), shown, strict=True):
        with column.container(border=True, height="stretch"):
            measured = figures.get(name)
            accuracy = percent(measured.accuracy) if measured else None
            st.metric(PROTOCOLS[name], accuracy, help=MEANINGS[name])
            if measured:
                st.html(blocks.pairs(details(name, measured)))
            else:
                reason = dict(card.metrics.get("private", {})).get(f"not_{name}", NOT_MEASURED)
                st.html(f'<span style="opacity:.7">{html.escape(str(reason))}</span>')


def details(name: str, figures: Figures) -> dict[str, str]:
    """The figures below a protocol's accuracy; some of FER+'s have no calibration error."""
    macro_f1 = NOT_MEASURED if figures.macro_f1 is None else f"{figures.macro_f1:.3f}"
    rows = {
        "95 % interval": _interval(figures.intervals.get("accuracy")),
        "macro F1": macro_f1,
        "images": f"{figures.n_images:,}",
    }
    if interval := figures.intervals.get("macro_f1"):
        low, high = interval
        rows["macro F1"] += f" ({low:.2f} to {high:.2f})"
    if figures.ece is not None or not name.startswith("ferplus"):
        rows["calibration error"] = percent(figures.ece)
    if figures.ece_before is not None:
        rows["before calibration"] = percent(figures.ece_before)
    return rows


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return NOT_MEASURED
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def _show_classes(card: ModelCard, figures: Mapping[str, Figures]) -> None:
    """Figures of each class and the confusion matrix, under the protocol that the user picks."""
    detailed = [name for name in PROTOCOLS if name in figures and figures[name].recall]
    if not detailed:
        st.caption("Figures of each class: not measured yet.")
        return
    first = card.own_protocol if card.learned_votes else "leak_free"
    name = st.segmented_control(
        "Each class, by protocol",
        detailed,
        default=first if first in detailed else detailed[0],
        required=True,
        format_func=lambda name: PROTOCOLS[name],
    )
    measured = figures[name or detailed[0]]
    left, right = st.columns(2, gap="large")
    with left:
        _show_class_table(measured)
    with right:
        if measured.confusion:
            st.html(confusion_table(measured))
        else:
            st.caption("Confusion matrix: not measured yet.")


def _show_class_table(measured: Figures) -> None:
    st.dataframe(
        class_rows(measured),
        column_config={
            "Expression": st.column_config.TextColumn(pinned=True),
            "Recall": st.column_config.NumberColumn(
                format=PERCENT, help="Share of this class's images that it recognizes"
            ),
            "Precision": st.column_config.NumberColumn(
                format=PERCENT, help="Share of its predictions of this class that are right"
            ),
            "F1": st.column_config.ProgressColumn(
                format=PERCENT,
                help="Harmonic mean of recall and precision",
                min_value=0,
                max_value=100,
            ),
        },
        hide_index=True,
        placeholder=NOT_MEASURED,
        alt="Recall, precision and F1 of each class",
    )


def class_rows(figures: Figures) -> list[dict[str, Any]]:
    """A row a class, shares in percent; columns that were not measured are left out."""
    recall = figures.recall or {}
    n_images = [sum(row) for row in figures.confusion] or [figures.n_images] * len(recall)
    columns = {"Recall": recall, "Precision": figures.precision, "F1": figures.f1}
    return [
        {"Expression": emotion, "Images": n}
        | {title: 100 * values[emotion] for title, values in columns.items() if values}
        for emotion, n in zip(recall, n_images, strict=True)
    ]


def confusion_table(figures: Figures) -> str:
    """The confusion matrix as HTML: in each row, of 100 faces of a class, what they are taken for.

    The shade stays pale enough for the theme's text to be read on it, in light and in dark.
    """
    emotions = [html.escape(emotion) for emotion in figures.recall or {}]
    upright = "writing-mode:vertical-rl;transform:rotate(180deg);font-weight:400;padding:.3rem 0"
    head = "".join(
        f'<th scope="col"><span style="{upright}">{emotion}</span></th>' for emotion in emotions
    )
    body = ""
    for index, (emotion, counts) in enumerate(zip(emotions, figures.confusion, strict=True)):
        cells = "".join(
            _cell(n, sum(counts), right=index == column) for column, n in enumerate(counts)
        )
        name = f'<th scope="row" style="font-weight:400;text-align:right">{emotion}&nbsp;</th>'
        body += f"<tr>{name}{cells}</tr>"
    return (
        '<table style="width:100%;max-width:32rem;border-spacing:2px;border-collapse:separate;'
        'font-size:.8rem;font-variant-numeric:tabular-nums"><caption style="text-align:left;'
        'padding-bottom:.4rem;opacity:.75">Of 100 faces labeled as the row says, how many are '
        f"predicted as the column says</caption><tr><td></td>{head}</tr>{body}</table>"
    )


def _cell(n: int, n_row: int, right: bool) -> str:
    share = n / n_row if n_row else 0.0
    weight = "600" if right else "400"
    return (
        f'<td title="{n:,} images" style="text-align:center;padding:.45rem 0;border-radius:3px;'
        f'font-weight:{weight};background:rgba(62,123,250,{0.04 + 0.56 * share:.2f})">'
        f"{100 * share:.0f}</td>"
    )
