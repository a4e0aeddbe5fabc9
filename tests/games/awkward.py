"""Payoffs that careless solvers stumble over, and what holds of every answer."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pytest

from games import MatrixGame, make
from games.normal_form.payoffs import Equilibrium

ROCK_PAPER_SCISSORS = np.array([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]])
SHAPLEY = np.array([[[0.0, 0, 1], [1, 0, 0], [0, 1, 0]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]])


def zero_sum(matrix: np.ndarray | list[list[float]]) -> np.ndarray:
    """Return the two-player game in which the column player pays `matrix` to the row player."""
    return np.stack([np.array(matrix, dtype=np.float64), -np.array(matrix, dtype=np.float64)])


def biased(rock: float, paper: float, scissors: float) -> np.ndarray:
    """Rock-paper-scissors where a win of rock, paper and scissors is worth so much."""
    return zero_sum([[0, -paper, rock], [paper, 0, -scissors], [-rock, scissors, 0]])


AWKWARD = {
    "one action each": np.array([[[3.0]], [[-3.0]]]),
    "one action against three": zero_sum([[2.0, 1, 5]]),
    "all payoffs zero": np.zeros((2, 2, 3)),
    "all payoffs alike": zero_sum(np.full((3, 3), 1e6)),
    "repeated actions": zero_sum(np.repeat(np.repeat(ROCK_PAPER_SCISSORS, 3, axis=0), 2, axis=1)),
    "huge": zero_sum(ROCK_PAPER_SCISSORS * 1e300),
    "tiny": zero_sum(ROCK_PAPER_SCISSORS * 1e-300),
    "a large offset": zero_sum(ROCK_PAPER_SCISSORS + 1e12),
    "one far from the others": zero_sum([[0.0, 1e12], [1, 0]]),
    "ties everywhere": zero_sum([[1.0, 1, 0], [1, 0, 1], [1, 1, 1]]),
}
"""Two-player zero-sum games, by what is awkward about them."""


def paid(mine: np.ndarray, strategies: Sequence[np.ndarray]) -> float:
    """Sum one player's payoffs over all joint actions, each weighted by its probability."""
    return float((mine * reduce(np.multiply.outer, strategies)).sum())


def check(payoffs: np.ndarray, found: Equilibrium) -> None:
    """Every strategy is a distribution, and the gap and the values are the true ones."""
    scale = max(np.abs(payoffs).max(), 1e-320)
    gap = 0.0
    for player, mine in enumerate(payoffs):
        strategy, size = found.strategies[player], mine.shape[player]
        assert strategy.shape == (size,)
        assert strategy.min() >= 0
        assert strategy.sum() == pytest.approx(1, abs=1e-12)
        value = paid(mine, found.strategies)
        assert abs(found.values[player] - value) <= 1e-12 * scale
        others = list(found.strategies)
        gap += max(paid(mine, [*others[:player], pure, *others[player + 1 :]]) for pure in np.eye(size)) - value
    assert abs(found.gap - gap) <= 1e-12 * scale


def refused(payoffs: np.ndarray) -> list[np.ndarray]:
    """Return payoffs of wrong shapes, and `payoffs` with entries that are not finite."""
    broken = []
    for value in (np.nan, np.inf, -np.inf):
        broken.append(payoffs.copy())
        broken[-1].flat[1] = value
    return [*broken, np.zeros((2, 3)), np.zeros((3, 2, 2)), np.zeros((2, 0, 3))]


def payoffs_of(name: str) -> np.ndarray:
    """Return the payoffs `[P, A1, ..., AP]` of one of our matrix games."""
    game = make(name)
    assert isinstance(game, MatrixGame)
    return np.moveaxis(game.payoffs, -1, 0)
