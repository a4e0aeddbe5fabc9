"""Policies as networks: a multilayer perceptron for the policy and one for the value, over flattened observations."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from agents.agent import Policy
from games.draws import key


def _perceptron(sizes: Sequence[int], *, last_gain: float, generator: torch.Generator) -> nn.Sequential:
    layers: list[nn.Module] = []
    for index, (inputs, outputs) in enumerate(zip(sizes[:-1], sizes[1:], strict=True)):
        last = index == len(sizes) - 2
        layer = nn.Linear(inputs, outputs)
        nn.init.orthogonal_(layer.weight, gain=last_gain if last else math.sqrt(2), generator=generator)
        nn.init.zeros_(layer.bias)
        layers += [layer] if last else [layer, nn.ReLU()]
    return nn.Sequential(*layers)


class NetworkPolicy(Policy):
    """Action probabilities and a value from one observation, float32.

    architecture: `inputs` (the size of a flattened observation), `actions` (A), `hidden` (widths, in order) and, where it
    is true, `greedy`: only the most likely action is played. The weights are drawn from `seed`.
    """

    def __init__(self, architecture: dict[str, Any], *, seed: int = 0, device: torch.device | str = "cpu") -> None:
        self.architecture = architecture
        generator = torch.Generator().manual_seed(key(seed, "weights"))
        inputs, hidden, actions = architecture["inputs"], architecture["hidden"], architecture["actions"]
        self.policy = _perceptron([inputs, *hidden, actions], last_gain=0.01, generator=generator).to(device)
        self.value = _perceptron([inputs, *hidden, 1], last_gain=1.0, generator=generator).to(device)

    def log_probabilities(self, observation: Tensor, legal: Tensor) -> Tensor:
        """Return `[n, A]`, minus infinity outside `legal`."""
        return self.policy(observation.flatten(1)).masked_fill(~legal, -torch.inf).log_softmax(-1)

    def values(self, observation: Tensor) -> Tensor:
        """Return the expected further return `[n]` of the seat that sees each observation."""
        return self.value(observation.flatten(1))[:, 0]

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return the masked softmax of the policy's logits, or all on its greatest where the policy is greedy."""
        logits = self.policy(observation.flatten(1)).masked_fill(~legal, -torch.inf)
        if self.architecture.get("greedy"):
            return nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype)
        return logits.softmax(-1)

    def parameters(self) -> list[nn.Parameter]:
        """Return the trainable tensors, the policy's before the value's."""
        return [*self.policy.parameters(), *self.value.parameters()]

    def tensors(self) -> dict[str, Tensor]:
        """Return every weight by name."""
        return {
            f"{part}.{name}": tensor.detach()
            for part, module in (("policy", self.policy), ("value", self.value))
            for name, tensor in module.state_dict().items()
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Copy weights that `tensors` returned, of the same architecture."""
        for part, module in (("policy", self.policy), ("value", self.value)):
            module.load_state_dict({name: tensors[f"{part}.{name}"] for name in module.state_dict()})
