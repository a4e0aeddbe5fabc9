"""How ratings look to a person, on standard output."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from league.answer import terminal
from league.words import counted, signed


def show_ratings(result: Mapping[str, Any], *, most: int = 50) -> None:
    """Print ratings, at most `most` of them, and what they leave out."""
    console = terminal()
    console.print(f"{counted(result['games'], 'game')} between {counted(result['players'], 'player')}")
    for key, words in (("seat_advantage", "the first seat is worth"), ("draw_parameter", "draws: ")):
        found = result[key]
        if found is not None:
            about = f"{words}{found['symbol']} =" if "symbol" in found else words
            form = "{:.3f}".format if "symbol" in found else _elo
            unit = "" if "symbol" in found else " Elo"
            ends = found["interval"]
            interval = f" \\[{form(ends[0])}, {form(ends[1])}]" if ends else ", for nothing was drawn"
            console.print(f"{about} {form(found['value'])}{unit}{interval}")
    console.print(_table(result, most))
    if len(result["ratings"]) > most:
        console.print(f"[dim]{len(result['ratings']) - most:,} more; --json lists all[/dim]")
    if result["cyclic_share"] is not None:
        console.print(
            f"share of the log odds that is no ranking's: {result['cyclic_share']:.1%}, by chance alone "
            f"{result['cyclic_share_by_chance']['mean']:.1%}, at most {result['cyclic_share_by_chance']['upper']:.1%}"
        )
    test = result["fit"]
    if test["p_value"] is not None:
        console.print(f"fit of the ratings to the crosstable: p = {test['p_value']:.3g} ({test['method']})")
    for name, rows in result["others"].items():
        other = Table(title=name, title_justify="left", box=None, header_style="dim", pad_edge=False)
        for column in rows[0]:
            other.add_column(column, justify="left" if column == "name" else "right")
        for row in rows[:most]:
            other.add_row(*(escape(value) if isinstance(value, str) else f"{value:.4g}" for value in row.values()))
        console.print(other)
    for warning in result["warnings"]:
        console.print(escape(warning), style="yellow", soft_wrap=True)


def _elo(value: float) -> str:
    return signed(value, 1)


def _table(result: Mapping[str, Any], most: int) -> Table:
    """Return the ratings; `LOS` is how likely a player is to be stronger than the next in the list."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("", justify="right")
    table.add_column("player", overflow="fold")
    interval = "bootstrap_interval" if "bootstrap_interval" in result["ratings"][0] else "interval"
    beyond = result["nash_averaging"] is not None
    bounds = "95 % (bootstrap)" if interval == "bootstrap_interval" else "95 %"
    for column in ("Elo", bounds, "games", "points", "LOS", *["Nash", "alpha-rank"] * beyond):
        table.add_column(column, justify="right", no_wrap=True)
    for k, row in enumerate(result["ratings"][:most]):
        low, high = row[interval]
        cells = [_elo(row["elo"]), f"[{_elo(low)}, {_elo(high)}]", f"{row['games']:,}"]
        cells.append("-" if row["score"] is None else f"{row['score']:.1%}")
        los = result["los"]
        cells.append("-" if los is None or k + 1 == len(los) else f"{los[k][k + 1]:.1%}")
        if beyond:
            cells += [f"{result['nash_averaging'][k]['weight']:.3f}", f"{result['alpha_rank'][k]['share']:.3f}"]
        table.add_row(str(k + 1), escape(row["name"]), *map(escape, cells))
    return table
