"""The records of live games, in memory that worker processes share."""

import mmap
import os
import weakref

import numpy as np

from games.pettingzoo.spaces import Spaces

MOST_WORKERS = 256

_HEADER = mmap.PAGESIZE
"""Bytes before the records: two int64 for each worker."""


class Table:
    """One record a slot, a slot for each environment; see `Spaces.record`, whose fields are attributes here.

    The memory is a file without a name, which processes that are given its descriptor map too, and which is gone with
    the last of them, however they end. A table grows in place: what was mapped before stays valid.

    observation `[slots, P, *obs]`: what each seat sees, where `seen [slots, P]` holds.
    legal `[slots, P, A]`, acting `[slots, P]`, rewards `[slots, P]`: of the position; what the last step paid.
    actions `[slots, P, *action_shape]`: what the next step is to play.
    over `[slots]`: `GOING`, `TERMINATED` or `TRUNCATED`. held `[slots]`: somebody plays there.
    game, move `[slots]`: the game's number and how many steps it has taken.
    pulses `[MOST_WORKERS, 2]`: the slot that each worker is at, and a count that goes up with each thing it begins.
    """

    observation: np.ndarray
    seen: np.ndarray
    legal: np.ndarray
    acting: np.ndarray
    rewards: np.ndarray
    actions: np.ndarray
    over: np.ndarray
    held: np.ndarray
    game: np.ndarray
    move: np.ndarray
    pulses: np.ndarray

    def __init__(self, spaces: Spaces, capacity: int, *, descriptor: int | None = None) -> None:
        self._record = spaces.record
        self.descriptor = os.memfd_create("redqueen") if descriptor is None else descriptor
        weakref.finalize(self, os.close, self.descriptor)
        self.grow(capacity)

    @property
    def capacity(self) -> int:
        """The number of slots."""
        return len(self.over)

    def grow(self, capacity: int) -> None:
        """Map `capacity` slots, adding those that are not there yet."""
        size = _HEADER + capacity * self._record.itemsize
        if os.fstat(self.descriptor).st_size < size:
            os.ftruncate(self.descriptor, size)
        memory = mmap.mmap(self.descriptor, size)
        self.pulses = np.frombuffer(memory, dtype=np.int64, count=2 * MOST_WORKERS).reshape(MOST_WORKERS, 2)
        records = np.frombuffer(memory, dtype=self._record, offset=_HEADER)
        for field in self._record.names or ():
            setattr(self, field, records[field])


GOING, TERMINATED, TRUNCATED = 0, 1, 2
"""Values of `Table.over`."""
