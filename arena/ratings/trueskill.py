"""TrueSkill for two players: a normal belief of every player's skill, updated after each game.

Herbrich, Minka and Graepel, "TrueSkill: a Bayesian skill rating system", 2006: a player performs by its skill with a
standard deviation of beta, and whoever performs better by more than a margin wins.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from arena.ratings.rows import Rows
from games.errors import UserError

MU, SIGMA = 25.0, 25.0 / 3
_BETA, _TAU = SIGMA / 2, SIGMA / 100
_DRAWS = 0.1
"""How often equals are expected to draw, which sets the margin."""


@dataclass(frozen=True)
class Belief:
    """A player's skill: its mean and standard deviation."""

    mu: float = MU
    sigma: float = SIGMA


def trueskill(rows: Rows) -> list[Belief]:
    """Return every player's belief after the last of `rows`, each of one game; raises `UserError` for several games.

    The constants are the paper's: 25 and 25/3 at the start, beta 25/6, tau 25/300, and one draw in ten between equals.
    """
    counts = rows.wins + rows.draws + rows.losses
    if (counts > 1).any():
        raise UserError("trueskill takes games in their order, and a row holds several: give one game a row")
    beliefs = [Belief()] * len(rows.names)
    for k in np.flatnonzero((counts == 1) & (rows.first != rows.second)).tolist():
        first, second = int(rows.first[k]), int(rows.second[k])
        if rows.losses[k]:
            first, second = second, first
        beliefs[first], beliefs[second] = update(beliefs[first], beliefs[second], drawn=bool(rows.draws[k]))
    return beliefs


def update(winner: Belief, loser: Belief, *, drawn: bool = False) -> tuple[Belief, Belief]:
    """Return both beliefs after a game that the first won, or that was drawn."""
    before = [belief.sigma**2 + _TAU**2 for belief in (winner, loser)]
    spread = math.sqrt(2 * _BETA**2 + sum(before))
    margin = float(ndtri((1 + _DRAWS) / 2)) * math.sqrt(2) * _BETA / spread
    lead = (winner.mu - loser.mu) / spread
    shift, shrink = _drawn(lead, margin) if drawn else _won(lead - margin)
    after = []
    for belief, variance, sign in zip((winner, loser), before, (1, -1), strict=True):
        mu = belief.mu + sign * variance / spread * shift
        after.append(Belief(mu, math.sqrt(variance * max(1 - variance / spread**2 * shrink, 1e-6))))
    return after[0], after[1]


def _won(lead: float) -> tuple[float, float]:
    """Return the mean's shift and the variance's share lost after a win: the paper's v and w."""
    shift = math.exp(-(lead**2) / 2 - math.log(2 * math.pi) / 2 - float(log_ndtr(lead)))
    return shift, shift * (shift + lead)


def _drawn(lead: float, margin: float) -> tuple[float, float]:
    """Return them after a draw; by its mirror image where the lead is negative, lest small numbers cancel."""
    if lead < 0:
        shift, shrink = _drawn(-lead, margin)
        return -shift, shrink
    high, low = margin - lead, -margin - lead
    density = [math.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) for x in (high, low)]
    inside = float(ndtr(high) - ndtr(low))
    if inside < 1e-300:  # a draw that could not be: the loser's performance came up to the margin
        return high, 1.0
    shift = (density[1] - density[0]) / inside
    return shift, shift**2 + (high * density[0] - low * density[1]) / inside
