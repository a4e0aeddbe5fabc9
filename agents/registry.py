"""From an agent's name to the agent."""

import math
from collections.abc import Callable
from pathlib import Path

import torch

from agents.agent import Agent, AgentError, Random
from agents.heads import kind_of
from agents.hosting.limits import Limits
from agents.hosting.make import host_file, host_program
from agents.network import NetworkPolicy
from agents.networks.policy_value import PolicyValueNetwork
from agents.snapshot import SUFFIX, Part, Snapshot, SnapshotError, read
from agents.solved import solved
from agents.zoo import MADE, ZOO, searched
from games.arguments import refuse_unfit
from games.errors import nearest
from games.game import Game, GameSpec
from games.names import Name, parse, shorten
from games.solvers import EXTENSIVE

_OWN: dict[str, tuple[Callable[[], Agent], str]] = {
    "random": (Random, "chooses uniformly among the legal actions"),
}


def known() -> list[tuple[str, str]]:
    """Return the agents of our own: name and one line about each."""
    solutions = [(name, f"solves the game's tree: {entry.about}") for name, entry in EXTENSIVE.items()]
    scripted = [(name, entry.about) for name, entry in ZOO.items()]
    return [*((name, line) for name, (_, line) in _OWN.items()), *scripted, *MADE.items(), *solutions]


def make(
    name: str,
    game: Game,
    *,
    device: torch.device | str = "cpu",
    resolve_run: Callable[[Name, Game], Agent] | None = None,
    limits: Limits | None = None,
) -> Agent:
    """Return the agent called `name`, for `game`; `resolve_run` knows the members of league runs.

    A user's file or program runs in a process of its own, held to `limits`; it has a method `close`, and is closed
    when it is let go of.

    Raises:
        AgentError: with one sentence, when there is no such agent or it cannot play this game.
    """
    if name.endswith(SUFFIX):
        return read_snapshot(Path(name), game, device=device).agent()
    parsed = parse(name, error=AgentError)
    if parsed.kind == "run" and resolve_run is not None:
        return resolve_run(parsed, game)
    if parsed.kind == "file":
        return host_file(parsed, game, limits=limits)
    if parsed.kind == "command":
        return host_program(parsed.target, game, limits=limits)
    if parsed.kind != "own":
        raise AgentError(
            f"the agent {shorten(repr(name))} cannot be used here: name one of ours, file.py:Class, cmd:PROGRAM or "
            "run@member"
        )
    if parsed.target in EXTENSIVE:
        return solved(name, game)
    if parsed.target in MADE:
        return _alphazero(parsed, game, device=device, resolve_run=resolve_run)
    if parsed.target in ZOO:
        function = ZOO[parsed.target].load()
        refuse_unfit(parsed.target, function, parsed.arguments, hidden=("game",), error=AgentError)
        return function(game, **parsed.arguments)
    if parsed.target not in _OWN:
        others = "; `redqueen agents` lists ours, and file.py:Class, cmd:PROGRAM or run@member name others"
        if _is_file(name):
            raise AgentError(
                f"there is no agent called {shorten(repr(name))} but a file: name a program as cmd:./PROGRAM, one in "
                "Python as FILE.py"
            )
        hint = nearest(parsed.target, (*_OWN, *ZOO, *MADE, *EXTENSIVE)) or others
        raise AgentError(f"there is no agent called {shorten(repr(parsed.target))}{hint}")
    if parsed.arguments:
        raise AgentError(
            f"the agent {parsed.target} takes no arguments but {shorten(repr(name))} gives some: leave them out"
        )
    return _OWN[parsed.target][0]()


def _alphazero(
    name: Name, game: Game, *, device: torch.device | str, resolve_run: Callable[[Name, Game], Agent] | None
) -> Agent:
    """Return search with the network of the run's member, or of the snapshot, that is its first argument."""
    from agents.search.agent import alphazero

    arguments = dict(name.arguments)
    run = arguments.pop("run", None)
    if not isinstance(run, str):
        raise AgentError(
            f"alphazero searches with a network but {shorten(repr(str(name)))} names none: write "
            "alphazero(runs/NAME, simulations=64)"
        )
    network = make(searched(run), game, device=device, resolve_run=resolve_run)
    return alphazero(game, network, **arguments)


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # too long for a path, or holding a zero byte
        return False


def read_snapshot(path: Path, game: Game, *, device: torch.device | str = "cpu") -> Snapshot:
    """Return the snapshot in a file, checked to be for `game`."""
    snapshot = Snapshot.from_bytes(read(path), source=shorten(str(path)), device=device)
    refuse_misfit(snapshot, game, source=shorten(path.name))
    return snapshot


def refuse_misfit(snapshot: Snapshot, game: Game, *, source: str) -> None:
    """Raise `SnapshotError` unless the snapshot is of `game` as it is now; `source` names it in errors."""
    spec = game.spec
    if snapshot.game != spec.name:
        raise SnapshotError(
            f"the snapshot {source} plays {shorten(snapshot.game)}, not {shorten(spec.name)}: "
            "name an agent for this game"
        )
    if len(snapshot.seats) != spec.players or not all(_fits(part, spec) for part in snapshot.parts):
        raise SnapshotError(
            f"the snapshot {source} is of another version of {shorten(spec.name)}, with other players, observations or "
            "actions: train it again"
        )


def _fits(part: Part, spec: GameSpec) -> bool:
    """Whether a network among a snapshot's parts has the observations and actions of a game; others pass."""
    takes = {"parts": None, "bounds": None, **kind_of(spec)}
    if isinstance(part, NetworkPolicy):
        takes["inputs"] = math.prod(spec.observation_shape)
    elif isinstance(part, PolicyValueNetwork):
        takes["observation"] = list(spec.observation_shape)
    else:
        return True
    return all(part.architecture.get(key) == wanted for key, wanted in takes.items())
