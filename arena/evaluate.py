"""One agent measured: against its best responses on the tree, and against another agent at the table."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta, t

from agents.agent import Agent, Drawing, Evaluable
from arena.cells import Cell
from arena.match import play_match
from games.draws import key
from games.extensive.tree import GameTree
from games.game import Game


@dataclass(frozen=True)
class Exploitability:
    """nash_conv is the sum of all seats' gains from deviating, exploitability that over the number of players."""

    exploitability: float
    nash_conv: float
    gains: tuple[float, ...]


def exploitability(tree: GameTree, agent: Evaluable) -> Exploitability:
    """Measure exactly how much best responses gain against the agent in every seat."""
    gains = tree.gains(tree.plan(agent.behaviour(tree)))
    total = float(gains.sum())
    return Exploitability(total / tree.players, total, tuple(gains.tolist()))


@dataclass(frozen=True)
class Estimate:
    """The mean exploitability of an agent's runs, its 95 % interval, and the means of NashConv and of the gains."""

    exploitability: float
    interval: tuple[float, float]
    nash_conv: float
    gains: tuple[float, ...]
    runs: int


def estimated(
    tree: GameTree, agent: Drawing, *, runs: int, seed: int, watch: Callable[[float], None] = lambda _: None
) -> Estimate:
    """Measure an agent that draws while it thinks, run by run: each draws once for every position.

    A best response to a run knows what was drawn, and nobody who plays the agent does: the mean over the runs is no
    less than the exploitability of the agent itself. The interval is Student's, of that mean.
    """
    gains = np.empty((runs, tree.players))
    for run in range(runs):
        own = agent.drawn(key(seed, f"run {run}") & (1 << 62) - 1)
        gains[run] = tree.gains(tree.plan(own.behaviour(tree)))
        watch(float(gains[: run + 1].sum(1).mean()) / tree.players)
    each = gains.sum(1) / tree.players
    reach = float(t.ppf(0.975, runs - 1) * each.std(ddof=1) / runs**0.5) if runs > 1 else float("inf")
    mean = float(each.mean())
    return Estimate(
        mean, (max(0.0, mean - reach), mean + reach), mean * tree.players, tuple(gains.mean(0).tolist()), runs
    )


def versus(
    game: Game, agent: Agent, other: Agent, *, games: int, seed: int, watch: Callable[[int], None] = lambda _: None
) -> list[Cell]:
    """Play `games` games with `agent` in each seat in turn, `other` in all the rest: one cell a seat of the agent.

    `watch` is told how many games were played, seat by seat.
    """
    cells = []
    for seat in range(game.spec.players):
        lineup = [agent if place == seat else other for place in range(game.spec.players)]
        cells.append(play_match(game, lineup, games=games, seed=key(seed, f"seat {seat}")))
        watch(games)
    return cells


def proportion_interval(count: int, total: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a proportion (Clopper and Pearson, 1934)."""
    tail = (1 - level) / 2
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, total - count + 1))
    high = 1.0 if count == total else float(beta.ppf(1 - tail, count + 1, total - count))
    return low, high
