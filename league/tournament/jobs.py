"""Encounters as data: a job says everything that its games depend on, and can be played anywhere."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from agents.hosting import Limits
from agents.zoo import ZOO
from arena.encounter import Cast, Encounter, play_encounters
from games import make
from games.game import Game
from games.names import parse
from league.runs import load_agent

_SEARCHED = 64
"""Games in a job where agents search: their moves take long, and what is not finished is lost in a power cut."""


@dataclass(frozen=True)
class EncounterJob:
    """Play `encounters` of `game` among `agents`, each deal in `seatings`, after openings of `plies`."""

    name: str
    number: int
    folder: Path
    game: str
    agents: tuple[str, ...]
    encounters: tuple[Encounter, ...]
    seatings: int
    plies: int
    seed: int
    limits: Limits

    def run(self, *, stop: Callable[[], bool], report: Callable[..., None]) -> None:
        """Play, and report the job's number and results."""
        game, cast = _table(self.game, self.agents, self.limits)
        results = play_encounters(game, cast, self.encounters, seatings=self.seatings, seed=self.seed, plies=self.plies)
        report(self.number, results)


@lru_cache(maxsize=2)
def _table(game: str, agents: tuple[str, ...], limits: Limits) -> tuple[Game, Cast]:
    made = make(game)
    return made, Cast(lambda number: load_agent(agents[number], made, limits=limits))


def in_jobs(
    encounters: Sequence[Encounter], agents: Sequence[str], *, seatings: int, batch: int
) -> Iterator[tuple[int, int]]:
    """Divide a round into jobs: yields the bounds of each, which depend on nothing but the arguments.

    What one batch can hold is one job; an encounter of an agent that is a process of its own is one too.
    """
    apart = {number for number, name in enumerate(agents) if is_apart(name)}
    slow = {number for number, name in enumerate(agents) if _searches(name)}
    first, games = 0, 0
    for place, encounter in enumerate(encounters):
        lineup, size = set(encounter.lineup), encounter.deals * seatings
        alone = bool(lineup & apart)
        most = _SEARCHED if lineup & slow else batch
        if place > first and (alone or games + size > most):
            yield first, place
            first, games = place, 0
        games = most if alone else games + size
    if encounters:
        yield first, len(encounters)


def is_apart(name: str) -> bool:
    """Whether an agent is a user's own code, which runs in a process of its own."""
    return _kind(name) in ("file", "command")


def _kind(name: str) -> str:
    return "own" if name.endswith(".safetensors") else parse(name).kind


def _searches(name: str) -> bool:
    entry: Any = ZOO.get(parse(name).target) if _kind(name) == "own" and not name.endswith(".safetensors") else None
    return entry is not None and entry.searches
