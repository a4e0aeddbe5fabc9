"""Ratings: one strength per player from wins, draws and losses, on the Elo scale, with intervals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import expit, ndtri

Floats = NDArray[np.float64]

ELO = 400 / np.log(10)
"""Elo points in one unit of log odds: 400 points are odds of ten to one."""

_CONFIDENCE = 0.95
_MOST_ITERATIONS = 100
_PRECISION = 1e-9  # in log odds, of a last step whose error is about its square


@dataclass(frozen=True, eq=False, kw_only=True)
class Ratings:
    """The ratings of n players, in Elo points above the mean of the field.

    elo `[n]`: the ratings; their mean is 0.
    low, high `[n]`: the 95 % interval of each.
    covariance `[n, n]`: of the ratings, in Elo points squared; its rows add up to 0, as the mean is fixed. The variance
        of a difference between i and j is `c[i, i] + c[j, j] - 2 c[i, j]`.
    iterations, converged: of Newton's method.
    """

    elo: Floats
    low: Floats
    high: Floats
    covariance: Floats
    iterations: int
    converged: bool


def rate(wins: ArrayLike, draws: ArrayLike) -> Ratings:
    """Rate n players by what they scored against each other.

    `wins[i, j]` is the number of games that i won against j; `draws[i, j]` and `draws[j, i]` are both the number of
    games that i and j drew. Diagonals are ignored. Raises `ValueError` for anything else.

    The model is Bradley and Terry's (1952): i beats j with probability 1 / (1 + exp(r_j - r_i)), a draw counts as half
    a win and half a loss, and seats are not modelled. To the games is added one virtual draw of each player against an
    opponent of the field's mean strength, a prior like that of BayesElo (Coulom, 2008): perfect scores, fields that
    fall apart and players without games then have finite ratings, which Hunter (2004, assumption 1) shows they
    otherwise lack. The ratings are where the posterior is greatest among those of mean 0, and their covariance is the
    inverse of the negative Hessian there, within that constraint.

    Newton's method on the counts: O(n^3) an iteration, whatever the number of games.
    """
    won, drawn = (np.array(counts, dtype=np.float64) for counts in (wins, draws))
    if won.ndim != 2 or won.shape[0] != won.shape[1] or drawn.shape != won.shape:
        raise ValueError(f"wins and draws must both be [n, n], not {won.shape} and {drawn.shape}")
    for counts in (won, drawn):
        np.fill_diagonal(counts, 0.0)
    if not (np.isfinite(won).all() and (won >= 0).all() and (drawn >= 0).all() and np.array_equal(drawn, drawn.T)):
        raise ValueError("wins and draws must be counts, and draws symmetric")
    scores = won + drawn / 2
    strengths, spread, iterations, converged = _maximise(scores)
    deviation = np.sqrt(np.diag(spread).clip(min=0.0))
    half = float(ndtri((1 + _CONFIDENCE) / 2)) * deviation
    return Ratings(
        elo=strengths * ELO,
        low=(strengths - half) * ELO,
        high=(strengths + half) * ELO,
        covariance=spread * ELO**2,
        iterations=iterations,
        converged=converged,
    )


def _maximise(scores: Floats) -> tuple[Floats, Floats, int, bool]:
    """Return the strengths `[n]` of greatest posterior, their covariance, iterations, and whether they converged.

    `scores[i, j]` are the points that i took from j, `[n, n]`.
    """
    n = len(scores)
    games = scores + scores.T
    strengths = np.zeros(n)
    gradient, hessian = _derivatives(scores, games, strengths)
    converged, iterations = n == 0, 0
    while not converged and iterations < _MOST_ITERATIONS:
        iterations += 1
        step = _newton_step(gradient, hessian)
        converged = bool(np.abs(step).max() < _PRECISION)
        slope = float(gradient @ step)
        ahead, curvature = _derivatives(scores, games, strengths + step)
        # The log posterior is concave, so its slope along a step only falls; a step that ends on a steep way down went
        # too far. The last step ends on what rounding leaves.
        while not converged and ahead @ step < -slope / 2:
            step, slope = step / 2, slope / 2
            ahead, curvature = _derivatives(scores, games, strengths + step)
        strengths, gradient, hessian = strengths + step, ahead, curvature
    return strengths - strengths.sum() / max(n, 1), _covariance(hessian), iterations, converged


def _derivatives(scores: Floats, games: Floats, strengths: Floats) -> tuple[Floats, Floats]:
    """Return the log posterior's gradient `[n]` and negative Hessian `[n, n]`, the mean held at 0."""
    against = expit(strengths[None, :] - strengths[:, None])  # [i, j]: the probability that i loses to j
    unexpected = scores * against
    gradient = unexpected.sum(axis=1) - unexpected.sum(axis=0)
    information = games * against * against.T
    hessian = np.diag(information.sum(axis=1)) - information
    prior = expit(strengths)  # one virtual draw with strength 0
    gradient += 0.5 - prior
    hessian[np.diag_indices(len(strengths))] += prior * (1 - prior)
    return gradient, hessian


def _newton_step(gradient: Floats, hessian: Floats) -> Floats:
    """Return Newton's step within the plane of mean 0, where the gradient counts up to a constant."""
    factor = cho_factor(hessian)
    step, ones = cho_solve(factor, np.stack([gradient, np.ones_like(gradient)], axis=1)).T
    return step - ones * (step.sum() / ones.sum())


def _covariance(hessian: Floats) -> Floats:
    """Return the inverse of the negative Hessian on the plane of mean 0."""
    if len(hessian) == 0:
        return hessian
    inverse = cho_solve(cho_factor(hessian), np.eye(len(hessian)))
    ones = inverse.sum(axis=1)
    return inverse - np.outer(ones, ones) / ones.sum()
