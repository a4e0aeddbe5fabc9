"""Normal-form games as payoff tensors: expected payoffs, gains from deviating, and what a solver returns.

`payoffs [P, A1, ..., AP]` float64 holds what each of the P players is paid for every joint action.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from games.errors import UserError
from games.progress import Point


@dataclass(frozen=True)
class Equilibrium:
    """Mixed strategies that a solver chose, and how far they are from an equilibrium.

    strategies: one distribution `[Ap]` a player.
    values `[P]`: the players' expected payoffs.
    gap: how far they are from what the solver aims at, in the payoffs' units: NashConv within the payoffs, but for
        correlated equilibria, commitments and security levels, whose functions say what theirs is. Zero is exact.
    iterations: the solver's steps; 0 where it does not iterate.
    converged: the solver reached what it aims at; `uniform` and `latest` always do.
    by_iteration: the gap on the way, measured at checkpoints, where the solver iterates.
    """

    strategies: tuple[np.ndarray, ...]
    values: np.ndarray
    gap: float
    iterations: int
    converged: bool
    by_iteration: tuple[Point, ...] = ()


def as_payoffs(payoffs: np.ndarray) -> np.ndarray:
    """Return `payoffs [P, A1, ..., AP]` as float64; raises ValueError for another shape or values not finite."""
    table = np.asarray(payoffs, dtype=np.float64)
    if table.ndim < 2 or table.ndim != len(table) + 1 or 0 in table.shape:
        raise ValueError(f"expected payoffs [P, A1, ..., AP] with an axis of actions a player, got shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError("expected finite payoffs, got some that are not")
    return table


def as_measurable(payoffs: np.ndarray) -> np.ndarray:
    """Return `payoffs` as `as_payoffs` does; raises UserError too where they differ by more than gaps can tell."""
    table = as_payoffs(payoffs)
    most = np.finfo(float).max / (2 * len(table))
    with np.errstate(over="ignore"):
        widest = np.ptp(table.reshape(len(table), -1), axis=1).max()
    if not widest <= most:
        raise UserError(f"expected payoffs that differ by less than {most:.1e} but they do by more; divide them by ten")
    return table


def deviations(payoffs: np.ndarray, strategies: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return, a player, what each of its actions `[Ap]` is paid against the others' strategies."""
    table, paid = np.asarray(payoffs), []
    for player in range(len(table)):
        against = np.moveaxis(table[player], player, 0)
        for other in reversed([*range(player), *range(player + 1, len(table))]):
            against = against @ strategies[other]
        paid.append(against)
    return paid


def expected_payoffs(payoffs: np.ndarray, strategies: Sequence[np.ndarray]) -> np.ndarray:
    """Return the players' expected payoffs `[P]` when all play `strategies`."""
    paid = deviations(payoffs, strategies)
    return np.array([mine @ strategy for mine, strategy in zip(paid, strategies, strict=True)])


def nash_conv(payoffs: np.ndarray, strategies: Sequence[np.ndarray]) -> float:
    """Return the sum of what each player gains by its best deviation, in the payoffs' units and never negative.

    NashConv of Lanctot et al., "A unified game-theoretic approach to multiagent reinforcement learning", 2017.
    """
    paid = deviations(payoffs, strategies)
    return float(sum(max(mine.max() - mine @ own, 0.0) for mine, own in zip(paid, strategies, strict=True)))


def conclude(
    payoffs: np.ndarray,
    strategies: Sequence[np.ndarray],
    *,
    iterations: int = 0,
    tolerance: float = np.inf,
    by_iteration: tuple[Point, ...] = (),
) -> Equilibrium:
    """Measure `strategies`; they have converged when the gap is at most `tolerance`, in the payoffs' units."""
    gap = nash_conv(payoffs, strategies)
    return Equilibrium(
        strategies=tuple(strategies),
        values=expected_payoffs(payoffs, strategies),
        gap=gap,
        iterations=iterations,
        converged=gap <= tolerance,
        by_iteration=by_iteration,
    )
