"""Environments stepped by worker processes, which may hang or die without taking the games with them."""

import os
import select
import time
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from games.errors import GameError
from games.names import shorten
from games.pettingzoo.crew import Terms, whereabouts
from games.pettingzoo.process import Answer, Worker
from games.pettingzoo.table import Table

_START_SECONDS = 60.0
"""A worker may take this long to import its libraries, where the deadline is shorter."""

_END_SECONDS = 1.0
"""Workers have this long to close their environments before they are killed."""

_MOST_FAILURES = 4
"""A worker that fails this often in one command is given up, wherever it fails."""


@dataclass
class _Played:
    """What a game can be played again from."""

    seed: int
    actions: list[np.ndarray] = field(default_factory=list)


@dataclass
class _Errand:
    """What one worker is asked in one command, and how it goes.

    patience: how many seconds it may stay at what it is at, since the time `since` or when its pulse was last seen to
    have moved from `pulse`. again: the slots whose games it plays again, and what they showed before.
    """

    slots: list[int]
    calls: list[tuple[Any, ...]]
    patience: float
    failures: Counter[str] = field(default_factory=Counter)
    again: dict[int, bytes] | None = None
    pulse: int = -1
    since: float = field(default_factory=time.monotonic)


class Workers:
    """Slot s belongs to worker s modulo their number.

    One that dies, or takes more than `deadline` seconds for a step of one environment, is killed and started again, and
    its games are played again from their seeds and actions. Where that fails twice at one place, `GameError` says so.
    """

    def __init__(self, terms: Terms, table: Table, *, count: int, deadline: float) -> None:
        self._name, self._table, self._deadline = shorten(terms.source.name), table, deadline
        self._workers = [Worker(index, terms, table) for index in range(count)]
        self._played: dict[int, _Played] = {}
        self._ticket = 0
        weakref.finalize(self, _end_all, self._workers, os.getpid())

    def reset(self, slots: Sequence[int], seeds: Sequence[int]) -> None:
        """Begin a game in each slot."""
        for slot, seed in zip(slots, seeds, strict=True):
            self._played[slot] = _Played(seed)
        self._ask("reset", slots, seeds)

    def step(self, slots: Sequence[int]) -> None:
        """Step every worker's environments at once."""
        for slot, actions in zip(slots, self._table.actions[slots], strict=True):
            self._played[slot].actions.append(actions)
        self._ask("step", slots)

    def look(self, slots: Sequence[int], seats: Sequence[int]) -> None:
        """Ask the workers whose slots they are."""
        self._ask("look", slots, seats)

    def render(self, slot: int) -> Any:
        """Ask the worker whose slot it is."""
        return self._ask("render", [slot])

    def close(self) -> None:
        """End the processes."""
        _end_all(self._workers, os.getpid())

    def _ask(self, command: str, slots: Sequence[int], *columns: Sequence[int]) -> Any:
        """Give each worker its share of a command and wait for all; return the last one's result."""
        self._ticket += 1
        waiting = self._shares(command, list(slots), columns)
        result = None
        try:
            for worker, errand in waiting.items():
                self._begin(worker, command, errand)
            while waiting:
                for worker, answer in self._heard(waiting):
                    errand = waiting[worker]
                    if isinstance(answer, str):
                        self._recover(worker, command, errand, answer)
                    elif self._finished(worker, command, errand, answer):
                        result = answer[1][-1] if answer[1] else None
                        del waiting[worker]
        except BaseException as error:
            for worker in () if isinstance(error, Exception) else waiting:
                worker.end(patience=0.0)  # an interrupt may have come in the middle of a message
            for slot in slots if command in _PLAYING else ():
                self._played.pop(slot, None)
            raise
        return result

    def _shares(self, command: str, slots: list[int], columns: Sequence[Sequence[int]]) -> dict[Worker, _Errand]:
        """Split a command's slots, and what goes with each, among the workers that they belong to."""
        shares = {}
        for worker in self._workers:
            rows = [row for row, slot in enumerate(slots) if slot % len(self._workers) == worker.index]
            own = [slots[row] for row in rows]
            lists = (own, *([column[row] for row in rows] for column in columns))
            if own:
                shares[worker] = _Errand(own, [(own[0],) if command == "render" else lists], self._deadline)
        return shares

    def _begin(self, worker: Worker, command: str, errand: _Errand) -> None:
        """Send a worker its share, or start it first."""
        if worker.ready:
            worker.send(self._ticket, command, errand.calls)
            return
        if worker.process is None:  # else another one failed before it was ready
            worker.start()
        errand.patience, errand.since, errand.pulse = max(self._deadline, _START_SECONDS), time.monotonic(), -1

    def _started(self, worker: Worker, command: str, errand: _Errand) -> None:
        """Let a worker that has just started play the games again that are its own."""
        worker.ready, errand.patience, errand.since = True, self._deadline, time.monotonic()
        own = [slot for slot in self._played if slot % len(self._workers) == worker.index]
        lost = [slot for slot in own if slot in errand.slots or (self._table.held[slot] and not self._table.over[slot])]
        stepped = errand.slots if command in _PLAYING else ()
        errand.again = {slot: self._shown(slot) for slot in lost if slot not in stepped}
        worker.send(self._ticket, "replay", [(slot, *vars(self._played[slot]).values()) for slot in lost])

    def _heard(self, waiting: dict[Worker, _Errand]) -> Iterator[tuple[Worker, Answer | str]]:
        """Wait for a while and yield what workers say, or what has befallen them."""
        least = min(errand.since + errand.patience for errand in waiting.values()) - time.monotonic()
        poll = select.poll()  # `connection.wait` would build a selector each time
        for worker in waiting:
            poll.register(worker.descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(1000 * max(0.0, min(least, self._deadline / 4)))}
        for worker in list(waiting):
            if worker.descriptor in ready:
                yield worker, worker.receive() or "died"
            elif self._stuck(worker, waiting[worker]):
                yield worker, f"took longer than the deadline of {waiting[worker].patience:g} seconds"

    def _stuck(self, worker: Worker, errand: _Errand) -> bool:
        pulse, now = int(self._table.pulses[worker.index, 1]), time.monotonic()
        if pulse != errand.pulse:
            errand.pulse, errand.since = pulse, now
        return now - errand.since > errand.patience

    def _finished(self, worker: Worker, command: str, errand: _Errand, answer: Answer) -> bool:
        """Take a worker's answer; true where its share is done."""
        ticket, _, sentence = answer
        if ticket not in (0, self._ticket):  # it answers a command that failed elsewhere
            return False
        if sentence is not None:
            raise GameError(sentence)
        if ticket == 0:
            self._started(worker, command, errand)
            return False
        again, errand.again = errand.again, None
        for slot, shown in (again or {}).items():
            if self._shown(slot) != shown:
                raise GameError(
                    f"{self._name} does not repeat {whereabouts(self._table, slot)} from its seed and "
                    f"actions, so worker {worker.index} could not go on; let reset(seed) seed all that it draws from"
                )
        if again is not None and command not in _PLAYING:
            worker.send(self._ticket, command, errand.calls)
            return False
        return True

    def _recover(self, worker: Worker, command: str, errand: _Errand, why: str) -> None:
        """Start a worker again, unless it has failed here before."""
        slot = int(self._table.pulses[worker.index, 0])
        where = "while it started" if not worker.ready else f"in {whereabouts(self._table, slot)}"
        errand.failures[where] += 1
        status = worker.end(patience=_END_SECONDS if why == "died" else 0.0)
        if errand.failures[where] == 2 or errand.failures.total() == _MOST_FAILURES:
            self._played.pop(slot, None)
            ending = f" ({_ending(status)})" if why == "died" else ""
            raise GameError(
                f"worker {worker.index} of {self._name} {why}{ending} {where}, and again when it was "
                "started anew; correct the environment, or give it longer with deadline="
            )
        self._begin(worker, command, errand)

    def _shown(self, slot: int) -> bytes:
        """Return what a game shows to those who act, and what it last paid."""
        table, acting = self._table, self._table.acting[slot]
        columns = (acting, table.rewards[slot], table.observation[slot][acting], table.legal[slot][acting])
        return b"".join(column.tobytes() for column in columns) + bytes([table.over[slot]])


_PLAYING = ("reset", "step")
"""The commands that playing a game again does too."""


def _end_all(workers: list[Worker], owner: int) -> None:
    if os.getpid() != owner:  # a fork's are those of the process that started them
        return
    for worker in workers:
        worker.leave()
    until = time.monotonic() + _END_SECONDS
    for worker in workers:
        worker.end(patience=max(0.0, until - time.monotonic()))


def _ending(status: int | None) -> str:
    return f"signal {-status}" if status is not None and status < 0 else f"exit status {status}"
