"""Where jobs run: here, one after another, or in worker processes that last as long as the league."""

import ctypes
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from agents.learner import Interrupted
from games.errors import UserError
from games.names import blamed
from league.process import prepare_process

Report = Callable[..., None]


class Job(Protocol):
    """Work that can be done anywhere: it leaves what it finishes on disk, or reports it."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def folder(self) -> Path:
        """The run that it belongs to."""
        ...

    def run(self, *, stop: Callable[[], bool], report: Report) -> None:
        """Bring it to its end; raises `Interrupted` when `stop()` came true first."""
        ...


class Executor(Protocol):
    """Runs jobs."""

    def run(self, jobs: Sequence[Job], *, stop: Callable[[], bool], report: Report) -> None:
        """Bring every job to its end.

        Raises:
            Interrupted: when `stop()` came true first.
            UserError: when a job failed.
        """
        ...

    def close(self) -> None:
        """Let go of processes."""
        ...


class Inline:
    """Runs jobs in this process."""

    def run(self, jobs: Sequence[Job], *, stop: Callable[[], bool], report: Report) -> None:
        """Run one job after another."""
        for job in jobs:
            if stop():
                raise Interrupted
            job.run(stop=stop, report=report)

    def close(self) -> None:
        """Hold nothing."""


class Pool:
    """Runs jobs in up to `workers` processes, each with one thread, so that a job's result is the same anywhere."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        resource_tracker.ensure_running()  # now, since starting it unblocks the signals
        self._workers: list[tuple[BaseProcess, Connection]] = []
        signal.pthread_sigmask(signal.SIG_BLOCK, _MANAGERS)  # inherited by workers, until they ignore them
        try:
            for _ in range(workers):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs,), daemon=True)
                process.start()
                theirs.close()
                self._workers.append((process, ours))
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _MANAGERS)

    def run(self, jobs: Sequence[Job], *, stop: Callable[[], bool], report: Report) -> None:
        """Hand jobs out as workers come free."""
        waiting, busy, told = list(jobs), {}, set()
        free = [pipe for _, pipe in self._workers]
        failure: Exception | None = None
        while busy or (waiting and failure is None):
            if failure is None and stop():
                failure = Interrupted()
            while waiting and free and failure is None:
                pipe, job = free.pop(), waiting.pop(0)
                try:
                    pipe.send(job)
                    busy[pipe] = job
                except OSError:
                    failure = _death(job)
            for pipe in busy.keys() - told if failure is not None else ():
                told.add(pipe)
                with suppress(OSError):
                    pipe.send(None)  # whatever ends the league, its jobs leave a checkpoint
            for pipe in wait(list(busy), timeout=0.2):
                assert isinstance(pipe, Connection)
                kind, content = _heard(pipe, busy[pipe])
                if kind == "report":
                    report(*content)
                    continue
                if failure is None or isinstance(failure, Interrupted):
                    failure = content or failure
                del busy[pipe]
                free.append(pipe)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """End the processes."""
        for process, pipe in self._workers:
            with suppress(OSError):
                pipe.close()
            process.join(timeout=1.0)
            if process.is_alive():
                process.kill()


# What a terminal or a system's shutdown sends to every process of a league; the manager alone answers.
_MANAGERS = (signal.SIGINT, signal.SIGTERM)


def _heard(pipe: Connection, job: Job) -> tuple[str, Any]:
    """Return what a worker says; that its job has failed, where it died."""
    try:
        return pipe.recv()
    except (EOFError, OSError):
        return "done", _death(job)


def _death(job: Job) -> UserError:
    return UserError(
        f"the process at work on {job.name} died (out of memory?): "
        f"go on with `redqueen resume {job.folder} --workers 1`"
    )


def _work(pipe: Connection) -> None:
    """Run the jobs that come; anything else that comes, or the end of the manager, asks to stop the one at hand."""

    for number in _MANAGERS:
        signal.signal(number, lambda *_: None)  # and not SIG_IGN, which the programs that an agent starts would inherit
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _MANAGERS)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a worker never outlives its league
    prepare_process()

    def tell(kind: str, content: Any) -> None:
        try:
            pipe.send((kind, content))
        except OSError:
            raise SystemExit from None  # the manager is gone

    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        if job is None:  # asked to stop when it had just finished
            continue
        failure: Exception | None = None
        try:
            job.run(stop=pipe.poll, report=lambda *content: tell("report", content))
        except (Interrupted, UserError) as error:
            failure = error
        except Exception as error:
            failure = blamed(error)
            if failure is None:
                raise
        tell("done", failure)
