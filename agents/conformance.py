"""What every agent must keep, checked by playing: ships with the package, for users' agents too."""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from agents.agent import Agent, Evaluable, Fault, Policy, Random
from agents.guard import Misplay, refuse_misjudged, refuse_misplay
from agents.hosting import Isolation
from agents.rollout import play
from games.conformance import Check, Report
from games.draws import Draws
from games.game import Game
from games.names import describe
from games.turn import Turn

_ALONE = 16
"""In how many games an agent is checked that plays one at a time, unless fewer are asked for."""


class _Inspected:
    """Passes every call on to the agent, stops at the first broken answer, and keeps the time."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.moves, self.seconds = 0, 0.0

    def start(self, seats: Tensor, draws: Draws) -> None:
        self.agent.start(seats, draws)

    def act(self, turn: Turn) -> Tensor:
        before = turn.observation.clone()
        began = time.perf_counter()
        actions = self.agent.act(turn)
        self.seconds += time.perf_counter() - began
        self.moves += len(turn)
        if not torch.equal(before, turn.observation):
            raise Misplay("act changed the turn's observation: copy it first", "no mutation")
        refuse_misplay(actions, turn, "the agent")
        return actions


class _Judged(Random):
    """Plays at random, and looks at what a policy would have said."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy

    def act(self, turn: Turn) -> Tensor:
        refuse_misjudged(self.policy.probabilities(turn.observation, turn.legal, turn.seats), turn.legal, "the agent")
        return super().act(turn)


def check_agent(
    game: Game, make: Callable[[], Agent], *, name: str = "agent", seed: int = 0, games: int = 64
) -> Report:
    """Seat fresh agents in `games` games against random play and report which rules they keep.

    `make` returns a new agent; the rules are: answers of the right shape, legal actions, no mutation, the same games
    when they are played again, whatever the batch, and probabilities that add up where it is a policy. An agent in a
    process of its own is also said how it is kept apart and how long it takes; one that plays a game at a time is
    checked in fewer of them, each by itself.
    """
    checks: list[Check] = []
    held = _Held(make)
    try:
        first = held.make()
        numbers = torch.arange(games if getattr(first, "batched", True) else min(games, _ALONE))
        watched = _Inspected(first)
        whole = _returns(game, watched, numbers, seed)
        checks += [
            Check("answers", "passed", f"actions of the right kind in {len(numbers) * game.spec.players} games"),
            Check("legal actions", "passed", "only legal actions were chosen"),
            Check("no mutation", "passed", "observations were left as they were"),
            *_apart(watched),
        ]
        checks.append(_same("repeatable", whole, _returns(game, held.make(), numbers, seed), first))
        used = held.make()
        _returns(game, used, numbers + games, seed)
        checks.append(_same("fresh start", whole, _returns(game, used, numbers, seed), first))
        parts = [_returns(game, held.make(), part, seed) for part in numbers.split(7)]
        checks.append(_same("same games at every batch size", whole, torch.cat(parts), first))
    except Misplay as error:
        kind = f"{error.kind}: " if isinstance(error, Fault) else ""
        checks.append(Check(error.rule, "failed", f"{kind}{error}"))
    except Exception as error:
        checks.append(Check("runs", "failed", f"the agent raised {describe(error)}"))
    checks.append(_probabilities(game, held.make))
    held.close()
    return Report(f"{name} in {game.spec.name}", tuple(checks))


class _Held:
    """Makes agents; one that is a process is ended when the next is made."""

    def __init__(self, make: Callable[[], Agent]) -> None:
        self._make = make
        self._last: Agent | None = None

    def make(self) -> Agent:
        self.close()
        self._last = self._make()
        return self._last

    def close(self) -> None:
        if self._last is not None and hasattr(self._last, "close"):
            self._last.close()  # pyright: ignore[reportAttributeAccessIssue]
        self._last = None


def _apart(watched: _Inspected) -> list[Check]:
    """Say how an agent's process is kept apart, and what a move of it takes."""
    isolation = getattr(watched.agent, "isolation", None)
    if not isinstance(isolation, Isolation):
        return []
    each = 1000 * watched.seconds / max(watched.moves, 1)
    return [
        Check("isolation", "passed", isolation.describe()),
        Check("time", "passed", f"{each:.3g} ms a move on average over {watched.moves} moves, the way there included"),
    ]


def _returns(game: Game, agent: Agent, games: Tensor, seed: int) -> Tensor:
    """Play with the agent in every seat in turn, random play in the others: returns `[n, P * P]`."""
    inspected = agent if isinstance(agent, _Inspected) else _Inspected(agent)
    together = getattr(inspected.agent, "batched", True)
    columns = []
    for seat in range(game.spec.players):
        parts = []
        for part in [games] if together else games.split(1):
            seating = torch.ones(len(part), game.spec.players, dtype=torch.int64)
            seating[:, seat] = 0
            played = play(game, [inspected, Random()], seating=seating, games=part, seed=seed)
            if played.forfeit is not None:
                raise played.forfeit.fault
            parts.append(played.returns)
        columns.append(torch.cat(parts))
    return torch.cat(columns, dim=1)


def _same(name: str, one: Tensor, other: Tensor, agent: Agent) -> Check:
    source = "turn.draws" if getattr(agent, "batched", True) else "the seed that it is given when a game starts"
    equal = torch.equal(one, other)
    return Check(
        name,
        "passed" if equal else "failed",
        "the same games came out" if equal else f"different games came out: draw from {source}",
    )


def _probabilities(game: Game, make: Callable[[], Agent]) -> Check:
    """Check a policy's probabilities wherever it comes in a few games."""
    name = "probabilities"
    try:
        agent = make()
        if not isinstance(agent, Policy):
            known = isinstance(agent, Evaluable)
            kind = "is evaluated by its own behaviour" if known else "can be played but not evaluated"
            return Check(name, "skipped", f"the agent is not a Policy: it {kind}")
        _returns(game, _Judged(agent), torch.arange(8), seed=0)
    except Misplay as error:
        return Check(name, "failed", str(error))
    except Exception as error:
        return Check(name, "failed", f"probabilities raised {describe(error)}")
    return Check(name, "passed", "non-negative, zero where illegal, and adding up to one")
