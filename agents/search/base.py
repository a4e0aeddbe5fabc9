"""Batched search: many trees, one network call a step for all of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.search.found import Found, find
from agents.search.gumbel import considered_visits, gumbel
from agents.search.kernels import COUNT, LEAST_PRIOR, REPAY, Plan
from agents.search.native import Answers, Asked, Board, Known, Memory, native
from agents.search.noise import dirichlet, gumbel_noise
from agents.search.puct import bonuses, puct
from agents.search.tree import Trees
from agents.zoo.lookahead import Moves, Positions, finite_scale, words_of
from games.draws import Draws
from games.native import NativeGame

Evaluate = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From observations `[n, *obs]` to logits `[n, A]` and values in [-1, 1] `[n]`, for whoever sees them, float32."""


@dataclass(frozen=True)
class SearchConfig:
    """How a search chooses.

    simulations: how many a position has; rule: `gumbel` or `puct`; considered: the most actions that Gumbel's root
    looks at; c_visit, c_scale: of sigma, see `agents.search.gumbel`; c_init, c_base: of the bonus; reduction: of
    first-play urgency, see `agents.search.puct`; noise: the share of Dirichlet noise at PUCT's root, and dirichlet: its
    concentration, all actions together; leaves: how many positions of one tree are judged at a time.
    """

    simulations: int = 64
    rule: Literal["gumbel", "puct"] = "gumbel"
    considered: int = 16
    c_visit: float = 50.0
    c_scale: float = 1.0
    c_init: float = 1.25
    c_base: float = 19652.0
    reduction: float = 0.2
    noise: float = 0.25
    dirichlet: float = 10.0
    leaves: int = 1

    def settings(self, visits: int) -> NDArray[np.float32]:
        """Return what the kernels are told of the rule, for nodes of up to `visits` visits."""
        if self.rule == "gumbel":
            return np.array([self.c_visit, self.c_scale / 2], np.float32)  # sigma of q in [-1, 1], but for a constant
        return np.concatenate([[np.float32(self.reduction)], bonuses(visits, c_init=self.c_init, c_base=self.c_base)])


@dataclass
class Search:
    """Searches positions of a native game without chance; its trees can be kept from move to move.

    evaluate: the network; capacity: how many answers are remembered by position, a power of two or 0.
    """

    game: NativeGame
    evaluate: Evaluate
    config: SearchConfig
    capacity: int = 0
    _known: Known = field(init=False, repr=False)
    _kept: bool = field(default=False, init=False, repr=False)

    def __post_init__(self) -> None:
        self._scale = finite_scale(self.game)
        moves, layout = Moves.of(self.game), self.game.observation_layout
        self._board = Board(
            moves.masks,
            moves.action,
            layout.starts.astype(np.int64),
            layout.shifts,
            self.game.parameters,
            1 / self._scale,
        )
        self._trees = self._room(0, 1)
        rules = gumbel if self.config.rule == "gumbel" else puct
        self._kernels = native(self._trees.layout, rules(self._trees.layout), self.game.rules)
        self.forget()

    def forget(self) -> None:
        """Empty the memory of answers: the network is another one now."""
        width, parts = self._trees.layout.width, len(self.game.observation_layout.starts)
        self._known = Known(
            np.zeros((self.capacity, parts), np.int64),
            np.zeros((self.capacity, width), np.float32),
            np.zeros(self.capacity, np.float32),
        )

    def _room(self, trees: int, nodes: int) -> Trees:
        low, high = self.game.spec.utility
        return Trees.allocate(
            trees,
            nodes=nodes,
            edges=self.game.spec.actions,
            words=len(self.game.rules.start),
            best=(high / self._scale, -low / self._scale),
        )

    def search(
        self,
        positions: Positions,
        draws: Draws | None,
        *,
        budget: NDArray[np.int32] | None = None,
        slots: NDArray[np.int64] | None = None,
    ) -> Found:
        """Search from every position, each in a tree of its own.

        draws: the random numbers of the roots, which are without noise where it is None; budget `[m]`: the simulations
        of each, the configuration's where it is None; slots `[m]`: which of the trees that `reserve` made each position
        goes on in. Where it holds the position, what is known of it stays.
        """
        count = len(positions.seats)
        budget = np.full(count, self.config.simulations, np.int32) if budget is None else budget
        most, words = int(budget.max(initial=0)), words_of(positions.state)
        fresh = np.ones(count, np.bool_)
        if slots is None:
            self.reserve(count, most + 1)
            slots = np.arange(count)
        memory = self._memory()
        if self._kept:
            fresh = self._kernels.reuse(memory, slots, words, memory.words.shape[1] - most)
        asked = self._asked(max(int(fresh.sum()), count * self.config.leaves))
        memory.words[slots[fresh], 0] = words[fresh]
        self._kernels.begin(memory, slots[fresh], positions.seats.numpy()[fresh], asked, self._board)
        plan = self._plan(slots, budget)
        self._answer(memory, asked, int(fresh.sum()), plan, COUNT)
        self._perturb(plan, slots, positions, draws)
        going, kind = slots.copy(), COUNT if self.config.leaves == 1 else REPAY
        while len(going):
            left, questions = self._kernels.advance(
                memory, going, asked, plan, self._known, self._board, self.config.leaves
            )
            going = going[:left]
            self._answer(memory, asked, questions, plan, kind)
        return find(self._trees, slots, self.game.spec.actions, plan, gumbel=self.config.rule == "gumbel")

    def reserve(self, trees: int, nodes: int, *, keep: bool = False) -> None:
        """Make room for trees, which are empty; where `keep`, they go on from search to search."""
        if self._trees.records.shape[0] < trees or self._trees.records.shape[1] < nodes:
            self._trees = self._room(trees, nodes)
        self._trees.used[:], self._kept = 0, keep

    def _memory(self) -> Memory:
        trees = self._trees
        return Memory(trees.records.reshape(-1), trees.floats.reshape(-1), trees.words, trees.used)

    def _asked(self, most: int) -> Asked:
        size = int(self._board.starts[-1])
        return Asked(np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most * size, np.float32))

    def _plan(self, slots: NDArray[np.int64], budget: NDArray[np.int32]) -> Plan:
        """Return what the trees are to do; the root's noise is still to come."""
        trees, config = self._trees, self.config
        count, width, most = len(trees.used), trees.layout.width, int(budget.max(initial=1))
        considered = np.minimum(trees.legal(slots).sum(1), config.considered)
        kinds, which = np.unique(np.stack([budget, considered], 1), axis=0, return_inverse=True)
        schedule = np.zeros((len(kinds), most), np.int32)
        if config.rule == "gumbel":
            for row, (simulations, actions) in zip(schedule, kinds.tolist(), strict=True):
                row[:simulations] = considered_visits(simulations, actions)
        plan = Plan(
            done=np.zeros(count, np.int32),
            budget=np.zeros(count, np.int32),
            schedule=schedule,
            kind=np.zeros(count, np.int64),
            settings=config.settings(trees.records.shape[1] + most),
            drawn=np.zeros(count * width, np.float32),
            begun=np.zeros(count * width, np.int32),
            best=trees.best,
        )
        plan.budget[slots], plan.kind[slots] = budget, which.reshape(-1)
        if self._kept:
            plan.begun.reshape(count, width)[slots] = trees.edges("visits", slots)
        return plan

    def _answer(self, memory: Memory, asked: Asked, count: int, plan: Plan, kind: int) -> None:
        """Ask the network about the first `count` positions, and put its answers into the trees."""
        if not count:
            return
        shape, width = self.game.spec.observation_shape, self._trees.layout.width
        logits, value = self.evaluate(torch.from_numpy(asked.observation).view(-1, *shape)[:count])
        if logits.shape[1] < width:
            logits = torch.nn.functional.pad(logits, (0, width - logits.shape[1]))
        answers = Answers(logits.contiguous().view(-1).numpy(), value.contiguous().numpy())
        self._kernels.take(memory, asked, answers, plan, self._known, self._board, kind)

    def _perturb(self, plan: Plan, slots: NDArray[np.int64], positions: Positions, draws: Draws | None) -> None:
        """Add the root's noise: Gumbel numbers to the logits, or Dirichlet noise to PUCT's priors."""
        config, trees, actions = self.config, self._trees, self.game.spec.actions
        priors, legal = trees.edges("prior", slots), trees.legal(slots)
        if config.rule == "gumbel":
            drawn = np.where(legal, np.log(np.maximum(priors, LEAST_PRIOR)), np.float32(0))
            if draws is not None:
                drawn[:, :actions] += gumbel_noise(draws, positions.seats, actions).numpy()
            plan.drawn.reshape(len(trees.used), -1)[slots] = drawn
        elif draws is not None and config.noise > 0:
            allowed, share = torch.from_numpy(legal[:, :actions]), np.float32(config.noise)
            noise = dirichlet(draws, positions.seats, allowed, concentration=config.dirichlet).numpy()
            mixed = (np.float32(1) - share) * priors[:, :actions] + share * noise
            trees.floats[slots, 0, :actions] = np.where(allowed, np.maximum(mixed, LEAST_PRIOR), np.float32(0))
