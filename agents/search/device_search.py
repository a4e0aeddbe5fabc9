"""Search in native games on a GPU: the trees, the game and the network stay there, a step of all trees is one launch.

Trees take their simulations in step. Each is a move down the trees, the rules of the game as torch runs them, a new
node, the network, and the way back up: recorded once as a CUDA graph, and repeated. Only the roots come to the host,
for their noise and for what was found, where logarithms are the same wherever a search runs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.agent import AgentError
from agents.search.kernels import COUNT, REPAY, WAITING, Plan
from agents.search.search import Evaluate, Search, SearchConfig
from agents.search.tree import ILLEGAL, NONE, Trees
from agents.zoo.lookahead import Positions, words_of
from games.native import NativeGame


@dataclass
class _Forest:
    """What the kernels work on, B trees with room for N nodes; nothing of it moves, since a graph knows where it is.

    records `[B, N, size]` int32, words `[B, N, W]` int64, used `[B]` int32: see `agents.search.tree.Trees`. going,
    node, way, done, budget, found, spoilt `[B]` int32: see `agents.search.device_kernels`. asked `[B, L]` int32: the
    nodes that a tree's questions are about, and seen `[B, L, *obs]` float32: what is seen there. schedule `[K, N]`
    int32, kind `[B]` int64, settings float32 and drawn `[B, A]` float32: of the plan; best `[2]` float32.
    """

    records: Tensor
    words: Tensor
    used: Tensor
    going: Tensor
    node: Tensor
    way: Tensor
    done: Tensor
    budget: Tensor
    found: Tensor
    asked: Tensor
    spoilt: Tensor
    seen: Tensor
    schedule: Tensor
    kind: Tensor
    settings: Tensor
    drawn: Tensor
    best: Tensor


class DeviceSearch(Search):
    """Searches positions of a native game on `device`.

    Raises:
        AgentError: where Triton is not installed.
    """

    goes_on = False

    def __init__(
        self, game: NativeGame, evaluate: Evaluate, config: SearchConfig, *, device: torch.device | str = "cuda"
    ) -> None:
        self._native, self.device = game, torch.device(device)
        try:
            from agents.search import device_kernels
        except ImportError:
            raise AgentError(
                "searching on a GPU needs Triton, which is not installed: pip install triton, or search on the CPU"
            ) from None
        self._kernels = device_kernels
        self._forest: _Forest | None = None
        self._replay: Callable[[], None] | None = None
        super().__init__(game, evaluate, config)

    def _room(self, trees: int, nodes: int) -> Trees:
        return super()._room(trees, 1)

    def reserve(self, trees: int, nodes: int, *, keep: bool = False) -> None:
        """Make room for trees: for a power of two of them, so that one graph serves many numbers."""
        room = max(self._kernels.TREES, 1 << max(0, trees - 1).bit_length())
        if self._forest is None or self._forest.records.shape[0] != room or self._forest.records.shape[1] < nodes:
            self._forest = self._replay = None
            self._trees = self._room(room, 1)
            self._forest = self._planted(room, nodes)

    def _planted(self, trees: int, nodes: int) -> _Forest:
        layout, leaves, parts = self._trees.layout, self.config.leaves, len(self._native.rules.start)

        def ints(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.int32, device=self.device)

        def longs(*shape: int) -> Tensor:
            return torch.zeros(shape, dtype=torch.int64, device=self.device)

        return _Forest(
            records=torch.empty(trees, nodes, layout.size, dtype=torch.int32, device=self.device),
            words=longs(trees, nodes, parts),
            used=ints(trees),
            going=ints(trees),
            node=ints(trees),
            way=ints(trees),
            done=ints(trees),
            budget=ints(trees),
            found=ints(trees),
            asked=ints(trees, leaves),
            spoilt=ints(trees),
            seen=torch.zeros(trees, leaves, *self.game.spec.observation_shape, device=self.device),
            schedule=ints(4 * layout.width, nodes),
            kind=longs(trees),
            settings=torch.zeros(nodes + 2, device=self.device),
            drawn=torch.zeros(trees, layout.width, device=self.device),
            best=torch.from_numpy(self._trees.best).to(self.device),
        )

    @property
    def _planned(self) -> _Forest:
        assert self._forest is not None
        return self._forest

    def _begin(self, positions: Positions, slots: NDArray[np.int64], budget: NDArray[np.int32]) -> Plan:
        forest, layout, count = self._planned, self._trees.layout, len(slots)
        words, seats = torch.from_numpy(words_of(positions.state)).to(self.device), positions.seats.to(self.device)
        legal = self._native.legal_in_torch(words, seats)
        record = torch.zeros(count, layout.size, dtype=torch.int32, device=self.device)
        record[:, layout.child : layout.length] = ILLEGAL
        record[:, layout.child : layout.child + legal.shape[1]].masked_fill_(legal, NONE)
        record[:, layout.through], record[:, layout.seat], record[:, layout.edge] = WAITING, seats.int(), -1
        forest.records[:count, 0], forest.words[:count, 0] = record, words
        for column in (forest.going, forest.done, forest.budget, forest.found, forest.asked, forest.spoilt):
            column.zero_()
        forest.used.fill_(1)
        forest.found[:count] = 1
        forest.seen[:count, 0] = self._native.seen_in_torch(words, seats)
        self._take()
        self._fetch()
        return self._plan(slots, budget)

    def _fetch(self) -> None:
        """Copy the roots to the host."""
        forest = self._planned
        self._trees.records[:, 0] = forest.records[:, 0].cpu().numpy()
        if bool(forest.spoilt.any()):
            self._refuse_answer()

    def _simulate(self, plan: Plan, slots: NDArray[np.int64]) -> None:
        forest, (kinds, most) = self._planned, plan.schedule.shape
        if kinds > len(forest.schedule):
            forest.schedule, self._replay = torch.zeros_like(forest.schedule).repeat(kinds, 1), None
        replay = self._recorded() if self.device.type == "cuda" and self.config.leaves == 1 else self._step
        forest.records[:, 0] = torch.from_numpy(self._trees.records[:, 0]).to(self.device)
        forest.schedule[:kinds, :most] = torch.from_numpy(plan.schedule).to(self.device)
        forest.settings[: len(plan.settings)] = torch.from_numpy(plan.settings).to(self.device)
        forest.drawn.copy_(torch.from_numpy(plan.drawn).view_as(forest.drawn))
        forest.kind.copy_(torch.from_numpy(plan.kind))
        forest.budget.copy_(torch.from_numpy(plan.budget))
        torch.gt(forest.budget, 0, out=forest.going)
        if self.config.leaves == 1:
            for _ in range(int(plan.budget.max(initial=0))):
                replay()
        else:
            while bool((forest.done < forest.budget).any()):
                replay()
        self._fetch()

    def _recorded(self) -> Callable[[], None]:
        """Return what repeats a step: a CUDA graph, or the step itself in a game whose rules ask the host for a number.

        While no tree is going a step changes none: it is run once to compile what it needs, and then recorded.
        """
        if self._replay is None:
            self._step()
            graph = torch.cuda.CUDAGraph()
            try:
                with torch.cuda.graph(graph):
                    self._step()
                self._replay = graph.replay
            except RuntimeError:
                torch.cuda.synchronize(self.device)
                self._replay = self._step
        return self._replay

    def _step(self) -> None:
        """Take every tree to its next questions, and answer them."""
        self._ask()
        if self.config.leaves > 1:
            while bool(self._planned.going.any()):
                self._ask()
        self._take()

    def _ask(self) -> None:
        """Run one simulation of every tree that is going, as far as the network's answer."""
        forest, kernels, game = self._planned, self._kernels, self._native
        trees, nodes, parts = forest.words.shape
        layout, options = self._trees.layout, self._options
        floats = forest.records.view(torch.float32)
        kernels.descend[self._programs](
            *(forest.records, floats, forest.going, forest.node, forest.way, forest.done, forest.kind),
            *(forest.schedule, forest.settings, forest.drawn, trees, nodes, forest.schedule.shape[1]),
            **options,
        )
        rows = torch.arange(trees, device=self.device)
        node, action = forest.node.long(), forest.way.clamp(min=0).long()
        seats = forest.records.view(trees * nodes, layout.size)[rows * nodes + node, layout.seat].long()
        after = game.moved_in_torch(forest.words[rows, node], seats, action)
        acting, returns = game.outcome_in_torch(after)
        mover, paid = acting >> 1, (returns[:, 0] * (1 / self._scale)).float()
        seen = game.seen_in_torch(after, mover)
        slot = forest.found.clamp(max=self.config.leaves - 1).long()
        going = (forest.going > 0).view(-1, *(1,) * (seen.dim() - 1))
        forest.seen[rows, slot] = torch.where(going, seen, forest.seen[rows, slot])
        kernels.leave[self._programs](
            *(forest.records, floats, forest.words, forest.going, forest.node, forest.way, forest.done, forest.budget),
            *(forest.used, forest.found, forest.asked, after, mover, acting == 0, paid),
            *(game.legal_in_torch(after, mover), forest.settings, forest.best, trees, nodes, parts),
            *(game.spec.actions, self.config.leaves),
            **options,
        )

    def _take(self) -> None:
        """Have the network answer all questions, and count the simulations that waited."""
        forest, kernels = self._planned, self._kernels
        trees, nodes, _ = forest.words.shape
        logits, value = self.evaluate(forest.seen.flatten(0, 1))
        kernels.take[self._programs](
            *(forest.records, forest.records.view(torch.float32), forest.going, forest.done, forest.budget),
            *(forest.found, forest.asked, logits.contiguous(), value.contiguous(), forest.spoilt, forest.settings),
            *(forest.best, trees, nodes, self.game.spec.actions, self.config.leaves),
            COUNT if self.config.leaves == 1 else REPAY,
            **self._options,
        )

    @property
    def _programs(self) -> tuple[int]:
        return (-(-len(self._planned.used) // self._kernels.TREES),)

    @property
    def _options(self) -> dict[str, bool | int]:
        layout = self._trees.layout
        own = {"GUMBEL": self.config.rule == "gumbel", "W": layout.width, "SIZE": layout.size}
        return {**own, "T": self._kernels.TREES, **self._kernels.EXACT}
