"""What a game between two players comes to, given the difference of their strengths: three models of draws."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import expit

from arena.ratings.results import Pairs
from arena.ratings.scale import Floats


@dataclass(frozen=True, eq=False)
class Slopes:
    """First derivatives, and second ones with their sign turned, of each pair's log likelihood `[m]`.

    by_difference, by_draw: in the difference of strengths and in the model's draw parameter.
    information, mixed, draw_information: in the difference twice, in both, and in the draw parameter twice.
    """

    by_difference: Floats
    information: Floats
    by_draw: Floats
    mixed: Floats
    draw_information: Floats


class DrawModel(Protocol):
    """A model whose log likelihood is concave in the difference of strengths and its draw parameter together.

    name: what it is called. symbol: what the literature calls the draw parameter's exponential. lower: where the
    parameter ends; None in a model that has none.
    """

    name: str
    symbol: str
    lower: float | None

    def start(self, share: float) -> float:
        """Return the draw parameter at which equal players draw a `share` of their games."""
        ...

    def slopes(self, pairs: Pairs, difference: Floats, draw: float) -> Slopes:
        """Return the derivatives at `difference [m]`, the first player's strength less the second's."""
        ...

    def chances(self, difference: Floats, draw: float) -> tuple[Floats, Floats, Floats]:
        """Return how likely the first player is to win, to draw and to lose, each `[m]`."""
        ...


class HalfPoints:
    """A draw is half a win and half a loss; how likely draws are is not modelled (Bradley and Terry, 1952)."""

    name, symbol = "half", ""
    lower: float | None = None

    def start(self, share: float) -> float:
        """Return 0: there is no parameter."""
        return 0.0

    def slopes(self, pairs: Pairs, difference: Floats, draw: float) -> Slopes:
        """Return the derivatives of s log p + (n - s) log(1 - p)."""
        loss = expit(-difference)
        games, scores = pairs.games, pairs.scores
        nothing = np.zeros_like(loss)
        return Slopes(
            by_difference=scores * loss - (games - scores) * (1 - loss),
            information=games * loss * (1 - loss),
            by_draw=nothing,
            mixed=nothing,
            draw_information=nothing,
        )

    def chances(self, difference: Floats, draw: float) -> tuple[Floats, Floats, Floats]:
        """Return the chances where nobody draws."""
        return expit(difference), np.zeros_like(difference), expit(-difference)


class Davidson:
    """Win, draw and loss are as 1 : nu : 1 between equals, with odds e^(d/2) : nu : e^(-d/2) (Davidson, 1970).

    The draw parameter is log nu. A player's expected points fix its strength, as without draws.
    """

    name, symbol = "davidson", "nu"
    lower: float | None = -np.inf

    def start(self, share: float) -> float:
        """Return log nu."""
        return float(np.log(2 * share / (1 - share)))

    def slopes(self, pairs: Pairs, difference: Floats, draw: float) -> Slopes:
        """Return the derivatives of (w - l) d / 2 + draws log nu - n log(e^(d/2) + e^(-d/2) + nu)."""
        win, tie, loss = self.chances(difference, draw)
        wins, draws, losses, games = pairs.wins, pairs.draws, pairs.losses, pairs.games
        # Written without differences of numbers close to 1, which perfect scores would reduce to rounding.
        return Slopes(
            by_difference=wins * (loss + tie / 2) - losses * (win + tie / 2) - draws * (win - loss) / 2,
            information=games * (win * (loss + tie / 4) + loss * tie / 4),
            by_draw=draws * (win + loss) - (wins + losses) * tie,
            mixed=-games * tie * (win - loss) / 2,
            draw_information=games * tie * (win + loss),
        )

    def chances(self, difference: Floats, draw: float) -> tuple[Floats, Floats, Floats]:
        """Return the three chances."""
        half = difference / 2
        top = np.maximum(np.abs(half), draw)
        win, tie, loss = np.exp(half - top), np.exp(draw - top), np.exp(-half - top)
        total = win + tie + loss
        return win / total, tie / total, loss / total


class RaoKupper:
    """A win takes a lead of log theta: p = 1 / (1 + theta e^-d), and what is left is drawn (Rao and Kupper, 1967).

    The draw parameter is log theta, 0 without draws. BayesElo's model: its drawelo is 400 log10(theta).
    """

    name, symbol = "rao-kupper", "theta"
    lower: float | None = 0.0

    def start(self, share: float) -> float:
        """Return log theta."""
        return float(np.log((1 + share) / (1 - share)))

    def slopes(self, pairs: Pairs, difference: Floats, draw: float) -> Slopes:
        """Return the derivatives; a draw's chance is (theta^2 - 1) times those of a win and of a loss."""
        win, loss = expit(difference - draw), expit(-difference - draw)
        not_win, not_loss = expit(draw - difference), expit(draw + difference)
        up, down = pairs.wins + pairs.draws, pairs.losses + pairs.draws
        above, below = up * win * not_win, down * loss * not_loss
        excess = -np.expm1(-2 * draw)  # 1 - 1 / theta^2
        return Slopes(
            by_difference=up * not_win - down * not_loss,
            information=above + below,
            by_draw=2 * pairs.draws / excess - up * not_win - down * not_loss,
            mixed=below - above,
            draw_information=above + below + pairs.draws * 4 * np.exp(-2 * draw) / excess**2,
        )

    def chances(self, difference: Floats, draw: float) -> tuple[Floats, Floats, Floats]:
        """Return the three chances."""
        win, loss = expit(difference - draw), expit(-difference - draw)
        return win, np.expm1(2 * draw) * win * loss, loss


DRAW_MODELS: dict[str, DrawModel] = {model.name: model for model in (HalfPoints(), Davidson(), RaoKupper())}
"""The models by name."""
