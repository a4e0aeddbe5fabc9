"""Agents of the iterated prisoner's dilemma that follow a rule: one strategy, or a field of them as one agent."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from agents.agent import Agent, AgentError, Policy, Random
from agents.zoo.scripted_kernels import NUMBERS, RECORD, UNKNOWN, Kernels, Rule, compile_rules
from games.draws import Draws
from games.game import Game
from games.matrices.history import Packing
from games.matrices.repeated_game import RepeatedGame, RepeatedState
from games.names import shorten
from games.turn import Turn

_JOINTS = 4
"""How many joint actions a round has."""


@dataclass(frozen=True)
class Strategy:
    """A rule, as `agents.zoo.scripted_kernels.compile_rules` takes it, and the numbers that it reads, five at most."""

    rule: Rule
    parameters: tuple[float, ...] = ()


@dataclass(frozen=True)
class Dilemma:
    """An iterated prisoner's dilemma as its players know it.

    A round's payoffs: temptation > reward > punishment > sucker. rounds: how many at most; certain: whether there will
    be so many, and not perhaps fewer.
    """

    temptation: float
    reward: float
    punishment: float
    sucker: float
    rounds: int
    certain: bool

    @classmethod
    def of(cls, game: Game) -> "Dilemma":
        """Read a game; raises `AgentError` where it is no iterated prisoner's dilemma."""
        if isinstance(game, RepeatedGame) and game.stage.payoffs.shape == (2, 2, 2):
            mine, theirs = game.stage.payoffs[..., 0].tolist(), game.stage.payoffs[..., 1].T.tolist()
            (reward, sucker), (temptation, punishment) = mine
            if mine == theirs and temptation > reward > punishment > sucker:
                rounds = game.spec.observation_shape[0]
                return cls(temptation, reward, punishment, sucker, rounds, game.continuation == 1 or rounds == 1)
        raise AgentError(
            "expected the iterated prisoner's dilemma, any repeated one whose first action is to cooperate, but the "
            f"game is {shorten(game.spec.name)}: name an agent for this game"
        )

    @property
    def length(self) -> int:
        """How many rounds the players know that there will be, or `UNKNOWN`."""
        return self.rounds if self.certain else UNKNOWN


@cache
def _rules() -> tuple[Rule, ...]:
    from agents.zoo.prisoners import RULES  # which are written with what stands here

    return RULES


def _kernels() -> Kernels:
    """Return the code of all rules: it is compiled once, kept on disk, and serves every field."""
    return compile_rules(_rules())


def _numbers(strategies: Sequence[Strategy]) -> tuple[np.ndarray, np.ndarray]:
    """Return which rules the strategies follow `[n]` int64, and their parameters `[n]`."""
    numbers = np.zeros(len(strategies), NUMBERS)
    for row, strategy in enumerate(strategies):
        numbers["values"][row, : len(strategy.parameters)] = strategy.parameters
    return np.array([_rules().index(strategy.rule) for strategy in strategies], np.int64), numbers


class Field:
    """Many strategies as one agent, which is asked once a round for all of them.

    owner `[m]` int64: which of the strategies plays each of the pairs that `start` is given, in its order.
    """

    def __init__(self, game: Game, strategies: Sequence[Strategy], owner: Tensor) -> None:
        self.strategies, self.owner = tuple(strategies), owner
        self._dilemma = Dilemma.of(game)
        self._packing = Packing(self._dilemma.rounds, _JOINTS)
        self._kinds, self._numbers = _numbers(strategies)
        self._seat(owner)

    def _seat(self, owner: Tensor) -> None:
        rows = owner.cpu().numpy()
        self._seated = self._kinds[rows], self._numbers[rows]
        self._records = np.zeros(len(rows), RECORD)

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin new games, forgetting the old; raises `AgentError` unless there are as many pairs as owners."""
        if len(seats) != len(self.owner):
            raise AgentError(
                f"expected as many pairs as the field has owners, {len(self.owner)}, but got {len(seats)}; make a "
                "field for these pairs"
            )
        self._seat(self.owner)

    def act(self, turn: Turn) -> Tensor:
        """Let each pair's strategy choose: 0 to cooperate, 1 to defect, `[n]` int64."""
        assert isinstance(turn.position, RepeatedState)
        mixed, move = turn.draws.mixed, turn.draws.move
        moves = torch.full_like(mixed, move) if isinstance(move, int) else move
        active = torch.ones_like(turn.rows, dtype=torch.bool) if turn.active is None else turn.active
        chosen = _kernels().act(
            self._records,
            *self._seated,
            *map(_on_host, (turn.memory, active, turn.rows, turn.seats)),
            *map(_on_host, (turn.position.rounds, turn.position.played)),
            self._packing.in_a_word,
            self._dilemma.length,
            _on_host(mixed),
            _on_host(moves),
        )
        return torch.from_numpy(chosen).to(turn.rows.device)


def _on_host(column: Tensor) -> np.ndarray:
    return column.cpu().contiguous().numpy()


class Scripted(Field, Policy):
    """One strategy. It is a policy: what it does depends on nothing but what its seat sees, all the rounds before."""

    def __init__(self, game: Game, strategy: Strategy) -> None:
        super().__init__(game, (strategy,), torch.zeros(0, dtype=torch.int64))
        self.strategy = strategy

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin new games, forgetting the old."""
        self._seat(torch.zeros_like(seats))

    def act(self, turn: Turn) -> Tensor:
        """Choose in each pair, remembering the rounds before: 0 to cooperate, 1 to defect, `[n]` int64."""
        return Field.act(self, turn)

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return the probabilities of both actions `[n, 2]` float64, as the rounds seen leave them."""
        seen = observation.cpu()  # [n, R, planes, 2]: own, other and, where hands tremble, meant
        rounds, meant = seen[:, :, 0].sum((1, 2)).long(), seen[:, :, 2 if seen.shape[2] > 2 else 0, 1]
        played = torch.stack([seen[:, :, 0, 1], seen[:, :, 1, 1], meant], 2).byte()
        length, room = self._dilemma.length, np.zeros(1, RECORD)
        shares = _kernels().replay(room, self._kinds[0], self._numbers[0], length, rounds.numpy(), played.numpy())
        return torch.from_numpy(np.stack([shares, 1 - shares], 1)).to(observation.device)


def strategy_of(agent: Agent) -> Strategy | None:
    """Return what an agent follows, if that is a strategy: the uniformly random agent follows one too."""
    if type(agent) is Random:
        from agents.zoo.memory_one import four

        return Strategy(four, (0.5,) * 5)
    return agent.strategy if isinstance(agent, Scripted) else None


def play_field(
    game: Game, strategies: Sequence[Agent], pairs: Tensor, *, seed: int, games: Tensor
) -> tuple[Tensor, Tensor] | None:
    """Play the games `games [m]` between `pairs [m, 2]` of the strategies, in one compiled loop.

    They are the games, bit for bit, that `agents.rollout.play` plays with `pairs` as the seating. Returns what each
    seat was paid, `[m, 2]` float64, and chose, `[m, rounds, 2]` uint8: 0 to cooperate, 1 to defect, and 255 in rounds
    that the game did not come to. Returns None where that cannot be had: the game is no iterated prisoner's dilemma on
    the CPU, or an agent follows no strategy.
    """
    followed = [strategy for strategy in map(strategy_of, strategies) if strategy is not None]
    if len(followed) < len(strategies) or not isinstance(game, RepeatedGame) or game.device.type != "cpu":
        return None
    try:
        dilemma = Dilemma.of(game)
    except AgentError:
        return None
    kinds, numbers = _numbers(followed)
    slips, another = _chances(game)
    returns, choices = _kernels().play(
        np.zeros(2, RECORD),
        kinds[pairs.numpy()],
        numbers[pairs.numpy()],
        dilemma.rounds,
        dilemma.length,
        game.stage.payoffs.reshape(_JOINTS, 2).copy(),
        slips,
        another,
        *(Draws.of(seed, purpose, games).mixed.numpy() for purpose in ("action", "chance")),
    )
    return torch.from_numpy(returns), torch.from_numpy(choices)


def _chances(game: RepeatedGame) -> tuple[np.ndarray, np.ndarray]:
    """Return chance's probabilities after each joint choice `[4, O]`, and after a round `[O]`; O is 0 where it is idle.

    The game is asked for them, where chance moves first and where it moves next.
    """
    every = torch.arange(_JOINTS)
    actions = torch.stack([every // 2, every % 2, *[torch.zeros_like(every)] * (game.spec.seats - 2)], 1)
    slips, another = np.zeros((_JOINTS, 0)), np.zeros(0)
    state = game.step(game.reset(Draws.of(0, "chances", every)), actions)
    if game.noise:
        slips = game.chance(state, every).numpy()
        state = game.step(state, actions)
    if bool(state.acting[0, 2:].any()):
        another = game.chance(state, every[:1])[0].numpy()
    return slips, another
