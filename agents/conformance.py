"""What every agent must keep, checked by playing: ships with the package, for users' agents too."""

from collections.abc import Callable

import torch
from torch import Tensor

from agents.agent import Agent, Evaluable, Policy, Random
from agents.guard import Misplay, refuse_misjudged, refuse_misplay
from agents.rollout import play
from games.conformance import Check, Report
from games.draws import Draws
from games.game import Game
from games.names import describe
from games.turn import Turn


class _Inspected:
    """Passes every call on to the agent, and stops at the first broken answer."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    def start(self, seats: Tensor, draws: Draws) -> None:
        self.agent.start(seats, draws)

    def act(self, turn: Turn) -> Tensor:
        before = turn.observation.clone()
        actions = self.agent.act(turn)
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
    when they are played again, whatever the batch, and probabilities that add up where it is a policy.
    """
    checks: list[Check] = []
    try:
        whole = _returns(game, make(), torch.arange(games), seed)
        checks += [
            Check("answers", "passed", f"int64 actions of the right shape in {games * game.spec.players} games"),
            Check("legal actions", "passed", "only legal actions were chosen"),
            Check("no mutation", "passed", "observations were left as they were"),
        ]
        checks.append(_same("repeatable", whole, _returns(game, make(), torch.arange(games), seed)))
        used = make()
        _returns(game, used, torch.arange(games) + games, seed)
        checks.append(_same("fresh start", whole, _returns(game, used, torch.arange(games), seed)))
        parts = [_returns(game, make(), part, seed) for part in torch.arange(games).split(7)]
        checks.append(_same("same games at every batch size", whole, torch.cat(parts)))
    except Misplay as error:
        checks.append(Check(error.rule, "failed", str(error)))
    except Exception as error:
        checks.append(Check("runs", "failed", f"the agent raised {describe(error)}"))
    checks.append(_probabilities(game, make))
    return Report(f"{name} in {game.spec.name}", tuple(checks))


def _returns(game: Game, agent: Agent, games: Tensor, seed: int) -> Tensor:
    """Play with the agent in every seat in turn, random play in the others: returns `[n, P * P]`."""
    columns = []
    for seat in range(game.spec.players):
        seating = torch.ones(len(games), game.spec.players, dtype=torch.int64)
        seating[:, seat] = 0
        columns.append(play(game, [_Inspected(agent), Random()], seating=seating, games=games, seed=seed).returns)
    return torch.cat(columns, dim=1)


def _same(name: str, one: Tensor, other: Tensor) -> Check:
    equal = torch.equal(one, other)
    return Check(
        name,
        "passed" if equal else "failed",
        "the same games came out" if equal else "different games came out: draw from turn.draws",
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
