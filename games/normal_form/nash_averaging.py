"""Nash averaging: of all equilibria of a two-player zero-sum game, the one of maximum entropy."""

from dataclasses import dataclass, replace

import numpy as np

from games.normal_form.optimal_face import Face, optimal_faces
from games.normal_form.payoffs import Equilibrium, as_measurable, conclude, deviations
from games.normal_form.zero_sum import nash

_GAP_TOLERANCE = 1e-9
"""NashConv, relative to the range of the payoffs, below which a result is an equilibrium."""

_STEPS = 200
"""Newton steps; thirty are many."""

_BARRIER, _STILL = 1e-18, 1e-13
"""What is left of multipliers times slack in the end, and steps that are too short for more."""


@dataclass(frozen=True, kw_only=True)
class NashAverage(Equilibrium):
    """The equilibrium of maximum entropy, and what every action is worth against it.

    ratings: what each player's actions `[Ap]` are paid against the other's strategy, the Nash averages.
    """

    ratings: tuple[np.ndarray, ...]


def nash_averaging(payoffs: np.ndarray) -> NashAverage:
    """Return the equilibrium of maximum entropy of two-player zero-sum `payoffs [2, A1, A2]`, and the Nash averages.

    Balduzzi et al., "Re-evaluating evaluation", 2018: in a symmetric game, agents against agents, both players' mixture
    is the same; in another, agents against tasks, each player's has the greatest entropy that its optimal strategies
    allow. It is unique, adding copies of an action divides its share among them and changes no rating, and an action
    that no equilibrium plays has none. Tasks should be brought to one scale first: a task on which the scores differ
    more than on others decides more.

    A linear program gives the value, more of them where the equilibrium is not the only one say which actions any
    equilibrium plays, and Newton's method with a barrier maximises the entropy. Whether an action is played is not told
    apart where it hangs on less than 1e-6 of the payoffs' range; where that leads astray, the answer is an equilibrium
    of less entropy, and has not converged.

    Raises UserError when there are not two players or the sum of their payoffs varies.
    """
    table = as_measurable(payoffs)
    found = nash(table)
    ours = (table[0] - table[1]) / 2
    scale = float(np.ptp(ours))
    strategies = found.strategies
    if scale > 1e-300:
        matrix = (ours - ours.min()) / scale
        first, second = optimal_faces(matrix, *strategies)
        column = _widest(second)
        strategies = (column if _same(matrix) else _widest(first), column)
    answer = conclude(table, strategies, iterations=found.iterations, tolerance=_GAP_TOLERANCE * scale)
    if not answer.converged:
        answer = replace(found, converged=False)
    return NashAverage(**vars(answer), ratings=tuple(deviations(table, answer.strategies)))


def _same(matrix: np.ndarray) -> bool:
    """Return whether both players have the same optimal strategies: where the seats do not matter."""
    return matrix.shape[0] == matrix.shape[1] and float(np.ptp(matrix + matrix.T)) <= 1e-12


def _widest(face: Face) -> np.ndarray:
    """Return the distribution `[A]` of maximum entropy on a face, by a primal-dual interior-point method.

    It minimises sum(y log y) with y = point + directions @ w and slack s = bounds - limits @ y, where the multipliers
    times s go to zero together.
    """
    y, slack = face.point, face.bounds - face.limits @ face.point
    prices = 0.1 / np.maximum(slack, 1e-3)
    for _ in range(_STEPS if face.directions.size else 0):
        target = max(0.1 * (prices @ slack) / max(len(slack), 1), _BARRIER)
        steep = 1 / y
        lines = face.limits @ face.directions
        curve = (face.directions.T * steep) @ face.directions + (lines.T * (prices / slack)) @ lines
        pull = face.directions.T @ np.log(y) + lines.T @ (target / slack)
        try:
            move = face.directions @ np.linalg.solve(curve, -pull)
        except np.linalg.LinAlgError:  # limits are kept so exactly that their curvature drowns that of the entropy
            break
        change = -face.limits @ move
        turn = (target - prices * change) / slack - prices
        part = min(_room(y, move), _room(slack, change), _room(prices, turn))
        y, slack, prices = y + part * move, slack + part * change, prices + part * turn
        if target < _STILL and np.abs(move).max() < _STILL:
            break
    whole = np.zeros(len(face.played))
    whole[face.played] = y / y.sum()
    return whole


def _room(values: np.ndarray, change: np.ndarray) -> float:
    """Return how much of a change, up to all of it, leaves `values` above a hundredth of what they are."""
    falls = change < 0
    return min(1.0, float((0.99 * values[falls] / -change[falls]).min(initial=np.inf)))
