"""From a file's or a program's name to the agent in its own process."""

import os
import re
import secrets
import shlex
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from agents.agent import AgentError
from agents.hosting.batched import HostedBatch, Loaded, greet, seat
from agents.hosting.child import Child
from agents.hosting.fault import HostedFault
from agents.hosting.isolation import Isolation, isolation
from agents.hosting.limits import Limits, seconds
from agents.hosting.single import PROTOCOL, Form, Hosted, Opened, decoded, encoded, hello
from agents.hosting.spawning import ENVIRONMENT
from games.game import Game
from games.names import Name, shorten

_HEAVY = re.compile(rb"^\s*(?:from|import)\s+(?:torch|agents|games|arena|league)\b", re.MULTILINE)
"""Imports that take more than a second, which a process that has them already spares each agent."""


def host_program(command: str, game: Game, *, limits: Limits | None = None, apart: Isolation | None = None) -> Hosted:
    """Return the agent that a command line speaks for, in `game`: see docs/bots.md for what it must say.

    Raises:
        AgentError: when there is no such program; a `Fault`, when it does not begin as it should.
    """
    words, held, means = _words(command), limits or Limits(), (apart or isolation()).means
    name = shorten(repr(command))

    def launch() -> Opened:
        child = Child(words, name, means=means, limits=held)
        return Opened(child, _greeted(child, game, held).get("games") == "many")

    return _seated(name, game, held, launch, launch(), form="program")


def host_file(
    parsed: Name, game: Game, *, limits: Limits | None = None, apart: Isolation | None = None
) -> Hosted | HostedBatch:
    """Return the agent in a Python file, in `game`: a class or a function.

    Raises:
        AgentError: when there is no such file; a `Fault`, when no agent can be made of it.
    """
    held, means = limits or Limits(), (apart or isolation()).means
    place = shorten(repr(parsed.source))
    source = _source(parsed.source)

    def load(*, heavy: bool) -> tuple[Child, dict[str, Any]]:
        child = Child(None, f"the agent in {place}", means=means, limits=held, heavy=heavy)
        order = {
            "id": secrets.randbits(31),
            "file": parsed.source,
            "target": parsed.target,
            "arguments": dict(parsed.arguments),
            "heavy": heavy,
        }
        about = _first_answer(child, order, held)
        if about.get("loaded") == "heavy" and not heavy:
            child.close()
            return load(heavy=True)
        if "loaded" not in about:
            _refuse(child, shorten(str(about.get("failed")), limit=260))
        called = str(about.get("name"))
        if not called.isprintable():
            _refuse(child, f"{child.name} called itself {shorten(repr(called))}: only its harness may write there")
        child.name = f"{shorten(called)} of {place}"
        return child, about

    child, about = load(heavy=bool(_HEAVY.search(source)))
    name, batched = child.name, about["loaded"] == "batched"

    def met(child: Child, about: dict[str, Any]) -> Loaded:
        greet(child, game, time.monotonic() + held.start)
        return Loaded(child, bool(about.get("policy")), bool(about.get("behaviour")))

    if batched:
        return seat(name, game, held, lambda: met(*load(heavy=True)), met(child, about))
    heavy = bool(_HEAVY.search(source))

    def open_(loaded: Callable[[], tuple[Child, dict[str, Any]]]) -> Opened:
        child, _ = loaded()
        _greeted(child, game, held)
        return Opened(child, True)

    first = open_(lambda: (child, about))
    launch = partial(open_, partial(load, heavy=heavy))
    return _seated(name, game, held, launch, first, form="function" if about["loaded"] == "function" else "class")


def _seated(
    name: str,
    game: Game,
    limits: Limits,
    launch: Callable[[], Opened],
    first: Opened,
    *,
    form: Form,
) -> Hosted:
    # A file's harness tells games apart, but what a class keeps may not.
    together = first.interleaved if form == "program" else form == "function"
    return Hosted(name, game, limits, Isolation(first.child.means), launch, together, form, _children=[first])


def _greeted(child: Child, game: Game, limits: Limits) -> dict[str, Any]:
    """Say hello, and return the answer to it."""
    answer = _first_answer(child, hello(game, limits), limits)
    if answer.get("ready") != PROTOCOL:
        _refuse(
            child,
            f'expected {{"id": ..., "ready": {PROTOCOL}}} from {child.name} when it is told hello but it answered '
            f"{shorten(str(answer))}: correct it",
        )
    return answer


def _first_answer(child: Child, message: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Send the first message and return its answer; whatever goes wrong is a refusal to start."""
    deadline = time.monotonic() + limits.start
    try:
        child.send(encoded(message), deadline)
        line = child.line(deadline)
    except HostedFault as fault:
        late = (
            f"{child.name} was not ready after {seconds(limits.start)}: it must begin sooner, or flush what it prints"
        )
        raise HostedFault(late if fault.kind == "timeout" else str(fault), "refused-to-start") from None
    answer = decoded(line)
    if not isinstance(answer, dict) or answer.get("id", message["id"]) != message["id"]:
        shown = shorten(repr(line[:200].decode(errors="replace")))
        child.unreadable(
            line,
            f"expected a JSON object as the first answer of {child.name} but got {shown}: correct it",
            "refused-to-start",
        )
    return answer


def _refuse(child: Child, message: str) -> NoReturn:
    child.fail(message, "refused-to-start")


def _source(path: str) -> bytes:
    """Return what stands in a user's file; raises `AgentError` when it cannot be read."""
    try:
        return Path(path).expanduser().read_bytes()
    except (OSError, RuntimeError) as cause:  # the latter for a ~user who is not known
        raise AgentError(
            f"expected a Python file at {shorten(repr(path))} but reading it failed "
            f"({getattr(cause, 'strerror', cause)}); check the path, which starts at the current folder"
        ) from None


def _words(command: str) -> list[str]:
    """Split a command line; its program becomes an absolute path."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise AgentError(
            f"expected a command line after cmd: but {shorten(repr(command))} is none ({error}); correct it"
        ) from None
    if not words or not words[0]:
        raise AgentError(
            "expected a command line after cmd: but nothing stands there; name a program, as in cmd:./mybot or "
            "cmd:'python3 mybot.py'"
        )
    first = words[0]
    found = (shutil.which(first, path=None if "/" in first else ENVIRONMENT["PATH"]) or shutil.which(first)) or ""
    if not found:
        raise AgentError(
            f"expected a program after cmd: but {shorten(repr(first))} is none that can be run; {_advice(first)}"
        )
    return [str(Path(found).absolute()), *words[1:]]


def _advice(program: str) -> str:
    """Say why a program is not found, and what to do."""
    with suppress(OSError, ValueError):  # what no path can be
        if Path(program).is_file() and "/" not in program and os.access(program, os.X_OK):
            return f"a program of the current folder is named with ./, as in cmd:./{shorten(program)}"
        if Path(program).is_file():
            return f"make it so with chmod +x {shorten(program)}, or name what runs it, as in cmd:sh {shorten(program)}"
    return "check the path, which starts at the current folder"
