"""What every agent must keep, checked by playing: ships with the package, for users' agents too."""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from agents.agent import Agent, Evaluable, Fault, Policy, Random
from agents.guard import Misplay, refuse_misjudged, refuse_misplay
from agents.hosting import Isolation
from agents.hosting.single import Hosted
from agents.rollout import play
from games.conformance import Check, Report
from games.draws import Draws
from games.game import Game
from games.names import describe
from games.turn import Turn

_ALONE = 16
"""In how many games an agent is checked that plays one at a time, unless fewer are asked for."""


_WHEN = {
    "repeatable": " when they were played again by a new agent",
    "fresh start": " after it had played others",
    "same games at every batch size": " when fewer of them were played together, or by one agent",
}
"""By check, when games differed."""

_SEEDED = (
    "take random numbers from random or numpy.random as they are, which are seeded before every move, and decide "
    "nothing by the clock, by secrets or by a generator of your own"
)
_CHANCE = {
    "batched": "draw from turn.draws, and decide nothing by the clock, by generators of your own or by what is kept "
    "between games",
    "function": _SEEDED,
    "class": f"{_SEEDED} that is not seeded with the seed that start is given",
    "program": "draw from the seed that the message start brings, and decide nothing by the clock or other sources of "
    "chance",
}
_MEMORY = {
    "batched": "start begins new games, so forget there what was kept from others",
    "function": "a function plays many games in any order, so keep nothing between its calls; what remembers is a "
    "class with a method act, of which one is made for each game",
    "class": "one is made for each game, so keep what it remembers in self, and nothing in the class or the file",
    "program": "begin anew at every message start, and keep nothing from the games before",
}
_COMPANY = _MEMORY | {
    "batched": "what it does in one game must depend on no other game of the batch nor on how many there are",
    "program": "what it does in one game must depend on no other game, before it or beside it",
}
"""What to do, by how the agent is written: where the same differs by itself, after other games, and beside others."""


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
        checks += _repeated(game, held, numbers, seed, whole, first)
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


def _repeated(game: Game, held: _Held, numbers: Tensor, seed: int, whole: Tensor, agent: Agent) -> list[Check]:
    """Play the same games again, by agents new and used, and say where other games than `whole` come out, and why."""

    def again() -> Tensor:
        return _returns(game, held.make(), numbers, seed)

    def used() -> Tensor:
        one = held.make()
        _returns(game, one, numbers + len(numbers), seed)
        return _returns(game, one, numbers, seed)

    def parted() -> Tensor:
        return torch.cat([_returns(game, held.make(), part, seed) for part in numbers.split(7)])

    checks, cause = list[Check](), ""
    ways = (
        ("repeatable", again, _CHANCE),
        ("fresh start", used, _MEMORY),
        ("same games at every batch size", parted, _COMPANY),
    )
    for name, play_again, advice in ways:
        got = play_again()
        if torch.equal(whole, got):
            checks.append(Check(name, "passed", "the same games came out"))
            continue
        if not cause:
            # What differs from itself is chance, which the checks before may have missed.
            steady = advice is not _CHANCE and torch.equal(got, play_again())
            cause = (advice if steady else _CHANCE)[_form(agent)]
        checks.append(Check(name, "failed", f"different games came out{_WHEN[name]}: {cause}"))
    return checks


def _form(agent: Agent) -> str:
    """Return how an agent is written: `batched`, or one of `agents.hosting.single.Form`."""
    return agent.form if isinstance(agent, Hosted) else "batched"


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
