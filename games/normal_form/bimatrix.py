"""All equilibria of small two-player games, by the vertices of their best-response polytopes."""

from itertools import combinations
from math import comb

import numpy as np

from games.errors import UserError
from games.normal_form.payoffs import Equilibrium, as_measurable, conclude
from games.normal_form.scaling import unit

_WORK = 4_000_000
"""Pairs of supports of one size, times actions, that are still tried: 10 by 10 games take a third of a second."""

_TIGHT = 1e-9
"""Probability, or loss relative to the payoffs' range, that counts as zero."""

_REGULAR = 1e-10
"""Least singular value, relative to the greatest, of the payoffs between two supports that fix a strategy."""

_GAP_TOLERANCE = 1e-9
"""NashConv, relative to the range of the payoffs, below which an equilibrium counts as found."""


def bimatrix_equilibria(payoffs: np.ndarray) -> list[Equilibrium]:
    """Return all extreme equilibria of a two-player game `payoffs [2, A1, A2]`; in most games, all equilibria.

    An equilibrium is a pair of vertices of the players' best-response polytopes where each action of either player
    is unplayed or a best response (von Stengel, "Computing equilibria for two-person games", 2002, sections 2 and 5).
    The vertices come from all pairs of supports of one size, so degenerate games lose none: where there are infinitely
    many equilibria, they are the mixtures, for each player on its own, of extreme ones that are equilibria in every
    pairing (theorem 2.14). Ties below 1e-9 of the payoffs' range count as ties. Ordered by the strategies, the greatest
    first.

    Raises UserError when there are not two players, or the game is larger than about 10 by 10 actions.
    """
    table = as_measurable(payoffs)
    if len(table) != 2:
        raise UserError(f"bimatrix_equilibria takes games of two players, not of {len(table)}; use n_player_equilibria")
    rows, columns = table.shape[1:]
    if comb(rows + columns, rows) * (rows + columns) > _WORK:
        raise UserError(
            f"bimatrix_equilibria tries all supports, too many for {rows} by {columns} actions (10 by 10 is the most); "
            "for one equilibrium use nash if the game is zero-sum, else the approximate prd"
        )
    scaled, spreads = unit(table)
    first, first_tight = _vertices(scaled[1].T + 1)
    second, second_tight = _vertices(scaled[0] + 1)
    # Labels are the row player's actions, then the column player's; either vertex may carry each of them.
    second_tight = np.roll(second_tight, rows, axis=1)
    bare = (~first_tight).astype(np.float32) @ (~second_tight).astype(np.float32).T
    found = sorted(
        ((first[row], second[column]) for row, column in np.argwhere(bare == 0)),
        key=lambda pair: tuple(-np.concatenate(pair).round(9)),
    )
    tolerance = _GAP_TOLERANCE * float(spreads.max())
    return [conclude(table, pair, tolerance=tolerance) for pair in found]


def _vertices(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the vertices of {z >= 0, `matrix [J, N]` z <= 1} but zero, as distributions `[V, N]`, and their labels.

    Labels `[V, N + J]` are the inequalities that are tight: z = 0, then those of `matrix`. A vertex solves the square
    system of some support and as many tight rows; its labels tell it from all others, and of the systems that it
    solves the best conditioned one counts. The entries of `matrix` are in [1, 2].
    """
    joint, actions = matrix.shape
    points, conditions = [np.zeros((0, actions))], [np.zeros(0)]
    for size in range(1, min(joint, actions) + 1):
        supports = np.array(list(combinations(range(actions), size)))
        tight = np.array(list(combinations(range(joint), size)))
        systems = matrix[tight[:, None, :, None], supports[None, :, None, :]].reshape(-1, size, size)
        chosen = np.tile(supports, (len(tight), 1))
        solvable = np.linalg.det(systems) != 0
        systems, chosen = systems[solvable], chosen[solvable]
        solutions = np.zeros((len(systems), actions))
        np.put_along_axis(solutions, chosen, np.linalg.solve(systems, np.ones((len(systems), size, 1)))[:, :, 0], 1)
        kept = (solutions >= -_TIGHT).all(1) & (solutions @ matrix.T <= 1 + _TIGHT).all(1)
        spectra = np.linalg.svd(systems[kept], compute_uv=False)
        points.append(solutions[kept])
        conditions.append(spectra[:, -1] / spectra[:, 0])
    condition = np.concatenate(conditions)
    order = np.argsort(-condition, kind="stable")
    order = order[condition[order] > _REGULAR]
    point = np.concatenate(points)[order]
    labels = np.hstack([point <= _TIGHT, point @ matrix.T >= 1 - _TIGHT])
    _, first = np.unique(labels, axis=0, return_index=True)
    point, labels = point[first], labels[first]
    point[labels[:, :actions]] = 0.0
    return point / point.sum(1, keepdims=True), labels
