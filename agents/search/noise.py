"""The random numbers of a root: each position's own, whatever batch it is searched in."""

import numpy as np
import torch
from scipy.special import gammaincinv
from torch import Tensor

from games.draws import Draws


def _uniform(draws: Draws, seats: Tensor, actions: int) -> Tensor:
    """Return numbers in (0, 1) `[n, A]` float64."""
    drawn = torch.stack([draws.uniform(seats, 1 + action) for action in range(actions)], 1)
    return drawn + 2.0**-53


def gumbel_noise(draws: Draws, seats: Tensor, actions: int) -> Tensor:
    """Return standard Gumbel numbers `[n, A]` float32."""
    return -(-_uniform(draws, seats, actions).log()).log().float()


def dirichlet(draws: Draws, seats: Tensor, legal: Tensor, *, concentration: float) -> Tensor:
    """Return a distribution over the `legal [n, A]` actions of each row, drawn from a Dirichlet, float32.

    Each of the k legal actions has concentration / k, so that noise is as peaked where there are many as where there
    are few. Gamma variables by inversion (L. Devroye, "Non-uniform random variate generation", 1986, IX.3).
    """
    shape = concentration / legal.sum(1, keepdim=True).clamp(min=1).double()
    uniform = _uniform(draws, seats, legal.shape[1])
    gamma = gammaincinv(shape.expand_as(uniform).numpy(), uniform.numpy())
    drawn = torch.from_numpy(np.where(legal.numpy(), np.maximum(gamma, 1e-300), 0.0))
    return (drawn / drawn.sum(1, keepdim=True)).float()
