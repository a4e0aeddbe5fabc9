"""Commands as processes, for the tests: forked from the zygote, or started afresh."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arena.ledger import Ledger

TINY = (
    *("--ppo-updates", "6", "--ppo-games", "16", "--ppo-epochs", "2", "--ppo-minibatches", "2", "--ppo-hidden", "8"),
    *("--workers", "1", "--json"),
)
"""Flags of a league whose best responses take milliseconds."""

ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}


def strike(point: str, after: int = 0, *, signal: str = "SIGKILL", to: str = "self") -> dict[str, Any]:
    """Return what is to happen when `point` has been passed `after` times, see `zygote.arm`."""
    return {"point": point, "after": after, "signal": signal, "to": to}


@dataclass(frozen=True)
class Ended:
    """A command that has ended: its exit status (minus the signal that killed it) and what it printed."""

    status: int
    out: str
    err: str

    @property
    def result(self) -> dict[str, Any]:
        """The one JSON object that a command which succeeded has printed."""
        assert (self.status, self.err) == (0, "")
        assert self.out.count("\n") == 1
        return json.loads(self.out)

    @property
    def sentence(self) -> str:
        """The one sentence of a command that failed."""
        assert self.status > 0
        assert self.out == ""
        *before, last = self.err.splitlines()
        assert [line for line in before if not line.startswith("stopping")] == []
        assert last.startswith("redqueen: ")
        assert len(last) < 300
        return last


@dataclass(frozen=True)
class Running:
    """A command that was started."""

    zygote: "Zygote"
    pid: int
    out: Path
    err: Path

    def wait(self) -> Ended:
        """Wait for its end."""
        status = self.zygote.ask({"wait": self.pid})
        return Ended(status, self.out.read_text(), self.err.read_text())


class Zygote:
    """The process that forks commands; see `zygote.py`."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process, self._folder, self._count = process, folder, 0

    def ask(self, request: dict[str, Any]) -> int:
        """Send a request and return its answer."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def start(
        self,
        *argv: object,
        strikes: list[dict[str, Any]] | None = None,
        eager: bool = False,
        room: int | None = None,
        pooled: bool = False,
    ) -> Running:
        """Start `redqueen argv`."""
        self._count += 1
        out, err = (self._folder / f"{self._count}.{name}" for name in ("out", "err"))
        for path in (out, err):
            path.touch()  # the command may be killed before it opens them
        options = {"strikes": strikes or [], "eager": eager, "room": room, "pooled": pooled}
        pid = self.ask({"start": {"argv": [*map(str, argv)], "out": str(out), "err": str(err), **options}})
        return Running(self, pid, out, err)

    def run(self, *argv: object, **options: Any) -> Ended:
        """Run `redqueen argv` to its end."""
        return self.start(*argv, **options).wait()


@contextmanager
def zygote_in(folder: Path) -> Iterator[Zygote]:
    """Start a zygote; what its commands print is kept in `folder`."""
    command = [sys.executable, str(Path(__file__).with_name("zygote.py"))]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        yield Zygote(process, folder)
        assert process.stdin
        process.stdin.close()


@contextmanager
def command(*argv: object) -> "Iterator[subprocess.Popen[str]]":
    """Start the installed `redqueen` afresh, at the head of a process group of its own, which ends with the context."""
    redqueen = Path(sys.executable).with_name("redqueen")
    with subprocess.Popen(
        [str(redqueen), *map(str, argv)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if group(process.pid):
                os.killpg(process.pid, signal.SIGKILL)


def ended(process: "subprocess.Popen[str]") -> Ended:
    """Wait for the end of a command."""
    out, err = process.communicate(timeout=180)
    return Ended(process.returncode, out, err)


def group(leader: int) -> list[int]:
    """Return the living processes of the process group that `leader` began."""
    alive = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it may end meanwhile
            state, _, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(group) == leader and state != "Z":
                alive.append(int(folder.name))
    return alive


def gone(leader: int) -> bool:
    """Wait until nothing is left of a process group."""
    give_up = time.monotonic() + 60
    while group(leader):
        if time.monotonic() > give_up:
            return False
        time.sleep(0.02)
    return True


def bodies(run: Path, *kinds: str) -> list[dict[str, Any]]:
    """Return the bodies of a run's records of some kinds, in order."""
    return [record.body for record in Ledger.read(run).records() if record.kind in kinds]


def digest(run: Path) -> str:
    """Return the digest of a run's last record."""
    return Ledger.read(run).digest
