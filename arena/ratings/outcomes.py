"""How likely each result of each meeting is, by the ratings: what simulations draw from, and tests compare with."""

from dataclasses import dataclass

import numpy as np

from arena.ratings.draws import DRAW_MODELS
from arena.ratings.newton import Posterior
from arena.ratings.results import Pairs
from arena.ratings.scale import Floats


@dataclass(frozen=True, eq=False)
class Outcomes:
    """The chances of the first player of each pair to win, to draw and to lose, each `[m]`."""

    win: Floats
    draw: Floats
    loss: Floats

    @property
    def score(self) -> Floats:
        """`[m]`: the expected points of a game."""
        return self.win + self.draw / 2

    @property
    def variance(self) -> Floats:
        """`[m]`: of the points of a game."""
        centre = self.score
        return self.win * (1 - centre) ** 2 + self.draw * (0.5 - centre) ** 2 + self.loss * centre**2

    def sample(self, pairs: Pairs, random: np.random.Generator) -> Pairs:
        """Return the same meetings with every game drawn anew."""
        games = np.rint(pairs.games).astype(np.int64)
        wins = random.binomial(games, self.win.clip(0, 1))
        left = self.draw + self.loss
        draws = random.binomial(games - wins, np.divide(self.draw, left, where=left > 0, out=np.zeros_like(left)))
        counts = (wins, draws, games - wins - draws)
        return Pairs(pairs.n, pairs.first, pairs.second, *(count.astype(np.float64) for count in counts))


def outcomes(posterior: Posterior, point: Floats) -> Outcomes:
    """Return the chances of each meeting at a point of the posterior.

    Where draws are half points and there are some, a draw is taken to be as likely as 4 c p (1 - p), for a player who
    expects p, with the c that gives as many draws as there were, and at most what p leaves room for. The variance of a
    game's points is then 1 - c times that of a game without draws.
    """
    pairs, lead = posterior.pairs, posterior.difference(point)
    win, draw, loss = posterior.model.chances(lead, posterior.draw(point))
    if posterior.model is DRAW_MODELS["half"] and pairs.draws.any():
        even = win * loss
        share = min(float(pairs.draws.sum() / (4 * (pairs.games * even).sum())), 1.0)
        draw = np.minimum(4 * share * even, 2 * np.minimum(win, loss))
        win, loss = win - draw / 2, loss - draw / 2
    return Outcomes(win, draw, loss)
