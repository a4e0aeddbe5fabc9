"""The engine's end of the processes that fork."""

import json
import os
import socket
import subprocess
import threading
import weakref
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from agents.agent import AgentError
from agents.hosting.isolation import python

ENVIRONMENT: Mapping[str, str] = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
}
"""All that a user's agent finds in its environment: nothing of the user's."""


class Spawner:
    """A process that forks supervisors."""

    def __init__(self, weight: str) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = python("spawner.py", str(theirs.fileno()), weight)
        with theirs:
            process = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                env=dict(ENVIRONMENT),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._requests, self._turn = ours, threading.Lock()
        self._end = weakref.finalize(self, _end, ours, process)

    def spawn(self, plan: Mapping[str, Any], handles: Sequence[int]) -> None:
        """Start a supervisor; raises `OSError` where the process is no more."""
        with self._turn:
            socket.send_fds(self._requests, [json.dumps(plan).encode()], list(handles))


def _end(requests: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    requests.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@lru_cache(maxsize=4)
def _spawner(process: int, weight: str) -> Spawner:
    """Return this process's own spawner: one that was forked from the engine must not share its parent's."""
    return Spawner(weight)


def spawn(plan: Mapping[str, Any], handles: Sequence[int], *, heavy: bool) -> None:
    """Start a supervisor with the descriptors `handles`: standard input, output and error, and control."""
    weight = "heavy" if heavy else "light"
    for attempt in range(2):
        try:
            return _spawner(os.getpid(), weight).spawn(plan, handles)
        except OSError as error:
            _spawner.cache_clear()
            if attempt:
                raise AgentError(
                    f"a process for a user's agent could not be started ({error.strerror}): free memory or processes"
                ) from error
    return None
