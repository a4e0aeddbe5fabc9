"""What responses gain against a fixed agent, where no tree tells: found, chosen and measured by playing.

Whatever a seat's response gains, its best response gains no less: the sum over seats is a lower bound of NashConv
(Timbers et al., "Approximate exploitability: learning a best response", IJCAI 2022). Responses are trained in some
games, chosen in others and measured in others again, so that neither training nor the choice flatters the measurement.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from agents.agent import Agent, Evaluable
from agents.learner import Network, Task, train
from agents.ppo import PPO, PPOConfig
from arena.cells import Cell, Floats
from arena.match import seated
from games.draws import key
from games.extensive.tree import GameTree
from games.game import Game

Watch = Callable[[int, str], None]
"""Told how many games were played since it was last told, and what for."""


@dataclass(frozen=True, kw_only=True)
class LowerBound:
    """What one response for each of P seats gained, each on average over the same games.

    responses: the candidate chosen for each seat; chosen: its place among that seat's candidates.
    counted: whether it earned more than the agent itself in the games that chose it. Only such seats are in `total`: in
        the others the best response is at least the agent itself, which gains nothing.
    returns, own, gains `[P]`: what the responses earned, what the agent itself earned in their place, and the paired
        differences, which may be below zero.
    total `[1]`: the counted gains of a game, added up.
    utility: the bounds of one seat's return.
    """

    responses: tuple[Agent, ...]
    chosen: tuple[int, ...]
    counted: tuple[bool, ...]
    returns: Cell
    own: Cell
    gains: Cell
    total: Cell
    utility: tuple[float, float]

    @property
    def nash_conv(self) -> float:
        """The lower bound: the total, or 0 where that was measured below what NashConv can be."""
        return max(float(self.total.mean[0]), 0.0)

    @property
    def clipped(self) -> bool:
        """Whether the total was measured below 0."""
        return bool(self.total.mean[0] < 0)

    def gain_intervals(self) -> Floats:
        """Return the 95 % intervals `[P, 2]` of the gains."""
        width = self.utility[1] - self.utility[0]
        return self.gains.interval((-width, width))

    def interval(self) -> Floats:
        """Return the 95 % interval `[2]` of what these responses gain in all, and so of `nash_conv`; none is below 0.

        It tells how far the measurement is off, not how far these responses are from the best.
        """
        width = len(self.counted) * (self.utility[1] - self.utility[0])
        return np.maximum(self.total.interval((-width, width))[0], 0.0)


def train_responses(
    game: Game, agent: Agent, *, config: PPOConfig, seeds: int, seed: int, watch: Watch | None = None
) -> list[list[Network]]:
    """Train `seeds` responses for each seat by PPO against `agent` in the other seats: `[P][seeds]`.

    They play their likeliest actions alone.
    """
    return [
        [_trained(game, agent, seat, config, key(seed, f"response/{seat}/{number}"), watch) for number in range(seeds)]
        for seat in range(game.spec.players)
    ]


def _trained(game: Game, agent: Agent, seat: int, config: PPOConfig, seed: int, watch: Watch | None) -> Network:
    name = f"a response for seat {seat}"
    learner = PPO(Task(name, game, (seat,), agent, seed), config)

    def report(done: int, shown: dict[str, float]) -> None:
        if watch is not None:
            watch(config.games, f"training {name}")

    with TemporaryDirectory() as folder:
        policy = train(learner, Path(folder) / "checkpoint", task=name, stop=lambda: False, report=report)
    policy.architecture["temperature"] = 0.0
    return policy


def lower_bound(
    game: Game,
    agent: Agent,
    candidates: Sequence[Sequence[Agent]],
    *,
    games: int,
    seed: int,
    batch: int | None = None,
    watch: Watch | None = None,
) -> LowerBound:
    """Choose each seat's best of its `candidates [P][n]` in `games` games, and measure it in as many others.

    The agent itself plays the same games in the response's place, from the same random numbers, so that what chance
    did to both cancels in the difference.
    """

    def meetings(lineups: Sequence[Sequence[Agent]], purpose: str) -> Iterator[tuple[Floats, list[Floats]]]:
        for start in range(0, games, batch or game.spec.batch):
            numbers = torch.arange(start, min(start + (batch or game.spec.batch), games), device=game.device)
            yield _meet(game, agent, lineups, numbers, key(seed, purpose), watch)

    chosen, counted = _choose(meetings(candidates, "choosing"), [len(options) for options in candidates])
    best = [options[place] for options, place in zip(candidates, chosen, strict=True)]
    players = game.spec.players
    cells = [Cell.empty(size) for size in (players, players, players, 1)]
    for own, columns in meetings([[response] for response in best], "measuring"):
        found = np.concatenate(columns, axis=1)
        gains = found - own
        parts = (found, own, gains, gains[:, counted].sum(1, keepdims=True))
        cells = [cell.merge(Cell.of(part)) for cell, part in zip(cells, parts, strict=True)]
    return LowerBound(
        responses=tuple(best),
        chosen=tuple(chosen),
        counted=tuple(counted),
        returns=cells[0],
        own=cells[1],
        gains=cells[2],
        total=cells[3] if any(counted) else Cell.exact([0.0]),
        utility=game.spec.utility,
    )


def _meet(
    game: Game,
    agent: Agent,
    lineups: Sequence[Sequence[Agent]],
    numbers: torch.Tensor,
    seed: int,
    watch: Watch | None,
) -> tuple[Floats, list[Floats]]:
    """Play the games `numbers [B]` without and with each response.

    Returns what the agent itself earns in every seat `[B, P]`, and what each seat's responses earn there `[B, n]`.
    """

    def returns(lineup: Sequence[Agent]) -> Floats:
        played = seated(game, lineup, numbers, seed).returns.cpu().numpy()
        if watch is not None:
            watch(len(numbers), "measuring responses")
        return played

    own = returns([agent] * game.spec.players)
    found = []
    for seat, options in enumerate(lineups):
        others = [agent] * seat, [agent] * (game.spec.players - seat - 1)
        found.append(np.stack([returns([*others[0], one, *others[1]])[:, seat] for one in options], axis=1))
    return own, found


def _choose(played: Iterator[tuple[Floats, list[Floats]]], sizes: Sequence[int]) -> tuple[list[int], list[bool]]:
    """Return the place of each seat's best candidate, and whether it earned more than the agent itself."""
    own, found = np.zeros(len(sizes)), [np.zeros(size) for size in sizes]
    for ours, theirs in played:
        own += ours.sum(0)
        found = [total + column.sum(0) for total, column in zip(found, theirs, strict=True)]
    return [int(total.argmax()) for total in found], [
        bool(total.max() > mine) for total, mine in zip(found, own, strict=True)
    ]


def exact_gains(tree: GameTree, agent: Evaluable, responses: Sequence[Evaluable]) -> Floats:
    """Return exactly what each seat's response gains `[P]` over the agent itself."""
    own = tree.plan(agent.behaviour(tree))
    gains = np.empty(tree.players)
    for seat, response in enumerate(responses):
        plans = [own] * tree.players
        plans[seat] = tree.plan(response.behaviour(tree))
        gains[seat] = tree.returns(tree.seated(plans))[seat]
    return gains - tree.returns(own)
