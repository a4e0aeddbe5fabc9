"""A tournament's summary: what its command prints, and what `status` tells."""

import math
from typing import Any

import numpy as np

from arena.formats import Places
from league.tournament.plan import Tournament
from league.tournament.warnings import warnings_of


def summary(state: Tournament, run_dir: str) -> dict[str, Any]:
    """Return the ranking, the crosstable and what to be wary of, as one JSON object.

    Those who have left a league stay in its ranking, `withdrawn`, for their games are in everybody's figures. Swiss
    tournaments are ordered by `match_points`, a match being worth one, shared as its games were, and so is a bye, of
    which each agent has had `byes`. A `score` is the mean return of a game; the crosstable's `mean_returns` are the
    row's against the column.
    """
    tally, about = state.tally, state.about
    ordered_by = _ordered_by(state)
    places = state.standing
    order = tally.ranking(range(tally.size), places, by_elo=ordered_by == "elo")
    mean, intervals = tally.scores(_utility(about["utility"]))
    ratings, met = tally.rate(), (tally.wins + tally.wins.T + tally.draws).sum(1) > 0
    rows, present = [], set(state.present)
    for agent in order:
        games, wins, draws, losses = tally.games[:, agent].tolist()
        rated = bool(met[agent])
        rows.append(
            {
                "agent": state.agents[agent]["name"],
                "score": _number(mean[agent]),
                "score_interval": [_number(bound) for bound in intervals[agent]],
                "points": float(tally.points[agent]),
                "elo": float(ratings.elo[agent]) if rated else None,
                "interval": [float(ratings.low[agent]), float(ratings.high[agent])] if rated else None,
                "games": games,
                "wins": wins,
                "draws": draws,
                "losses": losses,
                "faults": sum(tally.forfeits[agent].values()),
                "fault_kinds": dict(tally.forfeits[agent]),
                "first_fault": tally.first[agent],
                "withdrawn": agent not in present,
                **_came(state, places, agent),
            }
        )
    chosen = np.ix_(order, order)
    return {
        "game": about["game"],
        "format": about["format"],
        "run_dir": run_dir,
        "utility": about["utility"],
        "isolation": state.note.get("isolation"),
        "stopped": state.stopped,
        "games": state.played,
        "seconds": state.seconds,
        "ranking": rows,
        "ordered_by": ordered_by,
        "crosstable": {
            "agents": [row["agent"] for row in rows],
            "wins": tally.wins[chosen].tolist(),
            "draws": tally.draws[chosen].tolist(),
            "losses": tally.wins.T[chosen].tolist(),
            "mean_returns": [[_number(value) for value in row] for row in tally.payoffs[chosen].tolist()],
        },
        "warnings": warnings_of(state),
    }


def _ordered_by(state: Tournament) -> str:
    """Return what orders the ranking: match points, places, Elo or the mean return.

    Ratings do where pairs met unequally often, in a game that is won, drawn or lost.
    """
    if state.standing is not None:
        return "match_points" if state.about["format"] == "swiss" else "places"
    uneven = state.about["format"] in ("adaptive", "league") or state.stopped == "hours"
    return "elo" if uneven and state.about["utility"] == [-1, 1] else "score"


def _came(state: Tournament, places: Places | None, agent: int) -> dict[str, Any]:
    """Return how far an agent came, where the format tells: equals share a place, and 1 is the best."""
    if places is None:
        return {}
    mine = places.get(agent, 0.0)
    place = 1 + sum(other > mine for other in places.values())
    swiss = state.about["format"] == "swiss"
    return {"place": place} | ({"match_points": mine, "byes": state.byes[agent]} if swiss else {})


def _utility(bounds: list[float | None]) -> tuple[float, float]:
    """Return the bounds of what a game pays, of which None is not known."""
    low, high = bounds
    return -math.inf if low is None else low, math.inf if high is None else high


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
