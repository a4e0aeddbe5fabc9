"""Who meets whom in a round of a Swiss tournament: neighbours in the table, and as few as can be for a second time."""

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

_NOBODY: Final = -1


def pair_neighbours(table: Sequence[int], met: set[frozenset[int]]) -> list[tuple[int, int]]:
    """Pair an even number of agents, best first, with as few pairs as possible of those who have `met`.

    Each is paired with the nearest below it whom it has not met. Whoever is left over exchanges opponents with others
    along an augmenting path, the shortest first (Edmonds 1965, Paths, trees, and flowers); where there is none, nobody
    can be spared a repetition, and those left over meet again.
    """
    round_ = _Round(table, met)
    round_.take_nearest()
    for place in range(len(table)):
        if round_.mate[place] == _NOBODY:
            round_.augment(place)
    left = [place for place, mate in enumerate(round_.mate) if mate == _NOBODY]
    pairs = [(place, mate) for place, mate in enumerate(round_.mate) if place < mate]
    return [(table[a], table[b]) for a, b in sorted([*pairs, *zip(left[::2], left[1::2], strict=True)])]


class _Round:
    """A matching of places in the table: `mate[p]` is whom p meets, or nobody."""

    def __init__(self, table: Sequence[int], met: set[frozenset[int]]) -> None:
        self.table, self.met = table, met
        self.mate = [_NOBODY] * len(table)

    def is_new(self, a: int, b: int) -> bool:
        """Whether the agents at places a and b have not met."""
        return frozenset((self.table[a], self.table[b])) not in self.met

    def take_nearest(self) -> None:
        """Go down the table and pair each with the nearest below it that is free and new to it."""
        size = len(self.table)
        after = list(range(1, size + 1))  # the next free place below
        for place in range(size):
            if self.mate[place] != _NOBODY:
                continue
            before, other = place, after[place]
            while other < size and not self.is_new(place, other):
                before, other = other, after[other]
            if other < size:
                self.mate[place], self.mate[other] = other, place
                after[before] = after[other]

    def augment(self, root: int) -> None:
        """Give `root` an opponent, and one more who has none, by exchanging others' opponents; or do nothing.

        A breadth-first search from `root` along new pairs and back along the matching; odd cycles (blossoms) are
        shrunk, `base[p]` being the place that stands for p's. `parent[p]` is where the search came to p from, for those
        at odd distance of the root and in blossoms; `reached` holds those at even distance, whose new pairs are tried.
        """
        self.parent = [_NOBODY] * len(self.table)
        self.base = list(range(len(self.table)))
        self.reached, self.queue = {root}, deque([root])
        free = [place for place, mate in enumerate(self.mate) if mate == _NOBODY and place != root]
        while self.queue:
            place = self.queue.popleft()
            for other in chain(free, self._outwards(place)):
                if self.base[place] == self.base[other] or self.mate[place] == other or not self.is_new(place, other):
                    continue
                if other in self.reached:
                    self._shrink(place, other)
                elif self.parent[other] == _NOBODY:
                    self.parent[other] = place
                    if self.mate[other] == _NOBODY:
                        self._exchange(other)
                        return
                    self._reach(self.mate[other])

    def _outwards(self, place: int) -> Iterator[int]:
        """Yield all other places, the nearest first."""
        for distance in range(1, len(self.table)):
            for other in (place + distance, place - distance):
                if 0 <= other < len(self.table):
                    yield other

    def _reach(self, place: int) -> None:
        if place not in self.reached:
            self.reached.add(place)
            self.queue.append(place)

    def _exchange(self, end: int) -> None:
        """Match along the path that the search took to `end`, in place of what was matched on it."""
        while end != _NOBODY:
            before = self.parent[end]
            following = self.mate[before]
            self.mate[before], self.mate[end] = end, before
            end = following

    def _shrink(self, one: int, other: int) -> None:
        """Make one of the odd cycle that the pair of two places at even distance closes; all of it is then reached."""
        base = self._meeting(one, other)
        cycle = self._climb(one, base, other) | self._climb(other, base, one)
        for place, of in enumerate(self.base):
            if of in cycle:
                self.base[place] = base
                self._reach(place)

    def _meeting(self, one: int, other: int) -> int:
        """Return the base at which the paths of two places to the root meet."""
        seen = set(self._bases(one))
        return next(base for base in self._bases(other) if base in seen)

    def _bases(self, place: int) -> Iterator[int]:
        """Yield the bases at even distance on the path from a place to the root."""
        while True:
            place = self.base[place]
            yield place
            if self.mate[place] == _NOBODY:
                return
            place = self.parent[self.mate[place]]

    def _climb(self, place: int, base: int, child: int) -> set[int]:
        """Turn the parents from `place` up to `base` towards `child`; return the bases on the way."""
        cycle = set()
        while self.base[place] != base:
            mate = self.mate[place]
            cycle |= {self.base[place], self.base[mate]}
            self.parent[place] = child
            child, place = mate, self.parent[mate]
        return cycle
