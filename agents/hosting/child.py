"""One user's program in its own process, as the engine sees it: lines and bytes, each with a deadline."""

import json
import os
import select
import shutil
import signal
import socket
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from agents.hosting.fault import HostedFault
from agents.hosting.fault import Kind as FaultKind
from agents.hosting.isolation import Means, bubblewrap, stage
from agents.hosting.limits import Limits
from agents.hosting.spawning import ENVIRONMENT, spawn
from agents.hosting.words import of_memory, statement
from games.names import describe, shorten

_PATIENCE = 6.0
"""Seconds that a supervisor may take to clear away what it started."""
_LINGER = 0.5
"""Seconds in which a program that has closed its output may end by itself."""
_GLANCE = 0.1
"""Seconds in which a flood is told from a word too many."""
_CHUNK = 1 << 16


def plan_of(command: Sequence[str] | None, means: Means, limits: Limits) -> dict[str, Any]:
    """Return what a supervisor is told; without a command the process becomes a harness for a Python file."""
    limited = {
        "memory": limits.memory,
        "reserve": 4 if command else 2,  # what garbage-collected languages reserve and do not use
        "cpu": limits.cpu,
        "files": limits.files,
        "processes": limits.processes,
    }
    return {
        "isolation": means,
        "command": command,
        "environment": dict(ENVIRONMENT),
        "folder": os.getcwd(),
        "limits": limited,
        "bubblewrap": bubblewrap() if means == "bubblewrap" else [],
        "stage": stage() if means == "bubblewrap" else [],
    }


def works(means: Means) -> bool:
    """Try an isolation on a program that does nothing."""
    nothing = shutil.which("true")
    if nothing is None or (means == "bubblewrap" and not bubblewrap()):
        return False
    child = Child([nothing], "true", means=means, limits=Limits())
    with suppress(HostedFault):
        child.line(time.monotonic() + _PATIENCE)
    return child.outcome == {"status": 0}


class Child:
    """A running program. Every method that waits takes a `deadline` by `time.monotonic` and raises `HostedFault`."""

    def __init__(
        self, command: Sequence[str] | None, name: str, *, means: Means, limits: Limits, heavy: bool = False
    ) -> None:
        self.name, self._limits = name, limits
        self.means: Means = means
        stdin, self._to = os.pipe()
        self._from, stdout = os.pipe()
        self._errors_from, stderr = os.pipe()
        self._control, control = socket.socketpair()
        for handle in (self._to, self._from, self._errors_from):
            os.set_blocking(handle, False)
        self._received, self._errors, self._latest, self._spent = bytearray(), bytearray(), bytearray(), 0.0
        self._ours = [self._to, self._from, self._errors_from]
        self.outcome: dict[str, Any] = {}
        self._end = weakref.finalize(self, _let_go, self._control, self._ours)
        try:
            spawn(plan_of(command, means, limits), [stdin, stdout, stderr, control.fileno()], heavy=heavy)
        finally:
            for handle in (stdin, stdout, stderr):
                os.close(handle)
            control.close()

    @property
    def alive(self) -> bool:
        """Whether it has not been closed."""
        return self._end.alive

    @property
    def worn(self) -> bool:
        """Whether it has used so much time that it should be replaced before its processor time is spent."""
        return self._spent > self._limits.cpu / 4

    def send(self, data: bytes, deadline: float) -> None:
        """Write all of `data`."""
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._to, left) :]
            except BlockingIOError:
                self._await(self._to, select.POLLOUT, deadline)
            except BrokenPipeError:
                self._ended()

    def line(self, deadline: float) -> bytes:
        """Return the next line, without its end."""
        began, searched = time.monotonic(), 0
        try:
            while (end := self._received.find(b"\n", searched)) < 0:
                searched = len(self._received)
                if searched > self._limits.line:
                    self._flooded()
                self._receive(deadline)
            if end > self._limits.line:
                self._flooded()
            line = bytes(self._received[:end])
            del self._received[: end + 1]
            return line
        finally:
            self._spent += time.monotonic() - began

    def exactly(self, count: int, deadline: float) -> bytes:
        """Return the next `count` bytes."""
        while len(self._received) < count:
            self._receive(deadline)
        data = bytes(self._received[:count])
        del self._received[:count]
        return data

    def refuse_early(self) -> None:
        """Raise a fault where something has been said that nobody asked for."""
        with suppress(BlockingIOError):
            self._received += os.read(self._from, _CHUNK)
        if not self._received:
            return
        said = shorten(repr(bytes(self._received[:200]).decode(errors="replace")))
        until = time.monotonic() + _GLANCE
        while time.monotonic() < until and len(self._received) <= self._limits.line:  # is there more and more of it?
            time.sleep(_GLANCE / 20)
            with suppress(BlockingIOError):
                self._received += os.read(self._from, _CHUNK)
        if len(self._received) > self._limits.line:
            self._flooded()
        self.fail(f"{self.name} said {said} before it was asked: it must answer each message once", "garbage")

    def fail(self, message: str, kind: FaultKind, *, rule: str = "runs") -> NoReturn:
        """End the program and raise a fault."""
        self.close()
        raise HostedFault(message, kind, rule=rule)

    @contextmanager
    def judged(self) -> Iterator[None]:
        """Charge the program for whatever its answer makes the engine raise: none may end more than its own game."""
        try:
            yield
        except (HostedFault, MemoryError):
            raise
        except Exception as error:
            self.misread(error)

    def misread(self, error: Exception) -> NoReturn:
        """End the program and raise the fault that its answer could not be read, for the `error` that this raised."""
        self.fail(f"{self.name} gave an answer that cannot be read ({describe(error)}): correct it", "garbage")

    def unreadable(self, line: bytes, message: str, kind: FaultKind = "garbage") -> NoReturn:
        """Raise a fault for a `line` that is no answer; Java's runtime says on standard output that memory ran out."""
        until = time.monotonic() + _GLANCE
        while time.monotonic() < until and len(self._received) <= self._limits.line:
            time.sleep(_GLANCE / 20)
            with suppress(BlockingIOError):
                self._received += os.read(self._from, _CHUNK)
        for said in (line, *self._received.splitlines()):
            words = shorten(" ".join(said.decode(errors="replace").strip("# ").split()), limit=120)
            if of_memory(words):
                self.fail(
                    f"{self.name} said {words!r}: it must take less memory", "memory" if kind == "garbage" else kind
                )
        self.fail(message, kind)

    def close(self) -> None:
        """End the program and all it has started; `outcome` says how it ended, as its supervisor saw it."""
        if self._end.alive:
            with suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)
            self._hear(_PATIENCE)
            self._end()

    def _hear(self, seconds: float) -> None:
        """Wait for the supervisor to go, and keep what it says."""
        self._control.settimeout(seconds)
        with suppress(OSError):
            while part := self._control.recv(4096):
                self.outcome = json.loads(part)

    def _receive(self, deadline: float) -> None:
        """Read something more of what the program writes."""
        self._await(self._from, select.POLLIN, deadline)
        try:
            data = os.read(self._from, _CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._ended()
        self._received += data

    def _await(self, handle: int, event: int, deadline: float) -> None:
        """Wait until a descriptor is ready, and meanwhile read what comes on standard error."""
        waiting = select.poll()
        waiting.register(handle, event)
        waiting.register(self._errors_from, select.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                self._timed_out()
            ready = dict(waiting.poll(left * 1000 + 1))
            if self._errors_from in ready and not self._drain():
                waiting.unregister(self._errors_from)
            if handle in ready:
                return

    def _drain(self) -> bool:
        """Read what there is on standard error, and keep its beginning and its end; returns whether more may come."""
        try:
            data = os.read(self._errors_from, _CHUNK)
        except BlockingIOError:
            return True
        half = self._limits.errors // 2
        first = max(half - len(self._errors), 0)
        self._errors += data[:first]
        self._latest = (self._latest + data[first:])[-half:]
        return bool(data)

    def _flooded(self) -> NoReturn:
        self.fail(f"{self.name} wrote more than {self._limits.line} bytes where one short line is wanted", "flood")

    def _timed_out(self) -> NoReturn:
        self.fail(f"{self.name} did not answer in time", "timeout")

    def _ended(self) -> NoReturn:
        """Raise a fault that says how the program ended, and what it last wrote on standard error."""
        self._hear(_LINGER)  # it may have closed its output and gone on
        while self._drain() and select.select([self._errors_from], [], [], 0)[0]:
            pass
        said = statement((self._errors + self._latest).decode(errors="replace"))
        kind: FaultKind = "crash"
        if self.outcome.get("status") == -signal.SIGXCPU:
            kind = "timeout"
        elif "over" in self.outcome or of_memory(said):
            kind = "memory"
        self.fail(f"{self.name} {_how(self.outcome)}{f': {shorten(said, limit=160)}' if said else ''}", kind)


def _how(answer: Mapping[str, Any]) -> str:
    """Say how a program ended."""
    if "refused" in answer:
        return f"could not be isolated ({answer['refused']})"
    if "over" in answer:
        return f"was ended, for it held more than {answer['over'] / (1 << 20):g} MiB of memory in all its processes"
    status = answer.get("status")
    if status is None or status >= 0:
        return "ended" if status is None else f"ended with exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was ended by {name}" + (", for it wrote a file" if status == -signal.SIGXFSZ else "")


def _let_go(control: socket.socket, handles: Sequence[int]) -> None:
    """Close what the engine holds, at which the supervisor ends the program."""
    control.close()
    for handle in handles:
        os.close(handle)
