"""The Elo scale, and what the whole package measures in it."""

from typing import overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtri

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

ELO = float(400 / np.log(10))
"""Elo points in one unit of log odds: 400 points are odds of ten to one."""

CONFIDENCE = 0.95
"""How often an interval is meant to hold the truth."""

QUANTILE = float(ndtri((1 + CONFIDENCE) / 2))
"""Standard deviations from a normal estimate to either end of its interval."""


@overload
def expected_score(difference: float) -> float: ...
@overload
def expected_score(difference: ArrayLike) -> Floats | float: ...


def expected_score(difference: ArrayLike) -> Floats | float:
    """Return the points a game, from 0 to 1, that a player scores who is `difference` Elo points stronger.

    Elo's logistic curve: 1 / (1 + 10^(-difference / 400)).
    """
    score = expit(np.asarray(difference, dtype=np.float64) / ELO)
    return score if np.ndim(score) else float(score)
