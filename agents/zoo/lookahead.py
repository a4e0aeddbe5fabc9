"""What agents that look ahead ask of a game, and what they share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agents.agent import AgentError
from games.arguments import whole
from games.draws import Draws
from games.errors import GameError
from games.extensive.replay import states_at
from games.extensive.tree import Floats, GameTree
from games.game import Game, State
from games.hashing import hash_observations
from games.names import shorten
from games.native import NativeGame, NativeState
from games.turn import Turn


def refuse_unfit(game: Game, agent: str, *, chance: bool = False, alone: bool = False) -> None:
    """Raise `AgentError` unless `game` is turn-based, zero-sum, for two, with perfect information and no chance.

    chance: whether chance may move, where its outcomes are listed; alone: whether the game may be for one.
    """
    spec = game.spec
    reasons = {
        "has actions that are not one choice out of several": not spec.discrete,
        f"is for {spec.players}": spec.players > 2 or (spec.players == 1 and not alone),
        "is not zero-sum": spec.players == 2 and not spec.zero_sum,
        "hides information from its players": not spec.perfect_information,
        "has chance moves": spec.chance_outcomes > 0 and not chance,
        "has chance moves that are not listed": spec.sampled_chance,
        "has states that cannot be copied": not spec.cloneable,
    }
    why = next((reason for reason, holds in reasons.items() if holds), "")
    if not why and int(first_state(game).acting.sum()) != 1:
        why = "has simultaneous moves"
    if why:
        players = "of two players, or games of one," if alone else "of two players"
        raise AgentError(
            f"{agent} looks ahead in turn-based zero-sum games {players} with perfect information"
            f"{'' if chance else ' and no chance'}, but {shorten(spec.name)} {why}: "
            "name random, greedy, or where the game has a tree a solver such as cfr+"
        )


def first_state(game: Game) -> State:
    """Return the start of one game."""
    return game.reset(Draws.of(0, "lookahead", torch.zeros(1, dtype=torch.int64, device=game.device)))


def bounded(key: str, value: object, *, least: int, most: int) -> int:
    """Return a whole number from `least` to `most`; raises `AgentError` for anything else."""
    try:
        return whole(key, value, least=least, most=most)
    except GameError as error:
        raise AgentError(str(error)) from None


def finite_scale(game: Game) -> float:
    """Return the greatest size of a return; raises `AgentError` where the game does not bound them."""
    scale = max(map(abs, game.spec.utility))
    if not np.isfinite(scale):
        raise AgentError(
            f"looking ahead needs bounded returns, but those of {shorten(game.spec.name)} are not: correct its utility"
        )
    return scale or 1.0


@dataclass(frozen=True)
class Positions:
    """m positions on the host and whose move it is there.

    state: m rows; seats `[m]` int64; keys `[m]` int64: what tells them apart, see `games.hashing`.
    """

    state: State
    seats: Tensor
    keys: Tensor

    def rows(self, rows: Tensor) -> "Positions":
        """Return the positions at `rows [n]`."""
        return Positions(self.state[rows], self.seats[rows], self.keys[rows])


class LookAhead:
    """An agent that decides by the position and by random numbers of the game's own."""

    game: Game

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin nothing: every move is searched anew."""

    def decide(self, positions: Positions) -> Tensor:
        """Return the actions to play `[m]` int64; all random numbers are named by the positions' keys."""
        raise NotImplementedError

    def act(self, turn: Turn) -> Tensor:
        """Search in each pair that moves: `[n]` int64."""
        answer, moving = torch.zeros_like(turn.seats), turn.active
        if moving is None:
            answer[:] = self._decide(turn, self._keys(turn).cpu())
        elif (rows := moving.nonzero()[:, 0]).numel():
            chosen = turn.select(rows, turn.memory[rows])
            answer[rows] = self._decide(chosen, self._keys(chosen).cpu()).to(answer.device)
        return answer

    def _keys(self, turn: Turn) -> Tensor:
        return turn.draws.bits(turn.seats)

    def _decide(self, turn: Turn, keys: Tensor) -> Tensor:
        return self.decide(Positions(on_host(turn.state), turn.seats.cpu(), keys))


class Deterministic(LookAhead):
    """An agent whose random numbers are those of the position: it always plays the same move there."""

    def _keys(self, turn: Turn) -> Tensor:
        return hash_observations(turn.observation, turn.seats)

    def _decide(self, turn: Turn, keys: Tensor) -> Tensor:
        """Search each position once, however many games have come to it."""
        _, first, inverse = np.unique(keys.numpy(), return_index=True, return_inverse=True)
        rows = torch.from_numpy(first)
        place = rows.to(turn.rows.device)
        chosen = turn.select(place, turn.memory[place])
        return super()._decide(chosen, keys[rows])[torch.from_numpy(inverse)]

    def behaviour(self, tree: GameTree) -> Floats:
        """Return its behaviour `[K]`: one search for each observation."""

        def decide_at(positions: Positions) -> np.ndarray:
            return np.eye(self.game.spec.actions)[self.decide(positions).numpy()]

        return behaviour_of(self.game, tree, hash_observations(tree.observations, tree.row_seat), decide_at)


def behaviour_of(
    game: Game, tree: GameTree, keys: Tensor, decide: Callable[[Positions], NDArray[np.float64]]
) -> Floats:
    """Return the behaviour `[K]` of an agent that decides by the position alone, asked once an observation.

    `keys [R]` are those of the tree's observation rows; `decide` answers with weights of actions `[R, A]`.
    """
    rows, first = np.unique(tree.infoset_row, return_index=True)
    state = states_at(game, tree, tree.infoset_node[first])
    seats = torch.from_numpy(tree.infoset_seat[first]).long()
    weights = np.zeros(tuple(tree.legal.shape))
    weights[rows] = decide(Positions(state, seats, keys[torch.from_numpy(rows).long()]))
    return tree.normalised(weights[tree.infoset_row[tree.slot_infoset], tree.slot_action])


@dataclass(frozen=True)
class Moves:
    """Where the actions of a native game stand among the bits of `rules.legal`.

    part, place `[A]` int64: the word and the bit of each action; masks `[parts]` int64: the bits of each word that are
    actions; action `[parts, 64]` int64: the action of each of those bits.
    """

    part: NDArray[np.int64]
    place: NDArray[np.int64]
    masks: NDArray[np.int64]
    action: NDArray[np.int64]

    @classmethod
    def of(cls, game: NativeGame) -> "Moves":
        """Read the game's layout; raises `AgentError` where one bit stands for several actions."""
        layout = game.actions_layout
        parts, count = len(layout.starts) - 1, len(layout.shifts)
        part = np.repeat(np.arange(parts), np.diff(layout.starts))
        action = np.full((parts, 64), -1, np.int64)
        action[part, layout.shifts] = np.arange(count)
        if (action >= 0).sum() != count:
            raise AgentError(
                f"looking ahead needs a bit for each action, but in {shorten(game.spec.name)} several share one: "
                "correct its actions_layout"
            )
        masks = np.zeros(parts, np.uint64)
        np.bitwise_or.at(masks, part, np.uint64(1) << layout.shifts.astype(np.uint64))
        return cls(part, layout.shifts.astype(np.int64), masks.view(np.int64), action)


def words_of(state: State) -> NDArray[np.int64]:
    """Return the words `[m, W]` of native positions on the host."""
    assert isinstance(state, NativeState)
    return np.ascontiguousarray(state.words.numpy())


def on_host(state: Any) -> Any:
    """Return a native state's rows on the host; other states are where they must be."""
    return type(state)(**{name: value.cpu() for name, value in state._columns()}) if hasattr(state, "words") else state
