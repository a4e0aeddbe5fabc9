"""Who takes part in a tournament, as its ledger records it: a name, what plays under it, and a digest of that."""

import hashlib
import json
import shlex
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from agents.agent import Fault
from agents.hosting import Limits
from agents.zoo import MADE, ZOO
from games.game import Game
from games.names import parse, shorten
from league.runs import full_name, identity, load_agent, member_within, pinned
from league.tournament.config import TournamentError


def entrant(name: str, game: Game, limits: Limits) -> dict[str, Any]:
    """Return what is recorded of an agent; raises where there is none of that name or it cannot play `game`.

    plays: what the name stands for now, which a league that goes on does not change. refused: why it could not be
    started, where that is so: it is not tried again and loses its games. dealt_as: what its deals depend on, which is
    what plays, so that who enters runs/x@12 for the runs/x@best of before gets the same games.
    """
    plays, refused = pinned(full_name(name)), None
    try:
        agent = load_agent(plays, game, limits=limits)
        close: Callable[[], None] = getattr(agent, "close", lambda: None)
        close()
    except Fault as fault:
        refused = [str(fault), fault.kind]
    return {"name": name, "plays": plays, "digest": _digest(plays), "refused": refused, "dealt_as": plays}


def labelled(entrants: Sequence[dict[str, Any]], taken: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give every entrant a name and deals of its own beside those `taken`: the second `random` is random#2."""
    out = list(taken)
    for one in entrants:
        out.append({**one, **{key: _free(one[key], {other.get(key) for other in out}) for key in ("name", "dealt_as")}})
    return out[len(taken) :]


def _free(name: str, taken: set[str | None]) -> str:
    free, copy = name, 2
    while free in taken:
        free, copy = f"{name}#{copy}", copy + 1
    return free


def refuse_changed(one: dict[str, Any]) -> None:
    """Raise `TournamentError` where an entrant's file, or the members of a league, are not what they were."""
    if one["digest"] != _digest(one["plays"]):
        raise TournamentError(
            f"{shorten(one['name'])} is not what it was when it entered, so its games would not be those of one agent: "
            "restore it, or begin a new tournament"
        )


def is_apart(name: str) -> bool:
    """Whether an agent is a user's own code, which runs in a process of its own."""
    return not name.endswith(".safetensors") and parse(name).kind in ("file", "command")


def is_slow(name: str) -> bool:
    """Whether an agent takes its time over a move: it searches, or is asked in another process."""
    if name.endswith(".safetensors"):
        return False
    entry, target = ZOO.get(parse(name).target), parse(name).target
    return is_apart(name) or target in MADE or (entry is not None and entry.searches)


def _digest(name: str) -> str | None:
    """Return a digest of the file or the members of a league that an agent's name leads to; None where to neither."""
    path = _file_of(name)
    if path is None:
        parsed = parse(name)
        of_run = parsed.kind == "run" or member_within(parsed) is not None
        data = json.dumps(identity(name)).encode() if of_run else b""
    else:
        try:
            data = path.read_bytes()
        except OSError:
            data = b"absent"
    return hashlib.blake2b(data, digest_size=16).hexdigest() if data else None


def _file_of(name: str) -> Path | None:
    if name.endswith(".safetensors"):
        return Path(name).expanduser()
    parsed = parse(name)
    within = member_within(parsed)
    if within is not None and within.endswith(".safetensors"):
        return Path(within).expanduser()
    if parsed.kind == "file":
        return Path(parsed.source).expanduser()
    if parsed.kind == "command":
        with suppress(ValueError):
            words = [Path(word) for word in shlex.split(parsed.target)]
            return next((word for word in words if word.is_file()), None)
    return None
