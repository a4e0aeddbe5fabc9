"""Where jobs run: here, one after another, or in worker processes that last as long as the league."""

import ctypes
import multiprocessing
import os
import signal
import time
from collections import deque
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

START_SECONDS = 4.0
"""What starting workers takes from a machine all of whose cores are at work."""


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

    def __init__(self, workers: int, *, kind: type[Job]) -> None:
        """Start the processes; each imports what jobs of that `kind` need before it is ready."""
        context = multiprocessing.get_context("spawn")
        resource_tracker.ensure_running()  # now, since starting it unblocks the signals
        self._workers: list[tuple[BaseProcess, Connection]] = []
        self._ready: set[Connection] = set()
        self._gone: set[Connection] = set()
        signal.pthread_sigmask(signal.SIG_BLOCK, _MANAGERS)  # inherited by workers, until they ignore them
        try:
            for _ in range(workers):
                ours, theirs = context.Pipe()
                process = context.Process(target=_work, args=(theirs, kind), daemon=True)
                process.start()
                theirs.close()
                self._workers.append((process, ours))
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _MANAGERS)

    @property
    def ready(self) -> bool:
        """Whether all processes have come to where they take jobs."""
        return len(self._ready) == len(self._workers)

    def run(self, jobs: Sequence[Job], *, stop: Callable[[], bool], report: Report) -> None:
        """Hand jobs out as workers come free."""
        self.finish(Round(jobs, report), stop=stop)

    def finish(self, round_: "Round", *, stop: Callable[[], bool]) -> None:
        """Bring every job of a round to its end; raises as `Executor.run` does."""
        while round_.busy or (round_.waiting and round_.failure is None):
            if stop():
                round_.fail(Interrupted())
            self.attend(round_, timeout=0.2)
        if round_.failure is not None:
            raise round_.failure

    def attend(self, round_: "Round", *, timeout: float) -> None:
        """Hand jobs of a round to workers that are free, and hear those that have something to say."""
        for pipe in self._ready - self._gone - round_.busy.keys():
            if round_.waiting and round_.failure is None:
                round_.hand(pipe)
        if round_.failure is not None:
            round_.end()
        for pipe in wait([pipe for _, pipe in self._workers if pipe not in self._gone], timeout=timeout):
            assert isinstance(pipe, Connection)
            kind = round_.hear(pipe)
            if kind == "ready":
                self._ready.add(pipe)
            elif kind == "gone":
                self._gone.add(pipe)

    def close(self) -> None:
        """End the processes."""
        for process, pipe in self._workers:
            with suppress(OSError):
                pipe.close()
            if pipe in self._ready:
                process.join(timeout=1.0)
            if process.is_alive():
                process.kill()


class Round:
    """Jobs on their way through workers.

    waiting: those that nobody has taken; busy: who is at work on which; failure: why no more are handed out, or None.
    """

    def __init__(self, jobs: Sequence[Job], report: Report) -> None:
        self.waiting, self.busy = deque(jobs), dict[Connection, Job]()
        self.failure: Exception | None = None
        self._report, self._folder = report, jobs[0].folder if jobs else Path()
        self._told: set[Connection] = set()

    def fail(self, failure: Exception) -> None:
        """Hand out no more; what went wrong is told rather than that somebody asked to stop."""
        if self.failure is None or isinstance(self.failure, Interrupted):
            self.failure = failure

    def hand(self, pipe: Connection) -> None:
        """Hand the next job to a worker."""
        job = self.waiting.popleft()
        try:
            pipe.send(job)
            self.busy[pipe] = job
        except OSError:
            self.fail(_death(job.name, self._folder))

    def end(self) -> None:
        """Ask whoever is at work to stop: whatever ends the league, its jobs leave a checkpoint."""
        for pipe in self.busy.keys() - self._told:
            self._told.add(pipe)
            with suppress(OSError):
                pipe.send(None)

    def hear(self, pipe: Connection) -> str:
        """Take what a worker says; return what kind of word it was, or "gone" where it has died."""
        try:
            kind, content = pipe.recv()
        except (EOFError, OSError):
            at_work = self.busy.pop(pipe, None)
            self.fail(_death("the next job" if at_work is None else at_work.name, self._folder))
            return "gone"
        if kind == "report":
            self._report(*content)
        elif kind == "done":
            del self.busy[pipe]
            if content is not None:
                self.fail(content)
        return kind


class Gradual:
    """Runs jobs here, and in up to `workers` processes from when that promises to be over sooner.

    Until they are ready jobs go on here, so that nobody waits for them. Jobs are taken to go on as those before them
    did; where others may follow that nobody knows of yet (`further`), for as long again as they have taken so far.
    """

    def __init__(self, workers: int, *, further: bool) -> None:
        self._wanted, self._further = workers, further
        self._pool: Pool | None = None
        self._played, self._jobs = 0.0, 0
        self._told = 0.0  # seconds that taking reports took: workers save none of them

    def run(self, jobs: Sequence[Job], *, stop: Callable[[], bool], report: Report) -> None:
        """Run jobs here until workers are ready, then leave the others to them."""

        def timed(*content: Any) -> None:
            began = time.monotonic()
            report(*content)
            self._told += time.monotonic() - began

        round_ = Round(jobs, timed)
        while round_.waiting and round_.failure is None and not (self._pool is not None and self._pool.ready):
            self._play(round_, stop, timed)
        if self._pool is not None:
            self._pool.finish(round_, stop=stop)
        elif round_.failure is not None:
            raise round_.failure

    def close(self) -> None:
        """End the processes, if there are any."""
        if self._pool is not None:
            self._pool.close()

    def _play(self, round_: Round, stop: Callable[[], bool], report: Report) -> None:
        """Run the next job here, and look after the workers meanwhile."""
        job, began, told = round_.waiting.popleft(), time.monotonic(), self._told

        def look() -> bool:
            if stop():
                round_.fail(Interrupted())
            here = time.monotonic() - began - (self._told - told)
            if self._pool is None and self._pays(len(round_.waiting), here):
                self._pool = Pool(self._wanted, kind=type(job))
            if self._pool is not None:
                self._pool.attend(round_, timeout=0)
            return round_.failure is not None

        if look():
            return
        try:
            job.run(stop=look, report=report)
        except (Interrupted, UserError) as error:
            round_.fail(error)
        self._jobs += 1
        self._played += time.monotonic() - began - (self._told - told)

    def _pays(self, waiting: int, here: float) -> bool:
        """Whether workers would be done sooner with so many jobs, after `here` seconds of one that runs here."""
        spent, most = self._played + here, min(self._wanted, os.cpu_count() or 1)
        left = waiting * spent / (self._jobs + 1)
        if self._further and waiting:
            left = max(left, spent)
        return left * (1 - 1 / most) > START_SECONDS


# What a terminal or a system's shutdown sends to every process of a league; the manager alone answers.
_MANAGERS = (signal.SIGINT, signal.SIGTERM)


def _death(at: str, folder: Path) -> UserError:
    return UserError(
        f"the process at work on {at} died (out of memory?): go on with `redqueen resume {folder} --workers 1`"
    )


def _work(pipe: Connection, kind: type[Job]) -> None:
    """Run the jobs that come; anything else that comes, or the end of the manager, asks to stop the one at hand.

    Whoever is handed `kind` has imported what its jobs need.
    """
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

    tell("ready", None)
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
