"""AlphaZero as a learner: self-play with search, and a network that learns from it (Silver et al., 2018)."""

import math
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from agents.adam import Adam
from agents.learner import Learner, Task, seeded
from agents.networks.policy_value import PolicyValueNetwork, outcomes_of
from agents.search.agent import alphazero, judge, searching
from agents.search.ladder import climb
from agents.search.lessons import Lessons, window
from agents.search.search import SearchConfig
from agents.search.selfplay import SelfPlayConfig, Session, play_against, self_play
from agents.zoo.lookahead import refuse_unfit
from games.draws import key
from games.game import Game
from games.native import NativeGame

_CLIMBED = 16
"""Games in either seat against each rung of the ladder."""


@dataclass(frozen=True)
class AlphaZeroConfig(SelfPlayConfig, SearchConfig):
    """What shapes the training, how its games are played and how it searches in them.

    updates: how many; games: played in each, the share `against` of them against the opponents and the others against
    itself; parts: how many parts they are divided into, each of which a thread plays, and a batch, each of which a
    thread learns; network, layers, width, blocks,
    channels: the network's kind and sizes; passes: how often a lesson is learned from, on average, batch: how many at a
    time; window: how many of the newest are kept at first, see `agents.search.lessons.window`; learning_rate falls
    along a cosine to `learning_rate_end` times itself; decay: of the weights; value_weight: of the outcome's loss;
    value_mix: how much of an outcome that is learned is what the search expected, the rest being how the game ended;
    half: whether large batches are judged in bfloat16; ladder: so many updates apart is the network's search measured
    against agents that are always the same, 0 for never, see `agents.search.ladder`.
    """

    updates: int = 40
    games: int = 512
    against: float = 0.25
    parts: int = 2
    network: Literal["dense", "residual"] = "dense"
    layers: int = 2
    width: int = 128
    blocks: int = 5
    channels: int = 64
    passes: float = 4.0
    batch: int = 1024
    window: int = 50_000
    learning_rate: float = 2e-3
    learning_rate_end: float = 0.05
    decay: float = 1e-4
    value_weight: float = 1.0
    value_mix: float = 0.25
    half: bool = True
    ladder: int = 10

    def architecture(self, observation: tuple[int, ...], actions: int) -> dict[str, object]:
        """Return that of the network."""
        sizes = {"dense": ("layers", "width"), "residual": ("blocks", "channels")}[self.network]
        own = {name: getattr(self, name) for name in sizes}
        return {"kind": self.network, "observation": list(observation), "actions": actions, **own}


def refuse_game(game: Game) -> None:
    """Raise `AgentError` unless it can learn the game."""
    refuse_unfit(game, "alphazero", chance=True, alone=True)


class _Part:
    """What one thread plays with: a network and trees of its own."""

    def __init__(self, game: Game, network: PolicyValueNetwork, config: AlphaZeroConfig) -> None:
        device = network.weights.device
        self._network, self._half = PolicyValueNetwork(network.architecture, seed=None, device=device), config.half
        self.search = searching(game, self._judge, config, device=device)

    def learn(self, network: PolicyValueNetwork) -> None:
        """Take over the weights of `network`."""
        self._network.weights.copy_(network.weights)

    def _judge(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        return judge(self._network, observation, half=self._half)


class AlphaZero(Learner):
    """Trains one `PolicyValueNetwork` for all seats."""

    def __init__(self, task: Task, config: AlphaZeroConfig) -> None:
        self.task, self.config, self.updates = task, config, config.updates
        refuse_game(task.game)
        self.game, spec = task.game, task.game.spec
        architecture = config.architecture(spec.observation_shape, spec.actions)
        self.network = PolicyValueNetwork(architecture, seed=task.seed, device=self.game.device)
        if isinstance(task.start, PolicyValueNetwork) and task.start.trunk.shapes == self.network.trunk.shapes:
            self.network.load(task.start.tensors())
        self._adam = Adam(self.network.flatten())
        self._symmetries = self.game.symmetries
        threads = config.parts if self.game.device.type == "cpu" and isinstance(self.game, NativeGame) else 1
        self._parts = [_Part(self.game, self.network, config) for _ in range(threads)]
        self._gradients = self.network.weights.new_empty(threads, len(self.network.weights))
        self._others = round(config.games * config.against)
        self._seats = torch.tensor(task.seats)[torch.arange(self._others) % len(task.seats)]
        self._window: list[Lessons] = []
        self._total = 0

    def update(self) -> dict[str, float]:
        """Play `config.games` games, and learn from the window."""
        began = time.perf_counter()
        sessions = self._play()
        played = time.perf_counter() - began
        fresh = Lessons.join([session.lessons for session in sessions])
        self._total += len(fresh)
        kept = window(self._total, least=self.config.window)
        self._window = [Lessons.join([*self._window, fresh]).rows(slice(-kept, None))]
        policy, value = self._learn(math.ceil(self.config.passes * len(fresh) / self.config.batch))
        given, audited, wrong = (
            float(sum(column)) for column in zip(*(session.resigned for session in sessions), strict=True)
        )
        return {
            "games": float(self.config.games),
            "return": self._earned(sessions),
            "policy_loss": policy,
            "value_loss": value,
            "simulations_per_second": sum(session.simulations for session in sessions) / played,
            "games_per_second": self.config.games / played,
            "lessons": float(len(fresh)),
            "window": float(kept),
            "learning_share": 1 - played / (time.perf_counter() - began),
            **({"given_up": given, "audited": audited, "wrongly": wrong} if self.config.resign > -1 else {}),
            **self._climb(),
        }

    def _climb(self) -> dict[str, float]:
        """Measure the search on the ladder, where it is time for that."""
        if not self.config.ladder or (self.done + 1) % self.config.ladder:
            return {}
        searching = alphazero(self.game, self.response(), simulations=self.config.simulations, rule=self.config.rule)
        return climb(self.game, searching, games=_CLIMBED, seed=key(self.task.seed, f"ladder/{self.done}"))

    def _play(self) -> list[Session]:
        """Play the games of one update: those against itself, and then those against the opponents, part by part."""
        config, task = self.config, self.task
        numbers = torch.arange(self.done * config.games, (self.done + 1) * config.games)
        own, theirs = numbers.split([config.games - self._others, self._others])
        for part in self._parts:
            part.learn(self.network)
        jobs: list[Callable[[], Session]] = []
        for part, games in zip(self._parts, own.tensor_split(len(self._parts)), strict=True):
            if len(games):
                jobs.append(partial(self_play, part.search, config, games=games, seed=task.seed))
        with self._threads() as threads:
            sessions = [future.result() for future in [threads.submit(job) for job in jobs]]
        if self._others:
            seats = self._seats
            against = play_against(self._parts[0].search, config, task.opponents, seats, games=theirs, seed=task.seed)
            sessions.append(against)
        return sessions

    def _earned(self, sessions: list[Session]) -> float:
        """Return the mean return of the games against the opponents, 0 where there were none."""
        if not self._others:
            return 0.0
        return float(sessions[-1].returns[torch.arange(self._others), self._seats].mean())

    def _learn(self, steps: int) -> tuple[float, float]:
        """Take gradient steps; return the mean losses of policy and outcome."""
        config, (lessons,) = self.config, self._window
        generator = seeded(key(self.task.seed, f"lessons/{self.done}"), torch.device("cpu"))
        progress = self.done / self.updates
        end = config.learning_rate_end
        rate = config.learning_rate * (end + (1 - end) * (1 + math.cos(math.pi * progress)) / 2)
        losses, count = torch.zeros(2), len(self._parts)
        with self._threads() as threads:
            for _ in range(steps):
                rows = torch.randint(len(lessons), (config.batch,), generator=generator)
                which = torch.randint(len(self._symmetries), (config.batch,), generator=generator)
                teach = partial(self._teach, lessons, teaching=lessons.policy[rows].sum())
                parts = rows.tensor_split(count), which.tensor_split(count), self._gradients
                taught = list(threads.map(teach, *parts))
                self.network.weights.mul_(1 - rate * config.decay)
                self._adam.step(self._gradients.sum(0), rate)
                losses += torch.stack(taught).sum(0)
        policy, value = (losses / max(1, steps)).tolist()
        return policy, value

    def _teach(self, lessons: Lessons, rows: Tensor, which: Tensor, gradient: Tensor, *, teaching: Tensor) -> Tensor:
        """Return a part's share of a batch's losses `[2]`, of policy and outcome, and write its gradient's."""
        config, taught, device = self.config, lessons.rows(rows), self.network.weights.device
        lesson = self._symmetries.apply(which, taught.observation.float(), taught.legal, taught.policy)
        expected = config.value_mix * taught.value + (1 - config.value_mix) * taught.outcome
        policy_loss, value_loss, _ = self.network.losses(
            *(column.to(device) for column in (*lesson, outcomes_of(expected))),
            value_weight=config.value_weight,
            gradient=gradient,
            whole=(teaching.to(device), config.batch),
        )
        return torch.stack([policy_loss, value_loss]).cpu()

    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(min(len(self._parts), os.cpu_count() or 1))

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights, the optimiser's moments and the window."""
        lessons = self._window[0].columns() if self._window else {}
        kept = {f"lessons.{name}": column for name, column in lessons.items()}
        return {**self._adam.tensors(), **kept, "total": torch.tensor(self._total)}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what `tensors` returned."""
        kept = {name.removeprefix("lessons."): value for name, value in tensors.items() if name.startswith("lessons.")}
        self._window = [Lessons(**kept)] if kept else []
        self._total = int(tensors["total"])
        self._adam.load(tensors)

    def response(self) -> PolicyValueNetwork:
        """Return a copy of the network."""
        return PolicyValueNetwork.of(
            self.network.architecture, self.network.tensors(), device=self.network.weights.device
        )
