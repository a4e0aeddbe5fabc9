"""Run folders as the command names them: their state, and the agents in them."""

import fcntl
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.zoo import MADE, searched
from arena.ledger import Ledger, LedgerError, RunFolder
from games.errors import UserError
from games.names import Name, parse, shorten
from league.plan import League, replay
from league.summary import best, summary

if TYPE_CHECKING:
    from agents.agent import Agent
    from agents.hosting import Limits
    from agents.snapshot import Snapshot
    from games.game import Game


_OURS = {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "ledger.head", "ledger.sha256"}
_OURS |= {"lock", "log.txt", "snapshots", "jobs", "requests", "report"}


def kind_of(run: str) -> str:
    """Return `league` or `tournament`: what a folder's ledger records, a league where it holds nothing yet."""
    first = next(Ledger.read(run).records(), None)
    return "league" if first is None else first.kind


def status_of(run: str) -> dict[str, Any]:
    """Return what is known of a run, with its `state`: running, finished or interrupted."""
    league = read_league(run)
    state = "running" if is_running(Path(run)) else "finished" if league.stopped else "interrupted"
    return {**summary(league, str(Path(run))), "state": state}


def read_league(run: str) -> League:
    """Return the league recorded in a folder, which another process may be writing."""
    ledger = Ledger.read(run)
    first = next(ledger.records(), None)
    if first is not None and first.kind != "league":
        raise LedgerError(f"{shorten(run)} is a {first.kind}, and a league was expected: name the folder of a league")
    league = replay(ledger.records())
    if not league.about:
        raise LedgerError(f"{run} holds no league yet: it was stopped before its first record, or has just begun")
    return league


def is_running(folder: Path) -> bool:
    """Return whether a process holds the right to write to the run."""
    try:
        handle = os.open(RunFolder(folder).lock, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def free_folder(name: str) -> Path:
    """Return the first of runs/NAME, runs/NAME-2, ... that does not exist; of a long name, its beginning."""
    slug = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")
    slug = slug[:60].rstrip("-") or "league"  # a matrix game's name holds its payoffs, which no file's name could
    folder, number = Path("runs") / slug, 2
    while folder.exists():
        folder, number = Path("runs") / f"{slug}-{number}", number + 1
    return folder


def refuse_foreign(folder: Path) -> None:
    """Raise `UserError` where a new run cannot have `folder`: it is a file, or holds what is no run's."""
    if folder.is_file():
        raise UserError(f"--run-dir {shorten(str(folder))} is a file: name a folder that does not exist yet")
    foreign = sorted({entry.name for entry in folder.iterdir()} - _OURS) if folder.is_dir() else []
    if foreign:
        raise UserError(
            f"--run-dir {shorten(str(folder))} holds other files ({shorten(foreign[0])}): "
            "name a folder that does not exist yet"
        )


def load_agent(name: str, game: "Game", *, limits: "Limits | None" = None) -> "Agent":
    """Return the agent called `name`, members of runs included: `random`, `mybot.py:Bot`, `runs/kuhn_poker@nash`.

    A run's folder alone stands for its equilibrium. A user's own code is held to `limits`.
    """
    from agents.registry import make

    return make(full_name(name), game, device=game.device, resolve_run=resolve_run, limits=limits)


def full_name(name: str) -> str:
    """Return an agent's name, with @nash after that of a run's folder."""
    return f"{name.rstrip('/')}@nash" if is_run(name) else name


def is_run(name: str) -> bool:
    """Return whether a name is that of a run's folder."""
    with suppress(OSError, ValueError):  # what is too long for a path, or holds a zero byte, is none
        return RunFolder(name).database.is_file()
    return False


def resolve_run(name: Name, game: "Game") -> "Agent":
    """Return the agent that RUN@MEMBER names, for `game`.

    Raises:
        UserError: when there is no such run or member, or the run is of another game.
    """
    from agents.profile import Mixture

    folder, league = name.source, read_league(name.source)
    if league.about["game"] != game.spec.name:
        raise UserError(
            f"{shorten(folder)} is a league of {shorten(league.about['game'])}, not of {shorten(game.spec.name)}: "
            "name an agent for this game"
        )
    if not name.target.startswith("nash"):
        return _agent(league, folder, name.target, game)
    weights = np.array(_equilibrium(league, name.target, folder)["evaluation"])
    used = [k for k in range(weights.shape[1]) if weights[:, k].max() > 0]
    members = [_agent(league, folder, str(k), game) for k in used]
    return members[0] if len(members) == 1 else Mixture(members, weights[:, used])


def _equilibrium(league: League, target: str, folder: str) -> Mapping[str, Any]:
    """Return what was measured after an iteration: the last one's for `nash`, and that of 12 for `nash12`."""
    if not league.meta:
        raise UserError(f"{shorten(folder)} has no equilibrium yet: wait until its first iteration is measured")
    number = target.removeprefix("nash")
    if not number:
        return league.meta[-1]
    last = league.meta[-1]["iteration"]
    if not number.isdecimal() or len(number) > 9 or int(number) > last:
        raise UserError(f"{shorten(folder)} has no @{shorten(target)}: name @nash, or @nash0 to @nash{last}")
    return league.meta[int(number)]


def pinned(name: str) -> str:
    """Return an agent's name as one that means the same when its league goes on: @12 for @best, @nash9 for @nash."""
    if name.endswith(".safetensors"):
        return name
    parsed = parse(name)
    if (run := member_within(parsed)) is not None:
        return str(replace(parsed, arguments={**parsed.arguments, "run": pinned(run)}))
    if parsed.kind != "run" or parsed.target not in ("best", "trained", "nash"):
        return name
    league = read_league(parsed.source)
    if parsed.target != "nash":
        return f"{parsed.source}@{_place(league, parsed.source, parsed.target)}" if league.members else name
    return f"{parsed.source}@nash{_equilibrium(league, 'nash', parsed.source)['iteration']}"


def member_within(name: Name) -> str | None:
    """Return the RUN@MEMBER, or the snapshot's file, that an agent is made of, as in alphazero(RUN@MEMBER); or None."""
    run = name.arguments.get("run")
    if name.target not in MADE or not isinstance(run, str):
        return None
    return searched(run)


def identity(name: str) -> list[Any]:
    """Return what RUN@MEMBER stands for: the snapshots, and for an equilibrium their weights too."""
    parsed = parse(name)
    if (run := member_within(parsed)) is not None:
        return identity(run)
    league = read_league(parsed.source)
    if parsed.target.startswith("nash"):
        weights = _equilibrium(league, parsed.target, parsed.source)["evaluation"]
        return [[member["snapshot"] for member in league.members[: len(weights[0])]], weights]
    return [league.members[_place(league, parsed.source, parsed.target)]["snapshot"]]


def _agent(league: League, folder: str, target: str, game: "Game") -> "Agent":
    from agents.registry import refuse_misfit

    snapshot = member(league, folder, target, device=game.device)
    refuse_misfit(snapshot, game, source=f"{shorten(folder)}@{shorten(target)}")
    return snapshot.agent()


def included(name: str, game: "Game") -> "Snapshot":
    """Return the snapshot with which the agent called `name` joins a population: a copy, or a name for code.

    Raises:
        UserError: when there is no such agent or it cannot play `game`.
    """
    from agents.agent import Random
    from agents.registry import make, read_snapshot, refuse_misfit
    from agents.snapshot import SUFFIX, Named, Snapshot
    from agents.tabular import HistoryPolicy, TabularPolicy

    if name.endswith(SUFFIX):
        return read_snapshot(Path(name), game, device=game.device)
    parsed = parse(name)
    if parsed.kind == "run" and parsed.target != "nash":
        snapshot = member(read_league(parsed.source), parsed.source, parsed.target, device=game.device)
        refuse_misfit(snapshot, game, source=shorten(name))
        return snapshot
    agent = make(name, game) if parsed.kind == "own" else None
    part = agent if isinstance(agent, Random | TabularPolicy | HistoryPolicy) else Named(name)
    return Snapshot(game.spec.name, (part,), (0,) * game.spec.players, {"included": name})


def member(league: League, folder: str, target: str, *, device: Any = "cpu") -> "Snapshot":
    """Return the snapshot of member `target`, a number, `best` or `trained`."""
    from agents.snapshot import load

    index = _place(league, folder, target)
    return load(league.members[index]["snapshot"], RunFolder(Path(folder)).snapshots, device=device)


def _place(league: League, folder: str, target: str) -> int:
    """Return the number of member `target`."""
    count = len(league.members)
    if not count:
        raise UserError(f"{shorten(folder)} has no members yet: wait until its first one is recorded")
    if target == "trained" and not league.members[-1]["iteration"]:
        raise UserError(f"{shorten(folder)} has trained no member yet: wait until its first iteration is recorded")
    if target in ("best", "trained"):
        return best(league, trained=target == "trained")
    if target.isdecimal() and len(target) < 10 and int(target) < count:
        return int(target)
    raise UserError(
        f"{shorten(folder)} has no member @{shorten(target)}: name @0 to @{count - 1}, @nash, @best or @trained"
    )
