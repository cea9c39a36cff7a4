"""Small things that several pages show: faces with their bars, counts, names."""

import html
from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from fer_core.drawing import COLORS, UNCERTAIN_COLOR, Color, caption
from fer_core.emotions import Emotion
from fer_core.faces import UNCERTAIN, FaceEmotion

NO_FACE = (
    "No face found. It helps when a face looks at the camera, is upright, evenly lit, at least 24 "
    "pixels wide and a twentieth of the picture's shorter side."
)


def show_face(name: str, face: FaceEmotion) -> None:
    """A face's emotion and a bar for each probability, in the order of the network's labels."""
    st.markdown(f"**{name}: {caption(face)}**")
    if face.doubts:
        st.caption(f"The face is {_and(face.doubts)}: an answer would be a guess.")
    st.html(bars(face.probabilities))


def bars(shares: Mapping[Emotion, float]) -> str:
    """HTML with a named bar for each share; it holds nothing that a user wrote."""
    return _bars(
        "".join(
            _bar(e, COLORS[e], round(100 * share) / 100, f"{share:.0%}")
            for e, share in shares.items()
        )
    )


def show_counts(counts: Mapping[str, int]) -> None:
    """How many faces there are of each emotion, and how many are uncertain."""
    colors = {str(emotion): color for emotion, color in COLORS.items()}
    colors[UNCERTAIN] = UNCERTAIN_COLOR
    most = max(counts.values(), default=1)
    rows = "".join(
        _bar(name, color, counts[name] / most, str(counts[name]))
        for name, color in colors.items()
        if counts[name]
    )
    if rows:
        st.html(_bars(rows))


def offer_rows(stem: str, csv: Callable[[], bytes], json: Callable[[], bytes]) -> None:
    """Downloads of all rows under a file name without its ending, each made when it is clicked."""
    for label, ending, mime, data, explanation in (
        ("Table (CSV)", "csv", "text/csv", csv, "For spreadsheets"),
        ("Data (JSON)", "json", "application/json", json, "The same rows for programs"),
    ):
        st.download_button(
            label,
            data=data,
            file_name=f"{stem}.{ending}",
            mime=mime,
            icon=":material/download:",
            help=explanation,
            on_click="ignore",
        )


def show_note(text: str) -> None:
    """Small gray text as it is, whatever it holds, broken where it must be."""
    st.html(
        '<div style="opacity:.7;font-size:.875rem;line-height:1.4;overflow-wrap:anywhere">'
        f"{html.escape(text)}</div>"
    )


def named_rows(texts: Mapping[str, str]) -> str:
    """HTML that shows names and beside each its text, as they are, whatever they hold."""
    rows = "".join(
        f'<span style="opacity:.7">{html.escape(name)}</span><span style="overflow-wrap:anywhere">'
        f"{html.escape(text)}</span>"
        for name, text in texts.items()
    )
    return (
        '<div style="display:grid;grid-template-columns:max-content 1fr;gap:.25rem .8rem;'
        f'font-size:.875rem">{rows}</div>'
    )


def code(text: str) -> str:
    """Markdown that shows text such as a file's name as it is, whatever it holds."""
    return "`{}`".format(text.replace("`", "'"))


def count(n: int, what: str) -> str:
    """A number with its noun: `1 face`, `2 faces`."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def hex_color(emotion: Emotion) -> str:
    """The emotion's color as `#rrggbb`."""
    return _hex(COLORS[emotion])


def _and(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _bars(rows: str) -> str:
    return (
        '<div style="display:grid;grid-template-columns:max-content 1fr;gap:.2rem .6rem;'
        f'align-items:center;font-size:.875rem">{rows}</div>'
    )


def _bar(name: str, color: Color, share: float, text: str) -> str:
    """One row of HTML, for a share of 0 without a bar; it holds nothing that a user wrote."""
    bar = (
        f'<span style="width:{share * 80:.1f}%;min-width:2px;height:.8rem;border-radius:2px;'
        f'background:{_hex(color)}"></span>'
    )
    return (
        f"<span>{name}</span>"
        '<span style="display:flex;align-items:center;gap:.4rem">'
        f"{bar if share else ''}{text}</span>"
    )


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
