"""Pictures as SVG: what stands alone as a file and in the page as well, and the shapes that they are made of."""

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from games.svg import element
from league.reporting.palette import stylesheet
from league.words import signed

WIDTH = 440.0
"""Of most pictures, in pixels: on a telephone their letters are still read."""

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Kinds of characters that show nothing, turn the direction of writing, or may not stand in XML."""


@dataclass(frozen=True)
class Picture:
    """A picture: `name` of its file, `title`, `about` for those who cannot see it, its size and its shapes."""

    name: str
    title: str
    about: str
    width: float
    height: float
    shapes: tuple[str, ...]

    def inline(self) -> str:
        """Return the picture for a page that has the stylesheet."""
        return self._svg(style="", background="")

    def file(self) -> bytes:
        """Return the picture as a file of its own."""
        background = element("rect", width=f"{self.width:g}", height=f"{self.height:g}", **{"class": "paper"})
        head = '<?xml version="1.0" encoding="UTF-8"?>\n'
        return (head + self._svg(style=f"<style>{stylesheet()}</style>", background=background) + "\n").encode()

    def _svg(self, *, style: str, background: str) -> str:
        words = element("title", escape(self.title)) + element("desc", escape(self.about))
        return element(
            "svg",
            words + style + background + "".join(self.shapes),
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {self.width:g} {self.height:g}",
            width=f"{self.width:g}",
            height=f"{self.height:g}",
            role="img",
            aria_label=f"{self.title}. {self.about}",
        )


def printable(words: str) -> str:
    """Return a user's text on one line, with a mark in place of each character that shows nothing or disturbs."""
    return visible(" ".join(words.split()))


def visible(line: str) -> str:
    """Return a line, its spaces as they are, with a mark in place of each character that shows nothing or disturbs."""
    return "".join("\ufffd" if unicodedata.category(letter) in _HIDDEN else letter for letter in line)


def columns(words: str) -> int:
    """Return how many letters wide a text is; those of East Asia count twice."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in words)


def fitted(words: str, most: int) -> str:
    """Return a text of at most `most` columns, its end or, where that tells names apart, its middle left out."""
    words = printable(words)
    if columns(words) <= most:
        return words
    head, tail = "", ""
    for letter in words:
        if columns(head + letter) > (most - 1) - (most - 1) // 3:
            break
        head += letter
    for letter in reversed(words):
        if columns(letter + tail) > (most - 1) // 3:
            break
        tail = letter + tail
    return f"{head}…{tail}"


def text(
    words: str, x: float, y: float, *, kind: str = "ink", size: float = 12, anchor: str = "start", bold: bool = False
) -> str:
    """Return a line of text with its baseline at y."""
    weight = {"font_weight": "600"} if bold else {}
    place = {"x": f"{x:.4g}", "y": f"{y:.4g}", "font_size": f"{size:g}", "text_anchor": anchor}
    return element("text", escape(words), **place, **weight, **{"class": kind})


def line(x1: float, y1: float, x2: float, y2: float, *, kind: str = "grid", width: float = 1, dash: str = "") -> str:
    """Return a straight line."""
    path = {"d": f"M{x1:.4g} {y1:.4g}L{x2:.4g} {y2:.4g}", "stroke_width": f"{width:g}", "class": kind}
    return element("path", **path, **({"stroke_dasharray": dash} if dash else {}))


def circle(x: float, y: float, r: float, *, kind: str, tip: str = "", width: float = 1.5) -> str:
    """Return a circle, with a tip for the pointer."""
    inside = element("title", escape(tip)) if tip else ""
    return element(
        "circle", inside, cx=f"{x:.4g}", cy=f"{y:.4g}", r=f"{r:g}", stroke_width=f"{width:g}", **{"class": kind}
    )


def box(x: float, y: float, width: float, height: float, *, kind: str, tip: str = "") -> str:
    """Return a rectangle, with a tip for the pointer."""
    inside = element("title", escape(tip)) if tip else ""
    size = {"x": f"{x:.4g}", "y": f"{y:.4g}", "width": f"{width:.4g}", "height": f"{height:.4g}"}
    return element("rect", inside, **size, **{"class": kind})


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers within [low, high], at most about `most` of them."""
    if not high > low:
        return [low]
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return [step * k for k in range(first, math.floor(high / step + 1e-9) + 1)]


def number(value: float, *, signed: bool = False) -> str:
    """Return a number of about three digits as people write it; a real minus sign where it is below zero."""
    if not math.isfinite(value):
        return "–"
    shown = f"{value:+.3g}" if signed else f"{value:.3g}"
    if "e" in shown and 1e-4 <= abs(value) < 1e6:
        shown = f"{value:+,.0f}" if signed else f"{value:,.0f}"
    if float(shown.replace(",", "")) == 0:
        shown = "0"
    return shown.replace("-", "−")


def elo(value: float) -> str:
    """Return a rating as people write it."""
    return signed(value).replace("-", "−") if math.isfinite(value) else "–"


def scale(values: Sequence[float], *, margin: float = 0.05) -> tuple[float, float]:
    """Return the ends of an axis on which all finite values lie."""
    finite = [value for value in values if math.isfinite(value)] or [0.0]
    low, high = min(finite), max(finite)
    spread = (high - low) or max(abs(high), 1.0)
    return low - margin * spread, high + margin * spread
