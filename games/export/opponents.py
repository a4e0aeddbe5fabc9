"""The agents in the other seats, for games that do not all start at the same time."""

import copy
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from games.choices import uniform_actions
from games.draws import Draws
from games.errors import GameError
from games.export.match import Match
from games.game import GameSpec
from games.names import describe
from games.turn import Turn, at


class Agent(Protocol):
    """Anything that can take a seat; `agents.Agent` tells more."""

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin new games, forgetting the old: `seats [m]` in the games `draws.games [m]`."""
        ...

    def act(self, turn: Turn) -> Tensor:
        """Choose a legal action in each of the turn's n pairs: `[n, *action_shape]`."""
        ...


class Uniform:
    """Chooses uniformly among the legal actions, as `agents.Random` does and from the same numbers."""

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin nothing."""

    def act(self, turn: Turn) -> Tensor:
        """Draw an action in each pair: `[n, *action_shape]`."""
        return uniform_actions(turn.game.spec, turn.legal, turn.draws, turn.seats)

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return one over the number of legal actions."""
        return legal / legal.sum(-1, keepdim=True)


def seat_opponents(spec: GameSpec, seat: int, opponents: Agent | Sequence[Agent] | None) -> "list[Opponent]":
    """Return the opponents of `seat`: one agent in all other seats, or one for each in order; by default `Uniform`."""
    others = [other for other in range(spec.players) if other != seat]
    if isinstance(opponents, Sequence):
        agents = list(opponents)
        if len(agents) != len(others):
            raise GameError(
                f"expected {len(others)} opponents, one for each other seat of {spec.name}, but got {len(agents)}; "
                "give as many, or one agent for all of them"
            )
    else:
        agents = [Uniform() if opponents is None else opponents] * len(others)
    for agent in agents:
        if not callable(getattr(agent, "start", None)) or not callable(getattr(agent, "act", None)):
            raise GameError(
                f"expected opponents with start(seats, draws) and act(turn) but got {type(agent).__name__}; "
                "make them with agents.make"
            )
    distinct = {id(agent): agent for agent in agents}
    seats = {key: [other for other, agent in zip(others, agents, strict=True) if id(agent) == key] for key in distinct}
    return [Opponent(agent, seats[key]) for key, agent in distinct.items()]


class Opponent:
    """One agent in its `seats [k]` of B games.

    Since `start` makes an agent forget, games that start together are a cohort with a copy of its own, which passes on
    to another cohort when the last of them is over. A policy (whatever has `probabilities`) remembers nothing and plays
    all games.
    """

    def __init__(self, agent: Agent, seats: Sequence[int]) -> None:
        self._agent, self._seats = agent, torch.tensor(seats)
        self._remembers = not hasattr(agent, "probabilities")
        self._cohorts: dict[int, Agent] = {}
        self._idle: list[Agent] = []

    def start(self, match: Match, rows: Tensor) -> None:
        """Begin the games at `rows [n]`."""
        if len(rows) == len(match.games):
            self._cohorts, self._idle = {0: self._agent}, []
            self._cohort = torch.zeros_like(match.games)
            self._memory = torch.zeros_like(match.paid, dtype=torch.int64)
            self._begin(0, match, rows)
        elif self._remembers:
            number = max(self._cohorts) + 1
            self._cohort[rows] = number
            self._release(going=set(self._cohort.tolist()))
            self._cohorts[number] = self._idle.pop() if self._idle else _copy(self._agent)
            self._begin(number, match, rows)

    def answer(self, match: Match, rows: Tensor, actions: Tensor) -> None:
        """Write its actions in the games at `rows [n]`, where it acts, into `actions [B, S, *action_shape]`."""
        seats = self._seats.to(rows.device)
        places = match.acting[rows][:, seats].nonzero()
        rows, seats = rows[places[:, 0]], seats[places[:, 1]]
        draws = match.draws
        for number, agent in self._cohorts.items():
            own = (self._cohort[rows] == number).nonzero().view(-1)
            if len(own):
                mine, theirs = rows[own], seats[own]
                memory = at(self._memory, mine, theirs)
                turn = Turn(match.game, match.state, mine, theirs, draws.rows(mine), memory, match.paid)
                with torch.no_grad():
                    actions[mine, theirs] = agent.act(turn).to(actions.device)

    def _begin(self, number: int, match: Match, rows: Tensor) -> None:
        seats = self._seats.to(rows.device).repeat(len(rows))
        rows = rows.repeat_interleave(len(self._seats))
        self._memory[rows, seats] = torch.arange(len(rows), device=rows.device)
        self._cohorts[number].start(seats, Draws.of(match.seed, "start", match.games[rows]))

    def _release(self, *, going: set[int]) -> None:
        for number in self._cohorts.keys() - going:
            self._idle.append(self._cohorts.pop(number))


def _copy(agent: Agent) -> Any:
    try:
        return copy.deepcopy(agent)
    except Exception as cause:
        raise GameError(
            f"expected an opponent that can be copied, since its games start at different times, but copying "
            f"{type(agent).__name__} raised {describe(cause)}; give a policy, or make single environments"
        ) from cause
