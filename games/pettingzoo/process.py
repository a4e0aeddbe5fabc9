"""One worker process, and the socket to it."""

import json
import os
import pickle
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from games.pettingzoo.crew import Terms
from games.pettingzoo.table import Table

Answer = tuple[int, list[Any] | None, str | None]
"""The ticket of what was asked, what came of each call, and a sentence instead where one failed."""

_CODE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from games.pettingzoo.worker import main; main(int(sys.argv[2]))"
)


class Worker:
    """One process and the socket to it. `ready`: it has said that it can play."""

    def __init__(self, index: int, terms: Terms, table: Table) -> None:
        self.index, self._terms, self._table = index, terms, table
        self.process: subprocess.Popen[bytes] | None = None
        self.connection: Connection | None = None
        self.ready = False

    def start(self) -> None:
        """Start the process; its first answer comes when it is ready, under ticket 0."""
        ours, theirs = socket.socketpair()
        arguments = [sys.executable, "-P", "-c", _CODE, json.dumps(sys.path), str(theirs.fileno())]
        with theirs:
            self.process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=_standard_error(),  # standard output is for what the command answers
                pass_fds=(theirs.fileno(), self._table.descriptor),
                env={"OMP_NUM_THREADS": "1", **os.environ},
            )
        self.connection = Connection(ours.detach())
        tied = threading.current_thread() is threading.main_thread()
        told = (self._terms, self._table.descriptor, self._table.capacity, self.index, tied)
        with suppress(OSError):  # where it is dead already, waiting for it tells
            self.connection.send_bytes(pickle.dumps(told))

    def send(self, ticket: int, command: str, calls: list[tuple[Any, ...]]) -> None:
        """Ask for something; where the process is dead, waiting for it tells."""
        assert self.connection is not None
        with suppress(OSError):
            self.connection.send((ticket, self._table.capacity, command, calls))

    def receive(self) -> Answer | None:
        """Return the next answer, or None where the process has died."""
        assert self.connection is not None
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return None

    @property
    def descriptor(self) -> int:
        """Of the socket."""
        assert self.connection is not None
        return self.connection.fileno()

    def leave(self) -> None:
        """Close the socket, by which the process ends as soon as it listens."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def end(self, *, patience: float) -> int | None:
        """Wait for `patience` seconds, kill the process and return how it ended."""
        self.leave()
        if self.process is None:
            return None
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=patience)
        self.process.kill()
        status = self.process.wait()
        self.process, self.ready = None, False
        return status


def _standard_error() -> int:
    try:
        os.fstat(2)
    except OSError:
        return subprocess.DEVNULL
    return 2
