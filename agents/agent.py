"""What takes a seat, and what it is told when it must move."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

from torch import Tensor

from games.draws import Draws, sample
from games.errors import UserError
from games.game import Game, State
from games.tree import Floats, GameTree


class AgentError(UserError):
    """An agent's name, file or move cannot be used."""


@dataclass(frozen=True)
class Turn:
    """The n (row, seat) pairs in which an agent must move now.

    rows, seats `[n]` int64: where; draws: the random numbers of those games at this move;
    memory `[n]` int64: which of the pairs that `Agent.start` was given each one is: where an agent that remembers
    keeps what it remembers; payments `[B, P]` float64: what every seat has been paid so far;
    active `[n]` bool, or None when all are: where the seat really moves. The answer in other rows is ignored.
    """

    game: Game
    position: State
    rows: Tensor
    seats: Tensor
    draws: Draws
    memory: Tensor
    payments: Tensor
    active: Tensor | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def observation(self) -> Tensor:
        """What each seat sees, `[n, *obs]` float32."""
        return self.game.observe(self.position, self.rows, self.seats)

    @cached_property
    def legal(self) -> Tensor:
        """What each seat may do, `[n, A]` bool."""
        return self.game.legal(self.position, self.rows, self.seats)

    @cached_property
    def paid(self) -> Tensor:
        """What each seat has been paid so far, `[n]` float64."""
        return at(self.payments, self.rows, self.seats)

    @property
    def state(self) -> State:
        """The n positions themselves; only where every seat sees all of it, so that nobody peeks."""
        if not self.game.spec.perfect_information:
            raise AgentError(
                f"the state of {self.game.spec.name} is hidden from its players: use the turn's observation instead"
            )
        return self.position[self.rows]

    def select(self, chosen: Tensor, memory: Tensor) -> "Turn":
        """Return the turn of the pairs at `chosen [m]`, whose agent remembers them as `memory [m]`."""
        return Turn(
            self.game,
            self.position,
            self.rows[chosen],
            self.seats[chosen],
            self.draws.rows(chosen),
            memory,
            self.payments,
            None if self.active is None else self.active[chosen],
        )


def at(table: Tensor, rows: Tensor, seats: Tensor) -> Tensor:
    """Return the entries `[n]` of `table [B, P]`; a flat gather is much quicker than indexing by pairs."""
    return table.flatten().index_select(0, rows * table.shape[1] + seats)


class Agent(Protocol):
    """Anything that can take a seat."""

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin new games, forgetting the old: `seats [m]` in the games `draws.games [m]`."""
        ...

    def act(self, turn: Turn) -> Tensor:
        """Choose a legal action in each of the turn's n pairs: `[n]` int64."""
        ...


@runtime_checkable
class Evaluable(Protocol):
    """An agent whose behaviour is known in every information set, so that it can be evaluated exactly."""

    def behaviour(self, tree: GameTree) -> Floats:
        """Return its behaviour `[K]` in all seats."""
        ...


class Policy:
    """A function from observations to action probabilities; as an agent, it samples from them and has no memory."""

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return `[n, A]` for `observation [n, *obs]`, zero outside `legal [n, A]`, each row adding up to one."""
        raise NotImplementedError

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin nothing: a policy does not remember."""

    def act(self, turn: Turn) -> Tensor:
        """Sample an action in each pair from the game's own random numbers: `[n]` int64."""
        table = self.probabilities(turn.observation, turn.legal, turn.seats)
        return sample(table, turn.draws.uniform(turn.seats))

    def behaviour(self, tree: GameTree) -> Floats:
        """Return its behaviour `[K]`, read on all observations in one call."""
        return tree.read(self.probabilities)


class Random(Policy):
    """Chooses uniformly among the legal actions."""

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return one over the number of legal actions."""
        return legal / legal.sum(-1, keepdim=True)
