"""Who is shown to beat someone ranked above it: what a ranking gets wrong, which no share of the results tells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.special import betainc

from arena.ratings.results import Results
from arena.ratings.scale import Floats

_LEVEL = 0.05
"""How likely it may be that any pair at all is called decided by mistake."""

_ELO_ROUNDING = 1e-6
_PAYOFF_ROUNDING = 1e-9
"""Differences of strength that are none: in Elo, and of payoffs relative to the greatest."""


@dataclass(frozen=True, kw_only=True)
class Upset:
    """A player that is better in a pair whose other one stands above it.

    first, second: the players, the first one better. games: theirs, None where payoffs are exact.
    score: the first one's points a game, from 0 to 1, or its payoff.
    """

    first: int
    second: int
    games: int | None
    score: float


@dataclass(frozen=True)
class Upsets:
    """What contradicts a ranking: `found`, the clearest first, and `ring`, three of whom each beats the next, or None.

    Where there is a ring every ranking has an upset, or calls its three equal.
    """

    found: tuple[Upset, ...] = ()
    ring: tuple[int, int, int] | None = None


NO_UPSETS = Upsets()
"""What contradicts a ranking that nothing contradicts."""


def upsets(results: Results, strengths: Floats) -> Upsets:
    """Return what contradicts the ranking by `strengths [n]`, in Elo, beyond chance.

    A player beats another where a two-sided sign test of the games that were decided says so: wins and losses as tosses
    of a coin, which asks whether it is expected more than half of the points. Over all pairs that met, the chance of
    one such mistake or more is at most 5 % (Holm, "A simple sequentially rejective multiple test procedure", 1979).
    Games are taken to be independent, as ratings take them.
    """
    pairs = results.pairs(seated=False)
    more, less = np.maximum(pairs.wins, pairs.losses), np.minimum(pairs.wins, pairs.losses)
    decided = more + less
    # The chance that as many tosses or more fall alike (DLMF 8.17.5), twice; in balance nothing speaks for either.
    chance = np.where(more > less, 2 * betainc(np.maximum(more, 1), less + 1, 0.5), 1.0)
    kept = _holm(chance)
    ahead = pairs.wins > pairs.losses
    better, worse = np.where(ahead, (pairs.first, pairs.second), (pairs.second, pairs.first))[:, kept]
    clear = ((more - less) / np.sqrt(np.maximum(decided, 1)))[kept]
    points = np.where(ahead, pairs.scores, pairs.games - pairs.scores)[kept]
    games = pairs.games[kept]
    gap = strengths[worse] - strengths[better]
    order = [k for k in np.lexsort((-gap, -clear)) if gap[k] > _ELO_ROUNDING]
    found = tuple(
        Upset(
            first=int(better[k]), second=int(worse[k]), games=round(float(games[k])), score=float(points[k] / games[k])
        )
        for k in order
    )
    return Upsets(found, _ring(len(strengths), better, worse))


def exact_upsets(payoffs: Floats, strengths: Floats) -> Upsets:
    """Return what contradicts the ranking by `strengths [n]` in antisymmetric exact `payoffs [n, n]`."""
    least = _PAYOFF_ROUNDING * np.abs(payoffs).max(initial=0.0)
    better, worse = np.nonzero(payoffs > least)
    below = strengths[worse] - strengths[better] > least
    paid = payoffs[better, worse]
    order = [k for k in np.argsort(-paid, kind="stable") if below[k]]
    found = tuple(Upset(first=int(better[k]), second=int(worse[k]), games=None, score=float(paid[k])) for k in order)
    return Upsets(found, _ring(len(payoffs), better, worse))


def _holm(chances: Floats) -> NDArray[np.bool_]:
    """Return which of the tests `[m]` hold together at the level."""
    order = np.argsort(chances, kind="stable")
    adjusted = np.maximum.accumulate(chances[order] * np.arange(len(chances), 0, -1))
    kept = np.zeros(len(chances), dtype=bool)
    kept[order] = adjusted <= _LEVEL
    return kept


def _ring(n: int, better: NDArray[np.int64], worse: NDArray[np.int64]) -> tuple[int, int, int] | None:
    """Return three players of whom each beats the next."""
    graph = csr_array((np.ones(len(better), dtype=bool), (better, worse)), shape=(n, n))
    labels = connected_components(graph, directed=True, connection="strong")[1]
    for label in np.flatnonzero(np.bincount(labels) > 2):
        members = np.flatnonzero(labels == label)
        beats = graph[members][:, members].toarray().astype(np.float32)
        closed = np.argwhere((beats @ beats > 0) & (beats.T > 0))
        if len(closed):
            one, last = closed[0]
            between = int(np.flatnonzero((beats[one] > 0) & (beats[:, last] > 0))[0])
            return int(members[one]), int(members[between]), int(members[last])
    return None
