"""Meta-strategies that look at no payoffs: what fictitious play and iterated best response respond to."""

import numpy as np

from games.normal_form.payoffs import Equilibrium, as_measurable, conclude


def uniform(payoffs: np.ndarray) -> Equilibrium:
    """Mix all actions equally: with best responses to it, fictitious play (Brown 1951)."""
    table = as_measurable(payoffs)
    return conclude(table, [np.full(size, 1 / size) for size in table.shape[1:]])


def latest(payoffs: np.ndarray) -> Equilibrium:
    """Play the last action of each player alone: with best responses to it, iterated best response."""
    table = as_measurable(payoffs)
    return conclude(table, [np.eye(size)[-1] for size in table.shape[1:]])
