"""An agent in a Python file that plays many games at once, behind a pipe: tensors go there and come back."""

import json
import math
import pickle
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor

from agents.agent import Agent, Evaluable, Policy
from agents.guard import Misplay, guarded
from agents.hosting.child import Child
from agents.hosting.fault import HostedFault
from agents.hosting.isolation import Isolation, Means
from agents.hosting.limits import Limits, seconds
from agents.hosting.single import decoded
from games.draws import Draws
from games.extensive.tree import Floats, GameTree
from games.game import Game
from games.names import shorten
from games.turn import Turn

_TYPES = {
    f"{kind}{bits}" for kind, widths in {"int": (8, 16, 32, 64), "float": (16, 32, 64)}.items() for bits in widths
} | {"bool", "uint8", "complex64", "complex128"}
_WIDEST = 16
"""Bytes of one number of the widest type."""
_MOST = 1 << 40


@dataclass(frozen=True)
class Loaded:
    """A child that has made its agent; policy: it is one; behaviour: it tells its own."""

    child: Child
    policy: bool = False
    behaviour: bool = False


class _Far:
    """The agent in the child; a new child is started when it is next needed after a fault."""

    def __init__(self, name: str, game: Game, limits: Limits, launch: Callable[[], Loaded], first: Loaded) -> None:
        self.name, self.game, self.limits, self._launch, self._loaded = name, game, limits, launch, first
        self.answered = False
        """Whether what it was last asked has been answered: then what is raised is raised at its answer."""

    @property
    def means(self) -> Means:
        """How its process is kept apart."""
        return self._loaded.child.means

    def close(self) -> None:
        """End the process."""
        self._loaded.child.close()

    def misread(self, error: Exception) -> NoReturn:
        """End the process and raise the fault that its answer raised this `error`."""
        self._loaded.child.misread(error)

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin games, in a new process where the old one has ended."""
        if self._loaded.child.worn:
            self._loaded.child.close()
        self._ask("start", {"seats": _numbers(seats), **_drawn(draws)}, len(seats), 0)

    def act(self, turn: Turn) -> Any:
        """Send what the turn's pairs see; hidden positions are never sent, nor what others have been paid."""
        spec = turn.game.spec
        payments = torch.full((len(turn), spec.players), math.nan, dtype=torch.float64, device=turn.rows.device)
        if spec.perfect_information:
            payments = turn.payments[turn.rows]
        else:
            payments[torch.arange(len(turn)), turn.seats] = turn.paid
        body = {
            "seats": _numbers(turn.seats),
            "memory": _numbers(turn.memory),
            "payments": _numbers(payments),
            "observation": _numbers(turn.observation),
            "legal": _numbers(turn.legal),
            "active": None if turn.active is None else _numbers(turn.active),
            **_drawn(turn.draws),
        }
        return self._ask("act", body, len(turn), len(turn) * math.prod(spec.action_shape), turn=turn)

    def _ask(self, what: str, body: Any, pairs: int, wanted: int, *, turn: Turn | None = None) -> Any:
        """Ask the child, with time for each of so many pairs, for an array of about `wanted` numbers."""
        limits, self.answered = self.limits, False
        if not self._loaded.child.alive:
            self._loaded = self._launch()
        child = self._loaded.child
        child.refuse_early()
        deadline = time.monotonic() + min(limits.game, limits.move * max(pairs, 1))
        id_, most = secrets.randbits(31), _WIDEST * max(wanted, 1)
        try:
            _send(child, {"type": what, "id": id_, "most": most}, body, deadline)
            about = self._heard(child, id_, deadline)
            while about.get("need") == "state" and turn is not None and turn.game.spec.perfect_information:
                _send(child, {"id": id_}, _sendable(turn), deadline)
                about = self._heard(child, id_, deadline)
            with child.judged():
                answer = self._answer(child, about, most, deadline)
            self.answered = True
            return answer
        except HostedFault as fault:
            if fault.kind != "timeout":
                raise
            many = f" for {pairs} games" if pairs > 1 else ""
            most = seconds(min(limits.game, limits.move * max(pairs, 1)))
            raise HostedFault(
                f"{self.name} did not answer{many} in {most}: it must answer in time",
                "timeout",
            ) from None

    def _answer(self, child: Child, about: dict[str, Any], most: int, deadline: float) -> Any:
        """Return the array that is described, or raise the fault that is."""
        if "error" in about:
            kind = "memory" if about.get("kind") == "memory" else "crash"
            child.fail(shorten(str(about["error"]), limit=240), kind)
        return _array(child, about, most, deadline)

    def _heard(self, child: Child, id_: int, deadline: float) -> dict[str, Any]:
        about = decoded(child.line(deadline))
        if not isinstance(about, dict) or about.get("id") != id_:
            child.fail(f"{self.name} answered what was not asked: nothing but its harness may write there", "garbage")
        return about


class _FarPolicy(_Far, Policy):
    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Any:
        """Ask for the probabilities `[n, A]`."""
        body = {"observation": _numbers(observation), "legal": _numbers(legal), "seats": _numbers(seats)}
        table = self._ask("probabilities", body, len(seats), legal.numel())
        return table.to(observation.device) if isinstance(table, Tensor) else table


class _FarEvaluable(_Far):
    def behaviour(self, tree: GameTree) -> Any:
        """Ask for the behaviour `[K]`."""
        answer = self._ask("behaviour", tree, tree.infosets, tree.slots)
        return answer.numpy() if isinstance(answer, Tensor) else answer


class _FarEvaluablePolicy(_FarEvaluable, _FarPolicy):
    pass


class HostedBatch:
    """An agent of many games in a process of its own; whatever it does wrong is a `HostedFault`."""

    batched = True

    def __init__(self, far: _Far) -> None:
        self._far, self.name = far, far.name
        self.isolation = Isolation(far.means)
        self._near: Agent = guarded(far, far.name)

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin the agent's games."""
        self._near.start(seats, draws)

    def act(self, turn: Turn) -> Tensor:
        """Return the agent's actions, all of them legal, on the turn's device: `[n, *action_shape]`."""
        with self._held():
            return self._near.act(turn)

    def close(self) -> None:
        """End the process; the next game would start a new one."""
        self._far.close()

    def __enter__(self) -> "HostedBatch":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Turn a broken rule into a fault, after which the process is done with."""
        try:
            yield
        except HostedFault:
            raise
        except Misplay as error:
            self._far.close()
            kind = "illegal" if error.rule == "legal actions" else "garbage"
            raise HostedFault(str(error), kind, rule=error.rule) from None
        except MemoryError:
            raise
        except Exception as error:
            if not self._far.answered:
                raise
            self._far.misread(error)


class HostedEvaluable(HostedBatch):
    """One that tells its own behaviour."""

    def behaviour(self, tree: GameTree) -> Floats:
        """Return the agent's behaviour `[K]`."""
        assert isinstance(self._near, Evaluable)
        with self._held():
            return self._near.behaviour(tree)


class HostedPolicy(HostedEvaluable, Policy):
    """A policy."""

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        """Return the policy's probabilities `[n, A]`."""
        assert isinstance(self._near, Policy)
        with self._held():
            return self._near.probabilities(observation, legal, seats)


def seat(name: str, game: Game, limits: Limits, launch: Callable[[], Loaded], first: Loaded) -> HostedBatch:
    """Return the agent of a child that has been loaded; it can be evaluated exactly if the agent can."""
    if first.policy:
        kind = _FarEvaluablePolicy if first.behaviour else _FarPolicy
        return HostedPolicy(kind(name, game, limits, launch, first))
    if first.behaviour:
        return HostedEvaluable(_FarEvaluable(name, game, limits, launch, first))
    return HostedBatch(_Far(name, game, limits, launch, first))


def greet(child: Child, game: Game, deadline: float) -> None:
    """Tell the child which game is played."""
    id_ = secrets.randbits(31)
    _send(child, {"type": "hello", "id": id_, "most": 0}, game.spec, deadline)
    answer = decoded(child.line(deadline))
    if not isinstance(answer, dict) or answer.get("id") != id_:
        child.fail(f"{child.name} answered what was not asked", "garbage")


def _send(child: Child, message: dict[str, Any], body: Any, deadline: float) -> None:
    data = pickle.dumps(body, protocol=pickle.HIGHEST_PROTOCOL)
    child.send(json.dumps({**message, "bytes": len(data)}).encode() + b"\n" + data, deadline)


def _sendable(turn: Turn) -> Any:
    """Return the turn's positions where every seat sees all of them and they can be sent; else None."""
    state = turn.state
    columns = {f.name: getattr(state, f.name) for f in fields(state)}
    moved = replace(state, **{name: value.cpu() for name, value in columns.items() if isinstance(value, Tensor)})
    try:
        pickle.dumps(moved)
    except Exception:  # whatever a game's own objects raise
        return None
    return moved


def _numbers(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().contiguous().numpy()


def _drawn(draws: Draws) -> dict[str, Any]:
    move = draws.move
    moves = move if isinstance(move, int) else _numbers(move)
    return {"games": _numbers(draws.games), "mixed": _numbers(draws.mixed), "move": moves}


def _array(child: Child, about: dict[str, Any], most: int, deadline: float) -> Any:
    """Read the tensor that follows its description; what is no array comes back as a thing of the same type's name."""
    kind, dtype, shape, count = (about.get(key) for key in ("kind", "dtype", "shape", "bytes"))
    if type(kind) is str and kind.isprintable() and dtype is None:
        return None if kind == "NoneType" else type(shorten(kind), (), {})()
    known = type(dtype) is str and dtype in _TYPES and _is_shape(shape)
    if not known or type(count) is not int or not 0 <= count <= most:
        child.fail(f"{child.name} described its answer as no array: nothing but its harness may write there", "garbage")
    assert isinstance(dtype, str)
    assert isinstance(shape, list)
    if kind == "ndarray" and not count:
        return type("ndarray", (), {})()
    if count != math.prod(shape) * np.dtype(dtype).itemsize:
        return torch.zeros((), dtype=getattr(torch, dtype)).expand(shape)  # of the wrong shape: that is enough to know
    numbers = np.frombuffer(bytearray(child.exactly(count, deadline)), dtype=dtype).reshape(shape)
    return torch.from_numpy(numbers)


def _is_shape(shape: Any) -> bool:
    if not isinstance(shape, list) or len(shape) > 16:
        return False
    if not all(type(length) is int and length >= 0 for length in shape):
        return False
    return math.prod(max(length, 1) for length in shape) < _MOST
