"""The strengths of greatest posterior probability, by Newton's method on the matrix of counts."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import expit

from arena.ratings.draws import DrawModel
from arena.ratings.results import Pairs
from arena.ratings.scale import Floats

_MOST_ITERATIONS = 100
_PRECISION = 1e-9  # in log odds, of a last step whose error is about its square
_ROUNDING = 1e-13
"""The least pivot of a Hessian, relative to the greatest, that is no rounding."""


class Unbounded(Exception):
    """The posterior has no greatest value, or does not say where it is."""


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where the posterior is greatest.

    point `[n + q]`: the strengths, whose mean is 0, then the seat's advantage and the draw parameter where modelled.
    covariance `[n + q, n + q]`: the inverse of the negative Hessian within the constraints.
    """

    point: Floats
    covariance: Floats
    iterations: int
    converged: bool


@dataclass(frozen=True, eq=False)
class Posterior:
    """A log posterior, concave, of the strengths of n players and of q parameters more.

    pairs: the games. model: of draws; fitted where `draws`. seat: whether the first seat has an advantage to fit.
    prior: virtual draws of every player against the field's mean.
    fixed `[n + q, c]`: orthogonal to its columns lies the plane of steps. start `[n + q]`: a point of it.
    """

    pairs: Pairs
    model: DrawModel
    seat: bool
    draws: bool
    prior: float
    fixed: Floats
    start: Floats

    def difference(self, point: Floats) -> Floats:
        """Return by how much each pair's first player leads, in log odds `[m]`."""
        n = self.pairs.n
        lead = point[self.pairs.first] - point[self.pairs.second]
        return lead + point[n] if self.seat else lead

    def draw(self, point: Floats) -> float:
        """Return the draw parameter; 0 where draws are not modelled."""
        return float(point[-1]) if self.draws else 0.0

    def derivatives(self, point: Floats) -> tuple[Floats, Floats]:
        """Return the gradient `[n + q]` and the negative Hessian `[n + q, n + q]`."""
        pairs, n = self.pairs, self.pairs.n
        slopes = self.model.slopes(pairs, self.difference(point), self.draw(point))
        own = slopes.information
        gradient, hessian = np.zeros(len(point)), np.zeros((len(point), len(point)))
        hessian[pairs.first, pairs.second] -= own
        hessian[:n, :n] += hessian[:n, :n].T.copy()
        met = np.bincount(pairs.first, own, n) + np.bincount(pairs.second, own, n)
        virtual = expit(point[:n])
        gradient[:n] = self._net(slopes.by_difference) + self.prior * (0.5 - virtual)
        hessian[np.arange(n), np.arange(n)] = met + self.prior * virtual * (1 - virtual)
        if self.prior == 0:  # nothing holds the mean but the constraint, which this changes nothing about
            hessian[:n, :n] += met.mean() / n
        if self.seat:
            gradient[n] = slopes.by_difference.sum()
            hessian[n, n] = own.sum()
            hessian[n, :n] = hessian[:n, n] = self._net(own)
        if self.draws:
            gradient[-1] = slopes.by_draw.sum()
            hessian[-1, -1] = slopes.draw_information.sum()
            hessian[-1, :n] = hessian[:n, -1] = self._net(slopes.mixed)
            if self.seat:
                hessian[-1, n] = hessian[n, -1] = slopes.mixed.sum()
        return gradient, hessian

    def _net(self, values: Floats) -> Floats:
        """Add each pair's value to its first player and take it from its second `[n]`."""
        pairs = self.pairs
        gained, given = (np.bincount(players, values, pairs.n) for players in (pairs.first, pairs.second))
        return np.asarray(gained - given, dtype=np.float64)

    def _room(self, point: Floats, step: Floats) -> float:
        """Return how much of a step keeps the draw parameter where it may be."""
        low = self.model.lower
        if not self.draws or low is None or not np.isfinite(low) or step[-1] >= 0:
            return 1.0
        return min(1.0, 0.9 * float((point[-1] - low) / -step[-1]))

    def maximise(self, *, precision: float = _PRECISION, spread: bool = True) -> Optimum:
        """Return the optimum; without `spread`, its covariance is left empty.

        Raises `Unbounded` where the Hessian is singular on the plane.
        """
        point = self.start.copy()
        gradient, hessian = self.derivatives(point)
        converged, iterations = len(point) == 0, 0
        while not converged and iterations < _MOST_ITERATIONS:
            iterations += 1
            step = self._newton_step(gradient, hessian)
            converged = bool(np.abs(step).max() < precision)
            step *= self._room(point, step)
            slope = float(gradient @ step)
            ahead, curvature = self.derivatives(point + step)
            # The log posterior is concave, so its slope along a step only falls; a step that ends on a steep way down
            # went too far. A step within the precision ends on what rounding leaves.
            while not converged and ahead @ step < -slope / 2:
                step, slope = step / 2, slope / 2
                ahead, curvature = self.derivatives(point + step)
                converged = bool(np.abs(step).max() < precision)
            point, gradient, hessian = point + step, ahead, curvature
        covariance = self._covariance(hessian) if spread else np.empty((0, 0))
        return Optimum(point, covariance, iterations, converged)

    def _newton_step(self, gradient: Floats, hessian: Floats) -> Floats:
        """Return Newton's step within the plane."""
        solved = cho_solve(self._factor(hessian), np.column_stack([gradient, self.fixed]), check_finite=False)
        step, across = solved[:, 0], solved[:, 1:]
        return step - across @ np.linalg.solve(self.fixed.T @ across, self.fixed.T @ step)

    def _covariance(self, hessian: Floats) -> Floats:
        """Return the inverse of the negative Hessian on the plane."""
        if len(hessian) == 0:
            return hessian
        inverse = cho_solve(self._factor(hessian), np.eye(len(hessian)), check_finite=False, overwrite_b=True)
        across = inverse @ self.fixed
        return inverse - across @ np.linalg.solve(self.fixed.T @ across, across.T)

    def _factor(self, hessian: Floats) -> tuple[Floats, bool]:
        """Return the Hessian's Cholesky factor; raises `Unbounded` where it has none."""
        try:
            factor = cho_factor(hessian, lower=True, check_finite=False)
        except LinAlgError as error:
            raise Unbounded from error
        pivots = np.diag(factor[0]) ** 2
        certain = self.prior > 0 and not self.seat and not self.draws
        if not certain and not (pivots >= _ROUNDING * np.diag(hessian)).all():
            raise Unbounded
        return factor
