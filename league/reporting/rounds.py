"""Tournaments that are held in rounds, told match by match: who met whom, and who went on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from arena import formats
from arena.encounter import Result

_BYE = "a bye, which counts as a match won"

IN_ROUNDS = ("knockout", "double-elimination", "swiss")


@dataclass(frozen=True)
class Meeting:
    """A match: two agents' numbers, their points out of `games`, who goes on or None, and what there is to add.

    In a bye there is no second agent, and nothing is played.
    """

    first: int
    second: int | None
    points: tuple[float, float]
    games: int
    winner: int | None
    note: str = ""


def rounds_of(about: dict[str, Any], results: Sequence[Result]) -> list[list[Meeting]]:
    """Return the rounds of a tournament `about` which its ledger tells, as far as the `results` go.

    A drawn match of a bracket is played again in the same round, and in the end the better seed goes on.
    """
    agents, left, out = list(range(len(about["agents"]))), list(results), []
    schedule = {
        "knockout": lambda: formats.knockout(agents, 2),
        "double-elimination": lambda: formats.double_elimination(agents, 2),
        "swiss": lambda: formats.swiss(agents, 2, rounds=about["rounds"]),
    }[about["format"]]()
    bracket, over = about["format"] != "swiss", False
    try:
        lineups = next(schedule)
        while left:
            played, left = left[: len(lineups)], left[len(lineups) :]
            pairs = {result.encounter.lineup for result in played}
            again = bracket and bool(out) and pairs <= {(m.first, m.second) for m in out[-1] if m.winner is None}
            out.append([_meeting(result, again=again) for result in played])
            if not bracket:
                paired = {agent for lineup in lineups for agent in lineup}
                out[-1] += [Meeting(agent, None, (1.0, 0.0), 0, agent, _BYE) for agent in agents if agent not in paired]
            if len(played) < len(lineups):
                break
            lineups = schedule.send(played)
    except StopIteration:
        over = True
    return _settled(out, len(agents), over=over, limit={"knockout": 1, "double-elimination": 2}.get(about["format"], 0))


def _meeting(result: Result, *, again: bool) -> Meeting:
    first, second = result.encounter.lineup
    points = result.points.sum((0, 1))
    lead = result.lead
    winner = None if not lead else first if lead > 0 else second
    close = winner is not None and points[0] == points[1]
    note = "again, after a draw" if again else ""
    note += ("; " if note and close else "") + ("by mean return" if close else "")
    return Meeting(first, second, (float(points[0]), float(points[1])), int(result.counts.size), winner, note)


def _settled(rounds: list[list[Meeting]], agents: int, *, over: bool, limit: int) -> list[list[Meeting]]:
    """Say who is out after each match of a bracket, by `limit` losses, and who went on from one that stayed drawn."""
    if not limit:
        return rounds
    out, lost = [], [0] * agents
    for place, meetings in enumerate(rounds):
        following = {(m.first, m.second) for m in rounds[place + 1]} if place + 1 < len(rounds) else set()
        told = []
        for m in meetings:
            note, winner = m.note, m.winner
            pending = (place + 1 == len(rounds) and not over) or (m.first, m.second) in following
            if winner is None and pending:
                told.append(m)
                continue
            if winner is None:
                winner, note = m.first, "; ".join(filter(None, [note, "drawn, the better seed goes on"]))
            loser = m.second if winner == m.first else m.first
            assert loser is not None, "only Swiss tournaments list byes"
            lost[loser] += 1
            if lost[loser] == limit:
                note = "; ".join(filter(None, [note, "the loser is out"]))
            told.append(Meeting(m.first, m.second, m.points, m.games, winner, note))
        out.append(told)
    return out
