"""Tables as HTML: what a picture shows, in numbers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape

import numpy as np

from league.reporting.data import Report, Row, Table
from league.reporting.drawing import elo, fitted, number
from league.reporting.palette import level_of

MOST_ROWS = 1_000
MOST_CROSS = 40
_CROSS_NAME = 24
"""Letters that an agent's name has in a crosstable."""

_UPRIGHT = 130
"""Letters up to which a crosstable is printed on an upright page; a wider one lies on its side."""

_TALL = 30
"""Rows beyond which a table scrolls in a frame, with its headings in sight."""


@dataclass(frozen=True)
class Column:
    """A column: its heading, and its cells as shown and, for numbers, as sorted by."""

    heading: str
    cells: Sequence[str]
    values: Sequence[float | None] | None = None


def html_table(caption: str, columns: Sequence[Column], *, named: int = 1) -> str:
    """Return a table that can be sorted, in a frame of its own to scroll in; column `named` heads its rows."""
    heads = "".join(
        f'<th scope="col" class="{_kind(place, c, named)}">{escape(c.heading)}</th>' for place, c in enumerate(columns)
    )
    rows = []
    for k in range(len(columns[0].cells)):
        cells = []
        for place, column in enumerate(columns):
            shown, kind = escape(column.cells[k]), _kind(place, column, named)
            if place == named:
                cells.append(f'<th scope="row" class="name">{shown}</th>')
            elif column.values is None:
                cells.append(f"<td>{shown}</td>")
            else:
                value = column.values[k]
                key = "" if value is None or math.isnan(value) else f"{value:.10g}"
                cells.append(f'<td class="{kind}" data-v="{key}">{shown}</td>')
        rows.append(f"<tr>{''.join(cells)}</tr>")
    frame = "scroll tall" if len(rows) > _TALL else "scroll"
    return (
        f'<div class="{frame}" tabindex="0" role="region" aria-label="{escape(caption)}"><table class="sortable">'
        f"<caption>{escape(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>\n"
    )


def _kind(place: int, column: Column, named: int) -> str:
    return "name" if place == named else "text" if column.values is None else "number"


def ranking(report: Report) -> str:
    """Return the ranking as a table; columns that say nothing are left out."""
    rows = report.rows[:MOST_ROWS]
    places = [row.place or rank for rank, row in enumerate(rows, 1)]
    columns = [_numbers("place", places), Column("agent", [row.name for row in rows])]
    if any(row.match_points is not None for row in rows):
        columns.append(_numbers("match points", [row.match_points for row in rows]))
    if any(row.mean_return is not None for row in rows):
        form = partial(number, signed=report.even_pay)
        columns.append(_numbers("mean return", [row.mean_return for row in rows], form=form))
        columns.append(Column("95 %", [_range(row.mean_return_interval, form=form) for row in rows]))
    if any(row.elo is not None for row in rows):
        columns.append(_numbers("Elo", [row.elo for row in rows], form=elo))
        columns.append(Column("95 %", [_range(row.elo_interval, form=elo) for row in rows]))
    if any(row.games for row in rows):
        for key in ("games", "wins", "draws", "losses"):
            columns.append(_numbers(key, [getattr(row, key) for row in rows], form="{:,}".format))
    if any(row.faults for row in rows):
        columns.append(_numbers("faults", [sum(row.faults.values()) for row in rows], form="{:,}".format))
    if any(row.exploitability is not None for row in rows):
        columns.append(_numbers("exploitability", [row.exploitability for row in rows]))
    for seat in range(len(rows[0].weights) if rows else 0):
        columns.append(_numbers(f"@nash, seat {seat}", [row.weights[seat] for row in rows], form="{:.1%}".format))
    more = f", the first {MOST_ROWS:,} of {len(report.rows):,}" if len(report.rows) > MOST_ROWS else ""
    return html_table(f"Ranking {report.order}{more}", columns)


def faults(rows: Sequence[Row], most: int = 100) -> str:
    """Return who lost games by faults of its own, of which kinds, and the first message of each."""
    faulty = [row for row in rows if row.faults][:most]
    kinds = [", ".join(f"{kind} {count:,}" for kind, count in row.faults.items()) for row in faulty]
    columns = [
        _numbers("games lost so", [sum(row.faults.values()) for row in faulty], form="{:,}".format),
        Column("agent", [row.name for row in faulty]),
        _numbers("of games", [row.games for row in faulty], form="{:,}".format),
        Column("kinds", kinds),
    ]
    messages = "".join(
        f"<dt>{escape(row.name)}</dt><dd><code>{escape((row.first_fault or '')[:600])}</code></dd>" for row in faulty
    )
    return html_table("Faults", columns) + f'<h3>First message of each</h3><dl class="facts">{messages}</dl>'


def besides(report: Report) -> str:
    """Return strengths beside Nash averages and alpha-rank as a table."""
    analysis = report.analysis
    assert analysis is not None
    assert analysis.nash_ratings is not None
    assert analysis.nash_weights is not None
    rated = analysis.unit == "Elo"
    form = elo if rated else number
    columns = [
        _numbers("place", list(range(1, len(report.rows) + 1))),
        Column("agent", [row.name for row in report.rows]),
        _numbers("Elo" if rated else "mean return", analysis.strengths.tolist(), form=form),
        _numbers("Nash average", analysis.nash_ratings.tolist(), form=form),
        _numbers("Nash weight", analysis.nash_weights.tolist(), form="{:.1%}".format),
    ]
    if analysis.alpha_rank is not None:
        columns.append(_numbers("alpha-rank", analysis.alpha_rank.tolist(), form="{:.1%}".format))
    return html_table("Ratings beside Nash averages", columns)


def crosstable(table: Table, names: Sequence[str]) -> str:
    """Return wins, draws and losses of row against column, coloured as the map of payoffs is."""
    assert table.wins is not None
    assert table.draws is not None
    n = min(len(names), MOST_CROSS)
    apart = table.payoffs - table.even
    reach = float(np.nanmax(np.abs(apart), initial=0.0)) if not np.isnan(apart).all() else 0.0
    heads = "".join(f'<th scope="col" title="{escape(names[k])}">{k + 1}</th>' for k in range(n))
    rows = []
    for i in range(n):
        cells = []
        for j in range(n):
            counts = table.wins[i, j], table.draws[i, j], table.wins[j, i]
            if i == j or not sum(counts):
                cells.append("<td>·</td>" if i == j else "<td></td>")
                continue
            level = 8 if np.isnan(apart[i, j]) else level_of(apart[i, j], reach)
            cells.append(f'<td class="d{level} t{level}">{"-".join(f"{count}" for count in counts)}</td>')
        name = escape(fitted(names[i], _CROSS_NAME))
        label = f'<th scope="row" class="name" title="{escape(names[i])}">{i + 1} {name}</th>'
        rows.append(f"<tr>{label}{''.join(cells)}</tr>")
    letters = _CROSS_NAME + sum(_widest(table, column, n) + 1 for column in range(n))
    more = f", the first {n} of {len(names):,}" if n < len(names) else ""
    caption = f"Wins-draws-losses of the row against the column, numbered by rank{more}; the colours are those above"
    return (
        f'<div class="scroll{" wide" * (letters > _UPRIGHT)}" tabindex="0" role="region" aria-label="crosstable">'
        f'<table class="cross" style="--letters:{letters}">'
        f'<caption>{caption}</caption><thead><tr><th scope="col">agent</th>{heads}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>\n"
    )


def _widest(table: Table, column: int, n: int) -> int:
    """Return the letters of a column's widest cell in a crosstable of n agents."""
    assert table.wins is not None
    assert table.draws is not None
    counts = np.stack([table.wins[:n, column], table.draws[:n, column], table.wins[column, :n]])
    return max(len("-".join(map(str, counts[:, row].tolist()))) for row in range(n))


def _numbers(heading: str, values: Sequence[float | None], *, form: Callable[[float], str] = number) -> Column:
    shown = ["–" if value is None or math.isnan(value) else form(value) for value in values]
    return Column(heading, shown, values)


def _range(pair: tuple[float, float] | None, *, form: Callable[[float], str]) -> str:
    return "–" if pair is None else " to ".join(map(form, pair))
