"""An agent that plays one game at a time, a program or a class in a Python file, seated like any other."""

import json
import math
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from agents.hosting.child import Child
from agents.hosting.fault import HostedFault, Kind
from agents.hosting.isolation import Isolation
from agents.hosting.limits import Limits, seconds
from games.draws import Draws
from games.errors import UserError
from games.game import Game
from games.names import shorten
from games.turn import Turn

PROTOCOL = 1
"""The version of what is said to programs: see docs/bots.md."""

Form = Literal["program", "function", "class"]
"""How an agent that plays one game at a time is written."""

_SEED_BITS = (1 << 53) - 1
"""A seed is a whole number that every language's JSON holds."""
_TOLD: tuple[Kind, ...] = ("crash", "memory")


@dataclass
class _Match:
    """One game and seat at hand: its number in messages, the child that plays it, and the seconds it has taken."""

    number: int
    child: Child
    seat: int
    spent: float = 0.0


@dataclass(frozen=True)
class Opened:
    """A child that is ready to play; `interleaved`: it tells games apart by their numbers."""

    child: Child
    interleaved: bool


@dataclass
class Hosted:
    """Passes each game's messages to a child process and its answers back.

    batched: whether the answer in one game cannot depend on another, so that many may be played at once: a bare
    function, or a program that says so. Any other plays many games too, in as many processes as `limits.children`.
    form: what it is written as. A program is shown positions as text.
    """

    name: str
    game: Game
    limits: Limits
    isolation: Isolation
    launch: Callable[[], Opened]
    batched: bool
    form: Form = "program"
    _children: list[Opened] = field(default_factory=list)
    _matches: list[_Match] = field(default_factory=list)
    _count: int = 0

    def start(self, seats: Tensor, draws: Draws) -> None:
        """Begin games, one for each of `seats [m]`; those at hand are over."""
        self._forget()
        seeds = draws.bits(seats).cpu() & _SEED_BITS
        for place, (seat, seed) in enumerate(zip(seats.tolist(), seeds.tolist(), strict=True)):
            opened = self._child(place)
            self._count += 1
            match = _Match(self._count, opened.child, seat)
            self._say(match, {"type": "start", "game": match.number, "seat": seat, "seed": seed})
            self._matches.append(match)

    def act(self, turn: Turn) -> Tensor:
        """Ask in each pair that moves, one after another: `[n, *action_shape]`."""
        spec = turn.game.spec
        actions = torch.zeros((len(turn), *spec.action_shape), dtype=spec.action_type)
        asked = range(len(turn)) if turn.active is None else turn.active.nonzero()[:, 0].tolist()
        observed, legal, memory = turn.observation.cpu(), turn.legal.cpu(), turn.memory.tolist()
        text = self.form == "program" and spec.perfect_information
        for row in asked:
            match = self._matches[memory[row]]
            choices = _choices(legal[row], turn.game)
            message = {
                "type": "move",
                "id": secrets.randbits(31),
                "legal_actions": choices,
                "game": match.number,
                "seat": match.seat,
                "observation": observed[row].tolist(),
            }
            if text:
                message["text"] = turn.game.draw(turn.position, int(turn.rows[row]))
            actions[row] = torch.tensor(self._ask(match, message, choices), dtype=spec.action_type)
        return actions.to(turn.rows.device)

    def close(self) -> None:
        """End every process; the next game would start new ones."""
        self._matches.clear()
        for opened in self._children:
            opened.child.close()
        self._children.clear()

    def __enter__(self) -> "Hosted":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _forget(self) -> None:
        """Tell children that their games are over, and let go of those that are broken or worn."""
        for match in self._matches:
            if match.child.alive:
                try:
                    match.child.refuse_early()
                    self._say(match, {"type": "end", "game": match.number})
                except HostedFault:  # after its last answer: it costs no game, and the next begins with a new process
                    continue
        self._matches.clear()
        for opened in [opened for opened in self._children if opened.child.worn]:
            opened.child.close()
        self._children = [opened for opened in self._children if opened.child.alive]

    def _child(self, place: int) -> Opened:
        """Return the child for the game at `place` of those that begin together."""
        if self._children and self._children[0].interleaved:
            return self._children[0]
        if place >= self.limits.children:
            raise UserError(
                f"{self.name} plays one game at a time in a process, of which there may be {self.limits.children}, and "
                "more games were begun at once: play fewer at a time"
            )
        if place >= len(self._children):
            self._children.append(self.launch())
        return self._children[place]

    def _say(self, match: _Match, message: dict[str, Any]) -> None:
        match.child.send(encoded(message), time.monotonic() + self.limits.move)

    def _ask(self, match: _Match, message: dict[str, Any], choices: list[Any]) -> Any:
        """Return a legal answer, or raise the fault that the agent committed instead."""
        child = match.child
        if not child.alive:
            raise HostedFault(f"{self.name} has ended in another game of the same process", "crash")
        child.refuse_early()
        began = time.monotonic()
        left = self.limits.game - match.spent
        deadline = began + min(self.limits.move, left)
        try:
            child.send(encoded(message), deadline)
            answer = child.line(deadline)
        except HostedFault as fault:
            if fault.kind != "timeout" or time.monotonic() < deadline:  # the latter: its processor time was spent
                raise
            most = f"{seconds(self.limits.move)} for a move"
            if left < self.limits.move:
                most = f"its time for the game, {seconds(self.limits.game)}"
            raise HostedFault(f"{self.name} took more than {most}: it must answer in time", "timeout") from None
        match.spent += time.monotonic() - began
        with child.judged():
            return self._judged(child, answer, message, choices)

    def _judged(self, child: Child, line: bytes, message: dict[str, Any], choices: list[Any]) -> Any:
        """Return the action of an answer, when it is one."""
        shown = shorten(repr(line[:200].decode(errors="replace")))
        wanted = f'{{"id": {message["id"]}, "action": ...}}'
        answer = decoded(line)
        if not isinstance(answer, dict):
            child.unreadable(line, f"expected {wanted} from {self.name} but it answered {shown}: correct it")
        if answer.get("id") != message["id"] or isinstance(answer.get("id"), bool):
            child.fail(
                f"expected {wanted} from {self.name} but it answered {shown}, which is for another question: echo the "
                "message's id",
                "garbage",
            )
        if "error" in answer:
            kind = answer.get("kind")
            child.fail(shorten(str(answer["error"]), limit=240), kind if kind in _TOLD else "crash")
        if "said" in answer:
            child.fail(
                f"expected {_wanted(self.game)} from {self.name} but it returned {shorten(str(answer['said']))}: "
                "correct it",
                "garbage",
                rule="answers",
            )
        if "action" not in answer or not _is_action(answer["action"], self.game):
            child.fail(
                f"expected {_wanted(self.game)} from {self.name} but it answered {shown}: correct it",
                "garbage",
                rule="answers",
            )
        if not _is_legal(answer["action"], choices, self.game):
            listed = str(choices if len(choices) <= 8 else [*choices[:8], "..."]).replace("'", "")
            child.fail(
                f"expected a legal action but {self.name} chose {shorten(str(answer['action']))} where only "
                f"{shorten(listed, limit=100)} are legal: choose among legal_actions",
                "illegal",
                rule="legal actions",
            )
        return answer["action"]


def encoded(message: dict[str, Any]) -> bytes:
    """Return a message's line."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decoded(line: bytes) -> Any:
    """Return what a line holds, or None where that is no JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def hello(game: Game, limits: Limits) -> dict[str, Any]:
    """Return the first message to an agent: what is played."""
    spec = game.spec
    return {
        "type": "hello",
        "id": secrets.randbits(31),
        "protocol": PROTOCOL,
        "name": spec.name,
        "players": spec.players,
        "actions": spec.actions,
        "parts": list(spec.parts),
        "bounds": [list(bounds) for bounds in spec.bounds],
        "observation_shape": list(spec.observation_shape),
        "perfect_information": spec.perfect_information,
        "move_seconds": limits.move,
        "game_seconds": limits.game,
    }


def _choices(legal: Tensor, game: Game) -> list[Any]:
    """Return what one seat may do: actions; or for each part of one its choices; or for each number its bounds."""
    spec = game.spec
    if spec.bounds:
        return [list(bounds) for bounds in spec.bounds]
    parts = [part.nonzero()[:, 0].tolist() for part in legal.split(spec.parts or spec.actions)]
    return parts if spec.parts else parts[0]


def _wanted(game: Game) -> str:
    spec = game.spec
    if spec.discrete:
        return "one whole number, an action,"
    kind = "whole numbers, one for each part of an action," if spec.parts else "numbers, one for each of an action's,"
    return f"{spec.action_shape[0]} {kind}"


def _is_action(action: Any, game: Game) -> bool:
    spec = game.spec
    if spec.discrete:
        return type(action) is int
    kinds = (int,) if spec.parts else (int, float)
    return (
        isinstance(action, list)
        and len(action) == spec.action_shape[0]
        and all(type(number) in kinds for number in action)
    )


def _is_legal(action: Any, choices: list[Any], game: Game) -> bool:
    spec = game.spec
    if spec.discrete:
        return action in choices
    pairs = zip(action, choices, strict=True)
    if spec.parts:
        return all(number in allowed for number, allowed in pairs)
    return all(low <= _as_float32(number) <= high for number, (low, high) in pairs)


def _as_float32(number: float) -> float:
    """Return what the game gets, which has less precision."""
    try:
        return torch.tensor(float(number)).item()
    except OverflowError:  # a whole number of more digits than any float has
        return math.inf if number > 0 else -math.inf
