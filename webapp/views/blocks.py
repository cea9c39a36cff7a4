"""Small pieces of HTML that several pages show; none of them holds what a user wrote.

Colors of text and tracks come from the variables of webapp/style.css, those of fills from
`fer_core.drawing.COLORS`. On a fill the letters are of ink, and a hairline sets it off.
"""

import html
from collections.abc import Mapping, Sequence

from fer_core.drawing import COLORS, UNCLEAR, Color
from fer_core.emotions import DISPLAY_ORDER, Emotion

INK = "#17141f"
PAPER = "#fcfbf8"
HAIRLINE = "box-shadow:inset 0 0 0 1px #17141f2e"
DASHED = "border:1.5px dashed var(--muted)"
HEADING = "font-family:'Bricolage Grotesque',sans-serif;font-weight:700"
HATCHED = "background:repeating-linear-gradient(135deg,var(--line) 0 2px,transparent 2px 7px)"

Segment = tuple[Emotion | None, float]
"""An emotion, None for no face, and how much of the ribbon it takes."""


def hex_color(emotion: Emotion) -> str:
    """The emotion's color as `#rrggbb`."""
    return _hex(COLORS[emotion])


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def in_order(probabilities: Mapping[Emotion, float]) -> list[Emotion]:
    """The emotions that a model knows, in the order in which people see them."""
    return [emotion for emotion in DISPLAY_ORDER if emotion in probabilities]


def chip(emotion: Emotion | None, text: str = "") -> str:
    """An emotion, or "too unclear", and a text on a small round fill."""
    word = emotion.adjective if emotion else "too unclear"
    look = f"background:{hex_color(emotion)};color:{INK};{HAIRLINE}" if emotion else DASHED
    return (
        f'<span style="display:inline-block;padding:2px 10px;border-radius:13px;font-size:14px;'
        f'line-height:22px;font-weight:600;white-space:nowrap;{look}">{word}'
        f"{f'&ensp;{text}' if text else ''}</span>"
    )


def tag(emotion: Emotion | None, probability: float) -> str:
    """The word for a face on its fill, as large as a heading, and its probability."""
    if emotion is None:
        return (
            f'<span style="{HEADING};font-size:20px;padding:1px 9px;border-radius:8px;{DASHED}">'
            f"{UNCLEAR}</span>"
        )
    return (
        f'<span style="{HEADING};font-size:28px;line-height:32px;padding:0 9px 2px;'
        f'border-radius:8px;background:{hex_color(emotion)};color:{INK};{HAIRLINE}">'
        f'{emotion.adjective}</span><span style="font-weight:500;font-size:18px;margin-left:8px">'
        f"{probability:.0%}</span>"
    )


def badge(number: int) -> str:
    """A face's number in the corner of the image below it; without a height of its own."""
    return (
        f'<div style="height:0;position:relative;z-index:1"><span style="position:absolute;'
        f"left:7px;top:7px;min-width:22px;padding:0 6px;box-sizing:border-box;border-radius:11px;"
        f'font-size:12px;line-height:22px;font-weight:600;text-align:center;background:{INK};color:{PAPER}">'
        f"{number}</span></div>"
    )


def bars(
    probabilities: Mapping[Emotion, float] | None,
    emotions: Sequence[Emotion],
    *,
    row_px: int = 25,
) -> str:
    """A named bar for each emotion, the largest one in bold; empty tracks for no face.

    Args:
        probabilities: Of a face, None where there is none.
        emotions: The emotions to show, from top to bottom.
        row_px: Height of a row.
    """
    shares = probabilities or {}
    most = max(shares, key=lambda emotion: shares[emotion]) if shares else None
    rows = "".join(
        _bar(emotion, shares.get(emotion), bold=emotion == most, thick=row_px > 22)
        for emotion in emotions
    )
    return (
        f'<div style="display:grid;grid-template-columns:max-content 1fr 44px;grid-auto-rows:'
        f'{row_px}px;align-items:center;column-gap:14px;font-size:{15 if row_px > 22 else 14}px">'
        f"{rows}</div>"
    )


def _bar(emotion: Emotion, share: float | None, *, bold: bool, thick: bool) -> str:
    weight = "font-weight:600" if bold else "color:var(--muted)"
    height = 14 if thick else 10
    fill = (
        f'<div style="width:{100 * share:.1f}%;min-width:3px;height:100%;border-radius:7px;'
        f'background:{hex_color(emotion)};{HAIRLINE}"></div>'
        if share is not None and share >= 0.005
        else ""
    )
    number = "-" if share is None else f"{share:.0%}"
    return (
        f'<span style="{weight}">{emotion.adjective}</span>'
        f'<div style="height:{height}px;border-radius:7px;background:var(--track);overflow:hidden">'
        f"{fill}</div>"
        f'<span style="{weight};text-align:right;font-variant-numeric:tabular-nums">{number}</span>'
    )


def field(title: str, word: str, number: str, emotion: Emotion | None) -> str:
    """The current expression as a poster: a word on its color; dashed where there is none."""
    look = f"background:{hex_color(emotion)};color:{INK};{HAIRLINE}" if emotion else DASHED
    size = "clamp(42px,4.7vw,68px)" if emotion else "32px"
    return (
        f'<div style="height:clamp(112px,11.4vw,164px);border-radius:20px;padding:12px 20px 14px;'
        f"box-sizing:border-box;display:flex;flex-direction:column;justify-content:space-between;"
        f'{look}"><div style="display:flex;justify-content:space-between;align-items:baseline">'
        f'<span style="font-weight:500">{title}</span><span style="{HEADING};font-size:28px">'
        f'{number}</span></div><div style="{HEADING};font-size:{size};line-height:.92;'
        f'letter-spacing:-.025em;padding-bottom:.12em">{word}</div></div>'
    )


def ribbon(segments: Sequence[Segment], title: str = "Last 60 seconds", note: str = "now") -> str:
    """Emotions over time, from left to right; hatched where there was no face."""
    total = sum(share for _, share in segments) or 1.0
    pieces = "".join(_piece(emotion, share / total) for emotion, share in segments)
    return (
        f'<div style="display:flex;justify-content:space-between;margin-bottom:6px"><span '
        f'style="font-weight:600;font-size:15px">{title}</span><span style="font-size:13px;'
        f'color:var(--muted)">{note}</span></div><div style="display:flex;gap:2px;height:30px;'
        f'border-radius:8px;overflow:hidden">{pieces}</div>'
    )


def _piece(emotion: Emotion | None, share: float) -> str:
    word = emotion.adjective if emotion and share > 0.022 * len(emotion.adjective) else ""
    look = f"background:{hex_color(emotion)};color:{INK};{HAIRLINE}" if emotion else HATCHED
    name = emotion.adjective if emotion else "no face"
    return (
        f'<div title="{name}" style="flex:{share:.4f} 0 0;min-width:0;text-align:center;'
        f'font-size:12px;font-weight:600;line-height:30px;overflow:hidden;{look}">{word}</div>'
    )


def slots(moments: Sequence[tuple[int, str]], n: int) -> str:
    """Places for images with their scores, the empty ones dashed.

    Args:
        moments: Scores and addresses of the images.
        n: Number of places.
    """
    look = "flex:1 1 0;aspect-ratio:4/3;border-radius:14px;box-sizing:border-box;overflow:hidden"
    filled = "".join(
        f'<div style="{look};position:relative"><img src="{url}" alt="A moment of {score} of 100" '
        f'style="width:100%;height:100%;object-fit:cover"><span style="position:absolute;left:6px;'
        f"top:6px;padding:0 8px;border-radius:12px;font-size:12px;line-height:20px;font-weight:600;"
        f'background:{INK};color:{PAPER}">{score}</span></div>'
        for score, url in moments
    )
    empty = f'<div style="{look};{DASHED}"></div>' * (n - len(moments))
    return f'<div style="display:flex;gap:8px">{filled}{empty}</div>'


def made(scores: Mapping[Emotion, int], emotions: Sequence[Emotion]) -> str:
    """The faces that were made, with their scores, and those still to be made."""
    chips = "".join(
        chip(emotion, str(scores[emotion])) if emotion in scores else _outlined(emotion)
        for emotion in emotions
    )
    n = sum(emotion in scores for emotion in emotions)
    return (
        f'<div style="font-weight:600;font-size:15px;margin-bottom:6px">{n} of {len(emotions)} '
        f'faces made</div><div style="display:flex;flex-wrap:wrap;gap:6px">{chips}</div>'
    )


def _outlined(emotion: Emotion) -> str:
    return (
        f'<span style="padding:2px 10px;border-radius:13px;font-size:14px;line-height:22px;'
        f'color:var(--muted);box-shadow:inset 0 0 0 1.5px {hex_color(emotion)}">'
        f"{emotion.adjective}</span>"
    )


def dots(n: int) -> str:
    """A hundred dots, n of them filled."""
    dot = '<i style="aspect-ratio:1;border-radius:50%;box-sizing:border-box;{}"></i>'
    filled = dot.format("background:var(--ink)") * n
    empty = dot.format("border:1.5px solid var(--muted)") * (100 - n)
    return (
        f'<div role="img" aria-label="{n} of 100 dots are filled" style="display:grid;'
        f'grid-template-columns:repeat(20,1fr);gap:4px">{filled}{empty}</div>'
    )


def pairs(rows: Mapping[str, str]) -> str:
    """Names and, beside each, its value as it is, whatever it holds, broken where it must be."""
    cells = "".join(
        f'<span style="color:var(--muted)">{html.escape(name)}</span>'
        f'<span style="overflow-wrap:anywhere">{html.escape(value)}</span>'
        for name, value in rows.items()
    )
    return (
        '<div style="display:grid;grid-template-columns:max-content 1fr;gap:6px 14px;'
        f'font-size:15px">{cells}</div>'
    )


def swatch(emotion: Emotion) -> str:
    """Markdown of a square in the emotion's color, for labels of pills."""
    return f':color[\u2002]{{background="{hex_color(emotion)}"}}'
