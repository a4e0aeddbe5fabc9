"""Who steps the environments of a table: here, in this process."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from games.errors import GameError
from games.names import at_fault, describe, shorten
from games.pettingzoo.load import Source, is_parallel
from games.pettingzoo.spaces import Spaces
from games.pettingzoo.table import Table
from games.pettingzoo.world import AecWorld, ParallelWorld, World


@dataclass(frozen=True)
class Terms:
    """What is played. fresh: each game in a new environment; max_moves: after how many steps a game is cut short."""

    source: Source
    spaces: Spaces
    max_moves: int
    fresh: bool


class Crew(Protocol):
    """Keeps an environment for each slot and writes what it shows into the table."""

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """Begin a game in each slot, from its seed."""
        ...

    def step(self, slots: Sequence[int]) -> None:
        """Play the actions that stand in the table."""
        ...

    def look(self, slots: Sequence[int], seats: Sequence[int]) -> None:
        """Write what seats see that do not act."""
        ...

    def render(self, slot: int) -> Any:
        """Return the environment's own picture: None, text or an image `[height, width, 3]`."""
        ...

    def close(self) -> None:
        """Let go of the environments."""
        ...


class Local:
    """Steps one environment after another in this process.

    made: an environment that is at hand already. pulse `[2]`: where it says what it is at, as in `Table.pulses`.
    """

    def __init__(self, terms: Terms, table: Table, *, made: Any = None, pulse: np.ndarray | None = None) -> None:
        self._terms, self._table, self._made = terms, table, made
        self._pulse = np.zeros(2, dtype=np.int64) if pulse is None else pulse
        self._worlds: dict[int, World] = {}

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """Begin a game in each slot, in a new environment where it has none yet."""
        for slot, seed in zip(slots, seeds, strict=True):
            if self._terms.fresh:
                self._worlds.pop(slot, None)
            self._guarded(slot, lambda slot=slot, seed=seed: self._world(slot).reset(seed))

    def step(self, slots: Sequence[int]) -> None:
        """Step each slot's environment."""
        worlds, pulse = self._worlds, self._pulse
        for slot in slots:
            pulse[0] = slot
            pulse[1] += 1
            try:
                worlds[slot].step()
            except (Exception, SystemExit) as cause:
                raise self._failure(slot, cause) from cause

    def look(self, slots: Sequence[int], seats: Sequence[int]) -> None:
        """Ask each slot's environment."""
        for slot, seat in zip(slots, seats, strict=True):
            self._guarded(slot, lambda slot=slot, seat=seat: self._worlds[slot].look(seat))

    def render(self, slot: int) -> Any:
        """Ask the slot's environment, where it was made to render."""
        environment = self._worlds[slot].environment
        if getattr(environment, "render_mode", None) not in ("ansi", "rgb_array"):
            return None
        return self._guarded(slot, environment.render)

    def replay(self, slot: int, seed: int, actions: Sequence[np.ndarray]) -> None:
        """Play a game again from its seed, as far as `actions [moves][P, *action_shape]` go."""
        self._table.move[slot] = 0
        self.reset([slot], [seed])
        for played in actions:
            self._table.move[slot] += 1
            self._table.actions[slot] = played
            self.step([slot])

    def close(self) -> None:
        """Close every environment."""
        for world in self._worlds.values():
            with suppress(Exception):  # what an environment's end raises is no concern of the games played
                world.environment.close()
        self._worlds.clear()

    def _world(self, slot: int) -> World:
        if slot not in self._worlds:
            terms, environment, self._made = self._terms, self._made, None
            environment = terms.source.make() if environment is None else environment
            if tuple(environment.possible_agents) != terms.spaces.agents:
                raise ValueError(f"it has other agents each time that it is made: {environment.possible_agents}")
            kind = ParallelWorld if is_parallel(environment) else AecWorld
            self._worlds[slot] = kind(environment, terms.spaces, self._table, slot, max_moves=terms.max_moves)
        return self._worlds[slot]

    def _guarded(self, slot: int, work: Callable[[], Any]) -> Any:
        self._pulse[0] = slot
        self._pulse[1] += 1
        try:
            return work()
        except (Exception, SystemExit) as cause:
            raise self._failure(slot, cause) from cause

    def _failure(self, slot: int, cause: BaseException) -> GameError:
        """Drop the environment, for what it would do now is unknown, and return the sentence."""
        self._worlds.pop(slot, None)
        if isinstance(cause, GameError):
            return cause
        place = at_fault(cause)
        return GameError(
            f"{shorten(self._terms.source.name)} raised {describe(cause)} in {whereabouts(self._table, slot)}"
            f"{f', in {place}' if place else ''}; correct the environment or its arguments"
        )


def whereabouts(table: Table, slot: int) -> str:
    """Say which game is played in a slot, and at which move it stands."""
    move = int(table.move[slot])
    return f"game {int(table.game[slot])} at {f'move {move}' if move else 'its reset'}"
