"""Positions as SVG pictures, built from a few shapes; sizes are in pixels."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

INK, PAPER, GRID = "#1f2933", "#ffffff", "#9aa5b1"
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, monospace"


def element(tag: str, content: str = "", **attributes: object) -> str:
    """Return one element; an underscore in an attribute's name stands for a hyphen."""
    written = "".join(f' {name.replace("_", "-")}="{escape(str(value))}"' for name, value in attributes.items())
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def text(words: str, *, x: float, y: float, size: float = 14, anchor: str = "middle", fill: str = INK) -> str:
    """Return a line of text whose baseline is at y."""
    style = f"font: {size:g}px {FONT}; white-space: pre; text-anchor: {anchor}; fill: {fill}"
    return element("text", escape(words), x=x, y=y, style=style)


def picture(shapes: Iterable[str], *, width: float, height: float, title: str) -> str:
    """Return a whole picture, with a title for those who cannot see it."""
    inside = element("title", escape(title)) + element("rect", width=width, height=height, fill=PAPER) + "".join(shapes)
    box = {"viewBox": f"0 0 {width:g} {height:g}", "width": width, "height": height}
    return element("svg", inside, xmlns="http://www.w3.org/2000/svg", role="img", **box) + "\n"


def text_picture(drawing: str) -> str:
    """Return a text drawing as a picture, letter by letter."""
    lines = drawing.splitlines() or [""]
    width = 24 + 8.5 * max(max(map(len, lines)), 1)
    shapes = [text(line, x=12, y=26 + 18 * index, anchor="start") for index, line in enumerate(lines)]
    return picture(shapes, width=width, height=20 + 18 * len(lines), title=drawing)


def board(
    cells: Sequence[Sequence[str]], shapes: Mapping[str, str], *, title: str, fill: str = PAPER, size: float = 48
) -> str:
    """Return a board of squares, its top row first.

    cells: what stands in each square; shapes: for each kind of content, a picture drawn around the origin in a square
    of side 1. A content without a shape leaves its square empty.
    """
    drawn = []
    for y, row in enumerate(cells):
        for x, content in enumerate(row):
            drawn.append(
                element("rect", x=x * size, y=y * size, width=size, height=size, fill=fill, stroke=GRID, stroke_width=1)
            )
            if content in shapes:
                place = f"translate({(x + 0.5) * size:g} {(y + 0.5) * size:g}) scale({size:g})"
                drawn.append(element("g", shapes[content], transform=place))
    return picture(drawn, width=size * max(map(len, cells)), height=size * len(cells), title=title)


def disc(colour: str) -> str:
    """Return a disc for `board`."""
    return element("circle", r=0.38, fill=colour, stroke=INK, stroke_width=0.03)


CROSS = element("path", d="M-.28-.28.28.28M.28-.28-.28.28", stroke=INK, stroke_width=0.1, stroke_linecap="round")
RING = element("circle", r=0.3, fill="none", stroke=INK, stroke_width=0.1)
