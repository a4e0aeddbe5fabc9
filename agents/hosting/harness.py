"""The far side of a Python file: imports it in a process of its own, and speaks the protocol of docs/bots.md for it.

Neither torch nor anything else of the engine's is imported for an agent that plays one game at a time.
"""

import inspect
import json
import math
import operator
import os
import random
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from games.errors import UserError, nearest
from games.names import at_fault, describe, load_module, shorten


@dataclass(frozen=True)
class Found:
    """What a file holds: `form` is single (a class that plays one game), function, or batched (a class)."""

    name: str
    form: str
    value: Any


def run() -> None:
    """Serve the engine on standard input and output until it closes them; what the agent prints goes to stderr."""
    reading, writing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    order = json.loads(reading.readline())
    place = shorten(repr(order["file"]))
    try:
        found = find(load_module(order["file"], error=UserError), order["target"], place)
        if order["arguments"] and found.form == "function":
            raise UserError(f"{found.name} of {place} is a function and takes no arguments: leave them out")
        spare = made(found, order) if found.form == "single" else None
    except BaseException as error:
        return _answer(writing, order["id"], failed=sentence(error, f"importing {place}"), kind=kind_of(error))
    if found.form == "batched":
        if not order["heavy"]:
            return _answer(writing, order["id"], loaded="heavy")
        from agents.hosting import batch

        return batch.serve(found, order, reading, writing)
    _answer(writing, order["id"], loaded=found.form, name=found.name)
    return _serve(_Table(found, order, spare), reading, writing)


def find(module: ModuleType, target: str, place: str) -> Found:
    """Return the agent in a user's module: the one called `target`, else the only class with `act` or function."""
    own = {name: value for name, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__}
    classes = {name: value for name, value in own.items() if isinstance(value, type) and hasattr(value, "act")}
    functions = {name: value for name, value in own.items() if inspect.isfunction(value) and not name.startswith("_")}
    if target:
        if target not in classes and target not in functions:
            known = {**classes, **functions}
            raise UserError(
                f"expected a class {shorten(target)} with a method act, or a function of that name, in {place}, which "
                f"has {shorten(', '.join(known)) or 'none'}{nearest(target, known)}"
            )
        return _formed(target, {**functions, **classes}[target], place)
    chosen = classes or ({"act": functions["act"]} if "act" in functions else functions)
    if len(chosen) != 1:
        what = "class with a method act" if classes else "class with a method act, or one function,"
        raise UserError(
            f"expected one {what} in {place} but it has {len(chosen) or 'none'}: "
            + ("name one of them, as file.py:Name" if chosen else "add a function act(observation, legal_actions)")
        )
    return _formed(*next(iter(chosen.items())), place)


def _formed(name: str, value: Any, place: str) -> Found:
    """Tell a kind of agent by the parameters of its `act`."""
    if inspect.isfunction(value):
        if not _takes(value, 2):
            raise UserError(
                f"expected the function {shorten(name)} of {place} to take observation and legal_actions but it takes "
                f"{shorten(str(inspect.signature(value)))}: correct it"
            )
        return Found(name, "function", value)
    act = value.act
    bound = 0 if isinstance(inspect.getattr_static(value, "act"), staticmethod) else 1
    one, two = _takes(act, 1 + bound), _takes(act, 2 + bound)
    if one and two:
        first = [parameter.name for parameter in inspect.signature(act).parameters.values()][bound]
        one, two = first == "turn", first.startswith("obs")
    if one == two:
        raise UserError(
            f"expected {shorten(name)}.act of {place} to take (observation, legal_actions) or (turn) but it takes "
            f"{shorten(str(inspect.signature(act)))}: correct it"
        )
    if one and not hasattr(value, "start"):
        raise UserError(
            f"{shorten(name)} of {place} has no method start(seats, draws): derive it from agents.Policy or add one"
        )
    return Found(name, "batched" if one else "single", value)


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Return whether it can be called with so many arguments by position."""
    try:
        inspect.signature(function).bind(*range(count))
    except TypeError:
        return False
    return True


def sentence(error: BaseException, doing: str) -> str:
    """Say what an agent's code raised, and where, in one sentence."""
    place = at_fault(error)
    if isinstance(error, UserError):
        return f"{error} (raised through {place})" if place else str(error)
    if place is None:
        return f"{doing} raised {describe(error)}; correct the file"
    return f"the code in {place} raised {describe(error)}; correct the file"


def kind_of(error: BaseException) -> str:
    """Return the kind of fault that an exception is."""
    seen: BaseException | None = error
    while seen is not None:
        words = str(seen).lower()
        if isinstance(seen, MemoryError) or ("allocate" in words and "memory" in words):
            return "memory"
        seen = seen.__cause__ or seen.__context__
    return "crash"


def made(found: Found, order: Mapping[str, Any]) -> Any:
    """Make the agent of a class, with the arguments of its name."""
    try:
        return found.value(**order["arguments"])
    except Exception as error:
        given = f" with {shorten(', '.join(order['arguments']))}" if order["arguments"] else ""
        raise UserError(
            f"making {shorten(found.name)} of {shorten(repr(order['file']))}{given} raised {describe(error)}; correct "
            "the class or its arguments"
        ) from error


@dataclass
class _Seat:
    """A game at hand: the agent's function, and what its random numbers come from."""

    act: Callable[..., Any]
    seed: int
    moves: int = 0


@dataclass
class _Table:
    """All games at hand; `spare` is an agent that has not played yet."""

    found: Found
    order: Mapping[str, Any]
    spare: Any
    hello: Mapping[str, Any] = field(default_factory=dict)
    seats: dict[int, _Seat] = field(default_factory=dict)

    def begin(self, message: Mapping[str, Any]) -> None:
        """Make the agent of a new game, or keep the one that tells games apart."""
        seed_all(message["seed"])
        if self.found.form == "function":
            self.seats[message["game"]] = _Seat(self.found.value, message["seed"])
            return
        agent, self.spare = self.spare or made(self.found, self.order), None
        if hasattr(agent, "start"):
            known = {**self.hello, **message}
            wanted = inspect.signature(agent.start).parameters
            everything = any(parameter.kind == parameter.VAR_KEYWORD for parameter in wanted.values())
            agent.start(**{name: value for name, value in known.items() if everything or name in wanted})
        self.seats[message["game"]] = _Seat(agent.act, message["seed"])

    def ask(self, message: Mapping[str, Any]) -> Any:
        """Return the agent's answer; its global random numbers depend on the game and the move alone."""
        seat = self.seats[message["game"]]
        seed_all(seat.seed + 0x9E3779B97F4A7C15 * (seat.moves + 1))
        seat.moves += 1
        observation = np.array(message["observation"], dtype=np.float32).reshape(self.hello["observation_shape"])
        return seat.act(observation, message["legal_actions"])


def seed_all(seed: int) -> None:
    """Seed the global generators that there are, so that an agent that uses them plays the same again."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed % 2**63)


def plain(answer: Any) -> Any:
    """Turn an action into what JSON has: numpy's and torch's numbers too; raises `TypeError` for what is none."""
    if isinstance(answer, bool | np.bool_):
        raise TypeError(type(answer).__name__)
    if hasattr(answer, "tolist"):
        return plain(answer.tolist())
    if isinstance(answer, list | tuple):
        return [plain(part) for part in answer]
    if isinstance(answer, float):
        if not math.isfinite(answer):
            raise ValueError(answer)
        return answer
    return operator.index(answer)


def _serve(table: _Table, reading: BinaryIO, writing: BinaryIO) -> None:
    """Answer messages until there are no more."""
    of = f"{shorten(table.found.name)} of {shorten(repr(table.order['file']))}"
    broken: dict[str, str] | None = None  # what `start`, which is not answered, ended in
    for line in reading:
        message = json.loads(line)
        try:
            match message["type"]:
                case "hello":
                    table.hello = message
                    _answer(writing, message["id"], ready=1)
                case "start":
                    table.begin(message)
                case "end":
                    table.seats.pop(message["game"], None)
                case "move":
                    if broken is not None:
                        _answer(writing, message["id"], **broken)
                        continue
                    _move(table, message, writing)
        except BaseException as error:
            broken = {"error": sentence(error, f"starting {of}"), "kind": kind_of(error)}
            if message["type"] == "move":
                _answer(writing, message["id"], **broken)


def _move(table: _Table, message: Mapping[str, Any], writing: BinaryIO) -> None:
    """Ask the agent and pass its answer on, or say what it was where that is no action."""
    answer = table.ask(message)
    try:
        action = plain(answer)
    except (TypeError, ValueError):
        said = shorten(" ".join(f"{type(answer).__name__} {answer!r}".split()), limit=80)
        _answer(writing, message["id"], said=said)
    else:
        _answer(writing, message["id"], action=action)


def _answer(writing: BinaryIO, id_: int, **values: Any) -> None:
    writing.write(json.dumps({"id": id_, **values}).encode() + b"\n")
    writing.flush()
