"""Intervals by the bootstrap: the games drawn anew, and rated anew from where the ratings are."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from arena.ratings.bradley_terry import Ratings, strengths_of
from arena.ratings.draws import DRAW_MODELS
from arena.ratings.newton import Posterior, Unbounded
from arena.ratings.outcomes import outcomes
from arena.ratings.results import Pairs
from arena.ratings.scale import CONFIDENCE, ELO, Floats
from games.errors import UserError

_PRECISION = 1e-5
"""Of a replicate's last step, in log odds: its error is about the square."""

METHODS = ("resample", "parametric")


def bootstrap(
    ratings: Ratings,
    replicates: int,
    *,
    seed: int,
    method: str = "resample",
    anchors: Mapping[int, float] | None = None,
) -> tuple[Floats, Floats]:
    """Return the ratings of the replicates, Elo `[replicates, n]`, and the ends of their 95 % intervals `[2, n]`.

    The percentile intervals of Efron, "Bootstrap methods: another look at the jackknife", 1979. `resample` draws as
    many games as there were from all of them with replacement, so that it leans on no model; `parametric` keeps who met
    whom and draws each game from the fitted model (`outcomes`). Where draws are half points, both see that they narrow
    the ratings' spread, which the Hessian's intervals do not.

    anchors: as `fit` got them, Elo by player. Raises `UserError` for fewer than 20 replicates, an unknown method, and
    replicates without finite ratings.
    """
    if replicates < 20:
        raise UserError(f"expected at least 20 replicates, for 95 % intervals, not {replicates}: 1000 are usual")
    if method not in METHODS:
        raise UserError(f"expected a bootstrap by {' or '.join(METHODS)}, not {method!r}")
    pairs, fixed = ratings.posterior.pairs, {player: elo / ELO for player, elo in (anchors or {}).items()}
    expected = outcomes(ratings.posterior, ratings.optimum.point)
    random = np.random.default_rng(seed)
    found = np.empty((replicates, pairs.n))
    for k in range(replicates):
        drawn = resampled(pairs, random) if method == "resample" else expected.sample(pairs, random)
        point = refitted(ratings.posterior, drawn, ratings.optimum.point)
        if point is None:
            raise UserError(
                f"replicate {k + 1} of the bootstrap has no finite ratings: give a larger prior, take draws as half "
                "points, or leave the bootstrap out"
            )
        found[k] = strengths_of(point, fixed, pairs.n) * ELO
    ends = np.quantile(found, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return found, ends


def refitted(posterior: Posterior, pairs: Pairs, start: Floats) -> Floats | None:
    """Return where the posterior of other games between the same pairs is greatest, from a warm start, or None.

    The point has as many parameters as `start`; if no game was drawn, its draw parameter is where no game ever is.
    """
    again = replace(posterior, pairs=pairs, start=start)
    if not posterior.draws or pairs.draws.any():
        return _newton(again)
    again = replace(again, model=DRAW_MODELS["half"], draws=False, fixed=posterior.fixed[:-1], start=start[:-1])
    point = _newton(again)
    lowest = -np.inf if posterior.model.lower is None else posterior.model.lower
    return None if point is None else np.append(point, lowest)


def _newton(posterior: Posterior) -> Floats | None:
    try:
        optimum = posterior.maximise(precision=_PRECISION, spread=False)
    except Unbounded:
        return None
    return optimum.point if optimum.converged else None


def resampled(pairs: Pairs, random: np.random.Generator) -> Pairs:
    """Return as many games, drawn from these with replacement; pairs may be left with none."""
    counts = np.concatenate([pairs.wins, pairs.draws, pairs.losses])
    total = counts.sum()
    if total == 0:
        return pairs
    seen = np.flatnonzero(counts)
    drawn = np.zeros_like(counts)
    drawn[seen] = random.multinomial(round(total), counts[seen] / total)
    return Pairs(pairs.n, pairs.first, pairs.second, *np.split(drawn, 3))
