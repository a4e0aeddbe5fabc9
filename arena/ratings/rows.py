"""Results as a list of rows, in the order in which they came, before they are counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from arena.ratings.results import Results
from arena.ratings.scale import Counts
from games.errors import UserError
from games.names import shorten

PLAYERS = ("first", "second")
SINGLE = ("score",)
COUNTED = ("wins", "draws", "losses")
SCORES = {1.0: (1, 0, 0), 0.5: (0, 1, 0), 0.0: (0, 0, 1)}
"""Wins, draws and losses of the first player, by its score."""

MOST_GAMES = 10**15
"""Games that a count may hold: sums of them stay exact in a float."""


@dataclass(frozen=True, eq=False)
class Rows:
    """g rows of results between players in two seats.

    names: the players'. first, second `[g]`: who sat first and second, by their place among the names. wins, draws,
    losses `[g]`: of the first player's. notes: sentences about what was left out.
    """

    names: tuple[str, ...]
    first: Counts
    second: Counts
    wins: Counts
    draws: Counts
    losses: Counts
    notes: tuple[str, ...] = ()

    def results(self) -> Results:
        """Return the counts of every pair; raises `UserError` for too many players."""
        return Results.of_rows(
            self.names, (self.first, self.second, self.wins, self.draws, self.losses), notes=self.notes
        )


class Collector:
    """Rows as they are read, one by one."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._rows: list[tuple[int, int, int, int, int]] = []

    def add(self, first: str, second: str, counts: tuple[int, int, int]) -> None:
        """Add the games of a row."""
        one = self._place.setdefault(first, len(self._place))
        self._rows.append((one, self._place.setdefault(second, len(self._place)), *counts))

    def rows(self, notes: Sequence[str] = ()) -> Rows:
        """Return all rows."""
        table = np.array(self._rows, dtype=np.int64).reshape(-1, 5)
        return Rows(tuple(self._place), *table.T, notes=tuple(notes))


def refuse(where: str, expected: str, came: str, todo: str) -> UserError:
    """Return the error for a line: `where` is its file and number."""
    return UserError(f"{where}: expected {expected}, not {shorten(came)}; {todo}")


def as_score(value: object, where: str) -> tuple[int, int, int]:
    """Return the counts of a score of 1, 0.5 or 0, a number or a text; raises `UserError` for another."""
    try:
        number = 0.5 if value in ("1/2", "½") else float(value) if not isinstance(value, bool) else None  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = None
    if number not in SCORES:
        came = repr(value.strip() if isinstance(value, str) else value)
        raise refuse(where, "a score of 1, 0.5 or 0 for the first player", came, "correct it")
    return SCORES[number]


def as_count(value: object, what: str, where: str) -> int:
    """Return a number of games; raises `UserError` for what is none."""
    try:
        count = int(value) if isinstance(value, str) else value
    except ValueError:
        count = None
    if isinstance(count, float) and count.is_integer():
        count = int(count)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= MOST_GAMES:
        came = repr(value.strip() if isinstance(value, str) else value)
        raise refuse(where, f"a whole number of {what} from 0 up", came, "correct it")
    return count


def as_name(value: object, which: str, where: str) -> str:
    """Return a player's name without the spaces around it; raises `UserError` for an empty one or no text."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise refuse(where, f"the {which} player's name", repr(value), "name it")
