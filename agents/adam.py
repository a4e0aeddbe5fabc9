"""Adam on one flat tensor; torch's own spends more time around its arithmetic than in it."""

import torch
from torch import Tensor

_FIRST, _SECOND, _EPSILON = 0.9, 0.999, 1e-5


class Adam:
    """Steps `weights [W]` in place by the moments of its gradients (Kingma and Ba, 2015, in the order of section 2)."""

    def __init__(self, weights: Tensor) -> None:
        self.weights, self.steps = weights, 0
        self.first, self.second = torch.zeros_like(weights), torch.zeros_like(weights)

    def step(self, gradient: Tensor, rate: float) -> None:
        """Take one step down `gradient [W]`."""
        self.steps += 1
        self.first.lerp_(gradient, 1 - _FIRST)
        self.second.mul_(_SECOND).addcmul_(gradient, gradient, value=1 - _SECOND)
        correction = (1 - _SECOND**self.steps) ** 0.5
        deviation = self.second.sqrt().add_(_EPSILON * correction)
        self.weights.addcdiv_(self.first, deviation, value=-rate * correction / (1 - _FIRST**self.steps))

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that the next step depends on."""
        return {"weights": self.weights, "first": self.first, "second": self.second, "steps": torch.tensor(self.steps)}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what `tensors` returned."""
        for name, own in (("weights", self.weights), ("first", self.first), ("second", self.second)):
            own.copy_(tensors[name])
        self.steps = int(tensors["steps"])
