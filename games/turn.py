"""What an agent is told when it must move."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from torch import Tensor

from games.draws import Draws
from games.errors import GameError
from games.game import Game, State


@dataclass(frozen=True)
class Turn:
    """The n (row, seat) pairs in which an agent must move now.

    rows, seats `[n]` int64: where; draws: the random numbers of those games at this move;
    memory `[n]` int64: which of the pairs that the agent's `start` was given each one is: where an agent that remembers
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
            raise GameError(
                f"the state of {self.game.spec.name} is hidden from its players: use the turn's observation instead"
            )
        return self.position[self.rows]

    def select(self, chosen: Tensor, memory: Tensor) -> Self:
        """Return the turn of the pairs at `chosen [m]`, whose agent remembers them as `memory [m]`."""
        return type(self)(
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
