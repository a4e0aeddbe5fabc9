"""What a league says while it runs: lines in the run's log, and a live picture while a person watches."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from league.plan import League

if TYPE_CHECKING:
    from league.live import Picture

_LOGGED = 60.0
"""Seconds between the log's lines about one training."""


class Watch:
    """Told by the manager what happens; writes `log` and redraws `picture`, where there is one."""

    def __init__(self, log: Path, picture: "Picture | None" = None) -> None:
        self._log, self._picture = log, picture
        self._shown = -1
        self._speed: dict[str, tuple[float, int]] = {}
        self._known: dict[str, dict[str, float]] = {}
        self._logged: dict[str, float] = {}

    def say(self, line: str) -> None:
        """Write one line to the log, where it can be: whether there is room to go on is for the ledger to find."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        with suppress(OSError), self._log.open("a", encoding="utf-8") as file:
            file.write(f"{stamp} {line}\n")

    def iteration(self, league: League, limit: int | None) -> None:
        """Tell that a population was measured; called again for the same one, it says nothing."""
        meta = league.meta[-1]
        if meta["iteration"] == self._shown:
            return
        self._shown = meta["iteration"]
        measured = meta["exploitability"]
        support = sum(weight > 1e-3 for weight in meta["evaluation"][0])
        self.say(
            f"iteration {meta['iteration']}{'' if limit is None else f'/{limit}'}: "
            f"{len(league.members)} members, {support} in the equilibrium, "
            f"exploitability {measured['value']:.6g} ({measured['kind']}), {league.seconds:.1f} s"
        )
        if self._picture is not None:
            self._picture.iteration(league, limit)

    def training(self, job: str, done: int, total: int, values: dict[str, float]) -> None:
        """Tell how far a training job is; `values["games"]` is how many games an update plays.

        What a job measures now and then stays shown until it is measured again. The log has a line of each minute.
        """
        now = time.monotonic()
        began, first = self._speed.setdefault(job, (now, done))
        values = self._known[job] = self._known.get(job, {}) | values
        if done == total or now - self._logged.setdefault(job, now) >= _LOGGED:
            self._logged[job] = now
            shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
            self.say(f"{job}: {done} of {total} updates, {shown}")
        if self._picture is not None:
            rate = (done - first) * values.get("games", 0.0) / (now - began) if now > began else 0.0
            self._picture.training(job, done, total, rate, values)
        if done == total:
            for told in (self._speed, self._known, self._logged):
                told.pop(job)

    def matches(self, done: int, total: int, games: int) -> None:
        """Tell how many of the missing matches are played."""
        if self._picture is not None:
            self._picture.matches(done, total, games)
