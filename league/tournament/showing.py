"""How a tournament looks to a person."""

import math
import shlex
from collections.abc import Callable
from typing import Any

from rich.markup import escape
from rich.table import Table

from league.answer import terminal
from league.words import counted, signed

_ORDERS = {
    "match_points": "in order of match points: of each match the share of its points, and one for a bye; then of mean "
    "return",
    "places": "in order of how far they came, then of mean return",
    "elo": "in order of Elo, for pairs have met unequally often",
}
"""What a ranking is ordered by, where it is not the mean return."""

_WIDEST = 24
"""Agents up to which the crosstable is printed."""


def show_tournament(result: dict[str, Any]) -> None:
    """Print a tournament's ranking, its crosstable, and the commands to try next."""
    console = terminal()
    state = result.get("state") or ("finished" if result["stopped"] == "finished" else "stopped")
    console.print(
        f"[bold]{escape(result['game'])}[/bold]: {result['format']} {state}, {counted(result['games'], 'game')}, "
        f"{result['seconds']:.1f} s"
    )
    console.print(ranking(result["ranking"]))
    if order := _ORDERS.get(result["ordered_by"]):
        console.print(f"[dim]{order}[/dim]")
    if result["utility"] != [-1, 1]:
        console.print("[dim]mean return is that of a game; Elo counts who was ahead in it, not by how much[/dim]")
    if 2 <= len(result["ranking"]) <= _WIDEST:
        console.print("\n[dim]wins-draws-losses of the row against the column[/dim]")
        console.print(crosstable(result["crosstable"], [shown_name(row) for row in result["ranking"]]))
    if result["isolation"]:
        console.print(f"[dim]bots ran apart, by {result['isolation']}[/dim]", soft_wrap=True)
    for warning in result["warnings"]:
        console.print(f"[yellow]{escape(warning)}[/yellow]", soft_wrap=True)
    run = shlex.quote(result["run_dir"])
    console.print("\n[bold]next[/bold]")
    for command in (f"redqueen rate {run}", f"redqueen report {run}", f"redqueen export {run} --format csv"):
        console.print(f"  {command}", soft_wrap=True)


def ranking(rows: list[dict[str, Any]], most: int | None = None) -> Table:
    """Return the table of agents, best first."""
    faulty, placed = any(row["faults"] for row in rows), any("place" in row for row in rows)
    swiss = any("match_points" in row for row in rows)
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("place" if placed else "#", justify="right")
    table.add_column("agent", overflow="fold")
    columns = ["mean return", "95 %", "Elo", "95 %", "games", "wins", "draws", "losses"]
    rested = any(row.get("byes") for row in rows)
    for column in ["match points"] * swiss + ["byes"] * rested + columns + ["faults"] * faulty:
        table.add_column(column, justify="right")
    written = _written([v for row in rows for v in (row["score"], *row["score_interval"]) if v is not None])
    for place, row in enumerate(rows[:most], 1):
        mean, (low, high) = row["score"], row["score_interval"]
        cells = [
            *([f"{row.get('match_points', 0):.4g}"] * swiss),
            *([f"{row.get('byes', 0)}"] * rested),
            "-" if mean is None else written(mean),
            "-" if low is None else f"{written(low)}, {written(high)}",
            "-" if row["elo"] is None else signed(row["elo"]),
            "-" if row["elo"] is None else f"{signed(row['interval'][0])}, {signed(row['interval'][1])}",
            *(f"{row[key]:,}" for key in ("games", "wins", "draws", "losses")),
            *([f"{row['faults']:,}"] * faulty),
        ]
        table.add_row(str(row.get("place", place)), escape(shown_name(row)), *cells)
    return table


def _written(values: list[float]) -> Callable[[float], str]:
    """Return how mean returns are written beside each other: with signs where one is below zero, else without.

    By the greatest they have up to three decimals; one that is nearer to zero has two digits that count all the same.
    """
    below = min(values, default=0) < 0
    least = sum(max(map(abs, values), default=0) <= bound for bound in (10, 100, 10_000))

    def write(value: float) -> str:
        small = 1e-6 < abs(value) < 1
        digits = max(least, 1 - math.floor(math.log10(abs(value)))) if small else least
        return signed(value, digits) if below else f"{value:.{digits}f}"

    return write


def shown_name(row: dict[str, Any]) -> str:
    """Return an agent's name as it is listed, marked where it has left."""
    return f"{row['agent']} (left)" if row["withdrawn"] else row["agent"]


def crosstable(table: dict[str, Any], names: list[str]) -> Table:
    """Return who beat whom, agents numbered by their rank and listed by `names`."""
    shown = Table(box=None, header_style="dim", pad_edge=False)
    shown.add_column("#", justify="right")
    shown.add_column("agent", overflow="fold")
    for rank in range(1, len(names) + 1):
        shown.add_column(str(rank), justify="right")
    for rank, name in enumerate(names):
        triples = zip(*(table[key][rank] for key in ("wins", "draws", "losses")), strict=True)
        cells = [f"{w}-{d}-{lost}" if w + d + lost else "" for w, d, lost in triples]
        shown.add_row(str(rank + 1), escape(name), *cells)
    return shown


def show_request(result: dict[str, Any]) -> None:
    """Print what a tournament was asked."""
    who = result["agent"]["name"] if result["kind"] == "entered" else result["name"]
    verb = "takes part in" if result["kind"] == "entered" else "leaves"
    terminal().print(escape(f"{who} {verb} {result['run_dir']} from {result['from']} on"), soft_wrap=True)
