"""What a league comes to, computed from its records alone."""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from arena.ratings import Ratings, rate
from league.plan import League, deviation_gains, deviation_variances

CONVENTION = "NashConv / number of players"


def by_iteration(league: League) -> tuple[str | None, list[float], list[list[float]] | None]:
    """Return how exploitable the reported mixture was after 0, 1, 2, ... expansions: kind, values, 95 % intervals.

    Exact values need none. Elsewhere the best deviation to any member known by now bounds the value from below, so that
    the last one, whose responses are still to be trained, says least; its interval is that deviation's.
    """
    if not league.meta:
        return None, [], None
    if all(meta["exploitability"]["kind"] == "exact" for meta in league.meta):
        return "exact", [meta["exploitability"]["value"] for meta in league.meta], None
    payoffs, variances = league.table.means(), league.table.variances()
    known = league.table.members - 1 if np.isnan(payoffs).any() else league.table.members
    inside = (slice(None), *[slice(known)] * league.about["players"])
    values, intervals = [], []
    for meta in league.meta:
        strategies = [np.array(strategy) for strategy in meta["evaluation"]]
        gains = deviation_gains(payoffs[inside], strategies)
        bests = [int(gain.argmax()) for gain in gains]
        spread = deviation_variances(variances[inside], strategies, bests)
        players = len(gains)
        value = sum(float(gain[best]) for gain, best in zip(gains, bests, strict=True)) / players
        half = 1.959963984540054 * math.sqrt(sum(spread)) / players
        values.append(value)
        intervals.append([value - half, value + half])
    return "lower bound", values, intervals


def failures(league: League) -> list[str]:
    """Return a sentence for each response that gained nothing where something could be gained."""
    sentences = []
    for before, after in pairwise(league.meta):
        for seat, gained in enumerate(after["gained"]):
            possible = before["gains"][seat] if before["gains"] else None
            if gained <= 0.0 and (possible is None or possible > 1e-6):
                could = "" if possible is None else f" of {possible:.4g} possible"
                sentences.append(
                    f"iteration {after['iteration']}, seat {seat}: the response gained {gained:.4g}{could}"
                )
    return sentences


def rated(league: League) -> Ratings | None:
    """Return the members' ratings, or None when no match was played."""
    if not league.table.played:
        return None
    return rate(*league.table.results())


def best(league: League, *, trained: bool = False) -> int:
    """Return the member called @best, or where `trained`, @trained: the best of those that the oracle answered with.

    The one of lowest exact exploitability, of equals the latest; else of highest lower bound of rating; else the last.
    -1 where there is none yet.
    """
    among = [body["member"] for body in league.members if body["iteration"] > 0 or not trained]
    measured = {body["member"]: body["exploitability"] for body in league.members if "exploitability" in body}
    if len(measured) == len(league.members) > 0:
        return min(among, key=lambda member: (round(measured[member], 9), -member))
    ratings = rated(league)
    if ratings is not None:
        return max(among, key=lambda member: float(ratings.low[member]))
    return max(among, default=-1)


def summary(league: League, run_dir: str) -> dict[str, Any]:
    """Return what `run`, `resume` and `status` print as JSON."""
    about, ratings = league.about, rated(league)
    kind, curve, intervals = by_iteration(league)
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
            "kind": kind,
            "convention": CONVENTION,
            "by_iteration": curve,
            "intervals": intervals,
        },
        "member_exploitability": [member.get("exploitability") for member in league.members],
        "ratings": None
        if ratings is None
        else [
            {"member": k, "elo": ratings.elo[k], "low": ratings.low[k], "high": ratings.high[k]}
            for k in range(len(ratings.elo))
        ],
        "ratings_reason": reason,
        "failures": failures(league),
        "warnings": [
            f"iteration {meta['iteration']}: {text}" for meta in league.meta for text in meta.get("warnings", [])
        ],
        "seconds": league.seconds,
    }
