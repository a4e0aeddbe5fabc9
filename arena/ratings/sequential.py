"""Elo's own way: ratings that move after every game, in the order in which they were played."""

import math

import numpy as np

from arena.ratings.rows import Rows
from arena.ratings.scale import ELO, Floats
from games.errors import UserError


def online_elo(rows: Rows, *, k: float = 20.0, start: float = 0.0) -> Floats:
    """Return every player's rating `[n]` after the last of `rows`, each of one game.

    Elo, "The rating of chessplayers, past and present", 1978: after a game both ratings move by k times the score less
    the one expected. The ratings follow players who change, depend on the order of games, and have no error bars; for
    players that stay what they are, `fit` uses all games at once. Raises `UserError` for rows of several games, whose
    order is unknown, and a k that is not above 0.
    """
    if not (math.isfinite(k) and k > 0 and math.isfinite(start)):
        raise UserError(f"expected a K factor above 0 and a finite start, not {k} and {start}: 20 and 0 are usual")
    counts = rows.wins + rows.draws + rows.losses
    several = np.flatnonzero(counts > 1)
    if len(several):
        raise UserError(
            f"online Elo takes games one by one in their order, and row {several[0] + 1} holds {counts[several[0]]}: "
            "give one game a row, with its score"
        )
    played = np.flatnonzero((counts == 1) & (rows.first != rows.second))
    elo = [start] * len(rows.names)
    scores = (rows.wins + rows.draws / 2)[played]
    for one, other, score in zip(
        rows.first[played].tolist(), rows.second[played].tolist(), scores.tolist(), strict=True
    ):
        change = k * (score - _expected((elo[one] - elo[other]) / ELO))
        elo[one] += change
        elo[other] -= change
    return np.array(elo)


def _expected(lead: float) -> float:
    """Return the expected score for a lead in log odds, whose exponential does not overflow."""
    return 1 / (1 + math.exp(-lead)) if lead > -700 else 0.0
