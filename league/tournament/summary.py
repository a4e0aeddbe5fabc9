"""A tournament's summary: what its command prints, and what `status` tells."""

import math
from typing import Any

import numpy as np

from league.tournament.plan import Tournament


def summary(state: Tournament, run_dir: str) -> dict[str, Any]:
    """Return the ranking, the crosstable and what to be wary of, as one JSON object."""
    tally, about = state.tally, state.about
    order = tally.ranking(state.present, state.places, by_elo=_by_elo(state))
    mean, score_interval = tally.scores(_utility(about["utility"]))
    ratings, met = tally.rate(), (tally.wins + tally.wins.T + tally.draws).sum(1) > 0
    rows = []
    for agent in order:
        games, wins, draws, losses = tally.games[:, agent].tolist()
        rated = bool(met[agent])
        rows.append(
            {
                "agent": state.agents[agent]["name"],
                "score": _number(mean[agent]),
                "score_interval": [_number(bound) for bound in score_interval[agent]],
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
                **({} if state.places is None else {"place": _place(state, agent)}),
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
        "crosstable": {
            "agents": [row["agent"] for row in rows],
            "wins": tally.wins[chosen].tolist(),
            "draws": tally.draws[chosen].tolist(),
            "losses": tally.wins.T[chosen].tolist(),
        },
        "warnings": _warnings(state),
    }


def _by_elo(state: Tournament) -> bool:
    """Whether ratings order the ranking: pairs met unequally often, in a game that is won, drawn or lost."""
    uneven = state.about["format"] in ("adaptive", "league") or state.stopped == "hours"
    return uneven and state.about["utility"] == [-1, 1]


def _place(state: Tournament, agent: int) -> int:
    """Return an agent's place by how far it came: 1 is the best, and equals share one."""
    assert state.places is not None
    mine = state.places.get(agent, 0.0)
    return 1 + sum(other > mine for other in state.places.values())


def _utility(bounds: list[float | None]) -> tuple[float, float]:
    """Return the bounds of what a game pays, of which None is not known."""
    low, high = bounds
    return -math.inf if low is None else low, math.inf if high is None else high


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _warnings(state: Tournament) -> list[str]:
    """Return sentences on what a reader of the ranking should know."""
    tally, out = state.tally, []
    for agent in state.present:
        faults, games = sum(tally.forfeits[agent].values()), int(tally.games[0, agent])
        if faults:
            kinds = ", ".join(f"{kind} {count}" for kind, count in tally.forfeits[agent].most_common())
            name, first = state.agents[agent]["name"], tally.first[agent]
            out.append(f"{name} lost {faults} of {games} games by its own fault ({kinds}); the first: {first}")
    if tally.repeated:
        names = [" and ".join(state.agents[agent]["name"] for agent in lineup) for lineup in sorted(tally.repeated)]
        others = f" and {len(names) - 3} more" if len(names) > 3 else ""
        out.append(
            f"{'; '.join(names[:3])}{others} played the same games again and again, which say no more than one of "
            "each, so that intervals of Elo are too narrow: vary them with --opening"
        )
    if state.stopped == "hours" and state.about["format"] != "league":
        out.append("the time was over before the format was: those who have not met yet are compared through others")
    return out
