"""Moving on without a copy: when a batch's `pyspiel.State`s may be changed, and how its past is brought back.

Copying a state and freeing the old one costs more than the move itself. A batch that nobody looks at again, as in a
rollout, need not pay for it: its states are lent to the batch that follows. Should somebody look at it after all, it
plays its histories once more (the persistent arrays of Baker, "Shallow binding makes functional arrays fast", ACM
SIGPLAN Notices 26(8), 1991, come down to the same).
"""

from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np

from games.errors import GameError

if TYPE_CHECKING:
    import pyspiel


class Lent:
    """What a batch keeps when it has lent its states: themselves, and how many moves they have made since.

    Keeping them is a second reference, so that they are not lent any further while somebody might want them back.
    """

    def __init__(self, opening: "pyspiel.State", states: "list[pyspiel.State]") -> None:
        self._opening, self._states = opening, states
        self.made: list[int] | None = None

    def restored(self) -> np.ndarray:
        """Return the states `[B]` object as they were."""
        if self.made is None:
            raise GameError("these positions are lost, for the move made from them failed: give legal actions")
        pairs = zip(self._states, self.made, strict=True)
        return column([self._replayed(state.history()[:-made]) if made else state for state, made in pairs])

    def _replayed(self, history: list[int]) -> "pyspiel.State":
        state = self._opening.clone()
        for action in history:
            state.apply_action(action)
        return state


class Lender:
    """A batch whose column `states` may be lent, once."""

    states: np.ndarray
    _lent: Lent

    def __getattr__(self, name: str) -> Any:
        """Bring back states that were lent: only a missing attribute comes here."""
        if name != "states" or "_lent" not in vars(self):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        object.__setattr__(self, "states", self._lent.restored())
        return self.states


def lend(batch: Lender, opening: "pyspiel.State") -> "tuple[list[pyspiel.State], Lent] | None":
    """Take the states out of `batch`, or return None where anything else refers to one of them or lent them before."""
    if "_lent" in vars(batch) or any(found > alone for found, alone in zip(_references(batch), _ALONE, strict=True)):
        return None
    states = batch.states.tolist()
    lent = Lent(opening, states)
    object.__delattr__(batch, "states")
    object.__setattr__(batch, "_lent", lent)
    return states, lent


def column(items: list[Any]) -> np.ndarray:
    """Return `items` as an array `[n]` of objects."""
    return np.fromiter(items, dtype=object, count=len(items))


def _references(batch: Any) -> tuple[int, int]:
    """Count the references to the column, and to that of its items that has most."""
    return getrefcount(batch.states), max(map(getrefcount, batch.states.tolist()), default=0)


class _Alone:
    def __init__(self) -> None:
        self.states = column([object()])


_ALONE = _references(_Alone())
"""The counts where nothing but the batch refers to the column, and nothing but the column to its items."""
