"""Live standings: what a person watches while a tournament runs."""

import time
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn

from league.live import Thinking, duration
from league.tournament.plan import Tournament
from league.tournament.showing import ranking
from league.tournament.summary import summary

_PAUSE = 0.5
"""Seconds between two pictures: ratings of a large field take their time."""


class Standings:
    """A live view on standard error; a context manager."""

    def __init__(self, title: str, state: Tournament) -> None:
        self._title, self._state = title, state
        self._began, self._before = time.monotonic(), state.played
        self._drawn, self._cost = 0.0, 0.0
        columns = (TextColumn("{task.description}"), BarColumn(32), TextColumn("{task.fields[note]}"), Thinking())
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._bar = self._progress.add_task(
            title, total=None, note="no games yet (first use compiles)", since=self._began
        )
        self._live = Live(self._progress, console=self._progress.console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._live.stop()

    def show(self) -> None:
        """Draw the standings as they are now."""
        state, now = self._state, time.monotonic()
        self._progress.update(self._bar, since=now)
        if now - self._drawn < max(_PAUSE, 20 * self._cost):
            return
        done, rate = state.played, (state.played - self._before) / max(now - self._began, 1e-9)
        encounters, finished = state.at_hand()
        left = sum(encounter.deals for encounter in encounters[finished:]) * state.about["seatings"]
        note = f"{done:,} games  {rate:,.0f}/s  {duration(left / rate) if rate else '?'} left of the round"
        self._progress.update(self._bar, completed=finished, total=len(encounters) or None, note=note)
        self._live.update(Group(self._progress, ranking(summary(state, self._title)["ranking"], most=20)))
        self._drawn = time.monotonic()
        self._cost = self._drawn - now
