"""The far side of an agent that plays many games at once: `act(turn)` over tensors, as inside the engine.

The engine sends pickles, which it alone writes; what goes back is numbers with their type and shape, never a pickle.
"""

import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, BinaryIO, Self

import numpy as np
import torch
from numba.core import caching
from torch import Tensor

from agents.agent import Policy
from agents.hosting.harness import Found, kind_of, made, sentence
from games import make
from games.choices import uniform_actions
from games.draws import Draws, sample
from games.errors import GameError
from games.game import Game, GameSpec, State
from games.names import shorten
from games.turn import Turn


def warm() -> None:
    """Load what is compiled, before processes are forked that could not write it to disk."""
    torch.set_num_threads(1)
    games = torch.arange(2)
    draws, legal = Draws.of(0, "warm", games).at(games), torch.ones(2, 2, dtype=torch.bool)
    spec = GameSpec(name="warm", players=2, actions=2, observation_shape=(1,), utility=(0.0, 1.0), max_moves=1)
    uniform_actions(spec, legal, draws, games)
    for table in (legal, legal.float(), legal.double()):
        sample(table, draws.uniform(games))
    draws.rows(games).uniform(games)
    draws.bits(games)


def _read_compiled_only() -> None:
    """Let numba use the machine code that it finds on disk, and write none: here nothing can be written."""
    caching._CacheLocator.ensure_cache_path = lambda self: None
    caching.Cache.save_overload = lambda self, sig, data: None


class _Rules:
    """The game as an agent may see it: its `spec` at hand, and its rules made when they are first asked for."""

    def __init__(self, spec: GameSpec) -> None:
        self.spec = spec

    @cached_property
    def _made(self) -> Game:
        return make(self.spec.name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._made, name)


@dataclass(frozen=True)
class _Position:
    """Stands for the games' states, which are fetched from the engine when they are first looked at."""

    fetch: Callable[[], State]

    def __getitem__(self, rows: Tensor) -> State:
        return self.fetch()[rows]


class _Turn(Turn):
    """A turn whose tensors came from the engine."""

    def select(self, chosen: Tensor, memory: Tensor) -> Self:
        """Return the turn of the pairs at `chosen [m]`, whose agent remembers them as `memory [m]`."""
        part = super().select(chosen, memory)
        part.__dict__.update({name: getattr(self, name)[chosen] for name in ("observation", "legal")})
        return part


def serve(found: Found, order: Mapping[str, Any], reading: BinaryIO, writing: BinaryIO) -> None:
    """Answer the engine until it asks no more."""
    torch.set_num_threads(1)
    _read_compiled_only()
    of = f"{shorten(found.name)} of {shorten(repr(order['file']))}"
    try:
        agent = made(found, order)
    except BaseException as error:
        return _tell(writing, order["id"], failed=sentence(error, f"making {of}"), kind=kind_of(error))
    policy = isinstance(agent, Policy)
    own = hasattr(agent, "behaviour") and not (policy and type(agent).behaviour is Policy.behaviour)
    _tell(writing, order["id"], loaded="batched", name=found.name, policy=policy, behaviour=own)
    served = _Served(agent, reading, writing)
    for line in reading:
        message = json.loads(line)
        body = pickle.loads(reading.read(message["bytes"]))
        try:
            with torch.no_grad():
                answer = getattr(served, message["type"])(message, body)
        except BaseException as error:
            _tell(writing, message["id"], error=sentence(error, f"{message['type']} of {of}"), kind=kind_of(error))
        else:
            _give(writing, message, answer)
    return None


class _Served:
    """One agent, and what it is asked."""

    def __init__(self, agent: Any, reading: BinaryIO, writing: BinaryIO) -> None:
        self.agent, self._reading, self._writing = agent, reading, writing
        self._rules: Any = None

    def hello(self, message: Mapping[str, Any], body: GameSpec) -> None:
        """Hear which game is played."""
        self._rules = _Rules(body)

    def start(self, message: Mapping[str, Any], body: dict[str, Any]) -> None:
        """Begin games."""
        self.agent.start(torch.from_numpy(body["seats"]), _draws(body))

    def act(self, message: Mapping[str, Any], body: dict[str, Any]) -> Any:
        """Choose in every pair."""
        states: list[State] = []

        def fetch() -> State:
            if not states:
                states.append(self._fetch(message))
            return states[0]

        seats = torch.from_numpy(body["seats"])
        tensors = {name: torch.from_numpy(body[name]) for name in ("memory", "payments", "observation", "legal")}
        active = None if body["active"] is None else torch.from_numpy(body["active"])
        position: Any = _Position(fetch)
        turn = _Turn(
            self._rules,
            position,
            torch.arange(len(seats)),
            seats,
            _draws(body),
            tensors["memory"],
            tensors["payments"],
            active,
        )
        turn.__dict__.update(observation=tensors["observation"], legal=tensors["legal"])
        return self.agent.act(turn)

    def _fetch(self, message: Mapping[str, Any]) -> State:
        """Ask the engine for the positions of the turn."""
        _tell(self._writing, message["id"], need="state")
        answer = json.loads(self._reading.readline())
        state = pickle.loads(self._reading.read(answer["bytes"]))
        if state is None:
            raise GameError(f"the positions of {self._rules.spec.name} cannot be sent to an agent's process")
        return state

    def probabilities(self, message: Mapping[str, Any], body: dict[str, Any]) -> Any:
        """Judge observations."""
        return self.agent.probabilities(*(torch.from_numpy(body[name]) for name in ("observation", "legal", "seats")))

    def behaviour(self, message: Mapping[str, Any], body: Any) -> Any:
        """Tell the whole behaviour on a tree."""
        return self.agent.behaviour(body)


def _draws(body: Mapping[str, Any]) -> Draws:
    move = body["move"]
    moves = move if isinstance(move, int) else torch.from_numpy(move)
    return Draws(torch.from_numpy(body["games"]), torch.from_numpy(body["mixed"]), moves)


def _tell(writing: BinaryIO, id_: int, **values: Any) -> None:
    writing.write(json.dumps({"id": id_, **values}).encode() + b"\n")
    writing.flush()


def _give(writing: BinaryIO, message: Mapping[str, Any], answer: Any) -> None:
    """Send an array back: its type and shape, and its numbers where the engine has room for them."""
    if answer is None or not isinstance(answer, Tensor | np.ndarray):
        return _tell(writing, message["id"], kind=type(answer).__name__)
    numbers = answer.detach().cpu().contiguous().numpy() if isinstance(answer, Tensor) else np.ascontiguousarray(answer)
    about = {"kind": type(answer).__name__, "dtype": numbers.dtype.name, "shape": list(numbers.shape)}
    fits = numbers.nbytes <= message["most"] and numbers.dtype.kind in "biufc"
    data = numbers.tobytes() if fits else b""
    writing.write(json.dumps({"id": message["id"], **about, "bytes": len(data)}).encode() + b"\n" + data)
    writing.flush()
    return None
