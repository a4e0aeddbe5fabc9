"""How long a Brownian motion with drift stays between two bounds: what is left of a sequential test."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr

from arena.cells import Floats

_IMAGES = 2 * np.arange(-20, 21)
_LONGEST = 20.0
"""No motion stays longer than this, in squares of the bounds' distance over the variance: the chance is e^-98."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(31)
_HALVINGS = 28


@dataclass(frozen=True, kw_only=True)
class Stay:
    """How long a motion stays between its bounds: mean, median and the interval that holds 95 % of all.

    high: the chance that it leaves at the upper bound.
    """

    mean: float
    median: float
    interval: tuple[float, float]
    high: float


def stay(*, drift: float, error: float, variance: float, low: float, high: float) -> Stay:
    """Tell how long a motion from 0 stays between low < 0 < high, its drift known but for a normal error.

    drift, variance: of a unit of time. error: the standard deviation of what is known of the drift. Given the drift,
    the times follow `leaving` and their mean is Wald's; all are averaged over the drift by Gauss-Hermite quadrature.
    """
    drifts, shares = drift + error * _NODES, _WEIGHTS / _WEIGHTS.sum()
    longest = _LONGEST * (high - low) ** 2 / variance
    quantiles = np.array([0.025, 0.5, 0.975])
    least, most = np.full(3, np.log(longest) - 60), np.full(3, np.log(longest))
    for _ in range(_HALVINGS):
        middle = (least + most) / 2
        gone = sum(leaving(np.exp(middle)[:, None], drift=drifts, variance=variance, low=low, high=high)) @ shares
        least, most = np.where(gone < quantiles, middle, least), np.where(gone < quantiles, most, middle)
    times = np.exp(most)
    up = upper_chance(drifts, variance=variance, low=low, high=high)
    ends = low + (high - low) * up
    steep = np.abs(drifts) * (high - low) > 1e-6 * variance
    means = np.where(steep, ends / np.where(steep, drifts, 1.0), -low * high / variance)
    return Stay(
        mean=float(means @ shares),
        median=float(times[1]),
        interval=(float(times[0]), float(times[2])),
        high=min(float(up @ shares), 1.0),
    )


def upper_chance(drift: ArrayLike, *, variance: float, low: float, high: float) -> Floats:
    """Return the chance of leaving at the upper bound (Wald, Sequential Analysis, 1947, appendix)."""
    rate = 2 * np.asarray(drift, dtype=np.float64) / variance  # exp(-rate x) is a martingale
    flat = np.abs(rate) * (high - low) < 1e-9
    rate = np.where(flat, 1.0, rate)
    chance = np.expm1(np.abs(rate) * low) / np.expm1(-np.abs(rate) * (high - low))
    return np.where(flat, -low / (high - low), chance * np.exp(np.minimum(rate, 0.0) * high))


def leaving(time: ArrayLike, *, drift: ArrayLike, variance: float, low: float, high: float) -> tuple[Floats, Floats]:
    """Return the chances `[...]` of having left at the lower and at the upper bound by `time [...]`.

    The bounds' mirror images make each a sum of first passage times of single bounds, alternately added and taken away
    (Cox and Miller, The Theory of Stochastic Processes, 1965, chapter 5).
    """
    time, drift = np.broadcast_arrays(np.asarray(time, dtype=np.float64), np.asarray(drift, dtype=np.float64))
    return (
        _passed(time, -drift, variance, bound=-low, width=high - low),
        _passed(time, drift, variance, bound=high, width=high - low),
    )


def _passed(time: Floats, drift: Floats, variance: float, *, bound: float, width: float) -> Floats:
    """Return the chance of having left at a bound above by some time, the other being `width` below it."""
    image = bound + _IMAGES * width
    distance, slope = np.abs(image), (drift / variance)[..., None]
    deviation = np.sqrt(variance * time)[..., None]
    path = (drift * time)[..., None]
    once = slope * (bound - distance) + log_ndtr((path - distance) / deviation)
    again = slope * (bound + distance) + log_ndtr(-(path + distance) / deviation)
    return np.clip((np.sign(image) * (np.exp(once) + np.exp(again))).sum(axis=-1), 0.0, 1.0)
