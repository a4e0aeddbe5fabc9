"""Maps of a report: coloured cells, of payoffs and of what an equilibrium plays."""

import math
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from arena.ratings import Floats
from games.svg import element
from league.reporting.data import Curve, Table
from league.reporting.drawing import WIDTH, Picture, box, columns, fitted, number, text
from league.reporting.palette import LEVELS, level_of

_APART = 36.0
"""Pixels that numbers below a legend need between them."""

_NUMBERED, _NAMED, _CELLS = 14, 48, 160
"""Agents up to which a map of payoffs holds numbers, and names, and has a cell for each pair."""


def heat_map(table: Table, names: Sequence[str], order: Sequence[int]) -> Picture:
    """Draw what row gets from column, `order` being the agents from top to bottom and from left to right."""
    n = len(order)
    values = table.payoffs[np.ix_(order, order)] - table.even
    np.fill_diagonal(values, np.nan)
    reach = float(np.nanmax(np.abs(values), initial=0.0)) if not np.isnan(values).all() else 0.0
    ranks = [place + 1 for place in order]
    per = math.ceil(n / _CELLS)
    values[np.abs(values) < 1e-9 * reach] = 0.0  # what rounding leaves
    if per > 1:
        values, ranks = _blocks(values, per), ranks[::per]
    size, named = len(values), n <= _NAMED
    left, top = (118.0 if named else 34.0), 22.0
    cell = min((WIDTH - left - 2) / size, 40.0)
    label = min(12.0, max(7.5, 0.75 * cell))
    every = max(1, math.ceil(14 / cell))
    shapes = []
    for place, rank in enumerate(ranks):
        middle = (place + 0.5) * cell
        if place % every == 0:
            shapes.append(text(str(rank), left + middle, top - 5, kind="soft", size=min(label, 10), anchor="middle"))
            if not named:
                shapes.append(text(str(rank), left - 4, top + middle + 3, kind="soft", size=9, anchor="end"))
        if named:
            shapes.append(text(str(rank), 16, top + middle + label / 3, kind="soft", size=label, anchor="end"))
            shapes.append(
                text(fitted(names[order[place]], int(94 / (0.62 * label))), 21, top + middle + label / 3, size=label)
            )
    if n <= _NUMBERED:
        shapes += _single_cells(values, table, names, order, (left, top, cell), reach)
    else:
        levels = [[None if math.isnan(value) else level_of(value, reach) for value in row] for row in values]
        shapes.append(_runs(levels, x=left, y=top, wide=cell, tall=cell))
    bottom = top + cell * size
    shapes += _legend(bottom + 14, values, reach, table)
    whose = "" if per == 1 else f" Each cell is the mean over {per} by {per} agents."
    about = (
        f"A square of {size} by {size} cells, the best at the top and on the left; what the row's agent gets "
        f"a game against the column's ({table.unit}). Blue is more than {number(table.even)}, orange less, and the "
        f"stronger the colour the further.{whose}"
    )
    return Picture("payoffs", "Who gets how much against whom", about, WIDTH, bottom + 44, tuple(shapes))


def _blocks(values: Floats, per: int) -> Floats:
    """Return the means over blocks of `per` by `per`, NaN where nothing is known."""
    size = math.ceil(len(values) / per)
    edges = np.arange(0, len(values), per)
    known = ~np.isnan(values)
    total, count = (
        np.add.reduceat(np.add.reduceat(part, edges, 0), edges, 1)
        for part in (np.where(known, values, 0.0), known.astype(float))
    )
    return np.divide(total, count, out=np.full((size, size), np.nan), where=count > 0)


def _single_cells(
    values: Floats,
    table: Table,
    names: Sequence[str],
    order: Sequence[int],
    frame: tuple[float, float, float],
    reach: float,
) -> list[str]:
    """Draw each pair's cell with its number."""
    left, top, cell = frame
    shapes = []
    for i, row in enumerate(values):
        for j, value in enumerate(row):
            if math.isnan(value):
                continue
            level = level_of(value, reach)
            shown = number(value + table.even)
            tip = f"{names[order[i]]} against {names[order[j]]}: {shown}"
            shapes.append(box(left + j * cell, top + i * cell, cell - 1, cell - 1, kind=f"d{level}", tip=tip))
            brief = shown.replace("0.", ".", 1) if shown.lstrip("−").startswith("0.") else shown
            size = min(11.0, 1.55 * (cell - 3) / max(columns(brief), 1))
            if size >= 6:
                at = left + (j + 0.5) * cell - 0.5, top + (i + 0.5) * cell + 0.35 * size
                shapes.append(text(brief, *at, kind=f"t{level}", size=size, anchor="middle"))
    return shapes


def _runs(levels: Sequence[Sequence[int | None]], *, x: float, y: float, wide: float, tall: float) -> str:
    """Draw cells as one path for each level, neighbours in a row as one box: small, however many they are."""
    paths: dict[int, list[str]] = {}
    for i, row in enumerate(levels):
        place = 0
        for level, run in groupby(row):
            length = len(list(run))
            if level is not None:
                paths.setdefault(level, []).append(f"M{place} {i}h{length}v1h-{length}z")
            place += length
    drawn = [element("path", d="".join(paths[level]), **{"class": f"d{level}"}) for level in sorted(paths)]
    moved = f"translate({x:g} {y:g}) scale({wide:.5g} {tall:.5g})"
    return element("g", "".join(drawn), transform=moved, shape_rendering="crispEdges")


def _legend(y: float, values: Floats, reach: float, table: Table) -> list[str]:
    """Draw the levels that occur, with the least and the greatest of the values, which are apart from even."""
    width, known = 12.0, values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    first, last = level_of(low, reach), level_of(high, reach)
    left = (WIDTH - width * LEVELS) / 2
    start, end = left + first * width, left + (last + 1) * width
    shapes = [box(left + k * width, y, width, 10, kind=f"d{k}") for k in range(first, last + 1)]
    middle = left + width * LEVELS / 2
    marks = [(start, low), (end, high)] if low < high else [((start + end) / 2, low)]
    if middle - start > _APART and end - middle > _APART:
        marks.append((middle, 0.0))
    for x, value in marks:
        # Where there are few levels, what stands at both ends stands beside them and not below.
        anchor = "middle" if end - start > _APART or low == high else "end" if x == start else "start"
        shapes.append(text(number(table.even + value), x, y + 22, kind="soft", size=10, anchor=anchor))
    shapes.append(text("row behind", start - 8, y + 9, kind="soft", size=10, anchor="end"))
    shapes.append(text("row ahead", end + 8, y + 9, kind="soft", size=10))
    return shapes


def meta_strategy(curve: Curve) -> Picture:
    """Draw each seat's meta-strategy: iterations from left to right, members from top to bottom."""
    iterations, members, seats = len(curve.weights), max(len(w[0]) for w in curve.weights), len(curve.weights[0])
    left, top = 34.0, 34.0
    cell = min((WIDTH - left - 2) / iterations, 26.0)
    tall = min(cell, max(3.0, 300.0 / members))
    shapes = []
    for seat in range(seats):
        start = top + seat * (tall * members + 40)
        shapes.append(text(f"seat {seat}", left, start - 6, size=11, bold=True))
        every = max(1, math.ceil(11 / tall))
        for member in range(0, members, every):
            y = start + (member + 0.5) * tall + 3
            shapes.append(text(f"@{member}", left - 4, y, kind="soft", size=9, anchor="end"))
        levels = [
            [_played(weights[seat][member]) if member < len(weights[seat]) else None for weights in curve.weights]
            for member in range(members)
        ]
        shapes.append(_runs(levels, x=left, y=start, wide=cell, tall=tall))
    height = top + seats * (tall * members + 40) - 16
    shapes.append(text("iteration →", WIDTH - 2, height - 4, kind="soft", size=11, anchor="end"))
    shapes.append(text("the bluer, the more often it is played", left, 11, kind="soft", size=11))
    about = "One row a member and one column an iteration; the bluer a cell, the more often the equilibrium played it."
    return Picture("meta_strategy", "Whom the equilibrium plays", about, WIDTH, height, tuple(shapes))


def _played(weight: float) -> int:
    """Return the level of a share; what is played at all is told apart from what is not."""
    half = LEVELS // 2
    return max(level_of(weight, 1.0), half + int(weight > 1e-3))
