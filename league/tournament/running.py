"""`tournament` and `resume`: a tournament in this process, with its folder, workers, picture and signals."""

import hashlib
import json
import math
import os
import re
import secrets
import shlex
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from agents.agent import Fault
from agents.files import AGAIN, StorageError, write_atomically
from agents.hosting import Limits, isolation
from agents.learner import Interrupted
from agents.zoo import FIELDS
from arena.encounter import Result, rotations
from arena.ledger import Entry, Ledger
from games import make
from games.errors import nearest
from games.game import Game
from games.names import parse, shorten
from league.executor import Executor, Inline, Pool
from league.process import prepare_process
from league.runs import free_folder, full_name, identity, is_running, load_agent, refuse_foreign
from league.stopping import Stop, stop_on_signals
from league.tournament.config import VOLATILE, TournamentConfig, TournamentError
from league.tournament.jobs import EncounterJob, in_jobs, is_apart
from league.tournament.plan import Tournament
from league.tournament.summary import summary

_STOPPING = "stopping after the job at hand"
_REQUESTS = "requests"
_SAID_OTHERWISE = {"repetitions", "opening", "encounters", "move_time", "game_time", "start_time", "memory"}
_TWO = ("swiss", "knockout", "double-elimination", "adaptive", "league")


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
    prepare_process()
    made = make(game)
    names = [*agents, *_field(zoo)]
    limits = _limits(config)
    entrants = _labelled([_entrant(name, made, Limits(**limits)) for name in names], [])
    _refuse(made, config, len(entrants))
    folder = Path(run_dir) if run_dir is not None else free_folder(f"tournament-{_slug(made.spec.name)}")
    refuse_foreign(folder)
    shape = config.model_dump(mode="json", exclude={*_SAID_OTHERWISE, *VOLATILE})
    pairs = len(entrants) * (len(entrants) - 1) // 2
    body = {
        **shape,
        "game": made.spec.name,
        "players": made.spec.players,
        "utility": [_finite(bound) for bound in made.spec.utility],
        "agents": entrants,
        "deals": config.repetitions,
        "seatings": rotations(made.spec),
        "plies": config.opening,
        "encounters": config.encounters or 2 * pairs,
        "limits": limits,
    }
    apart = any(is_apart(entrant["plays"]) for entrant in entrants)
    note = {"workers": config.workers, "isolation": isolation().describe() if apart else None}
    with stop_on_signals(_STOPPING) as stop, Ledger.create(folder) as ledger:
        ledger.append([Entry("tournament", body, note), Entry("limits", {"hours": config.hours})])
        return _manage(ledger, made, config.workers, stop, quiet=quiet)


def resume_tournament(run: str, *, hours: float | None, workers: int | None, quiet: bool = True) -> dict[str, Any]:
    """Go on with a tournament from where its ledger stands, for `hours` more where it had a limit."""
    with stop_on_signals(_STOPPING) as stop, Ledger.open(run) as ledger:
        state = Tournament(ledger.records())
        made = make(state.about["game"])
        for entrant in state.agents:
            _refuse_changed(entrant)
        if state.stopped or hours is not None:
            over = state.stopped == "finished"
            if over:
                return summary(state, run)
            limit = None if hours is None else hours + state.seconds / 3600
            ledger.append([Entry("limits", {"hours": limit})])
        prepare_process()
        return _manage(ledger, made, state.note["workers"] if workers is None else workers, stop, quiet=quiet)


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
    ended = "finished" if state.stopped else "interrupted"
    return {**summary(state, run), "state": "running" if is_running(Path(run)) else ended}


def ask_to_enter(run: str, name: str) -> dict[str, Any]:
    """Enter an agent into a tournament of the league format, running or not: it plays from the next round on."""
    state = _open_league(run)
    entrant = _labelled(
        [_entrant(name, make(state.about["game"]), Limits(**state.about["limits"]))],
        [agent["name"] for agent in state.agents],
    )[0]
    return _ask(run, "entered", {"agent": entrant})


def ask_to_withdraw(run: str, name: str) -> dict[str, Any]:
    """Withdraw an agent from a tournament of the league format: its results stay."""
    state = _open_league(run)
    names = {state.agents[number]["name"]: number for number in state.present}
    if name not in names:
        raise TournamentError(f"no agent {shorten(repr(name))} takes part in {shorten(run)}{nearest(name, names)}")
    if len(names) <= 2:
        raise TournamentError(f"{shorten(run)} has two agents left: enter another before one withdraws")
    return _ask(run, "withdrew", {"number": names[name]})


def _open_league(run: str) -> Tournament:
    state = Tournament(Ledger.read(run).records())
    if state.about.get("format") != "league":
        raise TournamentError(
            f"{shorten(run)} is no tournament of the league format, which alone agents may join and leave: "
            "begin one with --format league"
        )
    return state


def _ask(run: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Leave a request where the one who writes the ledger finds it, or do it at once where nobody does."""
    folder = Path(run) / _REQUESTS
    if is_running(Path(run)):
        folder.mkdir(exist_ok=True)
        request = json.dumps({"kind": kind, "body": body}).encode()
        write_atomically(folder / f"{time.time_ns()}-{secrets.token_hex(4)}.json", request)
    else:
        with Ledger.open(run) as ledger:
            ledger.append([Entry(kind, body)])
    return {"run_dir": run, "kind": kind, **body, "from": "the next round"}


def _take_requests(ledger: Ledger, state: Tournament) -> None:
    """Record those who asked to enter or withdraw; what can no longer be is left out."""
    for path in sorted((ledger.folder.root / _REQUESTS).glob("*.json")):
        request = json.loads(path.read_bytes())
        kind, body = request["kind"], request["body"]
        leaves = kind == "withdrew" and body["number"] in state.present and len(state.present) > 2
        if kind == "entered" or leaves:
            ledger.append([Entry(kind, body)])
            state.take(kind, body, {})
        path.unlink()


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
    return {**times, "memory": config.memory << 20}


def _entrant(name: str, game: Game, limits: Limits) -> dict[str, Any]:
    """Return what is recorded of an agent; raises where there is none of that name or it cannot play `game`."""
    name = full_name(name)
    try:
        agent = load_agent(name, game, limits=limits)
        close: Callable[[], None] = getattr(agent, "close", lambda: None)
        close()
    except Fault:
        pass  # it is there, and will lose its games
    return {"name": name, "plays": name, "digest": _digest(name)}


def _digest(name: str) -> str | None:
    """Return a digest of the file or the members of a league that an agent's name leads to; None where to neither."""
    path = _file_of(name)
    if path is None:
        data = json.dumps(identity(name)).encode() if parse(name).kind == "run" else b""
    else:
        try:
            data = path.read_bytes()
        except OSError:
            data = b""
    return hashlib.blake2b(data, digest_size=16).hexdigest() if data else None


def _file_of(name: str) -> Path | None:
    if name.endswith(".safetensors"):
        return Path(name).expanduser()
    parsed = parse(name)
    if parsed.kind == "file":
        return Path(parsed.source).expanduser()
    if parsed.kind == "command":
        with suppress(ValueError):
            words = [Path(word) for word in shlex.split(parsed.target)]
            return next((word for word in words if word.is_file()), None)
    return None


def _refuse_changed(entrant: dict[str, Any]) -> None:
    if entrant["digest"] != _digest(entrant["plays"]):
        raise TournamentError(
            f"{shorten(entrant['name'])} is not what it was when the tournament began, so its games would not be those "
            "of one agent: restore it, or begin a new tournament"
        )


def _labelled(entrants: list[dict[str, Any]], taken: list[str]) -> list[dict[str, Any]]:
    """Give every entrant a name of its own: the second `random` is random#2."""
    names = set(taken)
    for entrant in entrants:
        name, copy = entrant["name"], 2
        while entrant["name"] in names:
            entrant["name"], copy = f"{name}#{copy}", copy + 1
        names.add(entrant["name"])
    return entrants


def _refuse(game: Game, config: TournamentConfig, agents: int) -> None:
    spec = game.spec
    least = 2 if spec.players > 1 else 1
    if agents < least:
        raise TournamentError(f"expected {least} agents or more but got {agents}: name agents, or a field with --zoo")
    if spec.players != 2 and config.format in _TWO:
        raise TournamentError(
            f"--format {config.format} is for games of two, and {shorten(spec.name)} has {spec.players} players: "
            "use round-robin or gauntlet"
        )
    given = {"rounds": ("swiss",), "encounters": ("adaptive",), "confidence": ("adaptive",)}
    for key, formats in given.items():
        if getattr(config, key) is not None and config.format not in formats:
            raise TournamentError(
                f"--{key} is for --format {formats[0]} and the format is {config.format}: leave it out"
            )
    if config.format == "gauntlet" and config.heads >= agents:
        raise TournamentError(f"--heads {config.heads} leaves nobody to meet among {agents} agents: give fewer")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:40].rstrip("-")


def _manage(ledger: Ledger, game: Game, workers: int, stop: Stop, *, quiet: bool) -> dict[str, Any]:
    from league.live import watched
    from league.tournament.live import Standings

    folder = ledger.folder.root
    state = Tournament(ledger.records())
    resume = f"redqueen resume {shlex.quote(str(folder))}"
    with ExitStack() as stack:
        picture = stack.enter_context(Standings(str(folder), state)) if watched() and not quiet else None
        try:
            _Manager(ledger, state, game, stop, picture.show if picture else lambda: None).run(workers, stack)
        except Interrupted:
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
        self.following: list[int] = []
        self.waiting: dict[int, list[Result]] = {}

    def run(self, workers: int, stack: ExitStack) -> None:
        """Bring the tournament to its end, or to its limit of time."""
        executor: Executor | None = None
        while True:
            _take_requests(self.ledger, self.state)
            jobs = self._jobs()
            if jobs is None:
                self._stop("finished")
                return
            if executor is None:
                executor = self._executor(workers, jobs)
                stack.callback(executor.close)
            self.following = [job.number for job in jobs]
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
        about, (encounters, done) = self.state.about, self.state.due()
        if not encounters:
            return None
        agents = tuple(agent["plays"] for agent in self.state.agents)
        bounds = in_jobs(encounters, agents, seatings=about["seatings"], batch=self.game.spec.batch)
        return [
            EncounterJob(
                f"encounters {self.state.played} to {number}",
                number,
                self.ledger.folder.root,
                about["game"],
                agents,
                tuple(encounters[first:last]),
                about["seatings"],
                about["plies"],
                about["seed"],
                Limits(**about["limits"]),
            )
            for number, (first, last) in enumerate(bounds)
            if first >= done
        ]

    def _executor(self, workers: int, jobs: list[EncounterJob]) -> Executor:
        wanted = workers or (os.cpu_count() or 1)
        return Pool(wanted) if wanted > 1 and (workers or len(jobs) > 1) else Inline()

    def _report(self, number: int, results: list[Result]) -> None:
        """Take a job's results, and record those whose turn has come."""
        self.waiting[number] = results
        while self.following and self.following[0] in self.waiting:
            self._record(self.waiting.pop(self.following.pop(0)))

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
