"""Glicko-2: ratings that know how sure they are, and how much their player fluctuates."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from arena.ratings.results import Results
from games.errors import UserError

_SCALE = 173.7178
"""Elo points in one unit of Glicko-2's own scale, 400 / ln 10 to the digits that Glickman gives."""

_MIDDLE = 1500.0


@dataclass(frozen=True, kw_only=True)
class Glicko:
    """A player: its rating and rating deviation in Elo points, and its volatility."""

    rating: float = _MIDDLE
    deviation: float = 350.0
    volatility: float = 0.06


def glicko2(player: Glicko, opponents: Sequence[Glicko], *, scores: Sequence[float], tau: float = 0.5) -> Glicko:
    """Return the player after a rating period with one game against each of `opponents`, `scores` from 0 to 1.

    Glickman, "Example of the Glicko-2 system", 2013, steps 2 to 8. `tau` holds back changes of volatility; 0.3 to 1.2
    are usual. Without games, only the deviation grows. Raises `UserError` for scores that are not, or too few.
    """
    if len(scores) != len(opponents) or not all(0 <= score <= 1 for score in scores) or not tau > 0:
        raise UserError(
            f"expected a score from 0 to 1 for each of {len(opponents)} opponents and a tau above 0, not "
            f"{len(scores)} scores and {tau}: give one a game"
        )
    table = np.array([(other.rating, other.deviation) for other in opponents]).reshape(-1, 2)
    return _updated(player, table, np.asarray(scores, dtype=np.float64), np.ones(len(table)), tau)


def glicko2_of(results: Results, *, start: Glicko | None = None, tau: float = 0.5) -> list[Glicko]:
    """Rate all players from all results as one rating period, everyone at `start` before."""
    begin, games, scores = start or Glicko(), results.games, results.scores
    after = []
    for k in range(len(results.names)):
        met = np.flatnonzero(games[k])
        table = np.tile([begin.rating, begin.deviation], (len(met), 1))
        after.append(_updated(begin, table, scores[k, met] / games[k, met], games[k, met].astype(float), tau))
    return after


def _updated(player: Glicko, opponents: np.ndarray, scores: np.ndarray, games: np.ndarray, tau: float) -> Glicko:
    """Return the player after `games [m]` with the mean `scores [m]` against `opponents [m, 2]`."""
    mu, phi, sigma = (player.rating - _MIDDLE) / _SCALE, player.deviation / _SCALE, player.volatility
    if not games.any():
        return Glicko(rating=player.rating, deviation=float(np.hypot(phi, sigma) * _SCALE), volatility=sigma)
    against, spread = (opponents[:, 0] - _MIDDLE) / _SCALE, opponents[:, 1] / _SCALE
    damping = 1 / np.sqrt(1 + 3 * spread**2 / np.pi**2)
    expected = expit(damping * (mu - against))
    variance = 1 / float(games @ (damping**2 * expected * (1 - expected)))
    surplus = float(games @ (damping * (scores - expected)))
    after = _volatility(phi, sigma, variance, variance * surplus, tau)
    narrowed = 1 / np.sqrt(1 / (phi**2 + after**2) + 1 / variance)
    return Glicko(
        rating=float((mu + narrowed**2 * surplus) * _SCALE + _MIDDLE),
        deviation=float(narrowed * _SCALE),
        volatility=after,
    )


def _volatility(phi: float, sigma: float, variance: float, gain: float, tau: float) -> float:
    """Return the new volatility: the root of Glickman's step 5, of which there is one."""
    centre = 2 * float(np.log(sigma))

    def slope(x: float) -> float:
        total = phi**2 + variance + np.exp(x)
        return float(np.exp(x) * (gain**2 - total) / (2 * total**2) - (x - centre) / tau**2)

    low = high = centre
    while slope(low) < 0:
        low -= tau
    while slope(high) > 0:
        high += tau
    root = brentq(slope, low, high, xtol=1e-12) if low < high else centre
    assert isinstance(root, float)
    return float(np.exp(root / 2))
