"""Search in games that are stepped by their own `step`, such as OpenSpiel's, with or without chance."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.search.kernels import COUNT, LEND, REPAY, Plan
from agents.search.search import Evaluate, Search, SearchConfig
from agents.search.stepped_kernels import stepping
from agents.search.tree import CHANCE
from agents.zoo.lookahead import Positions
from games.draws import Draws
from games.game import Game, State, concatenate


@dataclass(frozen=True)
class _Place:
    """Where a node's position is kept: a row of a state, and what seat 0 was paid on the way there from the root."""

    state: State
    row: int
    paid: float


class SteppedSearch(Search):
    """Nodes' positions are kept as states; chance nodes have an edge for each outcome, and are in the tree as others.

    Payments are counted from the root on, so that they are alike on all edges of a node. Every position is searched
    anew.
    """

    goes_on = False

    def __init__(self, game: Game, evaluate: Evaluate, config: SearchConfig) -> None:
        super().__init__(game, evaluate, config, outcomes=game.spec.chance_outcomes)
        self._kernels = stepping(self._trees.layout, self._rules)
        self._chance = game.spec.chance_outcomes > 0
        self._places: dict[tuple[int, int], _Place] = {}

    def _nodes(self, simulations: int) -> int:
        # a simulation makes one node, or where chance moves, one for each of its moves too
        return 1 + simulations * (1 + self._chance * self.game.spec.max_moves)

    def _begin(self, positions: Positions, slots: NDArray[np.int64], budget: NDArray[np.int32]) -> Plan:
        self._places, self._outcomes = {}, Draws.of(0, "search outcomes", positions.keys)
        root = np.full(len(slots), -1)
        whole = [(int(tree), positions.state, int(tree), 0.0) for tree in slots]
        self._judge(slots, self._open(slots, root, root, whole))
        return self._plan(slots, budget)

    def _simulate(self, plan: Plan, slots: NDArray[np.int64]) -> None:
        going, leaves = slots, self.config.leaves
        while len(going := going[plan.done[going] < plan.budget[going]]):
            looking, found, asked = going, np.zeros(len(plan.done), np.int64), []
            while len(looking):
                looking, questions = self._descend(looking, plan, lend=leaves > 1)
                found[questions[0]] += 1
                asked.append(questions)
                looking = looking[(found[looking] < leaves) & (plan.done[looking] < plan.budget[looking])]
            trees, nodes, leading, actions = (np.concatenate(column) for column in zip(*asked, strict=True))
            if not len(trees):
                continue
            value = self._judge(trees, nodes)
            kind = REPAY if leaves > 1 else COUNT
            nothing = np.zeros(len(trees), np.int64)
            self._kernels.count(self._memory(), trees, leading, actions, value, nothing, kind, plan)

    def _descend(
        self, trees: NDArray[np.int64], plan: Plan, *, lend: bool
    ) -> tuple[NDArray[np.int64], tuple[NDArray[np.int64], ...]]:
        """Begin a simulation in each of `trees`; count those that need no answer.

        Returns the trees that did not come to a node that is asked about already; and, of those that wait for an
        answer, the tree, the node and the edge that leads to it.
        """
        memory = self._memory()
        keys = self._draws(trees, plan).bits().numpy()
        nodes, actions, worth, away = self._kernels.walk(memory, trees, keys, plan)
        free = away >= 0
        trees, nodes, actions, worth, away = (column[free] for column in (trees, nodes, actions, worth, away))
        plan.done[trees] += 1
        fresh = np.flatnonzero(away == 0)
        over = self._step(trees[fresh], nodes[fresh], actions[fresh], plan)
        ends = fresh[over.ended]
        worth[ends], away[ends] = over.worth[over.ended], over.away[over.ended]
        nodes[fresh], actions[fresh] = over.leading, over.actions
        done = np.ones(len(trees), np.bool_)
        done[fresh[~over.ended]] = False
        columns = trees, nodes, actions, worth, away
        self._kernels.count(memory, *(column[done] for column in columns), COUNT, plan)
        if lend:
            self._kernels.count(memory, *(column[~done] for column in columns), LEND, plan)
        return trees, (trees[~done], over.made[~over.ended], nodes[~done], actions[~done])

    def _step(
        self, trees: NDArray[np.int64], nodes: NDArray[np.int64], actions: NDArray[np.int64], plan: Plan
    ) -> "_Stepped":
        """Step along new edges, and on through chance's moves, to a player's or the end."""
        count = len(trees)
        told = _Stepped(
            ended=np.zeros(count, np.bool_),
            worth=np.zeros(count, np.float32),
            away=np.zeros(count, np.int64),
            leading=nodes.copy(),
            actions=actions.copy(),
            made=np.zeros(count, np.int64),
        )
        left, draw = np.arange(count), 1
        while len(left):
            here = [
                self._places[int(tree), int(node)] for tree, node in zip(trees[left], told.leading[left], strict=True)
            ]
            before = concatenate([place.state[torch.tensor([place.row])] for place in here])
            chosen = torch.from_numpy(told.actions[left])[:, None].expand(-1, before.acting.shape[1]).contiguous()
            after = self.game.step(before, chosen.to(before.device))
            paid = np.array([place.paid for place in here]) + after.rewards[:, 0].cpu().numpy()
            over = after.done.cpu().numpy()
            ends = left[over]
            told.ended[ends], told.worth[ends], told.away[ends] = True, paid[over] / self._scale, 1
            going = np.flatnonzero(~over)
            whole = [(int(trees[left[row]]), after, int(row), float(paid[row])) for row in going]
            left = left[going]
            told.made[left] = self._open(trees[left], told.leading[left], told.actions[left], whole)
            by_chance = after.acting[:, self.game.spec.players].cpu().numpy()[going] if self._chance else over[going]
            left = left[by_chance]
            if len(left):
                uniform = self._draws(trees[left], plan).uniform(1, draw)
                chances = torch.from_numpy(going[by_chance])
                told.actions[left] = self.game.outcome(after, chances.to(after.device), uniform).cpu().numpy()
                told.leading[left], draw = told.made[left], draw + 1
        return told

    def _draws(self, trees: NDArray[np.int64], plan: Plan) -> Draws:
        """Return the random numbers of chance in trees at their next simulations."""
        return self._outcomes.rows(torch.from_numpy(trees)).at(torch.from_numpy(plan.done[trees].astype(np.int64)))

    def _open(
        self,
        trees: NDArray[np.int64],
        parents: NDArray[np.int64],
        actions: NDArray[np.int64],
        whole: list[tuple[int, State, int, float]],
    ) -> NDArray[np.int64]:
        """Make the nodes of positions, each a row of a state; chance's are written whole."""
        if not whole:
            return np.zeros(0, np.int64)
        state = concatenate([state[torch.tensor([row])] for _, state, row, _ in whole])
        players, everyone = self.game.spec.players, torch.arange(len(whole), device=state.device)
        seats = state.acting.int().argmax(1)
        legal = np.zeros((len(whole), self._trees.layout.width), np.bool_)
        chance = state.acting[:, players] if self._chance else torch.zeros_like(seats, dtype=torch.bool)
        moved, drawn = (~chance).nonzero()[:, 0], chance.nonzero()[:, 0]
        if len(moved):
            allowed = self.game.legal(state, everyone[moved], seats[moved]).cpu().numpy()
            legal[moved.cpu().numpy(), : allowed.shape[1]] = allowed
        memory, movers = self._memory(), torch.where(chance, CHANCE, seats).cpu().numpy()
        probabilities = np.zeros((0, 0))
        if len(drawn):
            probabilities = self.game.chance(state, drawn).cpu().numpy()
            legal[drawn.cpu().numpy(), : probabilities.shape[1]] = probabilities > 0
        made = self._kernels.open(memory, trees, parents, actions, movers, legal)
        if len(drawn):
            rows = drawn.cpu().numpy()
            self._kernels.chance(memory, trees[rows], made[rows], probabilities)
        for row, (tree, _, _, paid) in enumerate(whole):
            self._places[tree, int(made[row])] = _Place(state, row, paid)
        return made

    def _judge(self, trees: NDArray[np.int64], nodes: NDArray[np.int64]) -> NDArray[np.float32]:
        """Ask the network about nodes, write what it says, and return their values for seat 0, payments included."""
        places = [self._places[int(tree), int(node)] for tree, node in zip(trees, nodes, strict=True)]
        state = concatenate([place.state[torch.tensor([place.row])] for place in places])
        seats: Tensor = state.acting.int().argmax(1)
        seen = self.game.observe(state, torch.arange(len(places), device=state.device), seats)
        logits, value = self._ask(seen)
        sign = np.where(seats.cpu().numpy() == 1, -1, 1).astype(np.float32)
        paid = np.array([place.paid for place in places], np.float32) / np.float32(self._scale)
        whole = np.clip(value * sign + paid, -1, 1).astype(np.float32)
        self._kernels.answer(self._memory(), trees, nodes, logits, whole * sign)
        return whole

    def _ask(self, observation: Tensor) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return logits `[n, at least A]`, as wide as a node, and values `[n]` of `observation [n, *obs]`."""
        logits, value = self.evaluate(observation)
        if not bool(value.isfinite().all() & logits.isfinite().all()):
            self._refuse_answer()
        if (lacking := self._trees.layout.width - logits.shape[1]) > 0:
            logits = torch.nn.functional.pad(logits, (0, lacking))
        return logits.float().cpu().contiguous().numpy(), value.float().cpu().contiguous().numpy()


@dataclass(frozen=True)
class _Stepped:
    """What n new edges led to: an end, worth so much to seat 0 and so many moves away, or a new node.

    leading, actions: the last edge, which is not the first where chance moved in between; made: the new node.
    """

    ended: NDArray[np.bool_]
    worth: NDArray[np.float32]
    away: NDArray[np.int64]
    leading: NDArray[np.int64]
    actions: NDArray[np.int64]
    made: NDArray[np.int64]
