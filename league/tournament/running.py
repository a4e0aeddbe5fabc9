"""`tournament` and `resume`: a tournament in this process, with its folder, workers, picture and signals."""

import math
import os
import shlex
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from agents.files import AGAIN, StorageError
from agents.hosting import Limits, isolation
from agents.learner import Interrupted
from agents.zoo import FIELDS
from arena.encounter import Result, rotations
from arena.ledger import Entry, Ledger
from games import make
from games.game import Game
from games.names import shorten
from league.executor import Executor, Gradual, Inline
from league.process import prepare_process
from league.runs import free_folder, is_running, refuse_foreign
from league.stopping import Stop, stop_on_signals
from league.tournament.config import VOLATILE, TournamentConfig, TournamentError
from league.tournament.entrants import entrant, is_apart, is_slow, labelled, refuse_changed
from league.tournament.jobs import EncounterJob, in_jobs
from league.tournament.plan import Tournament
from league.tournament.requests import take_requests
from league.tournament.summary import summary
from league.words import counted

_STOPPING = "stopping; the games at hand will be played again"
_REQUESTS = "requests"
_RENAMED = {"repetitions", "opening", "encounters", "move_time", "game_time", "start_time", "memory"}
"""Keys of the configuration that the ledger has under other names."""
_ONE_ROUND = ("round-robin", "gauntlet")
_FOR_TWO = ("swiss", "knockout", "double-elimination", "adaptive", "league")


def run_tournament(
    game: str,
    agents: Sequence[str],
    config: TournamentConfig,
    *,
    zoo: str | None = None,
    run_dir: str | None = None,
    quiet: bool = True,
) -> dict[str, Any]:
    """Hold a tournament of `agents`, and those of the field `zoo`; return its summary."""
    from league.live import getting_ready

    prepare_process()
    names, limits = [*agents, *_field(zoo)], _limits(config)
    with getting_ready(quiet=quiet):
        made = make(game)
        entrants = labelled([entrant(name, made, Limits(**limits)) for name in names], [])
    _refuse(made, config, len(entrants))
    folder = Path(run_dir) if run_dir is not None else free_folder(f"tournament-{made.spec.name}")
    refuse_foreign(folder)
    shape = config.model_dump(mode="json", exclude={*_RENAMED, *VOLATILE})
    pairs = len(entrants) * (len(entrants) - 1) // 2
    body = {
        **shape,
        "game": made.spec.name,
        "players": made.spec.players,
        "utility": [_finite(bound) for bound in made.spec.utility],
        "agents": entrants,
        "deals": config.repetitions,
        "seatings": rotations(made.spec),
        "batch": made.spec.batch,
        "plies": config.opening,
        "encounters": config.encounters or 2 * pairs,
        "limits": limits,
    }
    for one in entrants:
        if one["refused"] and not quiet:
            print(f"redqueen: {one['name']} cannot be started and will lose: {one['refused'][0]}", file=sys.stderr)
    apart = any(is_apart(one["plays"]) for one in entrants)
    note = {"workers": config.workers, "isolation": isolation().describe() if apart else None}
    with stop_on_signals(_STOPPING) as stop, Ledger.create(folder) as ledger:
        ledger.append([Entry("tournament", body, note), Entry("limits", {"hours": config.hours})])
        return _manage(ledger, Tournament(ledger.records()), made, config.workers, stop, quiet=quiet)


def resume_tournament(run: str, *, hours: float | None, workers: int | None, quiet: bool = True) -> dict[str, Any]:
    """Go on with a tournament from where its ledger stands, for `hours` more where it had a limit."""
    with stop_on_signals(_STOPPING) as stop, Ledger.open(run) as ledger:
        state = Tournament(ledger.records())
        if state.stopped == "finished":
            return summary(state, run)
        made = make(state.about["game"])
        for number in sorted({*state.present, *(agent for one in state.at_hand()[0] for agent in one.lineup)}):
            refuse_changed(state.agents[number])
        if state.stopped or hours is not None:
            limit = None if hours is None else hours + state.seconds / 3600
            ledger.append([Entry("limits", {"hours": limit})])
            state.take("limits", {"hours": limit}, {})
        prepare_process()
        wanted = state.note["workers"] if workers is None else workers
        return _manage(ledger, state, made, wanted, stop, quiet=quiet)


def refuse_flags(**given: object) -> None:
    """Raise `TournamentError` where a flag is given that means something for leagues alone."""
    for key, value in given.items():
        if value is not None:
            raise TournamentError(
                f"--{key.replace('_', '-')} extends a league, and this run is a tournament: leave it out"
            )


def status_of_tournament(run: str) -> dict[str, Any]:
    """Return what is known of a tournament, with its `state`: running, finished or interrupted."""
    state = Tournament(Ledger.read(run).records())
    ended = {"finished": "finished", "hours": "stopped", None: "interrupted"}[state.stopped]
    return {**summary(state, run), "state": "running" if is_running(Path(run)) else ended}


def _field(zoo: str | None) -> tuple[str, ...]:
    if zoo is None:
        return ()
    if zoo not in FIELDS:
        raise TournamentError(f"there is no field of agents called {shorten(repr(zoo))}; there are {', '.join(FIELDS)}")
    return FIELDS[zoo]


def _finite(bound: float) -> float | None:
    return float(bound) if math.isfinite(bound) else None


def _limits(config: TournamentConfig) -> dict[str, Any]:
    """Return what users' agents are held to, as `Limits` takes it."""
    times = {"move": config.move_time, "game": config.game_time, "start": config.start_time}
    return {**times, "memory": config.memory << 20, "cpu": max(3600, 8 * math.ceil(config.game_time))}


def _refuse(game: Game, config: TournamentConfig, agents: int) -> None:
    spec = game.spec
    least = 2 if spec.players > 1 else 1
    if agents < least:
        raise TournamentError(f"expected {least} agents or more but got {agents}: name agents, or a field with --zoo")
    if spec.players != 2 and config.format in _FOR_TWO:
        raise TournamentError(
            f"--format {config.format} is for games of two, and {shorten(spec.name)} has "
            f"{counted(spec.players, 'player')}: use round-robin or gauntlet"
        )
    given = {"rounds": ("swiss",), "encounters": ("adaptive",), "confidence": ("adaptive",)}
    for key, formats in given.items():
        if getattr(config, key) is not None and config.format not in formats:
            raise TournamentError(
                f"--{key} is for --format {formats[0]} and the format is {config.format}: leave it out"
            )
    if config.format == "gauntlet" and config.heads >= agents:
        raise TournamentError(f"--heads {config.heads} leaves nobody to meet among {agents} agents: give fewer")


def _manage(ledger: Ledger, state: Tournament, game: Game, workers: int, stop: Stop, *, quiet: bool) -> dict[str, Any]:
    from league.live import watched
    from league.tournament.live import Standings

    folder = ledger.folder.root
    resume = f"redqueen resume {shlex.quote(str(folder))}"
    with ExitStack() as stack:
        picture = stack.enter_context(Standings(str(folder), state)) if watched() and not quiet else None
        try:
            _Manager(ledger, state, game, stop, picture.show if picture else lambda: None).run(workers, stack)
        except Interrupted:
            take_requests(ledger, state)
            raise TournamentError(f"interrupted; everything finished is kept: go on with `{resume}`") from None
        except StorageError as error:
            raise StorageError(str(error).replace(AGAIN, f"run `{resume}`")) from error
    return summary(state, str(folder))


class _Manager:
    """Plays what is due, round after round, and writes results down in the order of the plan."""

    def __init__(self, ledger: Ledger, state: Tournament, game: Game, stop: Stop, show: Callable[[], None]) -> None:
        self.ledger, self.state, self.game, self.stop, self.show = ledger, state, game, stop, show
        self.began = self.marked = time.monotonic()
        self.before = state.seconds
        self.following: deque[int] = deque()
        self.waiting: dict[int, list[Result]] = {}

    def run(self, workers: int, stack: ExitStack) -> None:
        """Bring the tournament to its end, or to its limit of time."""
        executor: Executor | None = None
        while True:
            take_requests(self.ledger, self.state)
            jobs = self._jobs()
            if jobs is None:
                self._stop("finished")
                return
            if executor is None:
                executor = self._executor(workers)
                stack.callback(executor.close)
            self.following = deque(job.number for job in jobs)
            try:
                executor.run(jobs, stop=self._stopping, report=self._report)
            except Interrupted:
                self.waiting.clear()
                if self.stop():
                    raise
                self._stop("hours")
                return

    def _jobs(self) -> list[EncounterJob] | None:
        """Return what is left of the round at hand, or None when the tournament is over."""
        about, (encounters, done) = self.state.about, self.state.next_round()
        if not encounters:
            return None
        entrants = tuple(self.state.agents)
        slow = [is_slow(agent["plays"]) for agent in entrants]
        bounds = in_jobs(encounters, slow=slow, seatings=about["seatings"], batch=about["batch"])
        return [
            EncounterJob(
                f"encounters {self.state.played} to {number}",
                number,
                self.ledger.folder.root,
                about["game"],
                entrants,
                tuple(encounters[first:last]),
                about["seatings"],
                about["plies"],
                about["seed"],
                Limits(**about["limits"]),
            )
            for number, (first, last) in enumerate(bounds)
            if first >= done
        ]

    def _executor(self, workers: int) -> Executor:
        wanted = workers or (os.cpu_count() or 1)
        return Gradual(wanted, further=self.state.about["format"] not in _ONE_ROUND) if wanted > 1 else Inline()

    def _report(self, number: int, results: list[Result]) -> None:
        """Take a job's results, and record those whose turn has come."""
        self.waiting[number] = results
        while self.following and self.following[0] in self.waiting:
            self._record(self.waiting.pop(self.following.popleft()))

    def _record(self, results: list[Result]) -> None:
        now = time.monotonic()
        share, self.marked = (now - self.marked) / len(results), now
        entries = [Entry("encounter", result.to_json(), {"seconds": share}) for result in results]
        self.ledger.append(entries)
        for entry, result in zip(entries, results, strict=True):
            self.state.take(*entry, result)
        self.show()

    def _stopping(self) -> bool:
        hours = self.state.limits.get("hours")
        spent = self.before + time.monotonic() - self.began
        return self.stop() or (hours is not None and spent >= hours * 3600)

    def _stop(self, why: str) -> None:
        entry = Entry("stopped", {"why": why})
        self.ledger.append([entry])
        self.state.take(*entry)
