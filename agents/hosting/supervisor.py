"""What stands between the engine and a stranger's code: starts it, waits for it, and leaves nothing of it behind.

The supervisor lives as long as the program or the engine's end of `control`, a socket, whichever ends first. It tells
through `control` how the program ended, and closes its own end when all that the program started is gone.
"""

import json
import os
import select
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from agents.hosting import confine
from agents.hosting.watch import Watch

_PATIENCE = 5.0
"""Seconds in which what was killed must be gone."""


def supervise(plan: Mapping[str, Any], streams: tuple[int, int, int], control: int) -> None:
    """Run what `plan` says on `streams` (its standard input, output and error) and see its end.

    plan: `isolation` (namespaces, bubblewrap or limits); `command`, its arguments, or None for a Python harness that
    is told on its standard input what to do; `environment`; `folder`, where it starts; `limits` (`confine.limit`);
    and `bubblewrap` and `stage`, commands, for that isolation.
    """
    os.setsid()
    confine.adopt_orphans()
    report, told = os.pipe()
    user = confine.stranger()
    try:
        watch = Watch(plan["limits"]["memory"])
        if plan["isolation"] == "namespaces":
            confine.leave()
        first = os.fork()
        if first == 0:
            _end_after(lambda: _first(plan, streams, user, told))
    except OSError as error:
        os.write(control, json.dumps({"refused": str(error)}).encode())
        os._exit(1)
    for handle in (*streams, told):
        os.close(handle)
    ended = os.pidfd_open(first)
    waiting = select.poll()
    waiting.register(control, select.POLLIN)
    waiting.register(ended, select.POLLIN)
    over = False
    while not over and not waiting.poll(1000 * watch.pause):
        over = watch.exceeded(first)
    if over:  # said at once: to give back much memory takes time
        _tell(control, {"over": plan["limits"]["memory"]})
    with suppress(ProcessLookupError):
        os.kill(first, signal.SIGKILL)
    _, status = os.waitpid(first, 0)  # the first process of a namespace takes all the others with it
    said = os.read(report, 4096)
    _sweep(user if plan["isolation"] == "limits" else None)
    if not over:
        _tell(control, json.loads(said) if said else {"status": os.waitstatus_to_exitcode(status)})
    os._exit(0)


def _tell(control: int, answer: Mapping[str, Any]) -> None:
    """Say how the program ended, once."""
    with suppress(OSError):
        os.write(control, json.dumps(answer).encode())


def _end_after(work: Callable[[], None]) -> None:
    """Do `work` in a process that must never come back from it."""
    try:
        work()
    except BaseException as error:
        with suppress(OSError):
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(127)


def _first(plan: Mapping[str, Any], streams: tuple[int, int, int], user: int | None, told: int) -> None:
    """Be the program, or in namespaces of its own the first process there, which waits for the program."""
    confine.die_with_parent()
    for number, handle in enumerate(streams):
        os.dup2(handle, number)
    os.dup2(told, 3)
    os.closerange(4, os.sysconf("SC_OPEN_MAX"))
    if plan["isolation"] == "bubblewrap":
        os.close(3)
        _enter_bubblewrap(plan)
    if plan["isolation"] == "limits":
        os.close(3)
        become(plan, user)
    try:
        confine.freeze_files()
        program = os.fork()
        if program == 0:
            os.close(3)
            _end_after(lambda: become(plan, user))
    except OSError as error:
        os.write(3, json.dumps({"refused": str(error)}).encode())
        os._exit(1)
    for number in range(3):
        os.close(number)
    while True:
        process, status = os.waitpid(-1, 0)
        if process == program:
            os.write(3, json.dumps({"status": os.waitstatus_to_exitcode(status)}).encode())
            os._exit(0)


def _enter_bubblewrap(plan: Mapping[str, Any]) -> None:
    """Go on as `agents/hosting/stage.py` behind bubblewrap, which reads the rest of the plan from descriptor 3."""
    reading, writing = os.pipe()
    os.write(writing, json.dumps({**plan, "isolation": "inside"}).encode())
    os.close(writing)
    if reading != 3:
        os.dup2(reading, 3)
    os.set_inheritable(3, True)
    os.execve(plan["bubblewrap"][0], [*plan["bubblewrap"], *plan["stage"]], plan["environment"])


def become(plan: Mapping[str, Any], user: int | None) -> None:
    """Turn this process, confined, into the program."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o077)
    with suppress(OSError):
        os.chdir(plan["folder"])
    limits = dict(plan["limits"])
    if plan["isolation"] == "limits" and user is None:
        limits["processes"] += confine.running()  # all of a user's processes count, where nothing sets these apart
    confine.limit(limits, user)
    confine.die_with_parent()  # once more: it is forgotten when the user changes
    if plan["command"] is not None:
        os.execve(plan["command"][0], plan["command"], plan["environment"])
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing a file becomes an exception
    os.environ.clear()
    os.environ.update(plan["environment"])
    from agents.hosting import harness

    harness.run()
    os._exit(0)


def _sweep(user: int | None) -> None:
    """Kill all that a program without namespaces has left: everything of its `user`, and every descendant."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if user is not None:
            _kill_all_of(user)
        for child in _children():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _kill_all_of(user: int) -> None:
    """Kill every process of a user: only as that user can they all be named at once."""
    helper = os.fork()
    if helper == 0:
        with suppress(OSError):
            os.setresuid(user, user, user)
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(helper, 0)


def _children() -> list[int]:
    with suppress(OSError):
        return [int(word) for word in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    return []
