"""Draws faces on a copy of an image: boxes, labels in a real font, bars."""

from fer_core.drawing.faces import (
    COLORS,
    UNCLEAR,
    Color,
    caption,
    draw_faces,
    drawing_scale,
)

__all__ = ["COLORS", "UNCLEAR", "Color", "caption", "draw_faces", "drawing_scale"]
