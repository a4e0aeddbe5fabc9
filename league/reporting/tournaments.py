"""A report's data, from the ledger of a tournament."""

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from arena.encounter import Result
from arena.ledger import Ledger, LedgerError
from games import make
from games.errors import UserError
from games.game import Game
from games.names import shorten
from league.reporting.analysis import of_results
from league.reporting.data import Report, Row, Table, interval
from league.reporting.drawing import printable
from league.reporting.replays import Chosen, Projector, Replay, Seen, choose, seen
from league.reporting.rounds import IN_ROUNDS, rounds_of
from league.runs import is_running
from league.tournament.config import VOLATILE, TournamentConfig
from league.tournament.plan import Tournament
from league.tournament.summary import summary
from league.words import counted

_ORDERS = {
    "match_points": "by match points (a match is worth one, and so is a bye), then by mean return a game",
    "places": "by how far they came, then by mean return a game",
    "elo": "by Elo",
    "score": "by mean return a game",
}


class _Pass:
    """One reading of the records: the tournament's state, and the encounters, which its state does not keep."""

    def __init__(self, ledger: Ledger) -> None:
        self.state, self.encounters = Tournament(()), list[Seen]()
        self.results: list[Result] = []
        for record in ledger.records():
            result = Result.from_json(record.body) if record.kind == "encounter" else None
            self.state.take(record.kind, record.body, record.note, result)
            if result is not None:
                self._take(record.seq, result)

    def _take(self, seq: int, result: Result) -> None:
        self.encounters.append(seen(seq, result))
        if self.state.about["format"] in IN_ROUNDS:
            self.results.append(result)


def tournament_report(run: str, ledger: Ledger) -> Report:
    """Return what there is to tell of the tournament in the folder `run`, whose `ledger` was read, running or not.

    Raises `LedgerError` where none of its games is recorded.
    """
    read = _Pass(ledger)
    state = read.state
    if not read.encounters:
        raise LedgerError(
            f"{shorten(run)} has no finished games yet, so there is nothing to report: wait, or go on with "
            f"`redqueen resume {shlex.quote(run)}`"
        )
    told = summary(state, run)
    order = [{agent["name"]: k for k, agent in enumerate(state.agents)}[row["agent"]] for row in told["ranking"]]
    present = set(state.present)
    names = [printable(one["name"]) + " (left)" * (k not in present) for k, one in enumerate(state.agents)]
    rows = tuple(_row(row, names[agent]) for row, agent in zip(told["ranking"], order, strict=True))
    game, why = _game(state.about["game"])
    even_pay = game is not None and game.spec.zero_sum
    chosen = np.ix_(order, order)
    wins, draws = state.tally.wins[chosen], state.tally.draws[chosen]
    replays, missing = _replays(ledger, game, why, choose(read.encounters, order, names), names, state)
    rounds = rounds_of(state.about, read.results) if state.about["format"] in IN_ROUNDS else []
    ended = "finished" if state.stopped == "finished" else "stopped" if state.stopped else "interrupted"
    return Report(
        run_dir=run,
        kind="tournament",
        game=printable(state.about["game"]),
        format=state.about["format"],
        state="running" if is_running(Path(run)) else ended,
        facts=_facts(state),
        rows=rows,
        order=_ORDERS[told["ordered_by"]],
        even_pay=even_pay,
        table=_table(state, order, wins, draws, even_pay=even_pay),
        analysis=of_results([row.name for row in rows], wins, draws, seed=state.about["seed"]),
        rounds=tuple(map(tuple, rounds)),
        numbered=tuple(names),
        replays=tuple(replays),
        warnings=tuple(map(printable, told["warnings"])),
        missing=missing,
        commands=(
            ("hold it again", _command(state.about)),
            ("go on with it, or see that it is finished", f"redqueen resume {shlex.quote(run)}"),
            ("print the ratings", f"redqueen rate {shlex.quote(run)}"),
            ("write this page again", f"redqueen report {shlex.quote(run)}"),
        ),
    )


def _row(row: dict[str, Any], name: str) -> Row:
    return Row(
        name=name,
        mean_return=row["score"],
        mean_return_interval=interval(row["score_interval"]),
        elo=row["elo"],
        elo_interval=interval(row["interval"]),
        **{key: row[key] for key in ("games", "wins", "draws", "losses")},
        place=row.get("place"),
        match_points=row.get("match_points"),
        faults={printable(kind): count for kind, count in row["fault_kinds"].items()},
        first_fault=None if row["first_fault"] is None else printable(row["first_fault"]),
    )


def _game(name: str) -> tuple[Game | None, str]:
    """Return the game, or why it cannot be made here."""
    try:
        return make(name), ""
    except UserError as error:
        return None, f"The games cannot be shown here: {printable(str(error))}."


def _facts(state: Tournament) -> tuple[tuple[str, str], ...]:
    about, left = state.about, len(state.agents) - len(state.present)
    seatings = "in every seating" if about["seatings"] > 1 else "in one seating, for seats do not differ"
    facts = [
        ("Agents", f"{len(state.present):,}" + f", and {left:,} who left" * (left > 0)),
        ("Format", about["format"]),
        ("Games", f"{state.played:,}"),
        ("An encounter", f"{counted(about['deals'], 'deal')}, each played {seatings}"),
        ("Opening", _opening(about["plies"])),
        ("Seed", str(about["seed"])),
        ("Time it took", f"{state.seconds:,.1f} s"),
    ]
    if state.note.get("isolation"):
        facts.append(("Bots ran apart", f"by {printable(state.note['isolation'])}"))
    return tuple(facts)


def _opening(plies: int) -> str:
    if not plies:
        return "none: agents choose every move"
    return "the first move is drawn" if plies == 1 else f"the first {plies} moves are drawn"


def _table(state: Tournament, order: list[int], wins: np.ndarray, draws: np.ndarray, *, even_pay: bool) -> Table:
    """Return who fared how: mean returns in games of two, else points for doing better than the other."""
    if state.about["players"] != 2:
        games = wins + wins.T + draws
        with np.errstate(invalid="ignore", divide="ignore"):
            points = np.where(games > 0, (wins + draws / 2) / games, np.nan)
        return Table(wins=wins, draws=draws, payoffs=points, even=0.5, unit="points")
    payoffs = state.tally.payoffs[np.ix_(order, order)]
    known = payoffs[~np.isnan(payoffs)]
    even = 0.0 if even_pay or not len(known) else float(known.mean())
    return Table(wins=wins, draws=draws, payoffs=payoffs, even=even, unit="mean return")


def _replays(
    ledger: Ledger, game: Game | None, why: str, chosen: list[Chosen], names: list[str], state: Tournament
) -> tuple[list[Replay], dict[str, str]]:
    if game is None:
        return [], {"replays": why}
    projector, replays = Projector(game, names, seed=state.about["seed"], plies=state.about["plies"]), []
    try:
        for choice in chosen:
            record = next(ledger.records(choice.seq - 1))
            shown = projector.show(choice, Result.from_json(record.body))
            if shown is not None and shown.frames:
                replays.append(shown)
    except UserError as error:
        return replays, {"replays": f"Other games cannot be shown here: {printable(str(error))}."}
    return replays, {} if replays else {"replays": "No game's positions are short enough to be shown here."}


def _command(about: dict[str, Any]) -> str:
    """Return the command that holds the tournament again, as far as its agents are still what they were."""
    words = ["redqueen", "tournament", about["game"], *(agent["plays"] for agent in about["agents"])]
    pairs = len(about["agents"]) * (len(about["agents"]) - 1) // 2
    limits = about["limits"]
    given = {**about, "repetitions": about["deals"], "opening": about["plies"], "memory": limits["memory"] >> 20}
    given |= {f"{key}_time": limits[key] for key in ("move", "game", "start")}
    for key, default in TournamentConfig().model_dump(mode="json", exclude=set(VOLATILE)).items():
        if key == "encounters":
            default = 2 * pairs if about["format"] == "adaptive" else given.get(key)
        if given.get(key, default) != default:
            words += [f"--{key.replace('_', '-')}", str(given[key])]
    return printable(shlex.join(words))
