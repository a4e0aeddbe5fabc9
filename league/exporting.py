"""`export`: policies and tables in forms that other tools read."""

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

from agents.agent import AgentError, Evaluable
from agents.files import write_atomically
from games.errors import UserError, nearest
from games.extensive.replay import tabular_policy
from games.names import parse, shorten
from league.jobs import why_no_tree, world
from league.plan import League
from league.process import prepare_process
from league.runs import is_run, kind_of, load_agent, member, read_league

FORMATS = ("tabular", "snapshot", "csv")


def export_agent(agent: str, *, format: str | None, output: str | None, as_json: bool) -> None:
    """Write what `agent` names in one of FORMATS to `output`, or print it; a tournament's games in one of its own.

    Raises:
        UserError: for an unknown format, an agent that is not of a run, or one that cannot be written so.
    """
    from league.tournament.writing import FORMATS as OF_GAMES
    from league.tournament.writing import write_games

    is_tournament = is_run(agent) and kind_of(agent) == "tournament"
    known = OF_GAMES if is_tournament else FORMATS
    format = format or known[0]
    if format not in known:
        hint = nearest(format, known) or f"; it is {', '.join(known[:-1])} or {known[-1]}"
        raise UserError(f"there is no format {shorten(repr(format))}{' for games' if is_tournament else ''}{hint}")
    if is_tournament:
        written = _write(write_games(agent, format), output)
    elif format == "csv":
        tables = _tables(read_league(agent.partition("@")[0]))
        written = _write_tables(tables, output)
    else:
        name = parse(agent, error=AgentError)
        if name.kind != "run":
            raise AgentError(
                f"export needs an agent of a run, such as runs/kuhn_poker@nash, but got {shorten(repr(agent))}; "
                "`redqueen solve GAME --output FILE` writes what an algorithm finds"
            )
        league = read_league(name.source)
        if format == "snapshot" and name.target == "nash":
            raise AgentError(
                f"{shorten(agent)} is a mixture, and a snapshot holds one member: export @0, @1, ... or @best, or the "
                "mixture as a table with --format tabular"
            )
        data = _tabular(league, agent) if format == "tabular" else member(league, name.source, name.target).to_bytes()
        written = _write(data, output)
    if as_json and written:
        print(json.dumps({"written": written}))


def _tabular(league: League, agent: str) -> bytes:
    prepare_process()
    game, tree = world(league.about["game"], "cpu", league.about["config"]["tree_limit"])
    if tree is None:
        why = why_no_tree(game.spec, league.about["config"]["tree_limit"])
        raise UserError(
            f"a table of {shorten(game.spec.name)} needs its tree, and there is none, for {why}: "
            "export a snapshot instead"
        )
    player = load_agent(agent, game)
    if not isinstance(player, Evaluable):
        raise AgentError(f"{shorten(agent)} can only be played, so it has no table: export a snapshot instead")
    return json.dumps(tabular_policy(game, tree, player.behaviour(tree))).encode()


def _tables(league: League) -> dict[str, str]:
    """Return the CSV files of a league: its payoffs, its curve and its meta-strategy."""
    payoffs = [[*seating, *cell.mean.tolist(), cell.count] for seating, cell in league.table.cells()]
    players = league.about["players"]
    seats = range(players)
    return {
        "payoffs.csv": _csv([*(f"seat{p}" for p in seats), *(f"return{p}" for p in seats), "games"], payoffs),
        "exploitability.csv": _csv(
            ["iteration", "exploitability", "kind"],
            [[m["iteration"], m["exploitability"]["value"], m["exploitability"]["kind"]] for m in league.meta],
        ),
        "meta_strategy.csv": _csv(
            ["iteration", "seat", "member", "training", "evaluation"],
            [
                [m["iteration"], seat, k, m["training"][seat][k], m["evaluation"][seat][k]]
                for m in league.meta
                for seat in seats
                for k in range(len(m["training"][seat]))
            ],
        ),
    }


def _csv(header: list[str], rows: list[list[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([header, *rows])
    return text.getvalue()


def _write_tables(tables: dict[str, str], output: str | None) -> list[str]:
    if output is None:
        for name, text in tables.items():
            print(f"# {name}\n{text}", end="")
        return []
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"the folder {shorten(output)} cannot be made ({error.strerror}): name another") from None
    return [written for name, text in tables.items() for written in _write(text.encode(), str(folder / name))]


def _write(data: bytes, output: str | None) -> list[str]:
    if output is None:
        sys.stdout.buffer.write(data + (b"" if data.endswith(b"\n") else b"\n"))
        return []
    if not Path(output).name:
        raise UserError(f"expected --output to name a file but got {shorten(repr(output))}: add the file's name")
    write_atomically(Path(output), data)
    return [output]
