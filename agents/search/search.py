"""Batched search: many trees, one network call a step for all of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, NoReturn

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.agent import AgentError
from agents.search.found import Found, find
from agents.search.gumbel import considered_visits, gumbel
from agents.search.kernels import LEAST_PRIOR, Plan
from agents.search.native_kernels import Memory
from agents.search.noise import dirichlet, gumbel_noise
from agents.search.puct import bonuses, puct
from agents.search.tree import Trees
from agents.zoo.lookahead import Positions, finite_scale
from games.draws import Draws
from games.game import Game
from games.names import shorten

Evaluate = Callable[[Tensor], tuple[Tensor, Tensor]]
"""From observations `[n, *obs]` to logits `[n, A]` and values in [-1, 1] `[n]`, for whoever sees them, float32."""


@dataclass(frozen=True)
class SearchConfig:
    """How a search chooses.

    simulations: how many a position has; rule: `gumbel` or `puct`; considered: the most actions that Gumbel's root
    looks at; gumbel_scale: of its noise; c_visit, c_scale: of sigma, see `agents.search.gumbel`; c_init, c_base: of
    the bonus; reduction: of first-play urgency, see `agents.search.puct`; noise: the share of Dirichlet noise at PUCT's
    root, and dirichlet: its concentration, all actions together; leaves: how many positions of one tree are judged at
    a time.
    """

    simulations: int = 64
    rule: Literal["gumbel", "puct"] = "gumbel"
    considered: int = 16
    gumbel_scale: float = 1.0
    c_visit: float = 50.0
    c_scale: float = 0.1
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


class Search(ABC):
    """Searches positions of one game.

    evaluate: the network; words: how many integers of a position a node keeps; outcomes: the most of a chance move.
    """

    goes_on: ClassVar[bool]
    """Whether its trees can be kept from search to search."""

    def __init__(
        self, game: Game, evaluate: Evaluate, config: SearchConfig, *, words: int = 0, outcomes: int = 0
    ) -> None:
        self.game, self.evaluate, self.config = game, evaluate, config
        self._scale, self._words, self._edges = finite_scale(game), words, max(game.spec.actions, outcomes)
        self._trees, self._kept = self._room(0, 1), False
        self._rules = (gumbel if config.rule == "gumbel" else puct)(self._trees.layout)

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
        goes on in, where trees can be kept. Where it holds the position, what is known of it stays.
        """
        count = len(positions.seats)
        budget = np.full(count, self.config.simulations, np.int32) if budget is None else budget
        nodes = self._nodes(int(budget.max(initial=0)))
        if slots is None or not self.goes_on:
            self.reserve(count, nodes)
            slots = np.arange(count)
        else:
            self._refuse_small(nodes)
        plan = self._begin(positions, slots, budget)
        self._perturb(plan, slots, positions, draws)
        self._simulate(plan, slots)
        return find(self._trees, slots, self.game.spec.actions, plan, gumbel=self.config.rule == "gumbel")

    def _nodes(self, simulations: int) -> int:
        """Return the most nodes that so many simulations need."""
        return 1 + simulations

    @abstractmethod
    def _begin(self, positions: Positions, slots: NDArray[np.int64], budget: NDArray[np.int32]) -> Plan:
        """Make positions the roots of the trees `slots [m]`, ask the network about them, and return what is to do."""

    @abstractmethod
    def _simulate(self, plan: Plan, slots: NDArray[np.int64]) -> None:
        """Run the simulations of the trees `slots [m]`."""

    def forget(self) -> None:
        """Empty the memory of answers, where there is one: the network is another one now."""
        return

    def _room(self, trees: int, nodes: int) -> Trees:
        low, high = self.game.spec.utility
        best = high / self._scale, -low / self._scale
        return Trees.allocate(trees, nodes=nodes, edges=self._edges, words=self._words, best=best)

    def reserve(self, trees: int, nodes: int, *, keep: bool = False) -> None:
        """Make room for trees, which are empty; where `keep`, they go on from search to search."""
        if self._trees.records.shape[0] < trees or self._trees.records.shape[1] < nodes:
            self._trees = self._room(trees, nodes)
        self._trees.used[:], self._kept = 0, keep

    def _refuse_small(self, nodes: int) -> None:
        if (room := self._trees.records.shape[1]) < nodes:
            raise AgentError(
                f"expected trees with room for {nodes} nodes, one more than the simulations, but they have {room}; "
                "reserve more"
            )

    def _memory(self) -> Memory:
        trees = self._trees
        return Memory(trees.records.reshape(-1), trees.floats.reshape(-1), trees.words, trees.used)

    def _plan(self, slots: NDArray[np.int64], budget: NDArray[np.int32]) -> Plan:
        """Return what the trees are to do; the root's noise is still to come."""
        trees, config = self._trees, self.config
        count, width, most = len(trees.used), trees.layout.width, int(budget.max(initial=1))
        considered = np.minimum(trees.legal(slots).sum(1), config.considered)
        kinds, which = np.unique(budget.astype(np.int64) * (width + 1) + considered, return_inverse=True)
        schedule = np.zeros((len(kinds), most), np.int32)
        if config.rule == "gumbel":
            for row, both in zip(schedule, kinds.tolist(), strict=True):
                simulations, actions = divmod(both, width + 1)
                row[:simulations] = considered_visits(simulations, actions)
        plan = Plan(
            done=np.zeros(count, np.int32),
            budget=np.zeros(count, np.int32),
            schedule=schedule,
            kind=np.zeros(count, np.int64),
            settings=config.settings(int(trees.own("through", slots).max(initial=0)) + most),
            drawn=np.zeros(count * width, np.float32),
            begun=np.zeros(count * width, np.int32),
            best=trees.best,
        )
        plan.budget[slots], plan.kind[slots] = budget, which.reshape(-1)
        if self._kept:
            plan.begun.reshape(count, width)[slots] = trees.edges("visits", slots)
        return plan

    def _refuse_answer(self) -> NoReturn:
        raise AgentError(
            f"expected a network to answer with numbers, but about {shorten(self.game.spec.name)} it did not: "
            "its weights are spoilt; name an earlier member, or train with a lower learning rate"
        )

    def _perturb(self, plan: Plan, slots: NDArray[np.int64], positions: Positions, draws: Draws | None) -> None:
        """Add the root's noise: Gumbel numbers to the logits, or Dirichlet noise to PUCT's priors."""
        config, trees, actions = self.config, self._trees, self.game.spec.actions
        priors, legal = trees.edges("prior", slots), trees.legal(slots)
        if config.rule == "gumbel":
            drawn = np.where(legal, np.log(np.maximum(priors, LEAST_PRIOR)), np.float32(0))
            if draws is not None:
                noise = gumbel_noise(draws, positions.seats, actions).numpy()
                drawn[:, :actions] += np.float32(config.gumbel_scale) * noise
            plan.drawn.reshape(len(trees.used), trees.layout.width)[slots] = drawn
        elif draws is not None and config.noise > 0:
            allowed, share = torch.from_numpy(legal[:, :actions]), np.float32(config.noise)
            noise = dirichlet(draws, positions.seats, allowed, concentration=config.dirichlet).numpy()
            mixed = (np.float32(1) - share) * priors[:, :actions] + share * noise
            mixed = np.where(allowed, np.maximum(mixed, LEAST_PRIOR), np.float32(0))
            trees.floats[slots, 0, :actions] = mixed
            # a root that was searched before has visits, and its first-play urgency is by the priors that are now
            seen = (mixed * (trees.edges("visits", slots)[:, :actions] > 0)).sum(1)
            worth = (trees.own("raw", slots) + trees.own("weighted", slots)) / (1 + trees.own("through", slots))
            trees.floats[slots, 0, trees.layout.seen] = seen
            trees.floats[slots, 0, trees.layout.mixed] = worth - np.float32(config.reduction) * np.sqrt(seen)
