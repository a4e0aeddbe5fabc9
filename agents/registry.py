"""From an agent's name to the agent."""

from collections.abc import Callable
from pathlib import Path

import torch

from agents.agent import Agent, AgentError, Random
from agents.snapshot import SUFFIX, Snapshot, SnapshotError
from games.errors import nearest
from games.game import Game
from games.names import Name, describe, load_module, parse, shorten

_OWN: dict[str, tuple[Callable[[], Agent], str]] = {
    "random": (Random, "chooses uniformly among the legal actions"),
}


def known() -> list[tuple[str, str]]:
    """Return the agents of our own: name and one line about each."""
    return [(name, line) for name, (_, line) in _OWN.items()]


def make(
    name: str,
    game: Game,
    *,
    device: torch.device | str = "cpu",
    resolve_run: Callable[[Name, Game], Agent] | None = None,
) -> Agent:
    """Return the agent called `name`, for `game`; `resolve_run` knows the members of league runs.

    Raises:
        AgentError: with one sentence, when there is no such agent or it cannot play this game.
    """
    if name.endswith(SUFFIX):
        return read_snapshot(Path(name), game, device=device).agent()
    parsed = parse(name, error=AgentError)
    if parsed.kind == "run" and resolve_run is not None:
        return resolve_run(parsed, game)
    if parsed.kind == "file":
        return _from_file(parsed)
    if parsed.kind != "own":
        raise AgentError(f"the agent {shorten(repr(name))} cannot be used here: name one of ours, file.py:Class or run@member")
    if parsed.target not in _OWN:
        hint = nearest(parsed.target, _OWN) or f"; ours are {', '.join(_OWN)}, and file.py:Class or run@member name others"
        raise AgentError(f"there is no agent called {shorten(repr(parsed.target))}{hint}")
    if parsed.arguments:
        raise AgentError(f"the agent {parsed.target} takes no arguments but {shorten(repr(name))} gives some: leave them out")
    return _OWN[parsed.target][0]()


def read_snapshot(path: Path, game: Game, *, device: torch.device | str = "cpu") -> Snapshot:
    """Return the snapshot in a file, checked to be for `game`."""
    try:
        data = path.expanduser().read_bytes()
    except OSError as error:
        raise SnapshotError(f"the snapshot {shorten(repr(str(path)))} cannot be read: {error.strerror}") from None
    snapshot = Snapshot.from_bytes(data, source=shorten(str(path)), device=device)
    if snapshot.game != game.spec.name:
        raise SnapshotError(
            f"the snapshot {shorten(path.name)} plays {shorten(snapshot.game)}, not {shorten(game.spec.name)}: "
            "name an agent for this game"
        )
    return snapshot


def _from_file(name: Name) -> Agent:
    """Make an agent of a class in a user's file; without a class's name, of the only one with a method `act`."""
    module, place = load_module(name.source, error=AgentError), shorten(repr(name.source))
    classes = {
        key: value
        for key, value in vars(module).items()
        if isinstance(value, type) and value.__module__ == module.__name__ and hasattr(value, "act")
    }
    if not name.target and len(classes) != 1:
        raise AgentError(
            f"expected one class with a method act in {place} but it has {len(classes)}: name it as file.py:Class"
        )
    if name.target and name.target not in classes:
        raise AgentError(
            f"expected a class {shorten(name.target)} with a method act in {place}, which has "
            f"{shorten(', '.join(classes)) or 'none'}{nearest(name.target, classes)}"
        )
    chosen = name.target or next(iter(classes))
    try:
        agent = classes[chosen](**name.arguments)
    except Exception as error:
        raise AgentError(f"making {shorten(chosen)} of {place} raised {describe(error)}; correct the class") from error
    if not hasattr(agent, "start"):
        raise AgentError(
            f"{shorten(chosen)} of {place} has no method start(seats, draws): derive it from agents.Policy or add one"
        )
    return agent
