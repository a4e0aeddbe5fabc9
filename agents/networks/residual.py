"""The residual trunk of a policy-value network: 3x3 convolutions over planes `[C, H, W]`, without normalisation.

The blocks are those of He et al. (2016, figure 2). In place of batch normalisation each block's second convolution
starts at zero and its first is scaled down by the root of the number of blocks (Zhang, Dauphin and Ma, "Fixup
initialization", 2019), so what is trained is what plays: there are no statistics to keep, to fold or to resume, and a
batch may be small. The heads follow Silver et al. (2017): a 1x1 convolution each, then linear layers.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from agents.networks.dense import OUTCOMES, Backward, Weights, rectify

_FILTERS, _HIDDEN = 16, 64
"""The filters of each head, and the units of the value's hidden layer."""


class Residual:
    """A convolution, `blocks` residual blocks of `channels` channels, then the heads."""

    def __init__(self, architecture: dict[str, Any]) -> None:
        self.planes, self.height, self.width = architecture["observation"]
        self.blocks, self.channels = architecture["blocks"], architecture["channels"]
        self.actions = architecture["actions"]
        self.outputs = self.actions + OUTCOMES

    @staticmethod
    def chunk(dtype: torch.dtype) -> int:
        """Return how many rows a CPU infers at once, in any `dtype`: few enough for its cache."""
        return 256

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every trainable tensor."""
        wide, features = self.channels, _FILTERS * self.height * self.width
        kernels: dict[str, tuple[int, ...]] = {"stem": (wide, self.planes, 3, 3)}
        for block in range(self.blocks):
            kernels |= {f"block.{block}.first": (wide, wide, 3, 3), f"block.{block}.second": (wide, wide, 3, 3)}
        kernels |= {"heads": (2 * _FILTERS, wide, 1, 1), "policy": (self.actions, features)}
        kernels |= {"value.hidden": (_HIDDEN, features), "value.last": (OUTCOMES, _HIDDEN)}
        shapes: dict[str, tuple[int, ...]] = {}
        for name, shape in kernels.items():
            shapes |= {f"{name}.weight": shape, f"{name}.bias": shape[:1]}
        return shapes

    def initialise(self, weights: Weights, generator: torch.Generator) -> None:
        """Draw weights so that each block starts as the identity, and all actions and outcomes are alike at first."""
        for name in self.shapes:
            if name.endswith((".bias", ".second.weight")):
                weights[name].zero_()
                continue
            nn.init.kaiming_normal_(weights[name], nonlinearity="relu", generator=generator)
            if name.endswith(".first.weight"):
                weights[name] /= math.sqrt(self.blocks)
            elif name in ("policy.weight", "value.last.weight"):
                weights[name] *= 0.01

    def frozen(self, dtype: torch.dtype, device: torch.device) -> "FrozenResidual":
        """Return what infers in `dtype`; it has no weights until `refresh`."""
        return FrozenResidual(self, dtype, device)

    def forward(self, weights: Weights, observation: Tensor) -> tuple[Tensor, Backward]:
        """Return the outputs `[A + 3, n]` and what adds to the weights' gradients, given the outputs'."""
        with torch.enable_grad():
            leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
            outputs = self.outputs_of(leaves, observation.float())

        def backward(by_outputs: Tensor, gradient: Weights) -> None:
            parts = torch.autograd.grad(outputs, list(leaves.values()), by_outputs)
            for name, part in zip(leaves, parts, strict=True):
                gradient[name].add_(part)

        return outputs.detach(), backward

    def stacked(self, weights: Weights, observation: Tensor) -> Tensor:
        """Return `[m, A + 3, S]` for `observation [m, S, C, H, W]`, given the weights `[m, ...]` of m networks."""
        networks = len(observation)
        side_by_side = {name: weight.flatten(0, 1) for name, weight in weights.items()}
        outputs = self.outputs_of(side_by_side, observation.transpose(0, 1).flatten(1, 2), groups=networks)
        return outputs.unflatten(0, (networks, self.outputs))

    def outputs_of(self, weights: Weights, observation: Tensor, *, groups: int = 1) -> Tensor:
        """Return `[A + 3, n]` for `observation [n, C, H, W]` in the weights' dtype.

        groups: m networks side by side, their channels and their weights end to end; then `[m (A + 3), n]`.
        """

        def convolve(x: Tensor, name: str) -> Tensor:
            weight = weights[f"{name}.weight"]
            return conv2d(x, weight, weights[f"{name}.bias"], padding=weight.shape[-1] // 2, groups=groups)

        x = rectify(convolve(observation.contiguous(memory_format=torch.channels_last), "stem"))
        for block in range(self.blocks):
            inner = rectify(convolve(x, f"block.{block}.first"))
            x = rectify(convolve(inner, f"block.{block}.second").add_(x))
        features = rectify(convolve(x, "heads"))
        return self._heads(weights, features, groups)

    def _heads(self, weights: Weights, features: Tensor, groups: int) -> Tensor:
        """Return `[m (A + 3), n]` for the filters' outputs `[n, m 2F, H, W]`, the policy's before the value's."""
        policy, value = features.unflatten(1, (groups, 2, -1)).permute(2, 1, 0, 3, 4, 5).flatten(3)  # [m, n, F H W]

        def linear(rows: Tensor, name: str) -> Tensor:
            weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
            weight, bias = weight.view(groups, -1, weight.shape[-1]), bias.view(groups, -1, 1)
            return torch.baddbmm(bias, weight, rows.transpose(1, 2))  # [m, outputs, n]

        hidden = rectify(linear(value, "value.hidden")).transpose(1, 2)
        return torch.cat([linear(policy, "policy"), linear(hidden, "value.last")], 1).flatten(0, 1)


class FrozenResidual:
    """The residual trunk's weights, cast and laid out for inference."""

    def __init__(self, trunk: Residual, dtype: torch.dtype, device: torch.device) -> None:
        self.trunk, self.dtype = trunk, dtype
        self.weights = {
            name: torch.empty(shape, dtype=dtype, device=device).contiguous(
                memory_format=torch.channels_last if len(shape) == 4 else torch.contiguous_format
            )
            for name, shape in trunk.shapes.items()
        }

    def refresh(self, weights: Weights) -> None:
        """Take over `weights`, in the same memory as before."""
        for name, own in self.weights.items():
            own.copy_(weights[name])

    def __call__(self, observation: Tensor) -> Tensor:
        """Return the outputs `[A + 3, n]` in this dtype for `observation [n, C, H, W]`."""
        size = self.trunk.chunk(self.dtype) if observation.is_cpu else max(1, len(observation))
        parts = [self.trunk.outputs_of(self.weights, part.to(self.dtype)) for part in observation.split(size)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)
