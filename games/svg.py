"""Positions as SVG pictures, built from a few shapes; sizes are in pixels."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

INK, PAPER, GRID = "#1f2933", "#ffffff", "#9aa5b1"
BLACK, WHITE = "#27303a", "#f7f9fa"
RED, YELLOW, BLUE, GREEN, SAND = "#d64545", "#f0b429", "#2b6cb0", "#2f8f5b", "#f5ecd9"
FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, monospace"

_CORNERS = ((0, -1), (0.5, -0.5), (0.5, 0.5), (0, 1), (-0.5, 0.5), (-0.5, -0.5))
"""Of a hexagon with two upright sides, in widths and radii."""


def element(tag: str, content: str = "", **attributes: object) -> str:
    """Return one element; an underscore in an attribute's name stands for a hyphen."""
    written = "".join(f' {name.replace("_", "-")}="{escape(str(value))}"' for name, value in attributes.items())
    return f"<{tag}{written}>{content}</{tag}>" if content else f"<{tag}{written}/>"


def text(words: str, *, x: float, y: float, size: float = 14, anchor: str = "middle", fill: str = INK) -> str:
    """Return a line of text whose baseline is at y."""
    style = f"font: {size:g}px {FONT}; white-space: pre; text-anchor: {anchor}; fill: {fill}"
    return element("text", escape(words), x=f"{x:g}", y=f"{y:g}", style=style)


def picture(shapes: Iterable[str], *, width: float, height: float, title: str) -> str:
    """Return a whole picture, with a title for those who cannot see it."""
    inside = element("title", escape(title)) + element("rect", width=f"{width:g}", height=f"{height:g}", fill=PAPER)
    box = {"viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}", "height": f"{height:g}"}
    return element("svg", inside + "".join(shapes), xmlns="http://www.w3.org/2000/svg", role="img", **box) + "\n"


def text_picture(drawing: str) -> str:
    """Return a text drawing as a picture, letter by letter."""
    lines = drawing.splitlines() or [""]
    width = 24 + 8.5 * max(max(map(len, lines)), 1)
    shapes = [text(line, x=12, y=26 + 18 * index, anchor="start") for index, line in enumerate(lines)]
    return picture(shapes, width=width, height=20 + 18 * len(lines), title=drawing)


def board(
    cells: Sequence[Sequence[str]],
    shapes: Mapping[str, str],
    *,
    title: str,
    fill: str = PAPER,
    grid: str = GRID,
    size: float = 48,
    labels: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> str:
    """Return a board of squares, its top row first.

    cells: what stands in each square; shapes: for each kind of content, a picture drawn around the origin in a square
    of side 1. A content without a shape leaves its square empty. labels: the columns' names, written above the board,
    and the rows', written beside it.
    """
    x, y = ((0.6 if names else 0.1) * size for names in reversed(labels))
    above = [(name, (x + (column + 0.5) * size, y / 2)) for column, name in enumerate(labels[0])]
    beside = [(name, (x / 2, y + (row + 0.5) * size)) for row, name in enumerate(labels[1])]
    drawn = squares(cells, shapes, x=x, y=y, size=size, fill=fill, grid=grid) + _names([*above, *beside], size=size)
    width, height = size * max(map(len, cells)), size * len(cells)
    return picture(drawn, width=width + 2 * x, height=height + 2 * y, title=title)


def boards(
    panels: Mapping[str, Sequence[Sequence[str]]], shapes: Mapping[str, str], *, title: str, size: float = 36
) -> str:
    """Return several boards of squares beside each other, each below its caption; cells and shapes as in `board`."""
    drawn, x, height = [], size / 2, 0.0
    for caption, cells in panels.items():
        width = size * max(map(len, cells))
        drawn.append(text(caption, x=x + width / 2, y=0.6 * size))
        drawn += squares(cells, shapes, x=x, y=size, size=size)
        x, height = x + width + size / 2, max(height, size * (len(cells) + 1.5))
    return picture(drawn, width=x, height=height, title=title)


def squares(
    cells: Sequence[Sequence[str]],
    shapes: Mapping[str, str],
    *,
    x: float,
    y: float,
    size: float,
    fill: str = PAPER,
    grid: str = GRID,
) -> list[str]:
    """Return the squares of a board whose top left corner is at (x, y), as for `board`."""
    drawn = []
    for row, contents in enumerate(cells):
        for column, content in enumerate(contents):
            left, top = x + column * size, y + row * size
            box = {"x": f"{left:g}", "y": f"{top:g}", "width": f"{size:g}", "height": f"{size:g}"}
            drawn.append(element("rect", **box, fill=fill, stroke=grid, stroke_width=1))
            drawn += _put(shapes, content, (left + size / 2, top + size / 2), size=size)
    return drawn


def hexagons(
    cells: Sequence[Sequence[str]],
    shapes: Mapping[str, str],
    *,
    title: str,
    edges: tuple[str, str],
    fill: str = SAND,
    size: float = 36,
    labels: tuple[Sequence[str], Sequence[str]] = ((), ()),
) -> str:
    """Return a rhombus of hexagons, each row half a hexagon to the right of the row above it.

    cells, shapes and labels are as in `board`; a hexagon is `size` wide. edges: the colours of the top and bottom edges
    and of the left and right ones.
    """
    rows, columns, radius, margin = len(cells), max(map(len, cells)), size / math.sqrt(3), 1.1 * size

    def at(row: float, column: float, dx: float = 0.0, dy: float = 0.0) -> tuple[float, float]:
        """Return a point by its place in a hexagon, in widths to the right and radii down from the middle."""
        return margin + (column + row / 2 + 0.5 + dx) * size, margin + (1.5 * row + 1 + dy) * radius

    top = [at(0, column, *corner) for column in range(columns) for corner in ((-0.5, -0.5), (0, -1))]
    left = [at(row, 0, *corner) for row in range(rows) for corner in ((-0.5, -0.5), (-0.5, 0.5))]
    top, left = [*top, at(0, columns - 1, 0.25, -0.75)], [*left, at(rows - 1, 0, -0.25, 0.75)]
    width, height = (sum(ends) for ends in zip(at(0, 0), at(rows - 1, columns - 1), strict=True))
    drawn = []
    for line, colour in zip((top, left), edges, strict=True):
        for side in (line, [(width - x, height - y) for x, y in line]):
            drawn.append(element("polyline", points=_points(side), fill="none", stroke=colour, stroke_width=0.4 * size))
    for row, contents in enumerate(cells):
        for column, content in enumerate(contents):
            corners = [at(row, column, x, y) for x, y in _CORNERS]
            drawn.append(element("polygon", points=_points(corners), fill=fill, stroke=GRID, stroke_width=1))
            drawn += _put(shapes, content, at(row, column), size=size)
    above = [(name, at(0, column, -0.25, -1.5)) for column, name in enumerate(labels[0])]
    beside = [(name, at(row, 0, -0.95)) for row, name in enumerate(labels[1])]
    return picture(drawn + _names([*above, *beside], size=size), width=width, height=height, title=title)


def disc(colour: str) -> str:
    """Return a disc for a board."""
    return element("circle", r=0.38, fill=colour, stroke=INK, stroke_width=0.03)


def _put(shapes: Mapping[str, str], content: str, place: tuple[float, float], *, size: float) -> list[str]:
    """Draw the shape of a content, if it has one, at its place and size."""
    if content not in shapes:
        return []
    return [element("g", shapes[content], transform=f"translate({place[0]:g} {place[1]:g}) scale({size:g})")]


def _names(labels: Iterable[tuple[str, tuple[float, float]]], *, size: float) -> list[str]:
    return [text(name, x=x, y=y + 0.12 * size, size=0.35 * size) for name, (x, y) in labels]


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.4g},{y:.4g}" for x, y in places)


CROSS = element("path", d="M-.28-.28.28.28M.28-.28-.28.28", stroke=INK, stroke_width=0.1, stroke_linecap="round")
RING = element("circle", r=0.3, fill="none", stroke=INK, stroke_width=0.1)
