"""Multidimensional Elo: a rating and k pairs of coordinates a player, for fields that go in circles."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from arena.ratings.results import Results
from arena.ratings.scale import ELO, Floats
from games.errors import UserError
from games.normal_form.decomposition import disc_game, discs, hodge


@dataclass(frozen=True, eq=False, kw_only=True)
class MultidimensionalElo:
    """mElo_2k of n players.

    elo `[n]`: the transitive part, mean log odds against the field, on the Elo scale. coordinates `[k, n, 2]`: the
    cyclic part, one disc after another, the greatest first, in square roots of log odds: i leads j by the disc game of
    their places (`games.normal_form.decomposition.disc_game`). log_odds `[n, n]`: of i against j, both parts together.
    log_likelihood: of the games. converged: of the search, whose answer is a local one.
    """

    elo: Floats
    coordinates: Floats
    log_odds: Floats
    log_likelihood: float
    converged: bool


def multidimensional_elo(results: Results, k: int, *, start: Floats, prior: float = 1.0) -> MultidimensionalElo:
    """Fit mElo_2k to the counts: i beats j with log odds r_i - r_j + sum over discs of (y_i x_j - x_i y_j).

    Balduzzi et al., "Re-evaluating evaluation", 2018, section 3.2, who update it online; here the posterior is
    maximised. A draw is half a win and half a loss, and seats are not modelled. The strengths' prior is that of
    ratings, `prior` virtual draws a player against the field's mean; the coordinates', which would else run away with
    any perfect score, is normal with the same curvature at 0, a quarter for each virtual draw and of no less than one.

    start `[n, n]`: log odds to begin at, antisymmetric, such as the smoothed ones of the crosstable. The search is not
    convex: L-BFGS from the discs of those. Time grows with k n^2. Raises `UserError` for fewer than 1 disc.
    """
    n = len(results.names)
    if k < 1:
        raise UserError(f"expected multidimensional Elo of at least 1 disc, not {k}: leave it out for plain Elo")
    scores, games = results.scores, results.games
    curvature = max(prior, 1.0) / 4
    apart = hodge(np.stack([start, -start]))
    first = discs(np.stack([apart.cyclic, -apart.cyclic])).coordinates[:k]
    places = np.zeros((k, n, 2))
    places[: len(first)] = first

    def objective(point: Floats) -> tuple[float, Floats]:
        strengths, x, y = np.split(point.reshape(1 + 2 * k, n), [1, 1 + k])
        lead = strengths[0][:, None] - strengths[0] + y.T @ x - x.T @ y
        off = scores - games * expit(lead)  # antisymmetric
        centred = strengths[0] - strengths[0].mean()
        value = (scores * log_expit(lead)).sum() + prior / 2 * (log_expit(centred) + log_expit(-centred)).sum()
        value -= curvature / 2 * (x**2).sum() + curvature / 2 * (y**2).sum()
        pull = prior * (0.5 - expit(centred))
        by_strength = off.sum(axis=1) + pull - pull.mean()
        gradient = np.concatenate([by_strength[None], y @ off - curvature * x, -x @ off - curvature * y])
        return -float(value), -gradient.ravel()

    begin = np.concatenate([apart.ratings[None], places[..., 0], places[..., 1]]).ravel()
    found = minimize(objective, begin, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "ftol": 1e-11})
    strengths, x, y = np.split(found.x.reshape(1 + 2 * k, n), [1, 1 + k])
    lead = strengths[0][:, None] - strengths[0] + disc_game(np.stack([x, y], axis=-1)).sum(axis=0)
    lead = (lead - lead.T) / 2
    parts = hodge(np.stack([lead, -lead]))
    kept = discs(np.stack([parts.cyclic, -parts.cyclic])).coordinates[:k]
    coordinates = np.zeros((k, n, 2))
    coordinates[: len(kept)] = kept
    return MultidimensionalElo(
        elo=parts.ratings * ELO,
        coordinates=coordinates,
        log_odds=lead,
        log_likelihood=float((scores * log_expit(lead)).sum()),
        converged=bool(found.success),
    )
