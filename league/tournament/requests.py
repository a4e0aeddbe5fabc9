"""Agents that join and leave a tournament of the league format, whether or not it is running."""

import json
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from agents.files import write_atomically
from agents.hosting import Limits
from arena.ledger import Entry, Ledger
from games import make
from games.errors import nearest
from games.names import shorten
from league.runs import is_running
from league.tournament.config import TournamentError
from league.tournament.entrants import entrant, labelled
from league.tournament.plan import Tournament

_FOLDER = "requests"
_TOO_FEW = "{run} has two agents left: enter another before one withdraws"


def ask_to_enter(run: str, name: str) -> dict[str, Any]:
    """Enter an agent: it plays from the next round on."""
    state = _open(run)
    made = make(state.about["game"])
    return _ask(run, "entered", {"agent": entrant(name, made, Limits(**state.about["limits"]))})


def ask_to_withdraw(run: str, name: str) -> dict[str, Any]:
    """Withdraw an agent, by its name in the ranking: its results stay."""
    state = _open(run)
    _foresee(Path(run), state)
    names = {state.agents[number]["name"]: number for number in state.present}
    if name not in names:
        raise TournamentError(f"no agent {shorten(repr(name))} takes part in {shorten(run)}{nearest(name, names)}")
    if len(names) <= 2:
        raise TournamentError(_TOO_FEW.format(run=shorten(run)))
    return _ask(run, "withdrew", {"number": names[name]}) | {"name": name}


def take_requests(ledger: Ledger, state: Tournament) -> None:
    """Record those who asked; what can no longer be, or cannot be read, is set aside under the name `.refused`."""
    folder = ledger.folder.root / _FOLDER
    if not folder.is_dir():
        return
    for path in sorted(folder.glob("*.json")):
        if path.name not in state.requests:  # else it was granted, and the process killed before it was removed
            try:
                request = json.loads(path.read_bytes())
                kind, body = request["kind"], _granted(state, request["kind"], request["body"])
            except (ValueError, LookupError, TypeError):
                path.replace(path.with_suffix(".refused"))
                continue
            if body is None:
                path.replace(path.with_suffix(".refused"))
                continue
            entry = Entry(kind, body, {"request": path.name})
            ledger.append([entry])
            state.take(*entry)
        path.unlink()


def _granted(state: Tournament, kind: str, body: dict[str, Any]) -> dict[str, Any] | None:
    """Return what is recorded of a request, or None where it can no longer be."""
    if kind == "entered":
        return {"agent": labelled([body["agent"]], state.agents)[0]}
    leaves = body["number"] in state.present and len(state.present) > 2
    return {"number": body["number"]} if leaves else None


def _foresee(run: Path, state: Tournament) -> None:
    """Bring a tournament to where the requests that wait will have brought it, so that the next one can be judged."""
    for path in sorted((run / _FOLDER).glob("*.json")):
        with suppress(OSError, ValueError, LookupError, TypeError):  # granted this moment, or to be refused
            request = json.loads(path.read_bytes())
            body = None if path.name in state.requests else _granted(state, request["kind"], request["body"])
            if body is not None:
                state.take(request["kind"], body, {})


def _open(run: str) -> Tournament:
    state = Tournament(Ledger.read(run).records())
    if state.about.get("format") != "league":
        raise TournamentError(
            f"{shorten(run)} is no tournament of the league format, which alone agents may join and leave: "
            "begin one with --format league"
        )
    return state


def _ask(run: str, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Leave a request where the one who writes the ledger finds it, or do it at once where nobody does."""
    folder = Path(run) / _FOLDER
    folder.mkdir(exist_ok=True)
    request = json.dumps({"kind": kind, "body": body}).encode()
    write_atomically(folder / f"{time.time_ns()}-{secrets.token_hex(4)}.json", request)
    if not is_running(Path(run)):
        with Ledger.open(run) as ledger:
            state = Tournament(ledger.records())
            take_requests(ledger, state)
            if kind == "entered":
                body = {"agent": state.agents[-1]}
            elif body["number"] in state.present:  # another was quicker
                raise TournamentError(_TOO_FEW.format(run=shorten(run)))
    return {"run_dir": run, "kind": kind, **body, "from": "the next round"}
