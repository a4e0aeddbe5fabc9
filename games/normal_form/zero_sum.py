"""Equilibria of two-player zero-sum payoffs by linear programming."""

import numpy as np
from scipy.optimize import linprog

from games.errors import UserError
from games.normal_form.payoffs import Equilibrium, as_measurable, conclude
from games.normal_form.scaling import unit

_SUM_TOLERANCE = 1e-9
"""How far, relative to the greatest payoff, the sum of both players' payoffs may vary."""

_GAP_TOLERANCE = 1e-9
"""NashConv, relative to the range of the payoffs, below which a result counts as solved."""

_EXACT = 1e-13
"""NashConv, relative to the range of the payoffs, that rounding alone leaves; more is worth polishing."""

_OPTIONS = ({"presolve": False, "primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}, {})
"""Settings of HiGHS, tried in order; at these sizes presolve costs more than it saves."""


def nash(payoffs: np.ndarray) -> Equilibrium:
    """Return an equilibrium of two-player zero-sum `payoffs [2, A1, A2]`; where there are several, a vertex.

    One linear program gives both strategies, the row player's as the dual (Dantzig 1951; von Neumann's minimax
    theorem). The payoffs are brought to [1, 2], so that neither their scale nor their offset matters, and what the
    solver's tolerances leave is removed by solving for indifference on the supports. Players whose payoffs sum to
    another constant than zero are the same game up to that constant.

    Raises UserError when there are not two players or the sum of their payoffs varies.
    """
    table = as_measurable(payoffs)
    if len(table) != 2:
        raise UserError(f"nash solves games of two players, not of {len(table)}; use the solver prd")
    if not is_constant_sum(table):
        sums = table[0] + table[1]
        raise UserError(
            f"nash solves zero-sum games, and here the players' payoffs sum to between {sums.min():g} and "
            f"{sums.max():g}; use the solver prd"
        )
    scaled, spreads = unit(table[:1] / 2 - table[1:] / 2)
    if spreads[0] == 0:
        return conclude(table, [np.full(size, 1 / size) for size in table.shape[1:]])
    matrix = scaled[0] + 1
    row, column, iterations = _program(matrix)
    if _gap(matrix, row, column) > _EXACT:
        row, column = _polish(matrix, row, column)
    return conclude(table, [row, column], iterations=iterations, tolerance=_GAP_TOLERANCE * float(spreads[0]))


def is_constant_sum(table: np.ndarray) -> bool:
    """Return whether the payoffs of two players, `table [2, A1, A2]`, sum to a constant, up to rounding."""
    return bool(np.ptp(table[0] + table[1]) <= _SUM_TOLERANCE * np.abs(table).max())


def _program(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Maximise sum(y) subject to `matrix` y <= 1, y >= 0; y and the dual, normalised, are the strategies."""
    rows, columns = matrix.shape
    message = ""
    for options in _OPTIONS:
        answer = linprog(-np.ones(columns), A_ub=matrix, b_ub=np.ones(rows), method="highs", options=options)
        if answer.status == 0:
            return _normalise(-answer.ineqlin.marginals), _normalise(answer.x), int(answer.nit)
        message = answer.message
    raise RuntimeError(f"HiGHS did not solve a {rows} by {columns} zero-sum game: {message}")


def _polish(matrix: np.ndarray, row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Make each player indifferent on its support, and keep that where it lowers the gap."""
    rows, columns = row > 1e-9, column > 1e-9
    inner = matrix[np.ix_(rows, columns)]
    exact_row, exact_column = np.zeros_like(row), np.zeros_like(column)
    exact_row[rows] = _indifferent(inner.T, row[rows])
    exact_column[columns] = _indifferent(inner, column[columns])
    pairs = [(first, second) for first in (row, exact_row) for second in (column, exact_column)]
    return min(pairs, key=lambda pair: _gap(matrix, *pair))


def _indifferent(inner: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return the distribution nearest to `start [n]` under which all entries of `inner [m, n]` @ it are equal."""
    rows, columns = inner.shape
    system = np.zeros((rows + 1, columns + 1))
    system[:rows, :columns], system[:rows, columns], system[rows, :columns] = inner, -1, 1
    target = np.append(np.zeros(rows), 1)
    point = np.append(start, (inner @ start).mean())
    for _ in range(2):
        point = point + np.linalg.lstsq(system, target - system @ point, rcond=None)[0]
    return _normalise(point[:columns])


def _normalise(weights: np.ndarray) -> np.ndarray:
    kept = np.maximum(weights, 0)
    return kept / kept.sum() if kept.any() else np.full(len(kept), 1 / len(kept))


def _gap(matrix: np.ndarray, row: np.ndarray, column: np.ndarray) -> float:
    return float((matrix @ column).max() - (row @ matrix).min())
