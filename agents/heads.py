"""What the outputs of a policy network mean: a distribution over the actions of one kind of game.

Outputs come first, `[K, n]`: torch's softmax on the CPU is slow over a short last dimension.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from games.draws import Draws, sample
from games.game import GameSpec

FORBIDDEN = -1e30
"""Added to the logits of illegal actions: their probability is then zero, and zero times its logarithm is zero too."""

_NEAREST = 1 - 1e-6
"""How near a continuous action may come to its bounds, as a share of the way, before its density is taken."""

_LOG_DEVIATION = (-5.0, 1.0)
"""The range of the logarithm of a continuous action's standard deviation, before it is squashed."""


class Head(ABC):
    """Reads K outputs as a distribution over actions."""

    outputs: int

    @abstractmethod
    def sample(self, outputs: Tensor, *, temperature: float, draws: Draws, seats: Tensor) -> Tensor:
        """Draw an action for each of n seats from its game's numbers: `[n, *action_shape]`."""

    @abstractmethod
    def evaluate(self, outputs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logarithm of the actions' probabilities or densities, and the entropies, each `[n]`."""


class Choice(Head):
    """One of A choices; the outputs are logits."""

    def __init__(self, actions: int) -> None:
        self.outputs = actions

    def probabilities(self, outputs: Tensor, temperature: float) -> Tensor:
        """Return `[n, A]`; at temperature 0 only the most likely action has any."""
        if temperature == 0.0:
            return one_hot(outputs.argmax(0), len(outputs)).to(outputs.dtype)
        return (outputs if temperature == 1.0 else outputs / temperature).softmax(0).t()

    def sample(self, outputs: Tensor, *, temperature: float, draws: Draws, seats: Tensor) -> Tensor:
        """Draw from the softmax of the logits: `[n]` int64."""
        return sample(self.probabilities(outputs, temperature), draws.uniform(seats))

    def evaluate(self, outputs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return log probabilities and entropies `[n]`."""
        log_probability = outputs.log_softmax(0)
        entropy = -(log_probability.exp() * log_probability).sum(0)
        return log_probability.gather(0, actions[None])[0], entropy


class Choices(Head):
    """Several independent choices; the logits of each part stand end to end."""

    def __init__(self, parts: Sequence[int]) -> None:
        self.parts, self.outputs = [Choice(part) for part in parts], sum(parts)

    def sample(self, outputs: Tensor, *, temperature: float, draws: Draws, seats: Tensor) -> Tensor:
        """Draw every part by itself: `[n, parts]` int64."""
        chosen = [
            sample(part.probabilities(logits, temperature), draws.uniform(seats, draw))
            for draw, (part, logits) in enumerate(self._split(outputs))
        ]
        return torch.stack(chosen, 1)

    def evaluate(self, outputs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return the sums over the parts `[n]`."""
        each = [part.evaluate(logits, actions[:, i]) for i, (part, logits) in enumerate(self._split(outputs))]
        log_probabilities, entropies = zip(*each, strict=True)
        return torch.stack(log_probabilities).sum(0), torch.stack(entropies).sum(0)

    def _split(self, outputs: Tensor) -> list[tuple[Choice, Tensor]]:
        return list(zip(self.parts, outputs.split([part.outputs for part in self.parts]), strict=True))


class Squashed(Head):
    """Numbers within bounds: a normal distribution, squashed by the hyperbolic tangent (Haarnoja et al., 2018, C).

    The outputs are the means and then the logarithms of the standard deviations. The entropy returned is that of the
    normal distribution: of the squashed one there is no closed form, and both grow together.
    """

    def __init__(self, bounds: Sequence[Sequence[float]]) -> None:
        self.outputs = 2 * len(bounds)
        low, high = torch.tensor([list(pair) for pair in bounds], dtype=torch.float32).T
        self._middle, self._reach = (low + high) / 2, (high - low) / 2

    def _read(self, outputs: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return mean and log deviation `[n, k]`, and the bounds' middles and half widths `[k]`."""
        mean, log_deviation = outputs.t().chunk(2, 1)
        low, high = _LOG_DEVIATION
        log_deviation = low + (high - low) * torch.sigmoid(log_deviation)
        return mean, log_deviation, self._middle.to(outputs.device), self._reach.to(outputs.device)

    def sample(self, outputs: Tensor, *, temperature: float, draws: Draws, seats: Tensor) -> Tensor:
        """Draw from the normal distribution and squash: `[n, k]` float32."""
        mean, log_deviation, middle, reach = self._read(outputs)
        noise = [_normal(draws, seats, number) for number in range(mean.shape[1])]
        drawn = mean + temperature * log_deviation.exp() * torch.stack(noise, 1).float()
        return torch.minimum(torch.maximum(middle + reach * drawn.tanh(), middle - reach), middle + reach)

    def evaluate(self, outputs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor]:
        """Return log densities and the normal distribution's entropies `[n]`."""
        mean, log_deviation, middle, reach = self._read(outputs)
        share = ((actions - middle) / reach).clamp(-_NEAREST, _NEAREST)
        distance = (share.atanh() - mean) / log_deviation.exp()
        log_normal = -0.5 * distance.square() - log_deviation - 0.5 * math.log(2 * math.pi)
        log_slope = (reach * (1 - share.square())).log()
        entropy = log_deviation + 0.5 * math.log(2 * math.pi * math.e)
        return (log_normal - log_slope).sum(1), entropy.sum(1)


def _normal(draws: Draws, seats: Tensor, number: int) -> Tensor:
    """Draw a standard normal float64 `[n]` (Box and Muller, 1958)."""
    radius = (-2 * (1 - draws.uniform(seats, 2 * number)).log()).sqrt()
    return radius * (2 * math.pi * draws.uniform(seats, 2 * number + 1)).cos()


def kind_of(spec: GameSpec) -> dict[str, Any]:
    """Return what an architecture says of a game's actions."""
    said: dict[str, Any] = {"actions": spec.actions}
    if spec.parts:
        said["parts"] = list(spec.parts)
    if spec.bounds:
        said["bounds"] = [list(pair) for pair in spec.bounds]
    return said


def head_of(architecture: dict[str, Any]) -> Head:
    """Return the head of a network."""
    if "parts" in architecture:
        return Choices(architecture["parts"])
    if "bounds" in architecture:
        return Squashed(architecture["bounds"])
    return Choice(architecture["actions"])
