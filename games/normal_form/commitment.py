"""Strategies to announce and strategies to be safe with: Stackelberg leadership and maximin."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

from games.errors import UserError
from games.normal_form.payoffs import Equilibrium, as_measurable, expected_payoffs
from games.normal_form.scaling import unit
from games.normal_form.zero_sum import nash

_GAP_TOLERANCE = 1e-9
"""Gap, relative to the range of the payoffs, below which a result counts as solved."""

_OPTIONS = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}

_INFEASIBLE = 2
"""linprog's status of a program that nothing satisfies."""


@dataclass(frozen=True)
class Commitment(Equilibrium):
    """A leader's mixed strategy, announced, and the follower's pure response, which is the best for the leader.

    gap: what the follower would gain by another response, in the payoffs' units. The leader could gain by breaking its
        word, which is not counted.
    """


@dataclass(frozen=True)
class Security(Equilibrium):
    """Each player's strategy with the greatest payoff that the others cannot lower.

    values `[P]`: those payoffs, the security levels; at `strategies` players may be paid more.
    gap: the sum over players of how far the level is below what the others can hold the player to, in the payoffs'
        units; zero where no strategy secures more.
    """


def stackelberg(payoffs: np.ndarray, *, leader: int = 0) -> Commitment:
    """Return the strong Stackelberg equilibrium of two players' `payoffs [2, A1, A2]`; of several, one.

    The leader commits to a mixed strategy, the follower sees it and plays a best response, of several the leader's
    favourite. For each response one linear program finds the leader's best strategy to which it is a best response
    (Conitzer and Sandholm, "Computing the optimal strategy to commit to", 2006, theorem 2); responses that cannot
    pay the leader more than one already found are left out.

    Raises UserError when there are not two players or `leader` is not one of them.
    """
    table = as_measurable(payoffs)
    if len(table) != 2:
        raise UserError(f"stackelberg takes games of two players, not of {len(table)}; use maximin")
    if leader not in (0, 1):
        raise UserError(f"stackelberg expects the leader 0 or 1, not {leader!r}")
    scaled, spreads = unit(table)
    mine, theirs = (scaled[player].T if leader else scaled[player] for player in (leader, 1 - leader))
    limits = mine.max(0)
    best, strategy, response, iterations = -np.inf, np.empty(0), -1, 0
    for column in np.argsort(-limits, kind="stable"):
        if limits[column] <= best:
            break
        found, steps = _commit(mine[:, column], theirs - theirs[:, [column]])
        iterations += steps
        if found is not None and found @ mine[:, column] > best:
            best, strategy, response = float(found @ mine[:, column]), found, int(column)
    if response < 0:
        raise RuntimeError(f"HiGHS found no commitment in a game of {mine.shape[0]} by {mine.shape[1]} actions")
    paid = strategy @ theirs
    gap = float(paid.max() - paid[response])
    strategies = (strategy, np.eye(mine.shape[1])[response])[:: -1 if leader else 1]
    return Commitment(
        strategies=strategies,
        values=expected_payoffs(table, strategies),
        gap=gap * float(spreads[1 - leader]),
        iterations=iterations,
        converged=gap <= _GAP_TOLERANCE,
    )


def maximin(payoffs: np.ndarray) -> Security:
    """Return for each player of `payoffs [P, A1, ..., AP]` the strategy that secures the most, and how much.

    The others are taken to act jointly, with correlated strategies, against the player: a zero-sum game, solved by
    `nash` (von Neumann 1928). With three players and more they could often not do that much harm independently.
    """
    table = as_measurable(payoffs)
    strategies, levels, gaps, iterations, converged = [], [], [], 0, True
    for player, mine in enumerate(table):
        paid = np.moveaxis(mine, player, 0).reshape(mine.shape[player], -1)
        found = nash(np.stack([paid, -paid]))
        strategies.append(found.strategies[0])
        levels.append((found.strategies[0] @ paid).min())
        gaps.append(found.gap)
        iterations += found.iterations
        converged = converged and found.converged
    return Security(tuple(strategies), np.array(levels), float(sum(gaps)), iterations, converged)


def _commit(mine: np.ndarray, gains: np.ndarray) -> tuple[np.ndarray | None, int]:
    """Return the strategy `[L]` that maximises `mine [L]` while no `gains [L, F]` are positive, if there is one."""
    answer = linprog(
        -mine,
        A_ub=gains.T,
        b_ub=np.zeros(gains.shape[1]),
        A_eq=np.ones((1, len(mine))),
        b_eq=np.ones(1),
        method="highs",
        options=_OPTIONS,
    )
    if answer.status == _INFEASIBLE:
        return None, int(answer.nit)
    if answer.status != 0:
        raise RuntimeError(f"HiGHS did not solve a program of {gains.shape[0]} by {gains.shape[1]}: {answer.message}")
    kept = np.maximum(answer.x, 0)
    return kept / kept.sum(), int(answer.nit)
