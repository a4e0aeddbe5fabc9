"""Whether one number a player explains who beats whom: a test of the ratings against the crosstable."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaincc, stdtr

from arena.ratings.bootstrap import refitted
from arena.ratings.bradley_terry import Ratings
from arena.ratings.newton import Posterior
from arena.ratings.outcomes import outcomes
from arena.ratings.scale import Floats

_SMALL = 5.0
"""Variance of a pair's points below which chi-squared does not describe its residual's square."""

_FEW_PLAYERS, _MANY_PLAYERS = 50, 300
"""Players up to whom a p-value is counted from simulations, and up to whom it is taken from their moments."""

_MOMENTS = 40
"""Simulations from which a mean and a variance are taken."""


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """A pair whose games went otherwise than the ratings expect.

    first, second: the players. games: theirs. score, expected: the first one's points a game, as played and by the
    ratings. deviation: the difference in standard deviations of what is left after rating.
    """

    first: int
    second: int
    games: int
    score: float
    expected: float
    deviation: float


@dataclass(frozen=True, kw_only=True)
class FitTest:
    """Pearson's test of the ratings.

    statistic: the sum of the pairs' squared deviations. degrees: of freedom, pairs less what the ratings fitted.
    p_value: how likely such a sum or a greater one is if the ratings' model holds; None where nothing is left to test,
        or with the method `none`.
    method: `chi-squared`, or with small cells `bootstrap`, `moments` or, among too many players, `none`.
    worst: the pairs that deviate most.
    """

    statistic: float
    degrees: float
    p_value: float | None
    method: str
    worst: tuple[Misfit, ...]


def goodness_of_fit(ratings: Ratings, *, seed: int, replicates: int = 499, worst: int = 5) -> FitTest:
    """Test whether the ratings' model predicts the score of each pair of players.

    Pearson's sum of (S - E)^2 / Var(S) over the pairs that met, S the first player's points. Where every pair's
    variance is 5 or more, the sum is held to chi-squared, whose degrees of freedom are the pairs less their leverages,
    as in weighted least squares. Where it is not, chi-squared does not describe it, and the sum is held to tournaments
    drawn from the model and rated as this one. Among at most 50 players there are `replicates` of them, and the p-value
    is the share that does no better; among more, with many pairs, the sum is about normal, and a few dozen tournaments
    give its mean and its variance, with Student's t for their own uncertainty. Beyond 300 players that takes too long.
    """
    posterior, optimum = ratings.posterior, ratings.optimum
    pairs = posterior.pairs
    deviations, variances = _deviations(posterior, optimum.point)
    leverages = _leverages(posterior, optimum.point, optimum.covariance)
    statistic, degrees = float(deviations @ deviations), float((1 - leverages).sum())
    method = "chi-squared"
    if variances.min(initial=np.inf) < _SMALL:
        method = "bootstrap" if pairs.n <= _FEW_PLAYERS else "moments" if pairs.n <= _MANY_PLAYERS else "none"
    if method == "none" or degrees < 0.5 + 1e-9 * len(pairs.games):
        p_value = None
    elif method == "chi-squared":
        p_value = float(gammaincc(degrees / 2, statistic / 2))  # chi-squared's upper tail
    else:
        random = np.random.default_rng(seed)
        if method == "bootstrap":
            drawn = _simulated(ratings, replicates, random)
            p_value = float((1 + np.count_nonzero(drawn >= statistic * (1 - 1e-12))) / (1 + replicates))
        else:
            drawn = _simulated(ratings, _MOMENTS, random)
            spread = np.std(drawn, ddof=1) * np.sqrt(1 + 1 / len(drawn))
            p_value = float(stdtr(len(drawn) - 1, (np.mean(drawn) - statistic) / spread))
    adjusted = deviations / np.sqrt((1 - leverages).clip(min=1e-3))
    order = np.argsort(-np.abs(adjusted), kind="stable")[:worst]
    expected = outcomes(posterior, optimum.point).score
    return FitTest(
        statistic=statistic,
        degrees=degrees,
        p_value=p_value,
        method=method,
        worst=tuple(
            Misfit(
                first=int(pairs.first[k]),
                second=int(pairs.second[k]),
                games=round(float(pairs.games[k])),
                score=float(pairs.scores[k] / pairs.games[k]),
                expected=float(expected[k]),
                deviation=float(adjusted[k]),
            )
            for k in order
        ),
    )


def _deviations(posterior: Posterior, point: Floats) -> tuple[Floats, Floats]:
    """Return each pair's deviation in standard deviations of its score, and its score's variance `[m]`."""
    expected, games = outcomes(posterior, point), posterior.pairs.games
    variances = games * np.maximum(expected.variance, 1e-12)
    return (posterior.pairs.scores - games * expected.score) / np.sqrt(variances), variances


def _leverages(posterior: Posterior, point: Floats, covariance: Floats) -> Floats:
    """Return how much of each pair's information its own fitted score takes up `[m]`, from 0 to 1."""
    pairs, n = posterior.pairs, posterior.pairs.n
    own = np.diag(covariance)
    spread = own[pairs.first] + own[pairs.second] - 2 * covariance[pairs.first, pairs.second]
    if posterior.seat:
        spread = spread + own[n] + 2 * (covariance[pairs.first, n] - covariance[pairs.second, n])
    slopes = posterior.model.slopes(pairs, posterior.difference(point), posterior.draw(point))
    return (slopes.information * spread).clip(0.0, 1.0)


def _simulated(ratings: Ratings, replicates: int, random: np.random.Generator) -> Floats:
    """Return the statistics `[replicates]` of tournaments drawn from the model and rated as this one.

    One without finite ratings counts as infinite, which is the cautious side.
    """
    posterior, found = ratings.posterior, np.full(replicates, np.inf)
    expected = outcomes(posterior, ratings.optimum.point)
    for k in range(replicates):
        drawn = expected.sample(posterior.pairs, random)
        point = refitted(posterior, drawn, ratings.optimum.point)
        if point is not None:
            deviations = _deviations(replace(posterior, pairs=drawn), point)[0]
            found[k] = deviations @ deviations
    return found
