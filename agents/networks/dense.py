"""The dense trunk of a policy-value network: linear layers over a flattened observation, and its hand-written backward.

Both heads are one product of A + 3 outputs, which come first, `[A + 3, n]`: torch's softmax on the CPU is slow over a
short last dimension.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from agents.networks import half_kernels

OUTCOMES = 3
"""A win, a draw and a loss of whoever sees the observation, in this order."""

Weights = dict[str, Tensor]
Backward = Callable[[Tensor, Weights], None]


def rectify(x: Tensor) -> Tensor:
    """Set what is negative in `x` to zero, in place.

    A bfloat16 is negative exactly when the int16 of its bits is, and torch clamps those four times as fast on the CPU.
    """
    if x.dtype == torch.bfloat16 and x.is_cpu:
        x.view(torch.int16).clamp_(min=0)
        return x
    return x.relu_()


_ROWS = 128
"""A product in bfloat16 is prepared anew for each number of rows, which takes longer than it: few numbers are used."""


class Dense:
    """`layers` linear layers of `width` units with rectifiers, then the heads."""

    def __init__(self, architecture: dict[str, Any]) -> None:
        self.inputs = math.prod(architecture["observation"])
        self.widths = [architecture["width"]] * architecture["layers"]
        self.outputs = architecture["actions"] + OUTCOMES
        self.names = [*(f"hidden.{index}" for index in range(len(self.widths))), "heads"]

    @staticmethod
    def chunk(dtype: torch.dtype) -> int:
        """Return how many rows a CPU infers at once: few for its cache, many for what a product costs beforehand."""
        return 4096 if dtype == torch.bfloat16 else 1024

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every trainable tensor."""
        sizes = [self.inputs, *self.widths, self.outputs]
        shapes: dict[str, tuple[int, ...]] = {}
        for name, inputs, outputs in zip(self.names, sizes[:-1], sizes[1:], strict=True):
            shapes |= {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}
        return shapes

    def initialise(self, weights: Weights, generator: torch.Generator) -> None:
        """Draw orthogonal weights; the heads' are small, so that at first all actions and outcomes are alike."""
        for name in self.names:
            gain = 0.01 if name == "heads" else math.sqrt(2)
            nn.init.orthogonal_(weights[f"{name}.weight"], gain=gain, generator=generator)
            weights[f"{name}.bias"].zero_()

    def frozen(self, dtype: torch.dtype, device: torch.device) -> "FrozenDense | HalfDense":
        """Return what infers in `dtype`; it has no weights until `refresh`."""
        if dtype == torch.bfloat16 and device.type == "cpu" and half_kernels.fits():
            return HalfDense(self)
        return FrozenDense(self, dtype, device)

    def forward(self, weights: Weights, observation: Tensor) -> tuple[Tensor, Backward]:
        """Return the outputs `[A + 3, n]` and what adds to the weights' gradients, given the outputs'."""
        hidden = [observation.flatten(1).float()]
        for name in self.names[:-1]:
            weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
            hidden.append(torch.addmm(bias, hidden[-1], weight.t()).relu_())
        outputs = torch.addmm(weights["heads.bias"][:, None], weights["heads.weight"], hidden[-1].t())

        def backward(by_outputs: Tensor, gradient: Weights) -> None:
            by_layer = by_outputs.t()
            for index in reversed(range(len(self.names))):
                name = self.names[index]
                gradient[f"{name}.weight"].addmm_(by_layer.t(), hidden[index])
                gradient[f"{name}.bias"].add_(by_layer.sum(0))
                if index:
                    slope = hidden[index].sign()  # a rectifier's; a mask costs the CPU twenty times as much
                    by_layer = torch.mm(by_layer, weights[f"{name}.weight"]).mul_(slope)

        return outputs, backward

    def stacked(self, weights: Weights, observation: Tensor) -> Tensor:
        """Return `[m, A + 3, S]` for `observation [m, S, *obs]`, given the weights `[m, ...]` of m networks."""
        rows = observation.flatten(2)
        for name in self.names[:-1]:
            bias, weight = weights[f"{name}.bias"][:, None], weights[f"{name}.weight"]
            rows = rectify(torch.baddbmm(bias, rows, weight.mT))
        return torch.baddbmm(weights["heads.bias"][:, :, None], weights["heads.weight"], rows.mT)


class FrozenDense:
    """The dense trunk's weights, cast and laid out for inference.

    bfloat16 on the CPU carries each bias in a column of its weights, against a column of ones in what they multiply:
    a product is cheaper there than a product and a sum.
    """

    def __init__(self, trunk: Dense, dtype: torch.dtype, device: torch.device) -> None:
        self.trunk, self.dtype, self.device = trunk, dtype, device
        self.ones = dtype == torch.bfloat16 and device.type == "cpu"
        self.sizes = [trunk.inputs, *trunk.widths]
        self.padded = [size // 2 * 2 + 2 if self.ones else size for size in self.sizes]
        pairs = list(zip([*trunk.widths, trunk.outputs], self.padded, strict=True))
        self.weights = [torch.zeros(outputs, inputs, dtype=dtype, device=device) for outputs, inputs in pairs]
        self.turned = [weight.t() for weight in self.weights[:-1]]
        self.biases = [torch.empty(outputs, dtype=dtype, device=device) for outputs, _ in pairs]
        self._spaces: list[Tensor] = []

    def refresh(self, weights: Weights) -> None:
        """Take over `weights`, in the same memory as before."""
        for name, own, bias in zip(self.trunk.names, self.weights, self.biases, strict=True):
            weight = weights[f"{name}.weight"]
            own[:, : weight.shape[1]] = weight
            bias.copy_(weights[f"{name}.bias"])
            if self.ones:
                own[:, weight.shape[1]] = bias

    def __call__(self, observation: Tensor) -> Tensor:
        """Return the outputs `[A + 3, n]` in this dtype for `observation [n, *obs]`."""
        rows = observation.flatten(1)
        out = torch.empty((self.trunk.outputs, len(rows)), dtype=self.dtype, device=self.device)
        size = self.trunk.chunk(self.dtype) if self.device.type == "cpu" else len(rows)
        infer = self._with_ones if self.ones else self._with_biases
        if len(rows) <= size:
            infer(rows, out)
        else:
            for chunk, result in zip(rows.split(size), out.split(size, 1), strict=True):
                infer(chunk, result)
        return out

    def _with_biases(self, chunk: Tensor, result: Tensor) -> None:
        chunk = chunk.to(self.dtype)
        spaces = self._room(len(chunk))[1:] if self.device.type == "cpu" else [None] * len(self.turned)
        for turned, bias, space in zip(self.turned, self.biases, spaces, strict=False):
            chunk = rectify(torch.addmm(bias, chunk, turned, out=space))
        torch.addmm(self.biases[-1][:, None], self.weights[-1], chunk.t(), out=result)

    def _with_ones(self, chunk: Tensor, result: Tensor) -> None:
        rows = len(chunk)
        before, *others = self._room(-(-rows // _ROWS) * _ROWS)
        before[:rows, : self.sizes[0]] = chunk
        for turned, size, space in zip(self.turned, self.sizes[1:], others, strict=True):
            torch.mm(before, turned, out=space[:, :size])
            before = rectify(space)
        if len(before) == rows:
            torch.mm(self.weights[-1], before.t(), out=result)
        else:
            result.copy_(torch.mm(self.weights[-1], before.t())[:, :rows])

    def _room(self, rows: int) -> list[Tensor]:
        """Return memory for what each layer reads, `[rows, padded]`, which can be written in any mode."""
        if not self._spaces or len(self._spaces[0]) < rows:
            with torch.inference_mode(False):
                self._spaces = [torch.zeros(rows, width, dtype=self.dtype, device=self.device) for width in self.padded]
            if self.ones:
                for space, size in zip(self._spaces, self.sizes, strict=True):
                    space[:, size] = 1
        return [space[:rows] for space in self._spaces]


class HalfDense:
    """The dense trunk's weights in bfloat16, laid out for `agents.networks.half_kernels`; sums are in float32."""

    def __init__(self, trunk: Dense) -> None:
        half_kernels.prepare()
        lanes, self.trunk = half_kernels.LANES, trunk
        self.widths = np.array([-(-width // lanes) * lanes for width in [*trunk.widths, trunk.outputs]])
        self.inputs = [trunk.inputs, *self.widths[:-1].tolist()]
        pairs = [(inputs + 1) // 2 for inputs in self.inputs]
        sizes = np.array(pairs) * self.widths
        self.places, self.starts = (np.cumsum([0, *part[:-1]]) for part in (sizes, self.widths))
        self.weight, self.bias = np.zeros(sizes.sum(), np.int32), np.zeros(self.widths.sum(), np.float32)
        rows = half_kernels.CHUNK + half_kernels.SPARE
        self.rooms = [np.zeros(rows * max(pairs), np.int32) for _ in range(2)]

    def refresh(self, weights: Weights) -> None:
        """Take over `weights`."""
        layers = zip(self.trunk.names, self.inputs, self.widths, self.places, self.starts, strict=True)
        for name, inputs, width, place, start in layers:
            weight, bias = (weights[f"{name}.{part}"].detach().numpy() for part in ("weight", "bias"))
            own = half_kernels.packed(weight, inputs, int(width))
            self.weight[place : place + own.size] = own.reshape(-1)
            self.bias[start : start + len(bias)] = bias

    def __call__(self, observation: Tensor) -> Tensor:
        """Return the outputs `[A + 3, n]` in float32 for `observation [n, *obs]`."""
        rows, width = len(observation), int(self.widths[-1])
        seen = observation.reshape(-1).float().contiguous().view(torch.int32).numpy()
        out = torch.empty(rows + half_kernels.SPARE, width)
        half_kernels.infer(
            *(seen, rows, self.trunk.inputs, self.widths, self.weight, self.places, self.bias, self.starts),
            *(*self.rooms, out.view(-1).numpy()),
        )
        return out[:rows, : self.trunk.outputs].t()
