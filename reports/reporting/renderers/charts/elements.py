"""Make the SVG elements of a chart with escaped text, and estimate widths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import east_asian_width
from xml.sax.saxutils import escape, quoteattr

from reports.reporting.renderers.text.control_characters import isolate_direction

FONT_SIZE = 12.0
"""In units of the drawing."""
_WIDE = {"W", "F"}
_ELLIPSIS = "…"


def tag(name: str, attributes: dict[str, str], inside: Iterable[str] = (), text: str = "") -> str:
    """Return an element around escaped text and other elements."""
    listed = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    content = escape(text) + "".join(inside)
    return f"<{name}{listed}>{content}</{name}>" if content else f"<{name}{listed}/>"


def length(value: float) -> str:
    """Format a length to one decimal."""
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class TextElement:
    """Represent text with its baseline at `y` and its `anchor`, as in SVG, at `x`."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    strong: bool = False

    def svg(self) -> str:
        """Return the SVG element."""
        place = {"x": length(self.x), "y": length(self.y), "text-anchor": self.anchor}
        opacity = {} if self.strong else {"fill-opacity": ".72"}
        attributes = {**place, "fill": "currentColor", **opacity}
        return tag("text", attributes, text=isolate_direction(self.text))


Element = str | TextElement
"""A shape as SVG; or text, which PDF sets in its own fonts."""


def rule(x1: float, y1: float, x2: float, y2: float, *, strong: bool) -> str:
    """Return a straight line of the grid, or the strong line of zero."""
    ends = {"x1": length(x1), "y1": length(y1), "x2": length(x2), "y2": length(y2)}
    opacity = ".55" if strong else ".14"
    return tag("line", {**ends, "stroke": "currentColor", "stroke-opacity": opacity})


def rectangle(
    x: float, y: float, width: float, height: float, *, color: str, tooltip: str = ""
) -> str:
    """Return a filled rectangle, at least half a unit wide and high."""
    sides = {"width": length(max(width, 0.5)), "height": length(max(height, 0.5))}
    attributes = {"x": length(x), "y": length(y), **sides, "fill": color}
    return tag("rect", attributes, _title(tooltip))


def dot(x: float, y: float, *, color: str, tooltip: str = "") -> str:
    """Return a point of a line."""
    attributes = {"cx": length(x), "cy": length(y), "r": "2.8", "fill": color}
    return tag("circle", attributes, _title(tooltip))


def _title(tooltip: str) -> list[str]:
    return [tag("title", {}, text=tooltip)] if tooltip else []


def path(points: list[tuple[float, float]], *, color: str, dash: str) -> str:
    """Return a line through the points."""
    steps = "L".join(f"{length(x)} {length(y)}" for x, y in points)
    attributes = {"d": f"M{steps}", "fill": "none", "stroke": color, "stroke-width": "2"}
    attributes |= {"stroke-linejoin": "round", "stroke-linecap": "round"}
    return tag("path", attributes | ({"stroke-dasharray": dash} if dash else {}))


def text_width(text: str) -> float:
    """Estimate the width of the text, rather too much than too little."""
    return FONT_SIZE * sum(1.02 if east_asian_width(letter) in _WIDE else 0.63 for letter in text)


def truncate(text: str, width: float) -> str:
    """Return the text, or what fits the width and an ellipsis."""
    if text_width(text[:1000]) <= width and len(text) <= 1000:
        return text
    kept, room = "", width - text_width(_ELLIPSIS)
    for letter in text:
        room -= text_width(letter)
        if room < 0:
            break
        kept += letter
    return kept.rstrip() + _ELLIPSIS
