"""Games that tell nothing new: copies of one that agents without chance of their own play again and again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from arena.encounter import Result

_LEAST = 8
"""Copies below which nothing is said: agents that draw their moves may happen to agree so often."""

_SHARE = 5
"""Copies are worth a word where they are one game in so many: intervals are then a tenth too narrow, 1 / sqrt(4/5)."""

Seats = tuple[int, ...]


class Course(NamedTuple):
    """How a game went: who sat where, hashes of its opening and of all of it, and how it ended.

    drawn: the opening brought it to its end. charged: a fault did.
    """

    seats: Seats
    opening: int
    whole: int
    drawn: bool
    charged: bool


@dataclass(frozen=True)
class Repeated:
    """A lineup whose `games` were no more than `different` ones."""

    lineup: tuple[int, ...]
    games: int
    different: int


class Repeats:
    """Counts the games that are copies of others.

    Games that went alike are as many observations where chance or an agent drew anything in them, and one observation
    where nobody did. So games count as copies in those seatings alone in which all that began with the same opening
    went alike, move by move and with the same returns: a single one that did not shows that something is drawn there.
    Games that a fault or the opening itself brought to their end show neither.

    plies: of the openings. games, drawn: how many games were looked at, and how many of them the opening brought to
    their end.
    """

    def __init__(self, plies: int = 0) -> None:
        self.plies = plies
        self.games = self.drawn = 0
        self._wholes: dict[int, int] = {}
        self._alike: dict[Seats, tuple[int, int]] = {}  # games, and how many of them are copies
        self._varied: dict[Seats, int] = {}

    def add(self, result: Result) -> None:
        """Take in the games of an encounter; those of a ledger that does not tell what was drawn are passed over."""
        if self.plies and result.opened is None:
            return
        self.games += result.counts.size
        rotations = []
        for rotation, deals in enumerate((result.counts > 0).sum(1).tolist()):
            seats = seats_of(result, rotation)
            if seats in self._varied and not self.plies:
                self._varied[seats] += deals
            else:
                rotations.append(rotation)
        for course in courses(result, rotations):
            self.take(course)

    def take(self, course: Course) -> None:
        """Take in how one game went."""
        seats = course.seats
        self.drawn += course.drawn
        if seats in self._varied:
            self._varied[seats] += 1
            return
        games, copies = self._alike.get(seats, (0, 0))
        if course.drawn or course.charged:
            self._alike[seats] = games + 1, copies
            return
        key = hash((seats, course.opening))
        known = self._wholes.get(key)
        if known is None:
            self._wholes[key] = course.whole
        elif known == course.whole:
            copies += 1
        else:
            del self._wholes[key]
            self._alike.pop(seats)
            self._varied[seats] = games + 1
            return
        self._alike[seats] = games + 1, copies

    @property
    def copies(self) -> int:
        """How many games are copies of others."""
        return sum(copies for _, copies in self._alike.values())

    def repeated(self) -> list[Repeated]:
        """Return the lineups whose copies are worth a word, those with most first."""
        games, copies = dict[Seats, int](), dict[Seats, int]()
        for seats, (_, found) in self._alike.items():
            if found:
                lineup = tuple(sorted(seats))
                copies[lineup] = copies.get(lineup, 0) + found
        for seats, count in (*((seats, count) for seats, (count, _) in self._alike.items()), *self._varied.items()):
            lineup = tuple(sorted(seats))
            if lineup in copies:
                games[lineup] = games.get(lineup, 0) + count
        found = [
            Repeated(lineup, games[lineup], games[lineup] - count)
            for lineup, count in copies.items()
            if is_worth_a_word(games[lineup], count)
        ]
        return sorted(found, key=lambda one: (one.different - one.games, one.lineup))


def is_worth_a_word(games: int, copies: int) -> bool:
    """Whether so many copies among games make intervals of what they tell clearly too narrow."""
    return copies >= _LEAST and copies * _SHARE >= games


def seats_of(result: Result, rotation: int) -> Seats:
    """Return who sits where in a rotation of the lineup."""
    lineup = result.encounter.lineup
    return (*lineup[len(lineup) - rotation :], *lineup[: len(lineup) - rotation])


def courses(result: Result, rotations: Sequence[int] | None = None) -> Iterator[Course]:
    """Yield how the games of a result went, of all rotations or of some, deal by deal."""
    rotations = range(len(result.counts)) if rotations is None else rotations
    if not rotations:
        return
    # The ledger holds choices in the least type that fits: equal ones must be equal bytes.
    actions = result.actions if result.actions.dtype.kind == "f" else result.actions.astype(np.int64)
    width = actions.itemsize * int(np.prod(actions.shape[1:], dtype=np.int64))
    chosen = actions.tobytes()
    charged = {(charge.rotation, charge.deal) for charge in result.charges}
    ends = result.counts.ravel().cumsum().reshape(result.counts.shape)
    places = np.arange(len(result.encounter.lineup))
    for rotation in rotations:
        seats = seats_of(result, rotation)
        paid = (result.returns[rotation][:, (places - rotation) % len(places)] + 0.0).tobytes()  # by seats, and no -0.0
        share = len(paid) // result.counts.shape[1]
        counts = result.counts[rotation].tolist()
        opened = [0] * len(counts) if result.opened is None else result.opened[rotation].tolist()
        for deal, (count, drawn, end) in enumerate(zip(counts, opened, ends[rotation].tolist(), strict=True)):
            begin = end - count
            yield Course(
                seats,
                hash(chosen[begin * width : (begin + drawn) * width]),
                hash((chosen[begin * width : end * width], paid[deal * share : (deal + 1) * share])),
                0 < drawn == count and (rotation, deal) not in charged,
                (rotation, deal) in charged,
            )
