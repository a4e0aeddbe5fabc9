"""The face of a game: rules that step a batch of states, and the description of what is played."""

import inspect
import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Generic, Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from games.about import About
from games.draws import Draws, sample
from games.svg import text_picture
from games.symmetry import Symmetries


@dataclass(frozen=True, kw_only=True)
class GameSpec:
    """What is known of a game before it is played.

    name: the string that `games.make` takes, arguments included.
    players: P, the number of seats that are paid.
    actions: A, the number of distinct actions of the seat that has most; where an action has several `parts`, the sum
        of their choices, laid end to end; where it is continuous, how many numbers it has.
    observation_shape: the shape of one seat's observation, float32.
    utility: the least and the greatest return that a seat can end with; infinite where a world does not tell.
    zero_sum: the seats' returns add up to zero in every game.
    symmetric: the seats can be exchanged: same observations, actions and returns under any permutation.
    perfect_information: an observation tells the whole state, so it is Markov and equal ones may be merged.
    chance_outcomes: O, the most outcomes of one chance move; 0 when chance never moves.
    sampled_chance: chance also draws what it cannot list, inside `reset` and `step`, from the numbers they are handed.
    forgets: what an observation leaves out of what its seat knows, as a clause; empty where it tells information
        states apart.
    cloneable: a state can be stored, indexed and stepped again.
    max_moves: the most steps a game can take, chance's included.
    batch: how many games are worth stepping at once.
    parts: how many choices each part of an action has, where an action is several choices at once.
    bounds: the least and the greatest value of each number of an action, where actions are continuous.
    """

    name: str
    players: int
    actions: int
    observation_shape: tuple[int, ...]
    utility: tuple[float, float]
    max_moves: int
    zero_sum: bool = False
    symmetric: bool = False
    perfect_information: bool = False
    chance_outcomes: int = 0
    sampled_chance: bool = False
    forgets: str = ""
    cloneable: bool = True
    batch: int = 16_384
    parts: tuple[int, ...] = ()
    bounds: tuple[tuple[float, float], ...] = ()

    @property
    def discrete(self) -> bool:
        """An action is one choice out of A: what trees, tables and search ask for."""
        return not self.parts and not self.bounds

    @property
    def action_shape(self) -> tuple[int, ...]:
        """The shape of one seat's action: () for one choice, else one entry a part or a number."""
        return () if self.discrete else (len(self.parts) or len(self.bounds),)

    @property
    def action_type(self) -> torch.dtype:
        """int64, or float32 where actions are continuous."""
        return torch.float32 if self.bounds else torch.int64

    @property
    def seats(self) -> int:
        """S: the players and, where chance moves, chance as the last seat."""
        return self.players + (self.chance_outcomes > 0)


@dataclass(frozen=True)
class State:
    """B games at once. A game adds its own fields: tensors or object arrays whose first dimension is B.

    acting `[B, S]` bool: who moves; all false in a finished row.
    rewards `[B, P]` float64: what the last step paid; zero in rows that were finished before it.
    terminated `[B]` bool: the game is over by its rules.
    truncated `[B]` bool: the game was cut short.
    """

    acting: Tensor
    rewards: Tensor
    terminated: Tensor
    truncated: Tensor

    def __len__(self) -> int:
        return len(self.terminated)

    def __getitem__(self, rows: Tensor | slice) -> Self:
        """Return the games at `rows`: int64 indices `[n]`, a mask `[B]` or a slice."""
        return replace(self, **{name: _take(value, rows) for name, value in self._columns()})

    @property
    def done(self) -> Tensor:
        """`[B]` bool: terminated or truncated."""
        return self.terminated | self.truncated

    @property
    def device(self) -> torch.device:
        """Where the tensors live."""
        return self.terminated.device

    def where(self, keep: Tensor, other: Self) -> Self:
        """Return this state's rows where `keep [B]` holds and `other`'s elsewhere."""
        theirs = dict(other._columns())
        return replace(self, **{name: _choose(keep, value, theirs[name]) for name, value in self._columns()})

    def _columns(self) -> list[tuple[str, Any]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


AnyState = TypeVar("AnyState", bound=State)


def concatenate(states: list[AnyState]) -> AnyState:
    """Return one state that holds the rows of `states`, all of one game, in order."""
    columns = {
        name: torch.cat([getattr(state, name) for state in states])
        if isinstance(value, Tensor)
        else np.concatenate([getattr(state, name) for state in states])
        for name, value in states[0]._columns()
    }
    return replace(states[0], **columns)


def indices(mask: Tensor) -> Tensor:
    """Return the rows `[n]` int64 where `mask [B]` bool holds; numpy finds them at a quarter of torch's time."""
    return torch.from_numpy(np.flatnonzero(mask.numpy())) if mask.is_cpu else mask.nonzero().view(-1)


def _take(value: Any, rows: Tensor | slice) -> Any:
    if not isinstance(rows, Tensor):
        return value[rows]
    if isinstance(value, np.ndarray):
        return value[rows.cpu().numpy()]
    if rows.dtype == torch.bool:
        rows = indices(rows)
    if value.is_cpu and value.ndim == 2:  # torch copies short rows one by one
        return torch.from_numpy(value.numpy().take(rows.numpy(), 0))
    return value.index_select(0, rows)


def _choose(keep: Tensor, ours: Any, theirs: Any) -> Any:
    if isinstance(ours, np.ndarray):
        return np.where(keep.cpu().numpy().reshape(-1, *[1] * (ours.ndim - 1)), ours, theirs)
    return torch.where(keep.reshape(-1, *[1] * (ours.ndim - 1)), ours, theirs)


_FACES = ("games.game", "games.native")
"""Whose docstrings say nothing of one game."""


class Game(ABC, Generic[AnyState]):
    """Rules over batches of states. Pure: no method changes its arguments, and a state holds no randomness.

    `device` is where `reset` makes states; every other method answers on its state's device.
    """

    spec: GameSpec
    device: torch.device
    on_host: ClassVar[bool] = False
    """Whether states are Python objects, wherever their tensors lie: then nothing is asked but of who moves."""

    @property
    def about(self) -> About:
        """What a person wants to know of the game: without words of its own, its class's docstring."""
        own = next((kind for kind in type(self).__mro__ if kind.__module__ not in _FACES and kind.__doc__), type(self))
        summary, _, rules = inspect.cleandoc(own.__doc__ or own.__name__).partition("\n\n")
        return About(summary=" ".join(summary.split()), rules=" ".join(rules.split()))

    @property
    def symmetries(self) -> Symmetries:
        """What may be turned or mirrored without changing the game; nothing, unless a game says so."""
        return Symmetries.none(math.prod(self.spec.observation_shape), self.spec.actions)

    @abstractmethod
    def reset(self, draws: Draws) -> AnyState:
        """Return the start of the games `draws.games [B]`; `draws` serves starts that chance cannot list."""

    @abstractmethod
    def step(self, state: AnyState, actions: Tensor, draws: Draws | None = None) -> AnyState:
        """Advance every row by one move.

        `actions [B, S, *action_shape]` has one column a seat, chance's last; entries of seats that do not act are
        ignored. Rows that are done stay as they are and are paid zero. `draws` serves moves that chance cannot list.
        """

    def chance(self, state: AnyState, rows: Tensor) -> Tensor:
        """Return the probabilities `[n, O]` float64 of chance's outcomes in `rows [n]`, where chance moves.

        A game that is played on a GPU is asked in all rows; elsewhere than where chance moves any answer will do.
        """
        raise NotImplementedError(f"{self.spec.name} has no chance moves")

    def proceed(self, state: AnyState, actions: Tensor, draws: Draws, moves: Tensor) -> tuple[AnyState, Tensor]:
        """Step, and let chance move until a player must or the game is over.

        `moves [B]` int64 counts the moves so far, chance's included; a chance move is drawn from `draws` at its number.
        Returns the state, whose rewards are all that was paid on the way, and the new counts.
        """
        after = self.step(state, actions, draws.at(moves))
        return self.deal(after, draws, moves + ~state.done)

    def outcome(self, state: AnyState, rows: Tensor, uniform: Tensor) -> Tensor:
        """Draw chance's move `[n]` int64 in `rows [n]`, where chance moves, by `uniform [n]` in [0, 1)."""
        return sample(self.chance(state, rows), uniform)

    def deal(self, state: AnyState, draws: Draws, moves: Tensor) -> tuple[AnyState, Tensor]:
        """Let chance move, as `proceed` does after a step."""
        if not self.spec.chance_outcomes:
            return state, moves
        paid, players = state.rewards, self.spec.players
        while len(rows := indices(state.acting[:, players])):
            uniform = draws.rows(rows).at(moves[rows]).uniform(players)
            actions = torch.zeros_like(state.acting, dtype=torch.int64)
            actions[rows, players] = self.outcome(state, rows, uniform)
            moving = state.acting[:, players]
            state = step_where(self, replace(state, rewards=torch.zeros_like(paid)), moving, actions, draws.at(moves))
            paid, moves = paid + state.rewards, moves + moving
        return replace(state, rewards=paid), moves

    @abstractmethod
    def legal(self, state: AnyState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return the legal actions `[n, A]` bool of `seats [n]` in `rows [n]`, where those seats act.

        The choices of several parts stand end to end. Continuous actions are legal within `spec.bounds`: all true.
        """

    @abstractmethod
    def observe(self, state: AnyState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return what `seats [n]` see in `rows [n]`: `[n, *observation_shape]` float32."""

    @abstractmethod
    def draw(self, state: AnyState, row: int) -> str:
        """Return the position of one row as text for a person."""

    @abstractmethod
    def information_state(self, state: AnyState, row: int, seat: int) -> str:
        """Name what `seat` knows in one row, in OpenSpiel's words where OpenSpiel has the game."""

    def action_name(self, seat: int, action: int) -> str:
        """Name one action, or one choice of a part, for a person."""
        return str(action)

    def move_name(self, state: AnyState, row: int, seat: int, action: int) -> str:
        """Name a legal action for a person who sees the position of one row."""
        return self.action_name(seat, action)

    def svg(self, state: AnyState, row: int) -> str:
        """Return the position of one row as an SVG picture; without one of its own, a game shows its text."""
        return text_picture(self.draw(state, row))


def step_where(
    game: Game[AnyState], state: AnyState, ready: Tensor, actions: Tensor, draws: Draws | None = None
) -> AnyState:
    """Step the rows where `ready [B]` holds and leave the others as they are."""
    if ready.all():
        return game.step(state, actions, draws)
    moved, kept = indices(ready), indices(~ready)
    if len(moved) == 0:
        return state
    stepped = game.step(state[moved], actions[moved], None if draws is None else draws.rows(moved))
    joined = concatenate([stepped, state[kept]])
    return joined[torch.cat([moved, kept]).argsort()]
