"""A process that forks: it has imported what users' agents need, so that each starts in milliseconds.

It reads plans from a socket, each with the descriptors of a program's standard streams and of its `control` socket,
and ends when the engine closes the socket. `heavy` is one that has torch, and what batched agents use of it.
"""

import json
import os
import signal
import socket
import sys


def main(where: str, handle: int, weight: str) -> None:
    """Serve the socket of descriptor `handle`; `where` are the folders of the engine's packages."""
    ours = where.split(os.pathsep)
    is_ours = [path.endswith("-packages") or path in ours for path in sys.path]
    first = is_ours.index(True) if any(is_ours) else len(sys.path)
    others = [path for path, known in zip(sys.path[first:], is_ours[first:], strict=True) if not known]
    sys.path[first:] = ours + others  # what an installed package adds to the path must not hide the engine's
    from agents.hosting import harness, supervisor  # noqa: F401

    if weight == "heavy":
        from agents.hosting import batch

        batch.warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for supervisors: the engine sees their sockets close
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=handle) as requests:
        while True:
            text, handles, _, _ = socket.recv_fds(requests, 1 << 20, 4)
            if not text:
                return
            if os.fork() == 0:
                requests.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                try:
                    supervisor.supervise(json.loads(text), (handles[0], handles[1], handles[2]), handles[3])
                finally:
                    os._exit(1)
            for received in handles:
                os.close(received)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
