"""Encounters as data: a job says everything that its games depend on, and can be played anywhere."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from agents.agent import Agent, Fault
from agents.hosting import Limits
from agents.learner import Interrupted
from arena.encounter import Cast, Encounter, play_encounters
from games import make
from games.game import Game
from games.polling import polled
from league.runs import load_agent
from league.tournament.entrants import is_apart, refuse_changed


@dataclass(frozen=True)
class EncounterJob:
    """Play `encounters` of `game` among `entrants`, each deal in `seatings`, after openings of `plies`."""

    name: str
    number: int
    folder: Path
    game: str
    entrants: tuple[dict[str, Any], ...]
    encounters: tuple[Encounter, ...]
    seatings: int
    plies: int
    seed: int
    limits: Limits

    def run(self, *, stop: Callable[[], bool], report: Callable[..., None]) -> None:
        """Play, and report the job's number and results; raises `Interrupted` soon after `stop()` has come true."""
        game = _game(self.game)

        def look() -> None:
            if stop():
                raise Interrupted

        def build(number: int) -> Agent:
            entrant = self.entrants[number]
            if entrant["refused"] is not None:
                raise Fault(*entrant["refused"])
            refuse_changed(entrant)
            return _kept(entrant["plays"], self.game) or load_agent(entrant["plays"], game, limits=self.limits)

        with polled(look):
            results = play_encounters(
                game, Cast(build), self.encounters, seatings=self.seatings, seed=self.seed, plies=self.plies
            )
        report(self.number, results)


@lru_cache(maxsize=2)
def _game(name: str) -> Game:
    return make(name)


@lru_cache(maxsize=256)
def _kept(name: str, game: str) -> Agent | None:
    """Return an agent of ours, which can play in one job after another, and None for a user's own code."""
    return None if is_apart(name) else load_agent(name, _game(game))


def in_jobs(
    encounters: Sequence[Encounter], *, slow: Sequence[bool], seatings: int, batch: int
) -> Iterator[tuple[int, int]]:
    """Divide a round into jobs: yields the bounds of each, which depend on nothing but the arguments.

    What one batch can hold is one job, and an encounter of an agent that takes its time (`slow [n]`) is one too.
    """
    first, games = 0, 0
    for place, encounter in enumerate(encounters):
        size = encounter.deals * seatings
        alone = any(slow[agent] for agent in encounter.lineup)
        if place > first and (alone or games + size > batch):
            yield first, place
            first, games = place, 0
        games = batch if alone else games + size
    if encounters:
        yield first, len(encounters)
