"""One live environment, played at one slot of a table."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from games.pettingzoo.load import innermost
from games.pettingzoo.spaces import MASK, Spaces
from games.pettingzoo.table import GOING, TERMINATED, TRUNCATED, Table


class _Seats(dict[Hashable, int]):
    """The seat of each agent."""

    def __missing__(self, agent: Hashable) -> int:
        raise LookupError(f"agent {agent!r} is not among possible_agents")


class World(ABC):
    """A live environment and its slot: what it shows and pays is written there, and its actions are read there.

    A seat's rewards are all that its agent is paid by a step and by the dead agents' steps that follow it. A game that
    goes on after `max_moves` steps is cut short.
    """

    def __init__(self, environment: Any, spaces: Spaces, table: Table, slot: int, *, max_moves: int) -> None:
        self.environment, self._spaces, self._max_moves = environment, spaces, max_moves
        self._agents = spaces.agents
        self._seat = _Seats((agent, seat) for seat, agent in enumerate(spaces.agents))
        self._read = [each.read for each in spaces.own_actions]
        self._actions = list(table.actions[slot]) if spaces.action_shape else table.actions[slot]
        self._own_legal = spaces.own_legal
        self._legal, self._rewards, self._acting = table.legal[slot], table.rewards[slot], table.acting[slot]
        self._seen, self._observation = table.seen[slot], table.observation[slot]
        self._over, self._move = table.over[slot : slot + 1], table.move[slot : slot + 1]
        self._targets = [
            seen.reshape(-1)[: int(np.prod(sight.shape))].reshape(sight.shape)
            for seen, sight in zip(self._observation, spaces.sights, strict=True)
        ]
        self._masked = [False] * len(spaces.agents)
        self._cut = False

    def reset(self, seed: int) -> None:
        """Begin a new game."""
        self._cut = False
        self._observation[...] = 0
        self._legal[...] = self._own_legal
        self._rewards[...] = 0
        self._over[0] = GOING
        self._begin(seed)

    def step(self) -> None:
        """Play the actions that stand in the table."""
        self._rewards[...] = 0
        self._advance()
        if self._move[0] >= self._max_moves and self._over[0] == GOING:
            self._cut = True
            self._finish()

    @abstractmethod
    def look(self, seat: int) -> None:
        """Write what a seat sees now, though it does not act."""

    @abstractmethod
    def _begin(self, seed: int) -> None:
        """Reset the environment and write what it shows."""

    @abstractmethod
    def _advance(self) -> None:
        """Step the environment and write what it shows and pays."""

    def _pay(self, rewards: Mapping[Hashable, float]) -> None:
        for agent, reward in rewards.items():
            if reward:
                self._rewards[self._seat[agent]] += reward

    def _note_cuts(self, terminations: Mapping[Hashable, bool], truncations: Mapping[Hashable, bool]) -> None:
        """Remember whether an agent was cut short, and did not end by the rules."""
        if any(truncations.values()):
            self._cut |= any(cut and not terminations.get(agent) for agent, cut in truncations.items())

    def _finish(self) -> None:
        """Say that the game is over."""
        self._acting[...] = False
        self._over[0] = TRUNCATED if self._cut else TERMINATED

    def _show(self, seat: int, observation: Any, info: Mapping[str, Any] | None) -> None:
        """Write what a seat sees and may do."""
        sight = self._spaces.sights[seat]
        sight.write(observation, self._targets[seat])
        mask = observation[MASK] if sight.masked else info.get(MASK) if info else None
        if mask is not None:
            self._masked[seat] = True
            self._legal[seat, self._spaces.places[seat]] = np.concatenate(mask) if isinstance(mask, tuple) else mask
        elif self._masked[seat]:
            self._legal[seat] = self._own_legal[seat]


class AecWorld(World):
    """Agents move one after another; those that are dead leave at once, each by a step of its own.

    What an environment tells of its agents is read below PettingZoo's own wrappers, each of which would pass the
    question on.
    """

    def __init__(self, environment: Any, spaces: Spaces, table: Table, slot: int, *, max_moves: int) -> None:
        super().__init__(environment, spaces, table, slot, max_moves=max_moves)
        self._inside = innermost(environment)

    def look(self, seat: int) -> None:
        """Ask the environment."""
        agent = self._agents[seat]
        if agent in self._inside.agents:
            self._spaces.sights[seat].write(self.environment.observe(agent), self._targets[seat])
        else:
            self._observation[seat] = 0
        self._seen[seat] = True

    def _begin(self, seed: int) -> None:
        self.environment.reset(seed=seed)
        self._pass_on()

    def _advance(self) -> None:
        self.environment.step(self._read[self._mover](self._actions[self._mover]))
        self._pay(self._inside.rewards)
        self._pass_on()

    def _pass_on(self) -> None:
        """Find who moves next, and step for the dead on the way."""
        inside = self._inside
        for _ in range(len(self._agents) + 1):
            if not inside.agents:
                return self._finish()
            agent, terminations, truncations = inside.agent_selection, inside.terminations, inside.truncations
            self._note_cuts(terminations, truncations)
            if not (terminations[agent] or truncations[agent]):
                return self._turn(agent)
            self.environment.step(None)
            self._pay(inside.rewards)
        raise RuntimeError("the steps of dead agents with None do not remove them")

    def _turn(self, agent: Hashable) -> None:
        self._mover = seat = self._seat[agent]
        self._acting[...] = False
        self._acting[seat] = True
        self._seen[...] = False
        observation = self.environment.observe(agent)
        info = None if self._spaces.sights[seat].masked else self._inside.infos.get(agent)
        self._show(seat, observation, info)
        self._seen[seat] = True


class ParallelWorld(World):
    """All live agents move at once, and what they see is always written; the dead see nothing."""

    def look(self, seat: int) -> None:
        """Leave everything as it is."""
        self._seen[seat] = True

    def _begin(self, seed: int) -> None:
        observations, infos = self.environment.reset(seed=seed)
        self._live: list[tuple[Hashable, int]] = []
        self._seat_live(self.environment.agents)
        self._go_on(observations, infos)

    def _advance(self) -> None:
        actions = {agent: self._read[seat](self._actions[seat]) for agent, seat in self._live}
        observations, rewards, terminations, truncations, infos = self.environment.step(actions)
        self._pay(rewards)
        agents = self.environment.agents
        if any(terminations.values()) or any(truncations.values()):
            self._note_cuts(terminations, truncations)
            agents = [agent for agent in agents if not (terminations.get(agent) or truncations.get(agent))]
        if agents != [agent for agent, _ in self._live]:
            self._seat_live(agents)
        self._go_on(observations, infos)

    def _seat_live(self, agents: Sequence[Hashable]) -> None:
        self._live = [(agent, self._seat[agent]) for agent in agents]
        self._acting[...] = False
        self._acting[[seat for _, seat in self._live]] = True
        self._observation[~self._acting] = 0
        self._seen[...] = True

    def _go_on(self, observations: Mapping[Hashable, Any], infos: Mapping[Hashable, Any] | None) -> None:
        if not self._live:
            self._finish()
        for agent, seat in self._live:
            self._show(seat, observations[agent], infos.get(agent) if infos else None)
