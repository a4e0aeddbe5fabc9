"""A report's data, from the ledger of a league."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from arena.ledger import LedgerError
from games.names import shorten
from league.config import SECTIONS, load_config
from league.plan import League
from league.reporting.analysis import Analysis, of_payoffs, of_results
from league.reporting.data import Curve, Report, Row, Table
from league.reporting.drawing import printable
from league.runs import is_running, read_league
from league.summary import by_iteration, rated, summary


def league_report(run: str) -> Report:
    """Return what there is to tell of the league in the folder `run`, running or not.

    Its members are the agents. Raises `LedgerError` where it holds no league, or nothing was measured yet.
    """
    league = read_league(run)
    told = summary(league, run)
    if not league.meta:
        raise LedgerError(
            f"{shorten(run)} has not measured its first population yet, so there is nothing to report: wait, or go on "
            f"with `redqueen resume {shlex.quote(run)}`"
        )
    measured = len(league.meta[-1]["evaluation"][0])
    table, why = _table(league, measured)
    order = _order(league, table)
    rows = tuple(_row(league, told, member) for member in order)
    arranged = None if table is None else _arranged(table, order)
    analysis, left = _analysis(league, arranged, rows)
    kind, curve, intervals = by_iteration(league)
    missing = {
        "replays": "A league keeps the counts of its matches and not their moves, so no game can be shown again."
    }
    missing |= {"ratings": f"There are no Elo ratings, for {told['ratings_reason']}."} if told["ratings_reason"] else {}
    missing |= {"table": why} if why else {}
    missing |= {"analysis": left} if left else {}
    return Report(
        run_dir=run,
        kind="league",
        game=printable(told["game"]),
        format="league",
        state="running" if is_running(Path(run)) else "finished" if league.stopped else "interrupted",
        facts=_facts(league, told),
        rows=rows,
        order=_rule(league, table),
        even_pay=bool(table is not None and _antisymmetric(table.payoffs)),
        table=arranged,
        analysis=analysis,
        curve=Curve(
            kind=kind or "",
            values=tuple(curve),
            intervals=None if intervals is None else tuple((low, high) for low, high in intervals),
            weights=tuple(tuple(map(tuple, meta["evaluation"])) for meta in league.meta),
        ),
        numbered=tuple(f"@{member}" for member in range(len(league.members))),
        warnings=tuple(map(printable, [*told["warnings"], *told["failures"]])),
        missing=missing,
        commands=(
            ("run it again", _command(league)),
            ("extend it", f"redqueen resume {shlex.quote(run)} --iterations {max(2 * told['iterations'], 1)}"),
            ("write this page again", f"redqueen report {shlex.quote(run)}"),
        ),
    )


def _table(league: League, measured: int) -> tuple[Table | None, str]:
    """Return how the measured members fare against each other over both seats, or why there is no such table."""
    if league.about["players"] != 2:
        return None, "Payoffs of more than two players are a table of more than two dimensions, which no map shows."
    means = league.table.means()[:, :measured, :measured]
    with np.errstate(invalid="ignore"):
        payoffs = (means[0] + means[1].T) / 2
    counted = league.table.played
    wins, draws = (counts[:measured, :measured] for counts in league.table.results()) if counted else (None, None)
    if _antisymmetric(payoffs):
        payoffs = (payoffs - payoffs.T) / 2
        return Table(wins=wins, draws=draws, payoffs=payoffs, even=0.0, unit="mean return"), ""
    known = payoffs[~np.isnan(payoffs)]
    even = float(known.mean()) if len(known) else 0.0
    return Table(wins=wins, draws=draws, payoffs=payoffs, even=even, unit="mean return"), ""


def _antisymmetric(payoffs: np.ndarray) -> bool:
    known = np.nan_to_num(payoffs)
    return bool(np.abs(known + known.T).max(initial=0.0) <= 1e-9 * max(np.abs(known).max(initial=0.0), 1e-300))


def _order(league: League, table: Table | None) -> list[int]:
    """Return the measured members, best first: see `_rule`."""
    ratings = rated(league)
    members = range(len(league.meta[-1]["evaluation"][0]))
    if ratings is not None:
        return sorted(members, key=lambda k: -ratings.elo[k])
    if all("exploitability" in league.members[k] for k in members):
        return sorted(members, key=lambda k: (round(league.members[k]["exploitability"], 9), -k))
    if table is not None:
        return sorted(members, key=lambda k: -float(np.nanmean(table.payoffs[k])))
    return list(reversed(members))


def _rule(league: League, table: Table | None) -> str:
    if league.table.played:
        return "by Elo"
    if all("exploitability" in body for body in league.members):
        return "by their own exploitability, the least first"
    return "by mean return against all" if table is not None else "the latest first"


def _row(league: League, told: dict[str, Any], member: int) -> Row:
    rating = None if told["ratings"] is None else told["ratings"][member]
    wins, draws = league.table.results()
    counts = int(wins[member].sum()), int(draws[member].sum()), int(wins[:, member].sum())
    return Row(
        name=f"@{member}",
        elo=None if rating is None else float(rating["elo"]),
        elo_interval=None if rating is None else (float(rating["low"]), float(rating["high"])),
        games=sum(counts),
        wins=counts[0],
        draws=counts[1],
        losses=counts[2],
        weights=tuple(seat[member] for seat in told["meta_strategy"]),
        exploitability=told["member_exploitability"][member],
    )


def _arranged(table: Table, order: list[int]) -> Table:
    chosen = np.ix_(order, order)
    counts = (None if counts is None else counts[chosen] for counts in (table.wins, table.draws))
    wins, draws = counts
    return Table(wins=wins, draws=draws, payoffs=table.payoffs[chosen], even=table.even, unit=table.unit)


def _analysis(league: League, table: Table | None, rows: tuple[Row, ...]) -> tuple[Analysis | None, str]:
    """Return the analysis of the members' games or else of their payoffs, or why there is none."""
    if len(rows) < 2:
        return None, "With one member there is nobody to compare it with."
    if table is None:
        return None, "Circles are looked for among the payoffs of two players."
    if table.wins is not None and table.draws is not None:
        names = [row.name for row in rows]
        return of_results(names, table.wins, table.draws, seed=league.about["seed"]), ""
    if not _antisymmetric(table.payoffs):
        return None, "Circles and Nash averages are defined where what one gains the other loses, which is not so here."
    return of_payoffs(table.payoffs), ""


def _facts(league: League, told: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    about = league.about
    return (
        ("Members", f"{len(league.members):,}"),
        ("Iterations", f"{told['iterations']:,}"),
        ("Stopped", told["stopped"] or "not yet"),
        ("Oracle", about["oracle"]),
        ("Solver", printable(f"{about['solver']}; reported by {about['eval_solver']}")),
        ("Best member", f"@{told['best']}"),
        ("Seed", str(about["seed"])),
        ("Time it took", f"{told['seconds']:,.1f} s"),
    )


def _command(league: League) -> str:
    """Return the command that runs the league again: flags for all that is not as it is without them."""
    told: dict[str, Any] = league.note.get("config", {})
    words = ["redqueen", "run", str(league.about["game"])]
    plain = load_config(words[2], {}).model_dump(mode="json")
    sections = [(f"{title}-", told.get(title, {}), plain[title]) for title in SECTIONS]
    for prefix, given, default in (("", told, plain), *sections):
        for key in default:
            value = given.get(key)
            if isinstance(value, dict) or value is None or value == default[key]:
                continue
            flag = f"--{prefix}{key.replace('_', '-')}"
            if isinstance(value, bool):
                words.append(flag if value else f"--no-{flag[2:]}")
                continue
            for item in value if isinstance(value, list) else [value]:
                words += [flag, str(item)]
    return printable(shlex.join(words))
