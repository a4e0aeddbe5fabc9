"""Playing pairs of games until a sequential test is decided."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import Literal, Self

import numpy as np

from agents.learner import Interrupted
from arena.cells import Counts
from arena.encounter import Cast, Charge, Encounter, play_encounters
from arena.repeats import Repeats, courses
from arena.sprt.sequential import Sprt
from games.game import Game
from games.polling import polled

BLOCK = 8
"""Pairs that are played as one encounter, and asked for together: an agent that is a process lives as long."""

_MOST_BLOCKS = 1024
_PATIENCE = 0.5
"""Seconds that pairs asked for together should take at most, so that what is shown is fresh."""

Stopped = Literal["decided", "games", "interrupted"]


@dataclass(frozen=True, eq=False)
class Pairs:
    """n pairs of games, in order.

    points `[n, 2]`: half points of the first agent, 0 to 2, in the first seat and in the second. copies, drawn `[n]`:
    of all games up to those of each pair, how many are copies of others, and how many their opening brought to their
    end (`arena.repeats`). charges: faults, which are in the points already.
    """

    points: Counts
    copies: Counts
    drawn: Counts
    charges: tuple[Charge, ...] = ()

    def __getitem__(self, part: slice) -> "Pairs":
        """Return some of the first pairs."""
        points = self.points[part]
        charges = tuple(charge for charge in self.charges if charge.deal < len(points))
        return Pairs(points, self.copies[part], self.drawn[part], charges)

    def trinomial(self) -> Counts:
        """Return `[n, 3]`: how many games of each pair were lost, drawn and won."""
        return np.eye(3, dtype=np.int64)[self.points].sum(axis=1)

    def pentanomial(self) -> Counts:
        """Return `[n, 5]`: which of LL, LD, WL + DD, WD and WW each pair was."""
        return np.eye(5, dtype=np.int64)[self.points.sum(axis=1)]


@dataclass(frozen=True, eq=False)
class Tally:
    """What a test has come to.

    counts: those that the test judges, `[5]`, or `[3]` for BayesElo; where it went on from earlier ones, with these.
    games: losses, draws and wins `[3]` without earlier ones. copies, drawn: how many of these games are copies of
    others, and how many their opening brought to their end. faults: how many games either agent lost by a fault, and
    the first message of each.
    """

    counts: Counts
    games: Counts
    copies: int
    drawn: int
    faults: tuple[int, int]
    messages: tuple[str | None, str | None]

    @classmethod
    def begin(cls, counts: Counts) -> Self:
        """Return the tally before the first pair."""
        return cls(counts, np.zeros(3, dtype=np.int64), 0, 0, (0, 0), (None, None))

    def add(self, pairs: Pairs) -> "Tally":
        """Return the tally after more pairs."""
        charged = [[charge for charge in pairs.charges if charge.place == place] for place in (0, 1)]
        first, second = (
            known or (new[0].message if new else None) for known, new in zip(self.messages, charged, strict=True)
        )
        return Tally(
            self.counts + increments(pairs, len(self.counts)).sum(axis=0),
            self.games + pairs.trinomial().sum(axis=0),
            int(pairs.copies[-1]) if len(pairs.copies) else self.copies,
            int(pairs.drawn[-1]) if len(pairs.drawn) else self.drawn,
            (self.faults[0] + len(charged[0]), self.faults[1] + len(charged[1])),
            (first, second),
        )


def increments(pairs: Pairs, kinds: int) -> Counts:
    """Return what each pair adds to counts of 3 or 5 kinds, `[n, kinds]`."""
    return pairs.pentanomial() if kinds == 5 else pairs.trinomial()


def play_until_decided(
    sprt: Sprt,
    play: Callable[[range], Pairs],
    *,
    before: Counts,
    most: int | None = None,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[Tally], None] = lambda tally: None,
) -> tuple[Tally, Stopped]:
    """Play pairs until they decide, `most` pairs have been played (those of `before` among them), or `stop` says so.

    `play` is asked for pairs by number, in order and in whole blocks but for the last one, and is asked for more at
    once the quicker it answers. The test is looked at after every pair, and what was played beyond the pair that
    decided is dropped: the same pairs give the same result, however long they took. `before` are counts to go on from,
    whose pairs are not played again. `stop` is asked while they play too: pairs at hand are then dropped.
    """

    def look() -> None:
        if stop():
            raise Interrupted

    tally, kinds = Tally.begin(before), len(before)
    number, blocks = int(before.sum()) // (1 if kinds == 5 else 2), 1
    while True:
        if sprt.status(tally.counts).decision is not None:
            return tally, "decided"
        if most is not None and number >= most:
            return tally, "games"
        if stop():
            return tally, "interrupted"
        began, end = monotonic(), (number // BLOCK + blocks) * BLOCK
        try:
            with polled(look):
                pairs = play(range(number, end if most is None else min(end, most)))
        except Interrupted:
            return tally, "interrupted"
        took = monotonic() - began
        needed = sprt.decided(tally.counts, increments(pairs, kinds))
        kept = pairs if needed is None else pairs[:needed]
        tally, number = tally.add(kept), number + len(kept.points)
        watch(tally)
        if took < _PATIENCE / 2:
            blocks = min(2 * blocks, _MOST_BLOCKS)
        elif took > _PATIENCE:
            blocks = max(blocks // 2, 1)


class PairPlayer:
    """Plays pairs of games between two agents: each deal, and each opening, once in either seating."""

    def __init__(self, game: Game, cast: Cast, *, seed: int, plies: int = 0) -> None:
        self._game, self._cast, self._seed, self._plies = game, cast, seed, plies
        self._repeats = Repeats(plies)

    def __call__(self, pairs: range) -> Pairs:
        """Play the pairs of these numbers."""
        starts = [pairs.start, *range(pairs.start // BLOCK * BLOCK + BLOCK, pairs.stop, BLOCK)]
        encounters = [
            Encounter(start, end - start, (0, 1)) for start, end in zip(starts, [*starts[1:], pairs.stop], strict=True)
        ]
        results = play_encounters(self._game, self._cast, encounters, seatings=2, seed=self._seed, plies=self._plies)
        points, seen, charges = [], [], []
        for result in results:
            offset = result.encounter.first - pairs.start
            points.append(np.rint(2 * result.points[:, :, 0].T).astype(np.int64))
            charges += [Charge(c.place, c.rotation, c.deal + offset, c.kind, c.message) for c in result.charges]
            for both in zip(*(courses(result, [rotation]) for rotation in range(2)), strict=True):
                for course in both:
                    self._repeats.take(course)
                seen.append((self._repeats.copies, self._repeats.drawn))
        charges.sort(key=lambda charge: (charge.deal, charge.rotation))
        copies, drawn = np.array(seen, dtype=np.int64).reshape(-1, 2).T
        return Pairs(np.concatenate(points), copies, drawn, tuple(charges))
