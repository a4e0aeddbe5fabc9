"""Several networks of one architecture, asked as a single batched product: what a round of matches between them needs.

The rows of each network are laid side by side, `[m, S, *obs]`, in slabs of S rows a network, and a slab is one product
a layer: `baddbmm` where the trunk is dense, a grouped convolution where it is residual. A network that has no rows
left for a slab takes no part in it, so that uneven shares cost little. The answers are those of each network alone, up
to the rounding of its products. It pays where networks have few rows each; a few networks with hundreds of rows each
are asked as fast one by one.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from agents.agent import AgentError
from agents.networks.answers import answers
from agents.networks.dense import Weights
from agents.networks.policy_value import PolicyValueNetwork, refuse_dtype, refuse_misshapen


class Stack:
    """m frozen networks: later changes of the networks' weights do not reach it.

    Raises:
        AgentError: when there are none, or their architectures differ in more than the temperature.
    """

    def __init__(self, networks: Sequence[PolicyValueNetwork]) -> None:
        kinds = [{**network.architecture, "temperature": 1.0} for network in networks]
        if not kinds or any(kind != kinds[0] for kind in kinds):
            came = "none" if not kinds else "others"
            raise AgentError(f"networks of one architecture can be asked together, and {came} came: ask each by itself")
        self.first = networks[0]
        self.weights = torch.stack([network.weights for network in networks])
        self._cast: dict[torch.dtype, Weights] = {}

    def __len__(self) -> int:
        return len(self.weights)

    @torch.no_grad()
    def infer(
        self,
        observation: Tensor,
        owner: Tensor,
        *,
        dtype: torch.dtype = torch.float32,
        out: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the logits `[n, A]` and values `[n]` that the network `owner [n]` gives `observation [n, *obs]`.

        `owner` is int64 from 0 to m - 1. How many rows each network has is read back from the device.
        """
        refuse_misshapen(observation, self.first.observation)
        if out is None:
            empty = self.weights.new_empty
            out = empty(len(observation), self.first.actions), empty(len(observation))
        self._refuse_strange(owner)
        slabs, taken, position = self._lay(owner, self.first.trunk.chunk(dtype))
        laid = observation.index_select(0, taken).to(dtype)
        parts = [laid.new_empty(0, self.first.trunk.outputs)]
        for part, (present, rows) in zip(laid.split([len(p) * rows for p, rows in slabs]), slabs, strict=True):
            parts.append(self._outputs(part.unflatten(0, (-1, rows)), present, dtype).mT.flatten(0, 1))
        return answers(torch.cat(parts).index_select(0, position).t(), out)

    def _lay(self, owner: Tensor, most: int) -> tuple[list[tuple[Tensor, int]], Tensor, Tensor]:
        """Lay the n rows out in slabs of about `most` places.

        Return the networks `[g]` of each slab and S, its rows a network; which of the n rows is in each place of all
        slabs, padding being any of them; and the place of each `[n]`.
        """
        device, order = owner.device, owner.argsort(stable=True)
        counts = torch.bincount(owner, minlength=len(self))
        starts = counts.cumsum(0) - counts
        host = counts.cpu()
        slabs, taken, firsts, begins, begin, laid = [], [], [], [], 0, 0
        while begin < host.max():
            present = (host > begin).nonzero()[:, 0]
            left = int(host.max()) - begin
            rows = math.ceil(left / math.ceil(left * len(present) / most))
            place = torch.full((len(self),), -1).index_copy(0, present, laid + rows * torch.arange(len(present)))
            firsts.append(place - begin)
            begins.append(begin)
            present = present.to(device)
            within = torch.arange(begin, begin + rows, device=device)
            taken.append((starts[present, None] + within).flatten().clamp(max=len(order) - 1))
            slabs.append((present, rows))
            begin, laid = begin + rows, laid + rows * len(present)
        if not slabs:
            return [], order, order
        mine = owner[order]
        rank = torch.arange(len(order), device=device) - starts[mine]
        slab = torch.bucketize(rank, torch.tensor(begins, device=device), right=True) - 1
        position = torch.empty_like(order)
        position[order] = torch.stack(firsts).to(device)[slab, mine] + rank
        return slabs, order[torch.cat(taken)], position

    def _refuse_strange(self, owner: Tensor) -> None:
        if len(owner) == 0:
            return
        least, most = (int(end) for end in owner.aminmax())
        if least < 0 or most >= len(self):
            raise AgentError(
                f"this stack holds the networks 0 to {len(self) - 1}, but {least if least < 0 else most} was asked: "
                "stack that one too"
            )

    def _outputs(self, observation: Tensor, present: Tensor, dtype: torch.dtype) -> Tensor:
        """Return `[g, A + 3, S]` of the networks `present [g]` for `observation [g, S, *obs]`."""
        if dtype not in self._cast:
            refuse_dtype(dtype)
            self._cast[dtype] = self.first.views(self.weights.to(dtype))
        weights = self._cast[dtype]
        if len(present) < len(self):
            weights = {name: weight[present] for name, weight in weights.items()}
        return self.first.trunk.stacked(weights, observation)
