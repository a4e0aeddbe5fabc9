"""Arithmetic that is the same to the last bit wherever a search runs: float32, nothing fused, sums in one order."""

import numpy as np
import torch
from torch import Tensor

from agents.search.vectors import as_floats, choose, floats, floor, ints
from games.bits import rule

LOG2_E = np.float32(1.4426950408889634)
LEAST = np.float32(-126.0)
"""Below two to this, `exp` is zero."""
TERMS = tuple(np.float32(np.log(2.0) ** k / np.prod(np.arange(1.0, k + 1))) for k in range(6, -1, -1))
"""ln(2)^k / k!, k = 6 first: the series of 2 to the power f; for f in [-1/2, 1/2] its error is below 2e-8."""


@rule
def exp(x):
    """Return e to the power of eight float32, none above zero, to a few units of the last place."""
    power = x * floats(LOG2_E)
    whole = floor(power + floats(np.float32(0.5)))
    part = power - whole
    value = floats(TERMS[0]) * part + floats(TERMS[1])
    value = value * part + floats(TERMS[2])
    value = value * part + floats(TERMS[3])
    value = value * part + floats(TERMS[4])
    value = value * part + floats(TERMS[5])
    value = value * part + floats(TERMS[6])
    within = power > floats(LEAST)
    exponent = ints(choose(within, whole, floats(np.float32(0.0)))) + ints(np.int32(127))
    return choose(within, value * as_floats(exponent << ints(np.int32(23))), floats(np.float32(0.0)))


def exp_in_torch(x: Tensor) -> Tensor:
    """Return the same for a tensor."""
    power = x * float(LOG2_E)
    whole = (power + 0.5).floor()
    part = power - whole
    value = torch.full_like(x, float(TERMS[0]))
    for term in TERMS[1:]:
        value = value * part + float(term)
    within = power > float(LEAST)
    exponent = torch.where(within, whole, 0.0).int() + 127
    return torch.where(within, value * (exponent << 23).view(torch.float32), 0.0)
