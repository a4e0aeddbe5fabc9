"""A process that has everything imported and forks a child for each command, which then starts in milliseconds.

Each child is a process of its own, the head of its own process group, and runs `redqueen` from `main` on. Between fork
and `main` it can be given strikes: at the n-th time that it comes by a point, it sends itself or its group a signal.
"""

import errno
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

PATIENCE = 180
"""Seconds after which a command that hangs is ended by SIGALRM."""


def serve() -> None:
    """Answer each line of standard input, `{"start": ...}` or `{"wait": pid}`, by a process id or an exit status."""
    warm_up()
    assert len(os.listdir("/proc/self/task")) == 1, "a process with threads cannot be forked safely"
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        else:
            answer = os.fork()
            if answer == 0:
                child(**request["start"])
        print(answer, flush=True)


def warm_up() -> None:
    """Import and compile what commands need; differentiate nothing, since torch then refuses to in forked processes."""
    import torch

    import league.evaluating
    import league.executor
    import league.exporting
    import league.live
    import league.showing  # noqa: F401
    from league.config import load_config
    from league.running import run_league

    torch.set_num_threads(1)
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])  # the first one imports for a second
    with tempfile.TemporaryDirectory() as folder:
        config = load_config("kuhn_poker", {"oracle": "exact", "iterations": 2, "workers": 1})
        run_league(config, f"{folder}/run", quiet=True)


def child(
    argv: list[str], out: str, err: str, strikes: list[dict[str, Any]], eager: bool, room: int | None, pooled: bool
) -> None:
    """Become `redqueen argv`.

    eager: write down every step at once; room: the largest size that a file may reach; pooled: leave all games of a
    tournament to its workers, however few.
    """
    from league.command import main

    os.setsid()
    signal.alarm(PATIENCE)
    for number, path in enumerate(("/dev/null", out, err)):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
        os.close(handle)
    sys.argv = ["redqueen", *argv]
    if eager:
        write_at_once()
    if pooled:
        leave_to_workers()
    if strikes:
        arm(strikes)
    if room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    status: Any = 70
    try:
        main()
    except SystemExit as exit:
        status = exit.code or 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(status)


def write_at_once() -> None:
    import agents.learner

    agents.learner.CHECKPOINT_SECONDS = -1.0


def leave_to_workers() -> None:
    import league.tournament.running as running
    from league.executor import Pool
    from league.tournament.jobs import EncounterJob

    running.Gradual = lambda workers, **_: Pool(workers, kind=EncounterJob)


def arm(strikes: list[dict[str, Any]]) -> None:
    """Set each of `strikes` ({point, after, signal, to}) to go off when `point` has been passed `after` times before.

    The signal goes to the process itself, to its group or to one of its workers. Instead, time or room can run out.
    """
    import multiprocessing
    from pathlib import Path

    import agents.learner
    import league.manager
    from agents.ppo import PPO
    from arena.ledger import Ledger
    from league.watch import Watch

    passed: Counter[str] = Counter()
    managers: list[Any] = []
    run = league.manager.Manager.run

    def keep(self: Any, limits: Any) -> None:
        managers.append(self)
        run(self, limits)

    league.manager.Manager.run = keep

    def come_by(point: str) -> None:
        for strike in strikes:
            if strike["point"] == point and strike["after"] == passed[point]:
                if strike["signal"] == "no time":
                    managers[0]._deadline = 0.0
                elif strike["signal"] == "no room":
                    passed[point] += 1
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                elif strike["to"] == "worker":
                    os.kill(multiprocessing.active_children()[0].ident or 0, getattr(signal, strike["signal"]))
                else:
                    os.kill({"self": 1, "group": -1}[strike["to"]] * os.getpid(), getattr(signal, strike["signal"]))
        passed[point] += 1

    def watch(owner: Any, name: str, point: str, *, before: bool = False, only: str = "") -> None:
        """Make every call of `owner.name` come by `point`; where `only` is given, those with such a file's name."""
        call: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            chosen = not only or any(str(argument).endswith(only) for argument in arguments)
            if before and chosen:
                come_by(point)
            result = call(*arguments, **named)
            if not before and chosen:
                come_by(point)
            return result

        setattr(owner, name, watched)

    watch(Ledger, "append", "before an append", before=True)
    watch(Ledger, "append", "after an append")
    watch(league.manager, "save", "after a snapshot")
    watch(os, "replace", "before a snapshot's rename", before=True, only=".safetensors")
    watch(os, "replace", "before a checkpoint's rename", before=True, only=".checkpoint")
    watch(agents.learner, "_save", "after a checkpoint")
    watch(Path, "unlink", "after a checkpoint's removal", only=".checkpoint")
    watch(PPO, "_collect", "inside an update")
    watch(PPO, "_learn", "at a gradient step")
    watch(league.manager, "play_match", "before a match", before=True)
    watch(league.manager, "play_match", "after a match")
    watch(Watch, "training", "at a report")


if __name__ == "__main__":
    serve()
