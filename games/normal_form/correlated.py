"""Correlated and coarse correlated equilibria: a device draws a joint action and advises each player of its part."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from games.errors import UserError
from games.normal_form.nearest import nearest_to_ones
from games.normal_form.payoffs import Equilibrium, as_measurable
from games.normal_form.scaling import unit
from games.normal_form.zero_sum import is_constant_sum, nash

_ENTRIES = 1_000_000
"""Entries of the inequalities that are still solved, as in a game of 79 by 79 actions."""

_GAP_TOLERANCE = 1e-8
"""Gap, relative to the range of the payoffs, below which a result counts as solved."""

_EQUAL = 1e-13
"""Difference between payoffs, relative to their range, that is taken for rounding."""

_OPTIONS = ({"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}, {})
"""Settings of HiGHS, tried in order."""


@dataclass(frozen=True, kw_only=True)
class Correlated(Equilibrium):
    """A distribution over joint actions that a solver chose, and how far it is from a correlated equilibrium.

    distribution `[A1, ..., AP]`: the probability of each joint action.
    strategies: its marginals, one `[Ap]` a player; played independently they need not be an equilibrium.
    values `[P]`: the players' expected payoffs under `distribution`.
    gap: the sum over players of the most that one gains by deviating, in the payoffs' units: by answering each advice
        with its best reply to that or, where the equilibrium is coarse, by one action whatever the advice.
    """

    distribution: np.ndarray


def correlated_equilibrium(
    payoffs: np.ndarray, *, objective: Literal["welfare", "gini"] = "welfare", coarse: bool = False
) -> Correlated:
    """Return the correlated equilibrium of `payoffs [P, A1, ..., AP]` that maximises an objective.

    No player gains by replacing any advised action by another (Aumann, "Subjectivity and correlation in randomized
    strategies", 1974) or, where `coarse`, by ignoring all advice (Moulin and Vial, "Strategically zero-sum games",
    1978). `welfare` is the sum of the players' payoffs, by one linear program; where several distributions reach it,
    one of them. Where two players' payoffs sum to a constant all do, and it is the product of the strategies of `nash`.
    `gini` is the Gini impurity, one less the sum of the squared probabilities, which one distribution
    maximises, the most spread out (Marris et al., "Multi-agent training beyond zero-sum with correlated equilibrium
    meta-solvers", 2021, section 4). Scaled until its length is its sum, that is the point of the cone of the
    inequalities nearest to all ones, and so it is computed, up to rounding.

    Raises UserError for another objective or when the game is too large.
    """
    table = as_measurable(payoffs)
    sizes = table.shape[1:]
    if objective not in ("welfare", "gini"):
        raise UserError(f"correlated_equilibrium expects the objective 'welfare' or 'gini', not {objective!r}")
    scaled, spreads = unit(table)
    if objective == "welfare" and len(table) == 2 and is_constant_sum(table):
        found = nash(table)
        weights, iterations, solved = np.outer(*found.strategies), found.iterations, found.converged
    else:
        _check_size(sizes)
        inequalities = _inequalities(scaled, coarse=coarse)
        if objective == "gini":
            weights, iterations, solved = nearest_to_ones(inequalities)
        else:
            shares = spreads / (spreads.max() or 1.0)
            weights, iterations, solved = _program(np.tensordot(shares, scaled, axes=1).ravel(), inequalities)
    distribution = (weights / weights.sum()).reshape(sizes)
    gains = [_gain(mine, distribution, player, coarse=coarse) for player, mine in enumerate(scaled)]
    players = range(len(table))
    return Correlated(
        strategies=tuple(distribution.sum(tuple(other for other in players if other != player)) for player in players),
        values=(table * distribution).reshape(len(table), -1).sum(1),
        gap=float(spreads @ gains),
        iterations=iterations,
        converged=solved and max(gains) <= _GAP_TOLERANCE,
        distribution=distribution,
    )


def ce(payoffs: np.ndarray) -> Correlated:
    """Return a correlated equilibrium of the greatest sum of payoffs."""
    return correlated_equilibrium(payoffs)


def cce(payoffs: np.ndarray) -> Correlated:
    """Return a coarse correlated equilibrium of the greatest sum of payoffs."""
    return correlated_equilibrium(payoffs, coarse=True)


def mgce(payoffs: np.ndarray) -> Correlated:
    """Return the correlated equilibrium of maximum Gini impurity."""
    return correlated_equilibrium(payoffs, objective="gini")


def mgcce(payoffs: np.ndarray) -> Correlated:
    """Return the coarse correlated equilibrium of maximum Gini impurity."""
    return correlated_equilibrium(payoffs, objective="gini", coarse=True)


def _check_size(sizes: Sequence[int]) -> None:
    if sum(sizes) * prod(sizes) > _ENTRIES:
        raise UserError(
            f"correlated_equilibrium weighs all joint actions, too many for {' by '.join(map(str, sizes))} actions "
            "(79 by 79 is the most); use prd, or remove actions"
        )


def _inequalities(scaled: np.ndarray, *, coarse: bool) -> csr_array:
    """Return rows `[M, joint actions]`: what a deviation gains under each joint action, none of them zero.

    A deviation is a player's action that is always played or, unless `coarse`, instead of one advised action.
    """
    sizes = scaled.shape[1:]
    places = np.arange(prod(sizes)).reshape(sizes)
    parts = [csr_array((0, places.size))]
    for player, mine in enumerate(scaled):
        size = sizes[player]
        paid = np.moveaxis(mine, player, 0).reshape(size, -1)
        where = np.moveaxis(places, player, 0).reshape(size, -1)
        gains = paid[:, None] - paid[None]  # by the first action, instead of the second
        gains[np.abs(gains) < _EQUAL] = 0.0
        columns = np.broadcast_to(where, gains.shape)
        row = np.arange(size)[:, None] if coarse else np.arange(size)[:, None] * size + np.arange(size)
        rows = np.broadcast_to(row[:, :, None], gains.shape)
        shape = (size if coarse else size * size, places.size)
        parts.append(csr_array((gains.ravel(), (rows.ravel(), columns.ravel())), shape=shape))
    stacked = csr_array(vstack(parts))
    stacked.eliminate_zeros()
    return stacked[np.diff(stacked.indptr) > 0]


def _program(welfare: np.ndarray, inequalities: csr_array) -> tuple[np.ndarray, int, bool]:
    """Return the distribution of the greatest expected `welfare [joint actions]`, the iterations, and success."""
    count, size = inequalities.shape or (0, 0)
    message = ""
    for options in _OPTIONS:
        answer = linprog(
            -welfare,
            A_ub=inequalities if count else None,
            b_ub=np.zeros(count) if count else None,
            A_eq=np.ones((1, size)),
            b_eq=np.ones(1),
            method="highs",
            options=options,
        )
        if answer.status == 0:
            return np.maximum(answer.x, 0), int(answer.nit), True
        message = answer.message
    raise RuntimeError(f"HiGHS found no correlated equilibrium over {size} joint actions: {message}")


def _gain(mine: np.ndarray, distribution: np.ndarray, player: int, *, coarse: bool) -> float:
    """Return the most that a player gains by deviating from what the distribution advises."""
    size = mine.shape[player]
    advised = np.moveaxis(distribution, player, 0).reshape(size, -1)
    paid = advised @ np.moveaxis(mine, player, 0).reshape(size, -1).T  # [advised, played]
    if coarse:
        return max(float(paid.sum(0).max() - np.trace(paid)), 0.0)
    return float((paid.max(1) - np.diag(paid)).sum())
