"""What a league comes to, computed from its records alone."""

from typing import Any

from arena.ratings import Ratings, rate
from league.plan import League

CONVENTION = "NashConv / number of players"


def by_iteration(league: League) -> list[float]:
    """Return the exploitability of the reported mixture after 0, 1, 2, ... expansions."""
    return [meta["exploitability"]["value"] for meta in league.meta]


def rated(league: League) -> Ratings | None:
    """Return the members' ratings, or None when no match was played."""
    if not league.table.played:
        return None
    return rate(*league.table.results())


def best(league: League) -> int:
    """Return the member called @best.

    The one of lowest exact exploitability, else of highest lower bound of rating, else the latest.
    """
    measured = {body["member"]: body["exploitability"] for body in league.members if "exploitability" in body}
    if len(measured) == len(league.members) > 0:
        return min(measured, key=lambda member: (measured[member], member))
    ratings = rated(league)
    if ratings is not None:
        return int(ratings.low.argmax())
    return len(league.members) - 1


def summary(league: League, run_dir: str) -> dict[str, Any]:
    """Return what `run`, `resume` and `status` print as JSON."""
    about, ratings = league.about, rated(league)
    last = league.meta[-1] if league.meta else None
    reason = None
    if ratings is None:
        reason = "no matches were played: payoffs are exact expectations" if last else "no matches were played yet"
    return {
        "run_dir": run_dir,
        "game": about["game"],
        "oracle": about["oracle"],
        "solver": about["solver"],
        "eval_solver": about["eval_solver"],
        "seed": about["seed"],
        "iterations": max(len(league.meta) - 1, 0),
        "stopped": league.stopped,
        "population": [member["snapshot"] for member in league.members],
        "best": best(league),
        "meta_strategy": last["evaluation"] if last else None,
        "values": last["values"] if last else None,
        "exploitability": {
            "kind": last["exploitability"]["kind"] if last else None,
            "convention": CONVENTION,
            "by_iteration": by_iteration(league),
        },
        "member_exploitability": [member.get("exploitability") for member in league.members],
        "ratings": None
        if ratings is None
        else [
            {"member": k, "elo": ratings.elo[k], "low": ratings.low[k], "high": ratings.high[k]}
            for k in range(len(ratings.elo))
        ],
        "ratings_reason": reason,
        "failures": [member["failure"] for member in league.members if member.get("failure")],
        "seconds": league.seconds,
    }
