"""Games in normal form whose payoffs are drawn once, from a normal distribution.

Payoff k of a table, counted in the order of its axes, is a draw of game k of `games.draws` by the ratio of uniforms
(Kinderman and Monahan, "Computer generation of random variables using the ratio of uniform deviates", ACM Transactions
on Mathematical Software 3, 1977). It is a quotient of two random numbers, which every machine computes to the same bit:
a logarithm only decides whether it is taken.
"""

import math

import numpy as np
import torch

from games.about import About
from games.arguments import whole
from games.draws import Draws
from games.entry import Entry
from games.errors import GameError
from games.matrices.matrix import NOTHING_TO_SEE, MatrixGame
from games.matrices.size import MOST_PAYOFFS, refuse_large
from games.names import Name, shorten

_HALF_WIDTH = 0.857763884960706796480189
"""sqrt(2 / e): how far the numerator reaches."""
_MOST_SEATS = 16


def random_zero_sum(*, rows: int, columns: int, seed: int = 0, device: torch.device | str = "cpu") -> MatrixGame:
    """Return a zero-sum game with standard normal payoffs."""
    sizes = [_size("rows", rows), _size("columns", columns)]
    name = str(Name("random_zero_sum", arguments={"rows": rows, "columns": columns, "seed": _seed(seed)}))
    refuse_large(name, sizes)
    payoffs = standard_normal(rows * columns, seed=seed, purpose="random_zero_sum").reshape(sizes)
    return MatrixGame(payoffs, name=name, device=device)


def random_general_sum(*, actions: list[int], seed: int = 0, device: torch.device | str = "cpu") -> MatrixGame:
    """Return a game of as many seats as `actions` has entries, each with so many actions, with normal payoffs."""
    if not isinstance(actions, list | tuple) or not 2 <= len(actions) <= _MOST_SEATS:
        raise GameError(
            f"expected actions to list how many actions each of 2 to {_MOST_SEATS} seats has but got "
            f"{shorten(repr(actions))}; write actions=[2, 3]"
        )
    sizes = [_size(f"actions[{seat}]", size) for seat, size in enumerate(actions)]
    name = str(Name("random_general_sum", arguments={"actions": sizes, "seed": _seed(seed)}))
    refuse_large(name, sizes)
    shape = (*sizes, len(sizes))
    payoffs = standard_normal(math.prod(shape), seed=seed, purpose="random_general_sum").reshape(shape)
    return MatrixGame(payoffs, name=name, device=device)


def _size(key: str, value: object) -> int:
    return whole(key, value, least=1, most=MOST_PAYOFFS)


def _seed(value: object) -> int:
    return whole("seed", value, least=0, most=(1 << 63) - 1)


def standard_normal(count: int, *, seed: int, purpose: str) -> np.ndarray:
    """Return `count` independent standard normal float64, the same on every machine."""
    out, left, attempt = np.empty(count), torch.arange(count), 0
    while len(left):
        draws = Draws.of(seed, purpose, left)
        below = 1 - draws.uniform(draw=2 * attempt)
        drawn = (2 * draws.uniform(draw=2 * attempt + 1) - 1) * _HALF_WIDTH / below
        taken = drawn.square() <= -4 * below.log()
        out[left[taken].numpy()] = drawn[taken].numpy()
        left, attempt = left[~taken], attempt + 1
    return out


_SOURCES = (
    'A. J. Kinderman and J. F. Monahan, "Computer generation of random variables using the ratio of uniform deviates", '
    "ACM Transactions on Mathematical Software 3, 1977",
)

GAMES = {
    "random_zero_sum": Entry(
        factory=random_zero_sum,
        example="random_zero_sum(columns=4, rows=3, seed=0)",
        about=About(
            summary="a zero-sum table of normal payoffs",
            rules="Seat 0 chooses one of `rows`, seat 1 one of `columns`, and seat 1 pays seat 0 the table's entry, "
            "drawn once from the standard normal distribution by `seed`.",
            observation=NOTHING_TO_SEE,
            actions="the row for seat 0, the column for seat 1",
            known="the value differs with the seed; with probability 1 there is one equilibrium, whose seats mix "
            "equally many actions",
            sources=_SOURCES,
        ),
    ),
    "random_general_sum": Entry(
        factory=random_general_sum,
        example="random_general_sum(actions=[2, 3, 2], seed=0)",
        about=About(
            summary="a table of independent normal payoffs for any number of seats",
            rules="Seat p chooses one of `actions[p]`, and every seat is paid its own entry of the joint action, drawn "
            "once from the standard normal distribution by `seed`.",
            observation=NOTHING_TO_SEE,
            actions="each seat's own axis of the table",
            known="with probability 1 the number of equilibria is odd",
            sources=(
                *_SOURCES,
                'R. Wilson, "Computing equilibria of n-person games", SIAM Journal on Applied Mathematics 21, 1971, '
                "for the odd number",
            ),
        ),
    ),
}
