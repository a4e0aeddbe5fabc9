"""Where jobs run: here, one after another, or in worker processes that last as long as the league."""

import ctypes
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Protocol

from agents.learner import Interrupted
from games.errors import UserError
from league.jobs import Job, Report, respond


class Executor(Protocol):
    """Runs jobs; each leaves its finished checkpoint behind."""

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
            respond(job, stop=stop, report=report)

    def close(self) -> None:
        """Hold nothing."""


class Pool:
    """Runs jobs in up to `workers` processes, each with one thread, so that a job's result is the same anywhere."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._stopping = context.Event()
        self._workers: list[tuple[multiprocessing.process.BaseProcess, Connection]] = []
        for _ in range(workers):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, self._stopping), daemon=True)
            process.start()
            theirs.close()
            self._workers.append((process, ours))

    def run(self, jobs: Sequence[Job], *, stop: Callable[[], bool], report: Report) -> None:
        """Hand jobs out as workers come free."""
        waiting, busy = list(jobs), {}
        free = [pipe for _, pipe in self._workers]
        failure: Exception | None = None
        while busy or (waiting and failure is None):
            while waiting and free and failure is None:
                pipe = free.pop()
                busy[pipe] = waiting.pop(0)
                pipe.send(busy[pipe])
            if stop():
                self._stopping.set()
            for pipe in wait(list(busy), timeout=0.2):
                assert isinstance(pipe, Connection)
                try:
                    kind, content = pipe.recv()
                except EOFError:
                    raise UserError(
                        f"the process that trained {busy[pipe].name} died (out of memory?): resume the run, with --workers 1"
                    ) from None
                if kind == "report":
                    report(*content)
                    continue
                failure = failure or content
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


def _work(pipe: Connection, stopping: "multiprocessing.synchronize.Event") -> None:  # type: ignore[name-defined]
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a worker never outlives its league
    torch.set_num_threads(1)
    while True:
        try:
            job = pipe.recv()
        except EOFError:
            return
        failure: Exception | None = None
        try:
            respond(job, stop=stopping.is_set, report=lambda *content: pipe.send(("report", content)))
        except (Interrupted, UserError) as error:
            failure = error
        pipe.send(("done", failure))
