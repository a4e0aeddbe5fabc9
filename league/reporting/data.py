"""What a report says, as data: gathered from a run's ledger, in the order of its ranking."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from arena.ratings import Floats
from league.reporting.analysis import Analysis
from league.reporting.replays import Replay
from league.reporting.rounds import Meeting


@dataclass(frozen=True, kw_only=True)
class Row:
    """An agent in the ranking.

    mean_return: a game's, with its 95 % interval; elo likewise. place: by how far it came, where the format tells.
    match_points: what a Swiss tournament orders by.
    faults: lost games by kind. weights: its share of each seat's meta-strategy. exploitability: its own.
    """

    name: str
    mean_return: float | None = None
    mean_return_interval: tuple[float, float] | None = None
    elo: float | None = None
    elo_interval: tuple[float, float] | None = None
    games: int = 0
    wins: int = 0
    draws: int = 0
    losses: int = 0
    place: int | None = None
    match_points: float | None = None
    faults: dict[str, int] = field(default_factory=dict)
    first_fault: str | None = None
    weights: tuple[float, ...] = ()
    exploitability: float | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class Table:
    """Who fared how against whom, of n agents in the order of the ranking.

    wins, draws `[n, n]`: games that row won from column, and that they drew; None where payoffs are exact.
    payoffs `[n, n]`: what row got a game against column, NaN where they did not meet; around `even`, and `unit` says
    what it is.
    """

    wins: np.ndarray | None
    draws: np.ndarray | None
    payoffs: Floats
    even: float
    unit: str


@dataclass(frozen=True, kw_only=True)
class Curve:
    """How exploitable a league's equilibrium was after 0, 1, ... expansions.

    kind: `exact` or `lower bound`. intervals: 95 %, or None. weights `[iterations][seats][members]`: the meta-strategy.
    """

    kind: str
    values: tuple[float, ...]
    intervals: tuple[tuple[float, float], ...] | None
    weights: tuple[tuple[tuple[float, ...], ...], ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Report:
    """All that a page tells.

    kind: `tournament` or `league`. state: `finished`, `stopped`, `running` or `interrupted`. facts: labels and values.
    order: the ranking's rule, as a clause. even_pay: whether what one gains the others lose.
    missing: by topic, a sentence on why the page has nothing to say. commands: labels and command lines.
    """

    run_dir: str
    kind: str
    game: str
    format: str
    state: str
    facts: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    order: str
    even_pay: bool
    table: Table | None
    analysis: Analysis | None
    curve: Curve | None = None
    rounds: tuple[tuple[Meeting, ...], ...] = ()
    numbered: tuple[str, ...] = ()
    replays: tuple[Replay, ...] = ()
    warnings: tuple[str, ...] = ()
    missing: dict[str, str] = field(default_factory=dict)
    commands: tuple[tuple[str, str], ...] = ()


def interval(pair: Any) -> tuple[float, float] | None:
    """Return a summary's interval, or None where it has none."""
    return None if pair is None or pair[0] is None or pair[1] is None else (float(pair[0]), float(pair[1]))
