"""Networks with two heads, for search: a policy, and how likely a win, a draw and a loss are (Silver et al., 2017).

The three outcomes are those of whoever sees the observation. In a game whose returns are not -1, 0 and 1 they are
read as returns divided by the greatest size of one: the value, p(win) - p(loss), is then the expected share of it.
"""

import math
from functools import partial
from typing import Any

import torch
from torch import Tensor

from agents.agent import AgentError, Policy
from agents.heads import FORBIDDEN, Choice
from agents.networks.answers import answers
from agents.networks.architecture import checked
from agents.networks.dense import OUTCOMES, Dense, FrozenDense, HalfDense
from agents.networks.residual import FrozenResidual, Residual
from games.draws import key

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
"""What a network infers in."""

_LESSON = 512
"""Rows that a CPU learns from at once: what lies between the layers stays in its cache."""

Frozen = FrozenDense | HalfDense | FrozenResidual
"""A trunk's weights, laid out for inference."""


def outcomes_of(returns: Tensor, *, scale: float = 1.0) -> Tensor:
    """Return the training targets `[n, 3]` of `returns [n]`: a distribution over (1, 0, -1) whose mean is the return.

    scale: the greatest size of a return of the game. What lies between two outcomes is spread over them.
    """
    share = (returns / scale).float().clamp(-1.0, 1.0)
    return torch.stack([share.clamp(min=0.0), 1.0 - share.abs(), (-share).clamp(min=0.0)], 1)


class PolicyValueNetwork(Policy):
    """A distribution over actions and over outcomes from one observation.

    architecture: plain JSON. `kind` is "dense" (with `layers` and `width`, over flattened observations) or "residual"
    (with `blocks` and `channels`, over planes `[C, H, W]`); `observation` is the shape of one, `actions` is A, and
    `temperature` divides the logits where it plays by itself (1 where it is absent; at 0 only the most likely action
    is played, of equal ones the lowest). The weights are drawn from `seed`, or where that is None, zero.

    All weights are float32 in one tensor, `flatten()`; whoever writes there, in place and by torch, is noticed. Calls
    share memory for what lies between the layers, so a network is asked by one thread at a time.

    Raises:
        AgentError: when the architecture is not one.
    """

    def __init__(
        self, architecture: dict[str, Any], *, seed: int | None = 0, device: torch.device | str = "cpu"
    ) -> None:
        self.architecture = checked(architecture)
        self.trunk = trunk_of(self.architecture)
        self.observation, self.actions = tuple(architecture["observation"]), architecture["actions"]
        weights = torch.zeros(sum(map(math.prod, self.trunk.shapes.values())))
        if seed is not None:
            self.trunk.initialise(self.views(weights), torch.Generator().manual_seed(key(seed, "weights")))
        self.weights = weights.to(device)
        self.named = self.views(self.weights)
        self._frozen: dict[torch.dtype, tuple[int, Frozen]] = {}

    @classmethod
    def of(
        cls, architecture: dict[str, Any], tensors: dict[str, Tensor], *, device: torch.device | str = "cpu"
    ) -> "PolicyValueNetwork":
        """Return the network that `tensors()` and its architecture tell of; nothing is built unless they agree.

        Raises:
            AgentError: when the architecture is not one, or the tensors are another's.
        """
        refuse_foreign(trunk_of(checked(architecture)).shapes, tensors)
        network = cls(architecture, seed=None, device=device)
        network.load(tensors)
        return network

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle the weights alone: views of one tensor would come back as tensors of their own."""
        return partial(PolicyValueNetwork.of, device=self.weights.device), (self.architecture, self.tensors())

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """Return the parts of `flat [..., W]`, laid out as the weights are, by name: `[..., *shape]`."""
        shapes = self.trunk.shapes
        parts = flat.split([math.prod(shape) for shape in shapes.values()], -1)
        return {name: part.unflatten(-1, shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}

    @property
    def temperature(self) -> float:
        """What divides the logits where the network plays by itself."""
        return self.architecture.get("temperature", 1.0)

    @property
    def version(self) -> int:
        """A number that grows with every change of the weights: answers of another version are out of date."""
        return self.weights._version

    def infer(
        self, observation: Tensor, *, dtype: torch.dtype = torch.float32, out: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the logits `[n, A]` and values `[n]` in [-1, 1], float32, for `observation [n, *obs]`.

        Computed in `dtype`, of float32 weights that are cast once and kept until they change; bfloat16 costs the CPU
        less only in batches of hundreds. `out` is where the answers are written.

        Raises:
            AgentError: when the observations are not of the network's shape.
        """
        outputs = self.outputs(observation, dtype=dtype)
        if out is None:
            empty = self.weights.new_empty
            out = empty(len(observation), self.actions), empty(len(observation))
        return answers(outputs, out)

    def outputs(self, observation: Tensor, *, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return what both heads read, `[A + 3, n]`, `dtype` or finer: actions' logits, then win, draw, loss."""
        refuse_misshapen(observation, self.observation)
        version, frozen = self._frozen.get(dtype) or (-1, self._freeze(dtype))
        if version != self.weights._version:
            frozen.refresh(self.named)
            self._frozen[dtype] = self.weights._version, frozen
        return frozen(observation)

    def _freeze(self, dtype: torch.dtype) -> Frozen:
        refuse_dtype(dtype)
        with torch.inference_mode(False):
            return self.trunk.frozen(dtype, self.weights.device)

    def wdl(self, observation: Tensor) -> Tensor:
        """Return the probabilities `[n, 3]` of a win, a draw and a loss of whoever sees each observation."""
        return self.outputs(observation)[self.actions :].softmax(0).t().contiguous()

    def values(self, observation: Tensor) -> Tensor:
        """Return the expected return `[n]` of the seat that sees each, as a share of the greatest size of one."""
        return self.infer(observation)[1]

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return the masked softmax of the policy's logits at its temperature."""
        logits = self.outputs(observation)[: self.actions]
        masked = torch.add(logits, ~legal.t(), alpha=FORBIDDEN)
        return Choice(self.actions).probabilities(masked, self.temperature)

    @torch.no_grad()
    def losses(
        self,
        observation: Tensor,
        legal: Tensor,
        policy_target: Tensor,
        wdl_target: Tensor,
        *,
        value_weight: float = 1.0,
        gradient: Tensor | None = None,
        whole: tuple[Tensor, int] | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return the policy's and the value's cross-entropies and the gradient `[W]` of their weighted sum.

        `observation [n, *obs]`, `legal [n, A]` bool, `policy_target [n, A]` (zero outside `legal`, adding up to one,
        or to zero where a row teaches no policy), `wdl_target [n, 3]` (`outcomes_of`). The policy's is the mean over
        the rows that teach one, the value's over all; the gradient is in the order of `flatten()` and is written to
        `gradient` where that is given. `whole` is for the parts of a batch, whose losses and gradients add up to its
        own: how many rows of the batch teach a policy, and how many there are.
        """
        refuse_misshapen(observation, self.observation)
        gradient = torch.empty_like(self.weights) if gradient is None else gradient
        parts = self.views(gradient.zero_())
        policy, value = self.weights.new_zeros(2)
        teaching, count = whole or (policy_target.sum(), len(observation))
        teaching, count = teaching.clamp(min=1.0), max(1, count)
        size = _LESSON if observation.is_cpu else count
        columns = (observation, legal, policy_target, wdl_target)
        for seen, allowed, search, result in zip(*(column.split(size) for column in columns), strict=True):
            outputs, backward = self.trunk.forward(self.named, seen)
            logits, outcomes = outputs.split([self.actions, OUTCOMES])
            by_outputs = torch.empty_like(outputs)
            by_logits, by_outcomes = by_outputs.split([self.actions, OUTCOMES])
            masked = torch.add(logits, ~allowed.t(), alpha=FORBIDDEN)
            policy += _cross_entropy(masked, search.t(), gradient=by_logits) / teaching
            value += _cross_entropy(outcomes, result.t(), gradient=by_outcomes) / count
            by_logits /= teaching
            by_outcomes *= value_weight / count
            backward(by_outputs, parts)
        return policy, value, gradient

    def parameters(self) -> list[Tensor]:
        """Return the trainable tensors, views of `flatten()`."""
        return list(self.named.values())

    def flatten(self) -> Tensor:
        """Return the one tensor `[W]` that all trainable ones are views of."""
        return self.weights

    def tensors(self) -> dict[str, Tensor]:
        """Return every weight by name."""
        return dict(self.named)

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Copy weights that `tensors` returned, of the same architecture.

        Raises:
            AgentError: when their names or shapes are not this network's; nothing is changed then.
        """
        refuse_foreign(self.trunk.shapes, tensors)
        for name, own in self.named.items():
            own.copy_(tensors[name])


def trunk_of(architecture: dict[str, Any]) -> Dense | Residual:
    """Return what computes the outputs of a network of that checked architecture."""
    return Dense(architecture) if architecture["kind"] == "dense" else Residual(architecture)


def refuse_dtype(dtype: torch.dtype) -> None:
    """Raise `AgentError` unless networks infer in `dtype`."""
    if dtype not in DTYPES:
        known = ", ".join(str(one).removeprefix("torch.") for one in DTYPES)
        raise AgentError(f"a network infers in one of {known}, not in {dtype}: ask for one of those")


def refuse_misshapen(observation: Tensor, shape: tuple[int, ...]) -> None:
    """Raise `AgentError` unless each of `observation [n, *obs]` has that shape."""
    if observation.shape[1:] != shape:
        raise AgentError(
            f"this network sees observations of shape {list(shape)}, but {list(observation.shape[1:])} came: "
            "play the game that it was trained for"
        )


def refuse_foreign(shapes: dict[str, tuple[int, ...]], tensors: dict[str, Tensor]) -> None:
    """Raise `AgentError` unless `tensors` are float32 and have just these names and shapes."""
    for name in sorted({*shapes, *tensors}):
        came, wanted = tensors.get(name), shapes.get(name)
        if came is None or wanted is None or tuple(came.shape) != tuple(wanted) or came.dtype != torch.float32:
            what = "nothing" if came is None else f"{list(came.shape)} of {str(came.dtype).removeprefix('torch.')}"
            need = "no such tensor" if wanted is None else f"{list(wanted)} of float32"
            raise AgentError(
                f"the weights do not fit the architecture: as {name} it has {need}, and {what} came: "
                "use weights of the same architecture"
            )


def _cross_entropy(logits: Tensor, target: Tensor, *, gradient: Tensor) -> Tensor:
    """Return the sum of the cross-entropies of the columns of `target [k, n]`, and write its gradient.

    By the logits it is total(target) softmax(logits) - target, column by column.
    """
    log_probability = logits.log_softmax(0)
    torch.exp(log_probability, out=gradient).mul_(target.sum(0)).sub_(target)
    return -(target * log_probability).sum()
