"""Monte Carlo tree search with random rollouts: UCT with proven wins and losses, over a batch of positions.

L. Kocsis and C. Szepesvári, "Bandit based Monte-Carlo planning", ECML 2006; M. Winands, Y. Björnsson and J.-T. Saito,
"Monte-Carlo tree search solver", CG 2008. The trees are arrays, see `agents.zoo.mcts_kernels`. Where the game is native
the whole search is compiled; elsewhere all trees take each simulation together, and the game is stepped as anyone does.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from agents.agent import AgentError
from agents.zoo.lookahead import (
    Deterministic,
    LookAhead,
    Moves,
    Positions,
    bounded,
    finite_scale,
    refuse_unfit,
    words_of,
)
from agents.zoo.mcts_kernels import Tree, allocate, attach, back_up, bytes_a_tree, decide, descend, native_search
from games.choices import uniform_actions
from games.draws import Draws
from games.game import Game, State, concatenate
from games.names import shorten
from games.native import NativeGame
from games.polling import poll

_AT_ONCE = 1 << 17
"""Simulations that are run without a pause: tenths of a second's."""
_MEMORY = 2**26
"""Bytes of trees that are grown at once."""


@dataclass(frozen=True)
class Searched:
    """What searches found at m positions.

    actions `[m]` int64: what to play; visits `[m, A]` int32: the simulations that began with each action; values
    `[m, A]` float32: their mean return for whoever moves, scaled to [-1, 1], NaN without a visit; lengths `[m, A]`
    int16: 0, or how many moves away the end is, where the value is proven.
    """

    actions: Tensor
    visits: Tensor
    values: Tensor
    lengths: Tensor


@dataclass(frozen=True)
class MonteCarlo(LookAhead):
    """Monte Carlo tree search; its random numbers are those of each game, at each move."""

    game: Game
    simulations: int
    c: float
    seed: int

    def decide(self, positions: Positions) -> Tensor:
        """Return the actions to play `[m]` int64."""
        return self.search(positions).actions

    def drawn(self, seed: int) -> Deterministic:
        """Return the agent whose rollouts of a position are always those of `seed`."""
        return DeterministicMonteCarlo(self.game, self.simulations, self.c, seed)

    def search(self, positions: Positions) -> Searched:
        """Search from every position, each in a tree of its own, with random numbers named by its key."""
        words = words_of(positions.state[:0]).shape[1] if isinstance(self.game, NativeGame) else 0
        room = bytes_a_tree(self.simulations + 1, self.game.spec.actions, words)
        most = _MEMORY // room
        if isinstance(self.game, NativeGame):
            most = min(most, _AT_ONCE // self.simulations)
        found = []
        for rows in torch.arange(len(positions.seats)).split(max(1, most)):
            found.append(_read(self._grow(positions.rows(rows))))
            poll()
        return Searched(*(torch.cat(column) for column in zip(*found, strict=True)))

    def _grow(self, positions: Positions) -> Tree:
        """Return the trees of a few positions."""
        spec, scale = self.game.spec, finite_scale(self.game)
        native = isinstance(self.game, NativeGame)
        words = words_of(positions.state) if native else np.zeros((1, 0), np.int64)
        low, high = spec.utility
        inverse = 1 / scale
        tree = allocate(
            len(positions.seats),
            nodes=self.simulations + 1,
            actions=spec.actions,
            words=words.shape[1],
            best=(high * inverse, -low * inverse),
        )
        if isinstance(self.game, NativeGame):
            moves, keys = Moves.of(self.game), Draws.of(self.seed, "mcts", positions.keys).mixed
            tree.words[:, 0] = words
            native_search(self.game.rules)(
                tree,
                positions.seats.numpy(),
                keys.numpy(),
                self.simulations,
                self.c,
                inverse,
                (moves.masks, moves.action),
                self.game.parameters,
            )
        else:
            _Stepped(self, tree, positions, inverse).search()
        return tree


class DeterministicMonteCarlo(Deterministic, MonteCarlo):
    """Monte Carlo tree search whose random numbers are those of the position."""


class _Stepped:
    """The search in a game that is stepped by its own `step`: every tree takes each simulation at the same time.

    nodes: for each simulation that made nodes, the states, what seat 0 had been paid by then, and the row of each tree
    in them. Payments count from the root on, so that they are alike on all edges of a node.
    """

    def __init__(self, agent: MonteCarlo, tree: Tree, positions: Positions, scale: float) -> None:
        self.agent, self.game, self.tree, self.scale = agent, agent.game, tree, scale
        self.count = len(positions.seats)
        self.expansions = Draws.of(agent.seed, "mcts", positions.keys)
        self.rollouts = Draws.of(agent.seed, "mcts rollouts", positions.keys)
        self.nodes: dict[int, tuple[State, Tensor, np.ndarray]] = {}
        everywhere, none = np.arange(self.count), np.zeros(self.count, np.int64)
        self._attach(0, everywhere, none, none, positions.state, torch.zeros(self.count, dtype=torch.float64))

    def search(self) -> None:
        """Run the simulations; a tree whose root is proven takes no more."""
        rows = np.arange(self.count)
        for simulation in range(1, 1 + self.agent.simulations):
            poll()
            uniform = self.expansions.rows(torch.from_numpy(rows)).at(simulation).uniform().numpy()
            parents, actions, lengths = descend(self.tree, rows, self.agent.c, uniform)
            new, values = lengths == 0, np.zeros(len(rows))
            if new.any():
                values[new], lengths[new] = self._visit(simulation, rows[new], parents[new], actions[new])
            rows = rows[~back_up(self.tree, rows, parents, actions, values * self.scale, lengths)]
            if not len(rows):
                return

    def _visit(
        self, simulation: int, rows: np.ndarray, parents: np.ndarray, actions: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Step along new edges and play on at random: returns of seat 0, and 1 where the game ended at once."""
        held = [self.nodes[parent] for parent in parents]
        places = [torch.tensor([place[row]]) for (_, _, place), row in zip(held, rows, strict=True)]
        before = concatenate([state[place] for (state, _, _), place in zip(held, places, strict=True)])
        paid = torch.cat([paid[place] for (_, paid, _), place in zip(held, places, strict=True)])
        chosen = torch.from_numpy(actions)[:, None].expand(-1, before.acting.shape[1]).contiguous()
        after = self.game.step(before, chosen.to(before.device))
        paid = paid + after.rewards[:, 0].cpu()
        over = after.done.cpu().numpy()
        going = torch.from_numpy(~over).nonzero()[:, 0]
        if len(going):
            here = going.numpy()
            self._attach(simulation, rows[here], parents[here], actions[here], after[going], paid[going])
            draws = self.rollouts.rows(torch.from_numpy(rows[here])).at(simulation)
            paid[going] += self._play_out(after[going], draws)
        return paid.numpy(), over.astype(np.int64)

    def _attach(
        self, node: int, rows: np.ndarray, parents: np.ndarray, actions: np.ndarray, state: State, paid: Tensor
    ) -> None:
        place = np.full(self.count, -1)
        place[rows] = np.arange(len(rows))
        self.nodes[node] = state, paid, place
        everyone, seats = torch.arange(len(rows), device=state.device), state.acting.int().argmax(1)
        legal = self.game.legal(state, everyone, seats).cpu().numpy()
        attach(self.tree, rows, node, parents, actions, seats.cpu().numpy(), legal)

    def _play_out(self, state: State, draws: Draws) -> Tensor:
        """Play on at random to the ends: what seat 0 is paid on the way `[n]` float64."""
        spec, paid = self.game.spec, torch.zeros(len(state), dtype=torch.float64)
        step, first = 0, draws.move * (spec.max_moves + 1)
        while not bool(state.done.all()):
            rows, seats = state.acting.nonzero().unbind(1)
            legal = self.game.legal(state, rows, seats).cpu()
            drawn = uniform_actions(spec, legal, draws.at(first + step).rows(rows.cpu()), seats.cpu())
            actions = torch.zeros(state.acting.shape, dtype=torch.int64, device=state.device)
            actions[rows, seats] = drawn.to(state.device)
            state, step = self.game.step(state, actions), step + 1
            paid += state.rewards[:, 0].cpu()
        return paid


def _read(tree: Tree) -> tuple[Tensor, ...]:
    """Return the columns of `Searched`."""
    visits = tree.visits[:, 0].copy()
    with np.errstate(invalid="ignore"):
        values = tree.total[:, 0] / visits
    return tuple(map(torch.from_numpy, (decide(tree), visits, values, tree.length[:, 0].copy())))


def mcts(
    game: Game,
    *,
    simulations: int = 200,
    c: float = math.sqrt(2),
    deterministic: bool = False,
    seed: int = 0,
) -> MonteCarlo:
    """Return Monte Carlo tree search with that many random rollouts a move, fewer once the outcome is proven.

    `c` weighs exploration, in returns scaled to [-1, 1]. Where `deterministic`, the rollouts of a position are always
    the same, so that the agent can be evaluated exactly; else they are drawn for each game. Raises `AgentError` where
    the game is not turn-based, zero-sum, for two, with perfect information and without chance.
    """
    refuse_unfit(game, "mcts")
    finite_scale(game)
    bounded("simulations", simulations, least=1, most=1_000_000)
    bounded("seed", seed, least=0, most=2**63 - 1)
    if isinstance(c, bool) or not isinstance(c, int | float) or not 0 <= c < math.inf:
        raise AgentError(f"expected c to be a number, not negative, but got {shorten(repr(c))}; write c=1.4")
    if not isinstance(deterministic, bool):
        raise AgentError(
            f"expected deterministic to be True or False but got {shorten(repr(deterministic))}; write one of these"
        )
    kind = DeterministicMonteCarlo if deterministic else MonteCarlo
    return kind(game, simulations, float(c), seed)
