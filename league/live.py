"""The picture that a person watches while a league runs."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.table import Table
from rich.text import Text

from league.plan import League
from league.summary import by_iteration, rated
from league.words import signed


class Picture:
    """A live view on standard error; a context manager."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._began = time.monotonic()
        columns = (
            TextColumn("{task.description:>12}"),
            BarColumn(32),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._league_bar = self._progress.add_task("iterations", total=None, note="")
        self._bars: dict[str, TaskID] = {}
        self._trained: dict[str, str] = {}
        self._facts: RenderableType = Text("")
        self._done_before: int | None = None
        self._live = Live(self._picture(), console=self._progress.console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def iteration(self, league: League, limit: int | None) -> None:
        """Show the population as it now stands."""
        done = league.meta[-1]["iteration"]
        if self._done_before is None:
            self._done_before = done
        new, elapsed = done - self._done_before, time.monotonic() - self._began
        left = f"{duration(elapsed / new * (limit - done))} left" if new and limit is not None and limit > done else ""
        self._progress.update(self._league_bar, completed=done, total=limit, note=left)
        for bar in self._bars.values():
            self._progress.remove_task(bar)
        self._bars.clear()
        self._trained.clear()
        self._facts = facts(league)
        self._live.update(self._picture())

    def training(self, job: str, done: int, total: int, rate: float, values: dict[str, float]) -> None:
        """Show how far a training job is, its games per second and what it has measured."""
        name = job.replace("response-", "train ").replace("-seat-", "/")
        left = (total - done) * values.get("games", 0.0) / rate if rate else 0.0
        self._bar(name, done, total, f"{rate:,.0f} games/s{f', {duration(left)} left' if left else ''}" if rate else "")
        self._trained[name] = measured(values)
        self._live.update(self._picture())

    def matches(self, done: int, total: int, games: int) -> None:
        """Show how many matches are played."""
        self._bar("matches", done + 1, total, f"{games:,} games each")

    def _bar(self, name: str, done: int, total: int, note: str) -> None:
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=total, note=note)
        self._progress.update(self._bars[name], completed=done, total=total, note=note)

    def _picture(self) -> Group:
        lines = [f"{name}: {told}" for name, told in self._trained.items() if told]
        return Group(
            Text(self._title, style="bold"),
            self._progress,
            *(Text(line, style="dim") for line in lines),
            self._facts,
        )


def measured(values: dict[str, float]) -> str:
    """Return what a training measures of itself: speed of search, losses, and results against those who stay alike."""
    told = []
    if speed := values.get("simulations_per_second"):
        told.append(f"{speed:,.0f} simulations/s")
    if losses := [f"{name.removesuffix('_loss')} {values[name]:.3f}" for name in values if name.endswith("_loss")]:
        told.append(f"losses: {', '.join(losses)}")
    if rungs := [
        f"{name.removeprefix('against ')} {values[name]:+.2f}" for name in values if name.startswith("against ")
    ]:
        told.append(f"mean returns against {', '.join(rungs)}")
    return "; ".join(told)


_SILENT = 2.0
"""Seconds without news after which a person is told that they are being thought through."""


class Thinking(ProgressColumn):
    """How long there has been no news, where that is long; `since`, a field of the task, is when the last news came."""

    def render(self, task: Task) -> Text:
        """Return what stands there now: it is asked anew at every refresh, whoever is at work."""
        silent = time.monotonic() - task.fields["since"]
        return Text(f"thinking {duration(silent)}" if silent > _SILENT else "", style="dim")


class Countdown:
    """One bar on standard error for work of so many steps: how many are done, their rate and the time left."""

    def __init__(self, title: str, total: int | None) -> None:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(32),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            Thinking(),
        )
        self._progress = Progress(*columns, console=Console(stderr=True), refresh_per_second=4, transient=True)
        self._bar = self._progress.add_task(title, total=total, note="", since=time.monotonic())
        self._total, self._began = total, time.monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def show(self, done: int, found: str) -> None:
        """Show how many steps are done, and what they found."""
        rate = done / max(time.monotonic() - self._began, 1e-9)
        left = f"{duration((self._total - done) / rate)} left" if self._total and rate else ""
        note = "  ".join(part for part in (f"{rate:,.0f}/s", left, found) if part)
        self._progress.update(self._bar, completed=done, note=note, since=time.monotonic())


def facts(league: League) -> Table:
    """Return the newest figures: exploitability over iterations, the equilibrium and the ratings."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="dim")
    table.add_column()
    kind, measured, _ = by_iteration(league)
    recent = "  ".join(f"{value:.4g}" for value in measured[-8:])
    table.add_row("exploitability", f"{recent}  ({kind})")
    for seat, strategy in enumerate(league.meta[-1]["evaluation"]):
        top = sorted(range(len(strategy)), key=lambda member: -strategy[member])[:6]
        shown = "  ".join(f"@{member} {strategy[member]:.3f}" for member in top if strategy[member] > 5e-4)
        table.add_row(f"@nash seat {seat}", shown)
    ratings = rated(league)
    if ratings is not None:
        top = sorted(range(len(ratings.elo)), key=lambda member: -ratings.elo[member])[:4]
        table.add_row(
            "ratings",
            "  ".join(
                f"@{k} {signed(ratings.elo[k])} [{signed(ratings.low[k])}, {signed(ratings.high[k])}]" for k in top
            ),
        )
    return table


def duration(seconds: float) -> str:
    """Return a time as a person reads it: minutes:seconds, or hours:minutes:seconds."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


_READY = "getting ready; what is used for the first time is compiled, which may take a minute"


@contextmanager
def getting_ready(*, quiet: bool) -> Iterator[None]:
    """Tell a person, unless it is to be `quiet`, why nothing is to be seen yet."""
    if quiet or not watched():
        yield
        return
    with Console(stderr=True).status(_READY):
        yield


def watched() -> bool:
    """Return whether a person sees standard error."""
    return sys.stderr.isatty()
