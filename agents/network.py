"""Policies as networks: a multilayer perceptron for the policy and one for the value, over flattened observations."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from agents.agent import AgentError, Policy
from agents.heads import FORBIDDEN, Choice, head_of
from games.draws import key
from games.turn import Turn

_CHUNK = 1024
"""Rows that a CPU infers at once: their activations stay in its cache."""


def _perceptron(sizes: Sequence[int], *, last_gain: float, generator: torch.Generator) -> nn.Sequential:
    layers: list[nn.Module] = []
    for index, (inputs, outputs) in enumerate(pairwise(sizes)):
        last = index == len(sizes) - 2
        layer = nn.Linear(inputs, outputs)
        nn.init.orthogonal_(layer.weight, gain=last_gain if last else math.sqrt(2), generator=generator)
        nn.init.zeros_(layer.bias)
        layers += [layer] if last else [layer, nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _infer(network: nn.Sequential, rows: Tensor) -> Tensor:
    """Apply a network to `rows [n, m]`; return its outputs first, `[k, n]`."""
    if rows.device.type != "cpu" or torch.is_grad_enabled():
        return network(rows).t()
    *hidden, last = (layer for layer in network if isinstance(layer, nn.Linear))
    out = rows.new_empty(last.out_features, len(rows))
    spaces = [rows.new_empty(min(_CHUNK, len(rows)), layer.out_features) for layer in hidden]
    for chunk, result in zip(rows.split(_CHUNK), out.split(_CHUNK, 1), strict=True):
        for layer, space in zip(hidden, spaces, strict=True):
            chunk = torch.addmm(layer.bias, chunk, layer.weight.t(), out=space[: len(chunk)]).relu_()
        torch.addmm(last.bias[:, None], last.weight, chunk.t(), out=result)
    return out


class NetworkPolicy(Policy):
    """A distribution over actions and a value from one observation, float32.

    architecture: `inputs` (the size of a flattened observation), `actions` (A, and for other kinds of actions `parts`
    or `bounds`, as in `GameSpec`), `hidden` (widths, in order) and `temperature`, which divides the logits, or
    multiplies the standard deviations (1 where it is absent; at 0 only the most likely action is played). The weights
    are drawn from `seed`.
    """

    def __init__(self, architecture: dict[str, Any], *, seed: int = 0, device: torch.device | str = "cpu") -> None:
        self.architecture, self.head = architecture, head_of(architecture)
        generator = torch.Generator().manual_seed(key(seed, "weights"))
        inputs, hidden = architecture["inputs"], architecture["hidden"]
        self.policy = _perceptron([inputs, *hidden, self.head.outputs], last_gain=0.01, generator=generator).to(device)
        self.value = _perceptron([inputs, *hidden, 1], last_gain=1.0, generator=generator).to(device)

    @property
    def temperature(self) -> float:
        """What divides the logits, or multiplies the standard deviations of continuous actions."""
        return self.architecture.get("temperature", 1.0)

    def values(self, observation: Tensor) -> Tensor:
        """Return the expected further return `[n]` of the seat that sees each observation."""
        return _infer(self.value, observation.flatten(1))[0]

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return the masked softmax of the policy's logits at its temperature, where an action is one choice."""
        if not isinstance(self.head, Choice):
            raise AgentError("a policy over several choices or continuous actions has no table of probabilities")
        return self.head.probabilities(self.outputs(observation, legal), self.temperature)

    def act(self, turn: Turn) -> Tensor:
        """Sample an action in each pair from the game's own random numbers: `[n, *action_shape]`."""
        outputs = self.outputs(turn.observation, turn.legal)
        return self.head.sample(outputs, temperature=self.temperature, draws=turn.draws, seats=turn.seats)

    def outputs(self, observation: Tensor, legal: Tensor) -> Tensor:
        """Return what the head reads, `[K, n]`: logits are about -1e30 outside `legal`."""
        outputs = _infer(self.policy, observation.flatten(1))
        if "bounds" in self.architecture:
            return outputs
        return torch.add(outputs, ~legal.t(), alpha=FORBIDDEN).contiguous()

    def parameters(self) -> list[nn.Parameter]:
        """Return the trainable tensors, the policy's before the value's."""
        return [*self.policy.parameters(), *self.value.parameters()]

    def flatten(self) -> Tensor:
        """Lay all trainable tensors into one, `[W]`, of which they are views from now on, and return it."""
        parameters = self.parameters()
        whole = torch.cat([parameter.detach().flatten() for parameter in parameters])
        parts = whole.split([parameter.numel() for parameter in parameters])
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.data = part.view_as(parameter)
        return whole

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
